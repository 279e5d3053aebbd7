//! Multipart bodies (RFC 2046, RFC 7578): an object of fields; of files only name, type and length.
//!
//! What stands before the first boundary and after the last is never shown, nor is a part that was cut.

use percent_encoding::percent_decode_str;

use crate::record::json;

use super::class::Class;
use super::content_type::{Format, Reason, parameter, parameters};
use super::keys::Keys;
use super::recall::Known;
use super::rewrite::Rewriter;
use super::{pairs, shapes};

/// A name or type that is longer is cut: they are the client's to choose.
const MAX_LABEL: usize = 200;

/// One part between two boundaries.
#[derive(Debug, Default)]
struct Part<'a> {
    disposition: String,
    content_type: Option<String>,
    is_encoded: bool,
    content: &'a [u8],
}

/// Appends the parts of `body` as an object; `cut` says that more of it came, or should have come, than is here.
pub(super) fn write(rewriter: &mut Rewriter<'_>, body: &[u8], boundary: &str, cut: bool) -> Result<(), Reason> {
    let parts = parts(body, boundary, cut)?;
    let mut keys = Keys::default();
    rewriter.out.push(b'{');
    for (index, part) in parts.iter().enumerate() {
        if rewriter.is_full() {
            return Ok(());
        }
        if index > 0 {
            rewriter.out.push(b',');
        }
        write_part(rewriter, &mut keys, part);
    }
    rewriter.out.push(b'}');
    Ok(())
}

fn write_part(rewriter: &mut Rewriter<'_>, keys: &mut Keys, part: &Part<'_>) {
    let name = label(&part.disposition, "name");
    let key = name.as_deref().unwrap_or("part");
    let Known { mut class, geometry, is_clean, .. } = rewriter.look_up(key);
    rewriter.key(keys, key, is_clean);
    // Which of several names counts, readers do not agree on.
    for other in parameters(&part.disposition).filter(|(key, _)| key.trim_end_matches('*').eq_ignore_ascii_case("name"))
    {
        if rewriter.look_up(&other.1).class == Class::Secret {
            class = Class::Secret;
        }
    }
    let filename = label(&part.disposition, "filename");
    let format = part.content_type.as_deref().map(Format::of);
    let is_text = part
        .content_type
        .as_deref()
        .is_none_or(|declared| declared.trim().to_ascii_lowercase().starts_with("text/plain"));
    let text = std::str::from_utf8(part.content).ok().filter(|_| !part.is_encoded && filename.is_none());
    match (text, format) {
        _ if class == Class::Secret => rewriter.filtered(),
        // Without a name nothing tells what a text is.
        (Some(text), _) if is_text && name.is_some() => {
            rewriter.text(text, class, geometry);
        }
        (Some(text), Some(Format::Json)) => {
            if rewriter.document(text, false, class, geometry).is_err() {
                summary(rewriter, part, None);
            }
        }
        (Some(text), Some(Format::Form)) if pairs::is_form(text.as_bytes()) && !class.is_sensitive() => {
            pairs::write(rewriter, text.as_bytes(), false);
        }
        _ => summary(rewriter, part, filename.as_deref()),
    }
}

/// What is said of a part instead of its content.
fn summary(rewriter: &mut Rewriter<'_>, part: &Part<'_>, filename: Option<&str>) {
    let mut hidden = 0;
    let mut shown = |label: &str| {
        let (shown, count) = shapes::sweep(rewriter.names(), label);
        hidden += count;
        shortened(&shown).to_owned()
    };
    let filename = filename.map(&mut shown);
    let content_type = part.content_type.as_deref().map(&mut shown);
    let mut members = json::Members::open(&mut rewriter.out);
    if let Some(filename) = filename {
        members.str("filename", &filename);
    }
    if let Some(content_type) = content_type {
        members.str("content_type", &content_type);
    }
    members.display("bytes", part.content.len());
    members.close();
    rewriter.redacted = rewriter.redacted.saturating_add(hidden);
}

/// The beginning of a text, at most [`MAX_LABEL`] characters of it.
pub(super) fn shortened(text: &str) -> &str {
    text.char_indices().nth(MAX_LABEL).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// A parameter of `Content-Disposition`, in its plain or its extended form (RFC 8187).
fn label(disposition: &str, name: &str) -> Option<String> {
    let plain = parameter(disposition, name);
    let extended = || {
        let value = parameter(disposition, &format!("{name}*"))?;
        let encoded = value.splitn(3, '\'').nth(2).unwrap_or(&value);
        Some(percent_decode_str(encoded).decode_utf8_lossy().into_owned())
    };
    plain.or_else(extended)
}

/// Splits a body at its boundary lines; the last part of a cut body is left out.
fn parts<'a>(body: &'a [u8], boundary: &str, cut: bool) -> Result<Vec<Part<'a>>, Reason> {
    let delimiter = format!("--{boundary}").into_bytes();
    let mut parts = Vec::new();
    let mut at = 0;
    // Where the part that is open begins.
    let mut open: Option<usize> = None;
    let mut closed = false;
    while let Some(length) = line_length(body, at) {
        let line = body.get(at..at + length).unwrap_or_default();
        let next = at + length;
        if let Some(end) = line.strip_prefix(delimiter.as_slice()) {
            let is_last = end.starts_with(b"--");
            let is_whole = line.ends_with(b"\n") || is_last || !cut;
            let is_delimiter = is_last || end.trim_ascii().is_empty();
            if is_delimiter && is_whole {
                if let Some(start) = open {
                    parts.push(part(without_line_end(body.get(start..at).unwrap_or_default()))?);
                }
                open = (!is_last).then_some(next);
                if is_last {
                    closed = true;
                    break;
                }
            }
        }
        at = next;
    }
    if closed || cut { Ok(parts) } else { Err(Reason::NotMultipart) }
}

/// The length of the line that begins at `at`, its end included.
fn line_length(body: &[u8], at: usize) -> Option<usize> {
    let rest = body.get(at..).filter(|rest| !rest.is_empty())?;
    Some(rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1))
}

/// The line break before a boundary belongs to the boundary.
fn without_line_end(content: &[u8]) -> &[u8] {
    let content = content.strip_suffix(b"\n").unwrap_or(content);
    content.strip_suffix(b"\r").unwrap_or(content)
}

fn part(bytes: &[u8]) -> Result<Part<'_>, Reason> {
    let mut part = Part::default();
    let mut at = 0;
    let mut header = String::new();
    loop {
        let length = line_length(bytes, at);
        let line = String::from_utf8_lossy(bytes.get(at..at + length.unwrap_or(0)).unwrap_or_default());
        at += length.unwrap_or(0);
        // A line that begins with a blank goes on with the header before it.
        if line.starts_with([' ', '\t']) && !line.trim().is_empty() {
            header.push_str(line.trim_end());
            continue;
        }
        take_header(&mut part, &std::mem::take(&mut header))?;
        if line.trim().is_empty() {
            break;
        }
        line.trim_end().clone_into(&mut header);
    }
    part.content = bytes.get(at..).unwrap_or_default();
    Ok(part)
}

fn take_header<'a>(part: &mut Part<'a>, header: &str) -> Result<(), Reason> {
    if header.is_empty() {
        return Ok(());
    }
    let (name, value) = header.split_once(':').ok_or(Reason::NotMultipart)?;
    match name.trim().to_ascii_lowercase().as_str() {
        "content-disposition" => value.trim().clone_into(&mut part.disposition),
        "content-type" => part.content_type = Some(value.trim().to_owned()),
        "content-transfer-encoding" => {
            part.is_encoded = !["7bit", "8bit", "binary"].contains(&value.trim().to_ascii_lowercase().as_str());
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::names::Names;
    use crate::vocabulary::Mode;

    fn written(body: &str, cut: bool) -> Result<String, Reason> {
        let names = Names::new(&[], &[]);
        let mut rewriter = Rewriter::new(&names, Mode::Compact, usize::MAX);
        write(&mut rewriter, body.as_bytes(), "B", cut)?;
        Ok(String::from_utf8(rewriter.out).unwrap())
    }

    fn field(header: &str, content: &str) -> String {
        format!("--B\r\n{header}\r\n\r\n{content}\r\n")
    }

    #[test]
    fn fields_are_named_and_files_described() {
        let body = [
            field("Content-Disposition: form-data; name=\"user\"", "bob\r\nline"),
            field("content-disposition: FORM-DATA; NAME=\"user[password]\"", "x"),
            field("Content-Disposition: form-data; name*=UTF-8''pass%77ord", "x"),
            field("Content-Disposition: form-data; name=\"x\"; name=\"pin\"", "x"),
            field("Content-Disposition: form-data; name=\"y\"; name*=UTF-8''p%69n", "x"),
            field(
                "Content-Disposition: form-data; name=\"meta\"\r\nContent-Type: application/json",
                "{\"token\": \"x\"}",
            ),
            field(
                "Content-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\nContent-Type: text/plain",
                "xxxxx",
            ),
            field("Content-Disposition: form-data;\r\n name=\"geom\"", "POINT(1 2)"),
            "--B--\r\nepilogue".to_owned(),
        ]
        .concat();
        assert_eq!(
            written(&format!("preamble\r\n{body}"), false).unwrap(),
            r#"{"user":"bob\r\nline","user[password]":"[FILTERED]","password":"[FILTERED]","x":"[FILTERED]","y":"[FILTERED]","meta":{"token":"[FILTERED]"},"f":{"filename":"a.txt","content_type":"text/plain","bytes":5},"geom":"[GEOMETRY_FILTERED]"}"#
        );
    }

    #[test]
    fn what_cannot_be_read_is_described() {
        let body = [
            field("Content-Disposition: form-data; name=\"a\"\r\nContent-Type: application/json", "{broken"),
            field("Content-Disposition: form-data; name=\"b\"\r\nContent-Transfer-Encoding: base64", "eA=="),
            field("X: y", "no name"),
            "--B--".to_owned(),
        ]
        .concat();
        assert_eq!(
            written(&body, false).unwrap(),
            r#"{"a":{"content_type":"application/json","bytes":7},"b":{"bytes":4},"part":{"bytes":7}}"#
        );
    }

    #[test]
    fn invalid_bodies_are_refused() {
        for body in [
            "",
            "text",
            "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx",
            "--B\r\nnot a header\r\n\r\nx\r\n--B--",
        ] {
            assert_eq!(written(body, false).unwrap_err(), Reason::NotMultipart, "{body}");
        }
    }

    #[test]
    fn a_part_that_was_cut_is_left_out() {
        let body = field("Content-Disposition: form-data; name=\"a\"", "1")
            + &field("Content-Disposition: form-data; name=\"b\"", "canary")
            + "--B--\r\n";
        // What looks like a boundary at the cut may be the beginning of another line.
        assert_eq!(written(body.split_inclusive("--B").take(2).collect::<String>().as_str(), true).unwrap(), "{}");
        for end in 0..body.len() {
            let shown = written(body.get(..end).unwrap(), true).unwrap();
            assert!(shown == "{}" || shown == r#"{"a":"1"}"# || shown == r#"{"a":"1","b":"canary"}"#, "{end}: {shown}");
        }
    }
}
