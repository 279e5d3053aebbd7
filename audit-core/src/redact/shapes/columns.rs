//! Rows that a database quotes in its errors: `Key (token)=(x) already exists`.

use super::Sweep;
use crate::redact::values;

/// How far before its end a list of columns may begin.
const MAX_COLUMNS: usize = 256;

impl Sweep<'_> {
    /// `(name, name)=(value, value)`: if a name is secret, its values go, for nothing tells them apart. The bracket
    /// that closes the names stands here.
    pub(super) fn columns(&mut self) -> bool {
        let at = self.at;
        if !self.rest(at).starts_with(")=(") {
            return false;
        }
        let before = self.text.get(..at).unwrap_or_default().bytes().rev().take(MAX_COLUMNS);
        let Some(length) = before.into_iter().position(|byte| byte == b'(') else { return false };
        let names = self.slice(at - length..at);
        if !names.split(',').any(|name| self.names.classify(name.trim()).is_sensitive()) {
            return false;
        }
        let values = values::bracket_end(self.text.as_bytes(), at + 2);
        self.hide(at + 3..if self.text.as_bytes().get(values - 1) == Some(&b')') { values - 1 } else { values });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::swept;

    #[test]
    fn rows_with_a_secret_go() {
        for (text, expected) in [
            ("Key (token)=(x) already exists.", "Key (token)=([FILTERED]) already exists."),
            ("Key (id, password)=(7, x(y)) exists", "Key (id, password)=([FILTERED]) exists"),
            ("Key (email)=(bob@h) already exists.", "Key (email)=(bob@h) already exists."),
            ("Key (token)=(x", "Key (token)=([FILTERED]"),
            ("f(x)=(y)", "f(x)=(y)"),
            (")=(", ")=("),
        ] {
            assert_eq!(swept(text), expected, "{text}");
        }
    }
}
