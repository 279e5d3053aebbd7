//! Why a setting cannot be used.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt::Write as _;

/// How many characters of a value a message shows.
const SHOWN_CHARS: usize = 80;

/// A setting has a value that cannot be used: names the setting, the value it had and what it may be.
///
/// The value is escaped and cut at about 80 characters, so that a message is one line and safe on a terminal.
/// A value that code gave is reported under the name of the environment variable for the same setting; a rule, for which
/// there is none, as the method that was given it, such as `Rules::value_pattern`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} is \"{value}\"; {advice}")]
pub struct SettingError {
    name: &'static str,
    value: String,
    advice: Cow<'static, str>,
}

impl SettingError {
    /// `advice` ends the message, after the semicolon: `expected …`.
    pub(crate) fn new(name: &'static str, value: impl AsRef<OsStr>, advice: impl Into<Cow<'static, str>>) -> Self {
        Self { name, value: shown(value.as_ref()), advice: advice.into() }
    }

    /// As [`new`](Self::new), for one element of a list: the message shows the list and points at the element.
    pub(super) fn in_list(name: &'static str, list: &[String], element: &str, expected: &str) -> Self {
        Self::new(name, list.join(","), not_element(list.len(), element, expected))
    }

    /// The setting, by the name of its environment variable, such as `AUDIT_MODE`, or the rule.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }
}

/// `expected`, followed by the element that is to blame when there is more than one.
pub(super) fn not_element(elements: usize, element: &str, expected: &str) -> String {
    if elements == 1 { expected.to_owned() } else { format!("{expected}, not \"{}\"", shown(OsStr::new(element))) }
}

/// A value as messages show it: control, format and invalid bytes escaped, cut.
fn shown(value: &OsStr) -> String {
    let mut out = String::new();
    let mut left = SHOWN_CHARS;
    for chunk in value.as_encoded_bytes().utf8_chunks() {
        let valid = chunk.valid().chars().map(|c| match c {
            '\'' => c.to_string(),
            c => c.escape_debug().to_string(),
        });
        let invalid = chunk.invalid().iter().map(|byte| {
            let mut escape = String::new();
            write!(escape, "\\x{byte:02x}").expect("writing to a String cannot fail");
            escape
        });
        for piece in valid.chain(invalid) {
            let chars = piece.chars().count();
            if chars > left {
                out.push('…');
                return out;
            }
            left -= chars;
            out.push_str(&piece);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_setting_value_and_choices() {
        let error = SettingError::new("AUDIT_MODE", "verbose", "expected basic, compact or full");
        assert_eq!(error.to_string(), r#"AUDIT_MODE is "verbose"; expected basic, compact or full"#);
        assert_eq!(error.name(), "AUDIT_MODE");
    }

    #[test]
    fn values_are_escaped_and_cut() {
        for (value, expected) in [
            ("it's", "it's".to_owned()),
            ("a\"b\\\n\u{202e}\u{1b}[2J", r#"a\"b\\\n\u{202e}\u{1b}[2J"#.to_owned()),
            (&"ä".repeat(80), "ä".repeat(80)),
            (&"ä".repeat(81), "ä".repeat(80) + "…"),
            // An escape is shown whole or not at all.
            (&("a".repeat(79) + "\n"), "a".repeat(79) + "…"),
        ] {
            assert_eq!(shown(OsStr::new(value)), expected);
        }
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_not_text_are_shown() {
        use std::os::unix::ffi::OsStrExt as _;
        assert_eq!(shown(OsStr::from_bytes(b"f\xffll")), r"f\xffll");
    }
}
