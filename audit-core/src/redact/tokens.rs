//! Secrets that need no name: tokens of known form, card numbers, credentials after a scheme's name.

use std::ops::Range;

/// How issuers begin the tokens they mean to be found (the part of secret scanners' rules that needs no context), and
/// how many characters must follow at least.
const PREFIXES: &[(&str, usize)] = &[
    ("eyJ", 13), // a JSON object in base64: a JWT, or another that no reader could check
    ("AKIA", 16),
    ("ASIA", 16),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("xoxb-", 10),
    ("xoxp-", 10),
    ("xoxa-", 10),
    ("xoxr-", 10),
    ("xoxs-", 10),
    ("xapp-", 10),
    ("sk-", 20),
    ("sk_live_", 10),
    ("sk_test_", 10),
    ("rk_live_", 10),
    ("rk_test_", 10),
    ("whsec_", 16),
    ("AIza", 30),
    ("ya29.", 16),
    ("npm_", 30),
    ("hvs.", 16),
    ("hvb.", 16),
    ("SG.", 30),
    ("dop_v1_", 20),
    ("shpat_", 20),
    ("pypi-", 16),
    ("dckr_pat_", 16),
    ("AGE-SECRET-KEY-", 20),
    ("$2a$", 40),
    ("$2b$", 40),
    ("$2y$", 40),
    ("$argon2", 20),
    ("$5$", 20),
    ("$6$", 20),
    ("$y$", 20),
];

/// The first token of known form in a run of characters without spaces that goes from `start` to `end`; it may reach
/// beyond `end`.
pub(crate) fn find(text: &str, start: usize, end: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    for at in start..end {
        let is_boundary = at == start || !bytes.get(at - 1).is_some_and(u8::is_ascii_alphanumeric);
        let rest = bytes.get(at..).unwrap_or_default();
        if !is_boundary {
            continue;
        }
        for (prefix, least) in PREFIXES {
            let Some(rest) = rest.strip_prefix(prefix.as_bytes()) else { continue };
            // Judged by its beginning: what is refused is looked at again from the next boundary.
            let looked_at = rest.iter().take(64).take_while(|byte| is_token_byte(**byte));
            let (length, is_mixed) = looked_at.fold((0, false), |(length, is_mixed), byte| {
                (length + 1, is_mixed || byte.is_ascii_digit() || byte.is_ascii_uppercase())
            });
            if length >= *least && is_mixed {
                let length = rest.iter().take_while(|byte| is_token_byte(**byte)).count();
                return Some(at..at + prefix.len() + length);
            }
        }
        if let Some(length) = card_number(bytes, at) {
            return Some(at..at + length);
        }
    }
    None
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.+/=$,".contains(&byte)
}

/// The length of the payment card number that stands at `at`: digits of an issuer's range in one piece or in the
/// groups that are printed on cards, with a valid check digit (ISO/IEC 7812-1).
fn card_number(text: &[u8], at: usize) -> Option<usize> {
    let text = match at.checked_sub(1) {
        Some(before) if matches!(text.get(before), Some(b'.' | b'-' | b'_')) => return None,
        _ => text.get(at..)?,
    };
    if !matches!(text.first(), Some(b'2'..=b'6')) {
        return None;
    }
    let mut digits = Vec::with_capacity(19);
    let mut groups = vec![0_usize];
    let mut length = 0;
    for (index, &byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                digits.push(byte - b'0');
                if let Some(group) = groups.last_mut() {
                    *group += 1;
                }
                length = index + 1;
            }
            b' ' | b'-' if text.get(index + 1).is_some_and(u8::is_ascii_digit) && groups.len() < 5 => groups.push(0),
            _ => break,
        }
        if digits.len() > 19 {
            return None;
        }
    }
    let follows = text.get(length);
    let ends = !follows.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let is_printed = matches!(groups.as_slice(), [_] | [4, 4, 4, 4] | [4, 6, 5] | [4, 6, 4] | [4, 4, 4, 4, 3]);
    (ends && is_printed && is_issued(&digits) && passes_luhn(&digits)).then_some(length)
}

fn is_issued(digits: &[u8]) -> bool {
    let number = |count: usize| digits.iter().take(count).fold(0_u32, |sum, digit| sum * 10 + u32::from(*digit));
    match digits.len() {
        13 => number(1) == 4,
        14 => matches!(number(2), 30 | 36 | 38 | 39),
        15 => matches!(number(2), 34 | 37),
        16 => {
            number(1) == 4
                || matches!(number(2), 35 | 51..=55 | 65)
                || matches!(number(4), 2221..=2720 | 6011)
                || matches!(number(3), 644..=649)
        }
        19 => number(1) == 4 || matches!(number(2), 62 | 65),
        _ => false,
    }
}

fn passes_luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| match (index % 2, u32::from(*digit)) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Whether what follows the name of an authentication scheme is a credential, and not the next word of a sentence.
pub(crate) fn is_credential(scheme: &str, token: &str) -> bool {
    let has_digit = token.bytes().any(|byte| byte.is_ascii_digit());
    let has_inner_upper = token.bytes().skip(1).any(|byte| byte.is_ascii_uppercase());
    if scheme.eq_ignore_ascii_case("bearer") {
        token.len() >= 20 || token.len() >= 6 && (has_digit || has_inner_upper)
    } else if scheme.eq_ignore_ascii_case("basic") {
        base64(token).is_some_and(|decoded| decoded.contains(&b':'))
    } else {
        const OTHERS: &[&str] = &["token", "apikey", "negotiate", "ntlm", "kerberos", "sso-key", "ssws", "genie-key"];
        OTHERS.iter().any(|known| scheme.eq_ignore_ascii_case(known)) && token.len() >= 12 && has_digit
    }
}

/// Whether a text is an `Authorization` value whose parameters are the credential.
pub(crate) fn is_parameter_scheme(scheme: &str, rest: &str) -> bool {
    const SCHEMES: &[(&str, &str)] = &[
        ("digest", "response"),
        ("hawk", "mac"),
        ("aws4-hmac-sha256", "signature"),
        ("signature", "signature"),
        ("oauth", "oauth_"),
        ("mac", "mac"),
        ("scram-sha-256", "data"),
    ];
    SCHEMES.iter().any(|(known, parameter)| {
        scheme.eq_ignore_ascii_case(known) && rest.contains('=') && rest.to_ascii_lowercase().contains(parameter)
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

    fn found(text: &str) -> Option<&str> {
        find(text, 0, text.len()).and_then(|range| text.get(range))
    }

    #[test]
    fn tokens_of_known_form_are_found() {
        for token in [
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
            "AKIAQ7ZZEXAMPLE7QQZZ",
            "4111111111111111",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "378282246310005",
            "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
        ] {
            assert_eq!(found(token), Some(token));
        }
        let github = format!("ghp_{}", "a1".repeat(15));
        assert_eq!(found(&format!("x-{github}")), Some(github.as_str()));
    }

    #[test]
    fn what_only_resembles_them_is_not() {
        for text in [
            "eyJ",
            "AKIA",
            "sk-learn",
            "4111-not-a-card-1112",
            "4111111111111112",
            "1234567890123452",
            "0.4111111111111111",
            "4111 11 1111111111",
            "keyJhbGciOiJIUzI1NiJ9",
            "monkey",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
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
