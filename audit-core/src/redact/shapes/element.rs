//! Elements of XML and HTML in text.

use super::{Sweep, signs, steps};
use crate::redact::values;

/// A tag that is longer is not looked into.
const MAX_TAG: usize = 1024;

/// The attributes that name a field, and those that hold its value.
const NAMING: &[&str] = &["name", "id", "key", "type", "property", "field"];
const VALUED: &[&str] = &["value", "content", "val"];

impl Sweep<'_> {
    /// `<password>…</password>`, `<password>…`, `<input name="password" value="…">`. The bracket stands here.
    pub(super) fn element(&mut self) {
        let start = self.at + 1;
        self.at = start;
        let bytes = self.text.as_bytes();
        let length = bytes.iter().skip(start).take_while(|byte| signs::is_name_byte(**byte) || **byte == b':').count();
        let name = self.slice(start..start + length);
        if length == 0 {
            return;
        }
        if !self.names.classify(name).is_sensitive() {
            return self.attributes(start + length);
        }
        let after = self.rest(start + length);
        let tag = after.find(['<', '>']);
        steps::count(tag.unwrap_or(after.len()));
        let Some(tag) = tag.and_then(|end| after.get(..=end)) else { return };
        if tag.ends_with('<') || tag.ends_with("/>") {
            return;
        }
        let last = *self.last_closing_tag.get_or_insert_with(|| self.text.rfind("</").unwrap_or(0));
        let end = if last < start {
            // A placeholder in a sentence, or a parameter of a type, is no element.
            let follows_word = start.checked_sub(2).and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphanumeric);
            let content = after.get(tag.len()..).unwrap_or_default();
            if follows_word || !content.starts_with(|first: char| first.is_alphanumeric()) {
                return;
            }
            start
                + length
                + tag.len()
                + content.find(|end: char| end.is_whitespace() || end == '<').unwrap_or(content.len())
        } else {
            let content = after.find(&format!("</{name}")).unwrap_or(after.len());
            steps::count(content);
            start + length + content
        };
        if self.slice(start + length..end).ends_with(">[FILTERED]") {
            self.at = end;
        } else {
            self.replace(start + length..end, ">[FILTERED]");
        }
    }

    /// A tag that names a field in one attribute and gives its value in another, which goes if the field is secret.
    fn attributes(&mut self, start: usize) {
        let rest = self.rest(start);
        let Some(end) = rest.bytes().take(MAX_TAG).position(|byte| matches!(byte, b'<' | b'>')) else { return };
        let mut is_secret = false;
        let mut value = None;
        let mut at = start;
        // The sign of each attribute, with its name before it.
        while let Some(sign) = self.slice(at..start + end).find('=') {
            let name = self.slice(at..at + sign).trim_end().rsplit([' ', '\t', '\n', '\r']).next().unwrap_or_default();
            let begins = at + sign + 1;
            let content = if self.rest(begins).starts_with(['"', '\'']) {
                values::value(self.text, begins, false)
            } else {
                begins..values::bare_end(self.text, begins)
            };
            let is_one_of = |list: &[&str]| list.iter().any(|known| name.eq_ignore_ascii_case(known));
            if is_one_of(NAMING) {
                let named = self.slice(content.clone()).trim_end_matches(['/', '>']);
                is_secret |= self.names.classify(named).is_sensitive();
            } else if is_one_of(VALUED) {
                value = Some(content.clone());
            }
            at = content.end.max(at + sign + 1);
        }
        if let Some(value) = value.filter(|_| is_secret) {
            self.hide(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::swept;

    #[test]
    fn elements_with_a_secret_name_go() {
        for (text, expected) in [
            ("<password>x", "<password>[FILTERED]"),
            ("<a><pin>x <b>y", "<a><pin>[FILTERED] <b>y"),
            ("<param name=\"password\" value=\"x\"/>", "<param name=\"password\" value=\"[FILTERED]\"/>"),
            ("<input value='x y' type=password>", "<input value='[FILTERED]' type=password>"),
            ("<input name=token value=x>", "<input name=token value=[FILTERED]>"),
            ("<meta name=\"csrf-token\" content=\"x\">", "<meta name=\"csrf-token\" content=\"[FILTERED]\">"),
        ] {
            assert_eq!(swept(text), expected, "{text}");
        }
    }

    #[test]
    fn other_tags_stay() {
        for text in [
            "usage: login <user> <password> [--force]",
            "expected Vec<Token> here",
            "Option<Token>::None",
            "<input name=\"city\" value=\"x\">",
            "<a href=x>y</a>",
            "a < b = c",
            "<password/>",
        ] {
            assert_eq!(swept(text), text);
        }
    }
}
