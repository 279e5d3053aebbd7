//! Rows that databases and their clients quote: `Key (token)=(x) already exists`, `INSERT INTO t (token) VALUES ('x')`.

use super::Sweep;
use crate::redact::values;

/// How far before its end a list of columns may begin.
const MAX_COLUMNS: usize = 512;

impl Sweep<'_> {
    /// `(name, name)=(value, value)`, `(name, name) VALUES (value, value), …`: if a name is secret, the values go, for
    /// nothing tells them apart. The bracket that closes the names stands here.
    pub(super) fn columns(&mut self) {
        let at = self.at;
        let Some(open) = self.values_behind(at + 1) else { return };
        let before = self.text.get(..at).unwrap_or_default().bytes().rev().take(MAX_COLUMNS);
        let Some(length) = before.into_iter().position(|byte| byte == b'(') else { return };
        let names = self.slice(at - length..at);
        if !names.split(',').any(|name| self.names.classify(name.trim()).is_sensitive()) {
            return;
        }
        let bytes = self.text.as_bytes();
        let mut end = values::bracket_end(bytes, open);
        // More rows.
        while let Some(next) = self.rest(end).trim_start().strip_prefix(',').map(str::trim_start)
            && next.starts_with('(')
        {
            end = values::bracket_end(bytes, self.text.len() - next.len());
        }
        self.hide(open + 1..if bytes.get(end - 1) == Some(&b')') { end - 1 } else { end });
    }

    /// Where the bracket stands that opens the values of columns whose own bracket closes before `at`.
    fn values_behind(&self, at: usize) -> Option<usize> {
        let rest = self.rest(at);
        if rest.starts_with("=(") {
            return Some(at + 1);
        }
        let word = rest.trim_start();
        let is_values = word.get(.."values".len()).is_some_and(|word| word.eq_ignore_ascii_case("values"));
        let values = word.get("values".len()..).filter(|_| is_values)?.trim_start();
        values.starts_with('(').then(|| self.text.len() - values.len())
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
            (
                "INSERT INTO u (name, password) VALUES ('b)ob', 'x')",
                "INSERT INTO u (name, password) VALUES ([FILTERED])",
            ),
            ("insert into u(pin)values(1), (2) returning id", "insert into u(pin)values([FILTERED]) returning id"),
            ("INSERT INTO u (name) VALUES ('bob')", "INSERT INTO u (name) VALUES ('bob')"),
            ("f(x)=(y)", "f(x)=(y)"),
            (")=(", ")=("),
        ] {
            assert_eq!(swept(text), expected, "{text}");
        }
    }
}
