//! Values as programs print them and files write them: inside a constructor, behind a type, in an indented block.

use super::values::{bracket_end, line_end, quoted};

/// A longer name of a type is none.
const MAX_NAME: usize = 40;

/// A bracket that closes farther away was not opened by what holds the value.
const MAX_BRACKET: usize = 256;

/// What begins a comparison of two values.
const COMPARISONS: &[&str] = &["expected", "got", "found", "received"];

/// Where a value ends that begins at `start` with a name: `Some("x")`, `Token { inner: "x" }`, `b'x'`, `String! = "x"`,
/// `expected "x", got "y"`. Nothing for another value.
pub(super) fn end(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'.' | b'&' | b'*');
    let length = bytes.iter().skip(start).take(MAX_NAME).take_while(|byte| is_name(byte)).count();
    let name = text.get(start..start + length).filter(|name| !name.is_empty())?;
    let at = start + length;
    let rest = text.get(at..)?;
    let is_type =
        || name.rsplit(':').next().is_some_and(|last| last.starts_with(|first: char| first.is_ascii_uppercase()));
    match rest.as_bytes() {
        [b'(', inner, ..] if is_type() => {
            let near = bytes.get(..bytes.len().min(at + MAX_BRACKET)).unwrap_or_default();
            let end = bracket_end(near, at);
            if near.get(end - 1) == Some(&b')') {
                return Some(end);
            }
            matches!(inner, b'"' | b'\'').then_some(bytes.len())
        }
        [b'"' | b'\'', ..] if length <= 2 => Some(behind_quotes(text, at)),
        _ => {
            let next = rest.trim_start_matches('!').trim_start_matches(' ');
            let next_at = text.len() - next.len();
            if next.starts_with('{') && is_type() {
                return Some(bracket_end(bytes, next_at));
            }
            if let Some(default) = next.strip_prefix('=').map(|default| default.trim_start_matches(' '))
                && default.starts_with(['"', '\''])
            {
                return Some(behind_quotes(text, text.len() - default.len()));
            }
            (next.starts_with(['"', '\'']) && COMPARISONS.contains(&name)).then(|| line_end(text, start))
        }
    }
}

fn behind_quotes(text: &str, quote: usize) -> usize {
    (quoted(text, quote, quote).end + 1).min(text.len())
}

/// Where a block ends that is indented below its name, as YAML writes long values: nothing, or `|` or `>`, stands behind
/// the separator, which ends at `at`, and then from `start` on.
pub(super) fn block_end(text: &str, at: usize, start: usize) -> Option<usize> {
    let rest = text.get(start..)?;
    let header = rest.strip_prefix(['|', '>']).map_or(rest, |rest| rest.trim_start_matches(['-', '+']));
    let body = header.strip_prefix("\r\n").or_else(|| header.strip_prefix('\n'))?;
    let named = text.get(..at)?.rsplit('\n').next().map(indentation)?;
    let mut end = None;
    let mut next = text.len() - body.len();
    for line in body.split_inclusive('\n') {
        let content = line.trim_end();
        if !content.trim_start().is_empty() {
            if indentation(line) <= named {
                break;
            }
            end = Some(next + content.len());
        }
        next += line.len();
    }
    end
}

fn indentation(line: &str) -> usize {
    line.bytes().take_while(|byte| matches!(byte, b' ' | b'\t' | b'-')).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_values_end_where_what_holds_them_does() {
        let of = |text: &str| end(text, 0).map(|end| text.get(..end).unwrap().to_owned());
        for (text, expected) in [
            ("Some(\"x\"), a", "Some(\"x\")"),
            ("a::Token(\"x)\") b", "a::Token(\"x)\")"),
            ("Token { inner: \"x\" }, b", "Token { inner: \"x\" }"),
            ("Secret(x) b", "Secret(x)"),
            ("Some(\"x", "Some(\"x"),
            ("b'x'}", "b'x'"),
            ("String!=\"x\"){", "String!=\"x\""),
            ("String = 'x' b", "String = 'x'"),
            ("expected \"x\", got \"y\"\nb", "expected \"x\", got \"y\""),
        ] {
            assert_eq!(of(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "x", "abc(d) e", "Abc(d e", "abc \"x\"", "a=b", "$p){x}", "\"x\""] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn blocks_end_where_the_indentation_does() {
        let of = |text: &str| {
            let at = text.find(':').unwrap() + 1;
            let start = at + text.get(at..).unwrap().bytes().take_while(|byte| *byte == b' ').count();
            block_end(text, at, start).map(|end| text.get(start..end).unwrap().to_owned())
        };
        assert_eq!(of("a: |\n  x\n\n  y\nb: z").as_deref(), Some("|\n  x\n\n  y"));
        assert_eq!(of("a:\n  x: y\nb: z").as_deref(), Some("\n  x: y"));
        assert_eq!(of("  a: >-\r\n    x\r\n  b: z").as_deref(), Some(">-\r\n    x"));
        assert_eq!(of("  a:\n  b: z"), None);
        assert_eq!(of("a: x\n  y"), None);
    }
}
