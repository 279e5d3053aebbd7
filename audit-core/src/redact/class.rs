//! What a name says about its value, and which values may be shown all the same.

/// What a name says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Nothing; the value is judged by its own shape.
    Plain,
    /// The value goes, whatever it is, with its subtree.
    Secret,
    /// The value goes unless it is a boolean: `has_password`.
    Flag,
    /// The value goes unless it is a number of modest size: `max_tokens`.
    Count,
    /// The value goes unless it is a number, a boolean, null, a date or a short plain word: `token_type`.
    Describing,
}

impl Class {
    pub(crate) fn is_sensitive(self) -> bool {
        self != Self::Plain
    }

    /// Whether a string of this content may be shown under the name.
    pub(crate) fn keeps_text(self, text: &str) -> bool {
        match self {
            Self::Plain => true,
            Self::Secret => false,
            Self::Flag => matches!(text, "true" | "false"),
            Self::Count => is_short_number(text),
            Self::Describing => is_short_number(text) || is_date(text) || is_plain_word(text),
        }
    }

    /// Whether a JSON number, `true`, `false` or `null`, as written, may be shown under the name.
    pub(crate) fn keeps_scalar(self, raw: &str) -> bool {
        match self {
            Self::Plain | Self::Describing => true,
            Self::Secret => false,
            Self::Flag => matches!(raw, "true" | "false"),
            Self::Count => raw == "null" || is_short_number(raw),
        }
    }
}

/// Up to ten digits with a sign and a fraction: a count or a duration, not a secret.
fn is_short_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.bytes().filter(u8::is_ascii_digit).count() <= 10
        && digits.starts_with(|first: char| first.is_ascii_digit())
}

/// A calendar date, alone or with a time, in the form of RFC 3339.
fn is_date(text: &str) -> bool {
    let pattern = b"dddd-dd-dd";
    text.len() <= 40
        && text.len() >= pattern.len()
        && pattern.iter().zip(text.bytes()).all(|(pattern, byte)| match pattern {
            b'd' => byte.is_ascii_digit(),
            other => *other == byte,
        })
        && text.bytes().skip(pattern.len()).all(|byte| b"0123456789:.+-TtZz ".contains(&byte))
}

/// A calendar date with a time and nothing else, in the form of RFC 3339 (section 5.6); no run of digits in it is long
/// enough to be anything more.
pub(super) fn is_timestamp(text: &str) -> bool {
    const DIGITS: usize = 9;
    const LONGEST: usize = 32;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T' | b't' | b' ', h1, h2, b':', n1, n2, rest @ ..] =
        text.as_bytes()
    else {
        return false;
    };
    let is_begun = [y1, y2, y3, y4, m1, m2, d1, d2, h1, h2, n1, n2].iter().all(|byte| byte.is_ascii_digit());
    // The minutes are the beginning of the run that goes on behind them.
    let mut run = 2;
    is_begun
        && text.len() <= LONGEST
        && rest.iter().all(|byte| {
            run = if byte.is_ascii_digit() { run + 1 } else { 0 };
            run <= DIGITS && matches!(byte, b'0'..=b'9' | b':' | b'.' | b'+' | b'-' | b'Z' | b'z')
        })
}

/// One to four pieces, each a word (`bearer`), a word with a short number (`RS256`) or a short number.
fn is_plain_word(text: &str) -> bool {
    let is_piece = |piece: &str| {
        let letters = piece.bytes().take_while(u8::is_ascii_alphabetic).count();
        let digits = piece.len() - letters;
        piece.bytes().skip(letters).all(|byte| byte.is_ascii_digit())
            && !piece.is_empty()
            && (digits == 0 && letters <= 20 || digits <= 3 && letters <= 8 || letters == 0 && digits <= 10)
    };
    text.len() <= 32
        && text.split(['-', '_', '.', ' ', '/']).count() <= 4
        && text.split(['-', '_', '.', ' ', '/']).all(is_piece)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps() {
        for text in ["2031-07-04T11:22:33Z", "2031-07-04 11:22", "2031-07-04t11:22:33.123456+02:00"] {
            assert!(is_timestamp(text), "{text}");
        }
        for text in [
            "2031-07-04",
            "2031-07-04T11:22 pin=1",
            "2031-07-04T11:22:4111111111111111",
            "2031-07-04 11:22:378282246310005",
            "",
            "pin:12",
        ] {
            assert!(!is_timestamp(text), "{text}");
        }
    }

    #[test]
    fn what_describes_is_kept_and_what_may_be_secret_is_not() {
        for kept in ["bearer", "RS256", "2031-07-04T11:22:33Z", "2031-07-04", "3600", "kept-oidc", "oauth2"] {
            assert!(Class::Describing.keeps_text(kept), "{kept}");
        }
        for hidden in ["Zq7SECRET162x", "a1b2c3d4e5", "", "012345678901234567890", "correct horse battery staple again"]
        {
            assert!(!Class::Describing.keeps_text(hidden), "{hidden}");
        }
        assert!(Class::Count.keeps_scalar("4096"));
        assert!(!Class::Count.keeps_scalar("99887766554433"));
        assert!(Class::Flag.keeps_scalar("true") && !Class::Flag.keeps_scalar("12"));
        assert!(!Class::Secret.keeps_scalar("null"));
    }
}
