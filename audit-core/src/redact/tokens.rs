//! Secrets that need no name: tokens of known form and card numbers.

use std::ops::Range;

use super::steps;

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
    ("$1$", 20),
    ("pbkdf2_sha256$", 20),
    ("glrt-", 16),
    ("gldt-", 16),
    ("glptt-", 16),
    ("hf_", 30),
    ("lin_api_", 30),
    ("PMAK-", 40),
    ("sq0atp-", 20),
    ("sq0csp-", 20),
    ("NRAK-", 24),
    ("dapi", 32),
    ("glsa_", 30),
    ("tskey-", 20),
    ("ATATT3", 30),
    ("rubygems_", 40),
    ("v2.local.", 20),
    ("v4.local.", 20),
    ("PHNhbWxw", 40), // `<samlp` in base64
];

const _: () = assert!(PREFIXES.len() <= 64, "a set of them is a number of so many bits");

/// For each byte, which of [`PREFIXES`] begin with it: a bit for each, by its place.
const BEGINNING_WITH: [u64; 256] = {
    let mut sets = [0; 256];
    let mut index = 0;
    while index < PREFIXES.len() {
        sets[PREFIXES[index].0.as_bytes()[0] as usize] |= 1 << index;
        index += 1;
    }
    sets
};

/// A letter or a digit of ASCII. As a table, for it is asked of every byte.
const IS_ALPHANUMERIC: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = matches!(byte, 0x30..=0x39 | 0x41..=0x5a | 0x61..=0x7a);
        byte += 1;
    }
    table
};

/// How many digits the shortest card number has.
const SHORTEST_CARD: usize = 13;

/// How many the longest has, and in how many groups it is printed.
const LONGEST_CARD: usize = 19;
const MOST_GROUPS: usize = 5;

/// No token of known form is shorter.
const SHORTEST: usize = {
    let mut shortest = SHORTEST_CARD;
    let mut index = 0;
    while index < PREFIXES.len() {
        let length = PREFIXES[index].0.len() + PREFIXES[index].1;
        if length < shortest {
            shortest = length;
        }
        index += 1;
    }
    shortest
};

/// The first token of known form in a run of characters without spaces that goes from `start` to `end`; it may reach
/// beyond `end`.
pub(crate) fn find(text: &str, start: usize, end: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    // Whether a letter or a digit stands before.
    let mut is_inside = false;
    for at in start..end.min((bytes.len() + 1).saturating_sub(SHORTEST)) {
        let Some(&byte) = bytes.get(at) else { break };
        steps::count(0);
        if std::mem::replace(&mut is_inside, IS_ALPHANUMERIC[usize::from(byte)]) {
            continue;
        }
        let mut beginning = BEGINNING_WITH[usize::from(byte)];
        let may_be_card = matches!(byte, b'2'..=b'6');
        if beginning == 0 && !may_be_card {
            continue;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        while let Some((prefix, least)) = PREFIXES.get(beginning.trailing_zeros() as usize) {
            beginning &= beginning - 1;
            // Most differ there.
            if prefix.as_bytes().get(1) != rest.get(1) {
                continue;
            }
            let Some(rest) = rest.strip_prefix(prefix.as_bytes()) else { continue };
            // Judged by its beginning: what is refused is looked at again from the next boundary.
            steps::count(64.min(rest.len()));
            let looked_at = rest.iter().take(64).take_while(|byte| is_token_byte(**byte));
            let (length, is_mixed) = looked_at.fold((0, false), |(length, is_mixed), byte| {
                (length + 1, is_mixed || byte.is_ascii_digit() || byte.is_ascii_uppercase())
            });
            if length >= *least && is_mixed {
                let length = rest.iter().take_while(|byte| is_token_byte(**byte)).count();
                return Some(at..at + prefix.len() + length);
            }
        }
        if may_be_card && let Some(length) = card_number(bytes, at) {
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
    // In one piece or in groups, four digits come first.
    if !matches!(text, [b'2'..=b'6', b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', ..]) {
        return None;
    }
    let mut digits = [0_u8; LONGEST_CARD];
    let mut count = 0;
    let mut groups = [0_usize; MOST_GROUPS];
    let mut group = 0;
    let mut length = 0;
    for (index, &byte) in text.iter().enumerate() {
        steps::count(0);
        match byte {
            b'0'..=b'9' => {
                // One digit more makes it something else.
                *digits.get_mut(count)? = byte - b'0';
                count += 1;
                *groups.get_mut(group)? += 1;
                length = index + 1;
            }
            b' ' | b'-' if text.get(index + 1).is_some_and(u8::is_ascii_digit) && group + 1 < MOST_GROUPS => group += 1,
            _ => break,
        }
    }
    let digits = digits.get(..count).unwrap_or_default();
    let groups = groups.get(..=group).unwrap_or_default();
    let follows = text.get(length);
    let ends = !follows.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let is_printed = matches!(groups, [_] | [4, 4, 4, 4] | [4, 6, 5] | [4, 6, 4] | [4, 4, 4, 4, 3]);
    (ends && is_printed && is_issued(digits) && passes_luhn(digits)).then_some(length)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::lists::assert_listed;

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
    fn the_page_lists_every_beginning() {
        assert_listed("Beginnings of tokens", PREFIXES.iter().map(|(prefix, _)| *prefix));
    }

    #[test]
    fn the_shortest_of_each_form_is_found_and_nothing_shorter() {
        for (prefix, least) in PREFIXES {
            let token = format!("{prefix}{}", "a1".repeat(20).get(..*least).unwrap());
            assert_eq!(found(&token), Some(token.as_str()));
            assert_eq!(found(&format!("x.{token}")), Some(token.as_str()));
            assert_eq!(found(token.get(..token.len() - 1).unwrap()), None, "{token}");
        }
        assert_eq!(found("4222222222222"), Some("4222222222222"));
        assert_eq!(found("4222 2222 2222 2 and"), None);
    }
}
