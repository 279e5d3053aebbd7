//! Multipart bodies with canaries and keepers: fields, JSON and forms in parts, files, and what no part holds.

use super::documents::Writer;
use super::draw::Draw;
use super::forms;
use super::scan::Look;

const BOUNDARIES: &[&str] = &["B", "----WebKitFormBoundary7MA4YWxkTrZu0gW", "a b", "--", "x'()+_,-./:=?y"];

/// The target `multipart`.
pub(crate) fn multipart(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let look = Look::draw(&mut draw);
    let boundary = draw.pick(BOUNDARIES);
    let newline = draw.pick(&["\r\n", "\n"]);
    let mut writer = Writer::new(&mut draw, look.mode);
    let outside = |writer: &mut Writer<'_, '_>| {
        if writer.draw.once_in(2) {
            let canary = writer.body.next(true);
            writer.body.text += &format!("{canary}{newline}");
        }
    };
    outside(&mut writer);
    for _ in 0..writer.draw.below(6) {
        writer.body.text += &format!("--{boundary}{newline}");
        part(&mut writer, newline);
        writer.body.text += newline;
    }
    writer.body.text += &format!("--{boundary}--{newline}");
    outside(&mut writer);
    look.check(&format!("multipart/form-data; boundary=\"{boundary}\""), &writer.body, writer.gone());
}

fn part(writer: &mut Writer<'_, '_>, newline: &str) {
    let is_sensitive = writer.draw.once_in(2);
    let name = writer.draw.name(is_sensitive);
    let encoded: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let name = match writer.draw.below(5) {
        0 => format!("name={name}"),
        1 => format!("name=\"{name}\""),
        2 => format!("NAME = \"{name}\""),
        3 => format!("name*=UTF-8''{encoded}"),
        _ => format!("name=\"{name}\"; name*=utf-8'en'{encoded}"),
    };
    let head = writer.draw.pick(&["Content-Disposition: form-data", "content-disposition:form-data"]);
    let content = writer.draw.below(8);
    let mut file = String::new();
    if content == 4 {
        // That there is no keeper under a sensitive name is what is said of the others, too.
        let filename = writer.body.next(is_sensitive);
        file = format!("; filename=\"{filename}.json\"");
    }
    writer.body.text += &format!("{head}; {name}{file}{newline}");
    match content {
        0 | 1 => {
            let value = writer.body.next(is_sensitive);
            writer.body.text += &format!("{newline}{value}");
        }
        2 | 3 => {
            writer.body.text += &format!("Content-Type: application/json{newline}{newline}");
            writer.value(1, is_sensitive);
        }
        4 => {
            let canary = writer.body.next(true);
            writer.body.text += &format!("Content-Type: application/json{newline}{newline}[\"{canary}\"]");
        }
        5 if !is_sensitive => {
            writer.body.text += &format!("Content-Type: application/x-www-form-urlencoded{newline}{newline}");
            forms::pairs(writer);
        }
        6 => {
            let value = writer.body.next(is_sensitive);
            writer.body.text += &format!("Content-Type: text/plain; charset=utf-8{newline}{newline}{value}");
        }
        _ => {
            let canary = writer.body.next(true);
            writer.body.text += &format!("Content-Transfer-Encoding: base64{newline}{newline}{canary}");
        }
    }
}
