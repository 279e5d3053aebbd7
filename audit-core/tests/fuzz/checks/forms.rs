//! Forms with canaries and keepers, as texts and as JSON, encoded in many ways.

use super::documents::Writer;
use super::draw::Draw;
use super::scan::Look;
use crate::support::canaries::Body;

/// The target `form`.
pub(crate) fn form(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let look = Look::draw(&mut draw);
    let kind = draw.pick(&["application/x-www-form-urlencoded", "Application/X-WWW-Form-URLencoded;charset=UTF-8"]);
    let mut writer = Writer::new(&mut draw, look.mode);
    pairs(&mut writer);
    let end = writer.draw.pick(&["", "\n", "\r\n", "&"]);
    writer.body.text += end;
    look.check(kind, &writer.body, writer.gone());
}

/// Appends pairs.
pub(super) fn pairs(writer: &mut Writer<'_, '_>) {
    for at in 0..1 + writer.draw.below(5) {
        if at > 0 {
            writer.body.text.push('&');
        }
        let is_sensitive = writer.draw.once_in(2);
        let mut name = writer.draw.name(is_sensitive);
        if writer.draw.once_in(4) {
            name = format!("user[{name}]");
        }
        encode(writer.draw, &name, &mut writer.body);
        writer.body.text.push('=');
        let is_json = writer.draw.once_in(3);
        let value = if is_json { writer.apart(1, is_sensitive) } else { writer.body.next(is_sensitive) };
        encode(writer.draw, &value, &mut writer.body);
    }
}

/// Appends a text, more or less of it percent-encoded.
fn encode(draw: &mut Draw<'_>, text: &str, body: &mut Body) {
    let style = draw.byte();
    for (at, byte) in text.bytes().enumerate() {
        let is_plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'*');
        let is_encoded = match style {
            0..128 => false,
            255 => true,
            style => at % 16 == usize::from(style % 16),
        };
        match byte {
            b' ' if style.is_multiple_of(2) => body.text.push('+'),
            _ if is_plain && !is_encoded => body.text.push(char::from(byte)),
            _ if style.is_multiple_of(2) => body.text += &format!("%{byte:02X}"),
            _ => body.text += &format!("%{byte:02x}"),
        }
    }
}
