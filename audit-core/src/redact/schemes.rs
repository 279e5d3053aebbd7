//! Credentials that follow the name of a scheme of authentication.

use super::any_case;

/// Schemes of authentication whose name is followed by the credential.
const SCHEMES: &[&str] =
    &["bearer", "basic", "token", "apikey", "negotiate", "ntlm", "kerberos", "sso-key", "ssws", "genie-key"];

/// Schemes whose parameters are the credential, and one that they hold.
const PARAMETER_SCHEMES: &[(&str, &str)] = &[
    ("digest", "response"),
    ("hawk", "mac"),
    ("aws4-hmac-sha256", "signature"),
    ("signature", "signature"),
    ("oauth", "oauth_"),
    ("mac", "mac"),
    ("scram-sha-256", "data"),
];

/// For each letter, which lengths the names of schemes that begin with it have: most words are none by that alone.
const SCHEME_LENGTHS: [u32; 32] = {
    let mut lengths = [0; 32];
    let mut index = 0;
    while index < SCHEMES.len() {
        lengths[(SCHEMES[index].as_bytes()[0] & 31) as usize] |= 1 << SCHEMES[index].len();
        index += 1;
    }
    let mut index = 0;
    while index < PARAMETER_SCHEMES.len() {
        let known = PARAMETER_SCHEMES[index].0;
        lengths[(known.as_bytes()[0] & 31) as usize] |= 1 << known.len();
        index += 1;
    }
    lengths
};

/// Whether a word with this first letter and of this length may name a scheme.
#[inline]
pub(super) fn may_be_scheme(first: u8, length: usize) -> bool {
    length < 32 && SCHEME_LENGTHS[usize::from(first & 31)] >> length & 1 == 1
}

/// Whether a word neither names a scheme nor begins like an option.
pub(super) fn is_none(word: &str) -> bool {
    !word.starts_with(['[', '-', '.']) && !is_scheme(word)
}

fn first_of(word: &str) -> u8 {
    word.bytes().next().unwrap_or_default()
}

/// Whether a word names a scheme that [`is_credential`] knows.
pub(crate) fn is_scheme(word: &str) -> bool {
    may_be_scheme(first_of(word), word.len()) && SCHEMES.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Whether a word names a scheme that [`is_parameter_scheme`] knows.
pub(crate) fn has_parameters(word: &str) -> bool {
    may_be_scheme(first_of(word), word.len())
        && PARAMETER_SCHEMES.iter().any(|(known, _)| word.eq_ignore_ascii_case(known))
}

/// Whether what follows the name of an authentication scheme is a credential, and not the next word of a sentence.
pub(crate) fn is_credential(scheme: &str, token: &str) -> bool {
    let has_digit = || token.bytes().any(|byte| byte.is_ascii_digit());
    let has_inner_upper = || token.bytes().skip(1).any(|byte| byte.is_ascii_uppercase());
    if scheme.eq_ignore_ascii_case("bearer") {
        token.len() >= 20 || token.len() >= 6 && (has_digit() || has_inner_upper())
    } else if scheme.eq_ignore_ascii_case("basic") {
        base64(token).is_some_and(|decoded| decoded.contains(&b':'))
    } else {
        // `token src/auth.rs:12` is a place in a file.
        is_scheme(scheme) && token.len() >= 12 && has_digit() && !(token.contains('/') && token.contains('.'))
    }
}

/// Whether a text is an `Authorization` value whose parameters are the credential.
pub(crate) fn is_parameter_scheme(scheme: &str, rest: &str) -> bool {
    PARAMETER_SCHEMES.iter().any(|(known, parameter)| {
        scheme.eq_ignore_ascii_case(known) && rest.contains('=') && any_case::holds(rest, parameter)
    })
}

/// Decodes base64 of either alphabet, padded or not.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bits = 0_u32;
    let mut count = 0_u32;
    for byte in text.trim_end_matches('=').bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 & 0xffff | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            decoded.extend(u8::try_from(bits >> count & 0xff));
        }
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_is_known_in_any_case() {
        assert!(SCHEMES.iter().all(|known| is_scheme(known) && is_scheme(&known.to_uppercase())));
        assert!(PARAMETER_SCHEMES.iter().all(|(known, _)| has_parameters(known)));
        assert!(!is_scheme("bearers") && !is_scheme("b") && !is_scheme("") && !is_scheme(&"b".repeat(38)));
    }

    #[test]
    fn credentials_are_told_from_sentences() {
        assert!(is_credential("Bearer", "Zq7SECRET136x") && is_credential("basic", "a2VwdDpacTdTRUNSRVRiYXNpYw=="));
        assert!(
            !is_credential("Bearer", "token")
                && !is_credential("Basic", "realm")
                && !is_credential("Basic", "authentication")
        );
        assert!(!is_credential("token", "4711") && !is_credential("plain", "Zq7SECRET136xxx"));
    }

    #[test]
    fn base64_of_both_alphabets() {
        assert_eq!(base64("dXNlcjpwYXNz").unwrap(), b"user:pass");
        assert_eq!(base64("_-8=").unwrap(), [0xff, 0xef]);
        assert_eq!(base64("a b"), None);
    }
}
