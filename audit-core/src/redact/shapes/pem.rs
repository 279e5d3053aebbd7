//! Keys in their armour: PEM, OpenPGP and SSH2.

use super::Sweep;
use crate::redact::any_case;

/// How long the first line of a key's armour may be.
const MAX_ARMOUR: usize = 80;

impl Sweep<'_> {
    /// From the dashes before `BEGIN` to the end of the `END` line, or of the text; public parts stay.
    pub(super) fn pem(&mut self, start: usize) {
        let block = self.rest(start).as_bytes();
        let armour = block.get(..block.len().min(MAX_ARMOUR)).unwrap_or_default();
        let holds = |label: &[u8]| any_case::find(armour, label).is_some();
        if holds(b"CERTIFICATE") || holds(b"PUBLIC KEY") {
            return;
        }
        let last = any_case::find(block, b"--END").or_else(|| any_case::find(block, b"-- END")).map(|end| end + 2);
        let end = last.map_or(block.len(), |last| {
            let line = block.get(last..).unwrap_or_default();
            any_case::find(line, b"----").map_or(block.len(), |dashes| {
                last + dashes + line.iter().skip(dashes).take_while(|byte| **byte == b'-').count()
            })
        });
        self.hide(start..start + end);
    }
}

/// The length of the dashes, and what more there is, that end a word where the armour of a key begins:
/// `-----BEGIN`, or `----`, if ` BEGIN` follows (RFC 4716).
pub(super) fn armour(word: &str, rest: &str) -> Option<usize> {
    let is_dashed = |word: &str| word.ends_with("----");
    let begin = word.len().checked_sub("BEGIN".len()).and_then(|at| word.split_at_checked(at));
    if let Some((dashes, begin)) = begin
        && begin.eq_ignore_ascii_case("BEGIN")
        && is_dashed(dashes)
    {
        let dashes = dashes.len() - dashes.trim_end_matches('-').len();
        return Some(dashes + "BEGIN".len());
    }
    let follows = || rest.get(..7).is_some_and(|rest| rest.eq_ignore_ascii_case(" BEGIN "));
    (is_dashed(word) && follows()).then(|| word.len() - word.trim_end_matches('-').len())
}

#[cfg(test)]
mod tests {
    use super::super::tests::swept;

    #[test]
    fn keys_go_with_their_armour() {
        for (text, expected) in [
            ("a -----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY----- b", "a [FILTERED] b"),
            ("-----begin private key-----\nmii\n-----end private key-----", "[FILTERED]"),
            (
                "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nx\n---- END SSH2 ENCRYPTED PRIVATE KEY ---- b",
                "[FILTERED] b",
            ),
            ("-----BEGIN PGP PRIVATE KEY BLOCK-----\nx", "[FILTERED]"),
            ("-----BEGIN PRIVATE", "[FILTERED]"),
            (
                "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----",
                "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----",
            ),
            ("---- BEGIN SSH2 PUBLIC KEY ----\nx", "---- BEGIN SSH2 PUBLIC KEY ----\nx"),
            ("---- begin", "---- begin"),
        ] {
            assert_eq!(swept(text), expected, "{text}");
        }
    }
}
