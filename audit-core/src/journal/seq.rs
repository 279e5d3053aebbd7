//! The number that a line ends in.

use serde::Deserialize;

/// Digits behind this, before the closing brace, are a line's seq.
pub(super) const SEQ_KEY: &[u8] = br#","seq":"#;

/// The seq of a line, without its newline, as the writer puts it: its last member.
pub(super) fn last_member(line: &[u8]) -> Option<u64> {
    let rest = line.strip_suffix(b"}")?;
    let digits = rest.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (before, digits) = rest.split_at(rest.len() - digits);
    if !before.ends_with(SEQ_KEY) && before != br#"{"seq":"# {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The seq that a journal's line says, a number from 1; `None` if it says none.
#[must_use]
pub fn seq_of(line: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Numbered {
        seq: Option<u64>,
    }
    /// What stands before the number.
    const KEY: &[u8] = br#""seq":"#;
    let line = line.trim_ascii_end();
    // The usual case: it is the last member. What stands before the last brace belongs to the outermost object.
    if let Some(seq) = last_member(line) {
        return Some(seq).filter(|seq| *seq > 0);
    }
    if !line.windows(KEY.len()).any(|window| window == KEY) {
        return None;
    }
    serde_json::from_slice::<Numbered>(line).ok()?.seq.filter(|seq| *seq > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seq_is_the_last_member() {
        for (line, seq) in [
            (r#"{"a":1,"seq":7}"#, Some(7)),
            (r#"{"seq":18446744073709551615}"#, Some(u64::MAX)),
            (r#"{"a":1,"seq":18446744073709551616}"#, None),
            (r#"{"a":1,"seq":}"#, None),
            (r#"{"a":{"b":1,"seq":7}}"#, None),
            (r#"{"a":1,"seq":7"#, None),
            (r#"{"a":1}"#, None),
            ("", None),
            ("}", None),
        ] {
            assert_eq!(last_member(line.as_bytes()), seq, "{line}");
        }
    }

    #[test]
    fn a_seq_is_the_lines_own_and_no_other() {
        for (line, seq) in [
            (r#"{"user":"a","seq":7}"#, Some(7)),
            ("{\"seq\":18446744073709551615}\n", Some(u64::MAX)),
            (r#"{"user":"a","seq":7,"hash":"ab"}"#, Some(7)),
            (r#"{"user":"a","data":{"x":1,"seq":7}}"#, None),
            (r#"{"user":"\",\"seq\":7}"}"#, None),
            (r#"{"user":"a,\"seq\":7}"#, None),
            (r#"{"user":"a","seq":"7"}"#, None),
            (r#"{"user":"a","seq":0}"#, None),
            (r#"{"user":"a","seq":18446744073709551616}"#, None),
            (r#"{"user":"a","seq":}"#, None),
            (r#"{"user":"a"}"#, None),
            ("", None),
        ] {
            assert_eq!(seq_of(line.as_bytes()), seq, "{line}");
        }
    }
}
