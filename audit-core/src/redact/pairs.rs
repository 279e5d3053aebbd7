//! Query strings and form bodies: an object of strings, in order, with decoded names.

use super::class::Class;
use super::keys::Keys;
use super::recall::Known;
use super::rewrite::Rewriter;

/// Names of URL parameters that are secret there only: signed URLs, and the code of OAuth's redirect.
const SIGNATURES: &[&str] = &["sig", "signature", "hmac"];

/// Parameters beside which `code` is an authorisation code (RFC 6749, section 4.1), and `assertion` a grant (RFC 7521).
const BESIDE_CODE: &[&str] = &["state", "grant_type", "session_state", "client_id", "redirect_uri", "scope", "iss"];

/// How the tickets of CAS begin, which one parameter carries (CAS protocol, section 3).
const TICKETS: &[&str] = &["ST-", "PT-", "PGT-", "TGT-"];

/// Whether bytes declared as a form can be one: what begins like JSON or XML was mislabelled, and its names are not
/// where a form has them.
pub(super) fn is_form(body: &[u8]) -> bool {
    let body = body.trim_ascii();
    let is_other = matches!(body.first(), Some(b'{' | b'[' | b'<' | b'"'));
    !is_other && !body.iter().any(|byte| matches!(byte, 0..=0x1f | 0x7f))
}

/// Appends `raw` as an object. If it is `cut`, its last pair is left out.
pub(super) fn write(rewriter: &mut Rewriter<'_>, raw: &[u8], cut: bool) {
    let raw = if cut {
        let end = raw.iter().rposition(|byte| *byte == b'&').unwrap_or(0);
        raw.get(..end).unwrap_or_default()
    } else {
        raw
    };
    // Without the rest of the form it may as well be one.
    let is_oauth = cut || form_urlencoded::parse(raw).any(|(name, _)| BESIDE_CODE.contains(&name.as_ref()));
    let mut keys = Keys::default();
    rewriter.out.push(b'{');
    for (index, (name, value)) in form_urlencoded::parse(raw).enumerate() {
        if rewriter.is_full() {
            return;
        }
        if index > 0 {
            rewriter.out.push(b',');
        }
        let Known { mut class, geometry, is_clean, .. } = rewriter.look_up(&name);
        let is_signature = SIGNATURES.iter().any(|known| name.eq_ignore_ascii_case(known));
        let is_grant = is_oauth && matches!(&*name, "code" | "assertion");
        let is_ticket = name == "ticket" && TICKETS.iter().any(|prefix| value.starts_with(prefix));
        if is_signature || is_grant || is_ticket {
            class = Class::Secret;
        }
        rewriter.key(&mut keys, &name, is_clean);
        rewriter.text(&value, class, geometry);
    }
    rewriter.out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::names::Names;
    use crate::vocabulary::Mode;

    fn written(raw: &str, cut: bool) -> String {
        let names = Names::new(&[], &[]);
        let mut rewriter = Rewriter::new(&names, Mode::Full, usize::MAX);
        write(&mut rewriter, raw.as_bytes(), cut);
        String::from_utf8(rewriter.out).unwrap()
    }

    #[test]
    fn pairs_become_members() {
        assert_eq!(written("a=1&a=2&b+c=%C3%B1&d", false), r#"{"a":"1","a#2":"2","b c":"ñ","d":""}"#);
        assert_eq!(written("", false), "{}");
        assert_eq!(written("a=%ff%zz", false), "{\"a\":\"\u{fffd}%zz\"}");
    }

    #[test]
    fn secret_pairs_go() {
        assert_eq!(
            written("user[password]=x%26y&%74oken=x&api+key=x&X-Amz-Signature=x&sig=x&k=1", false),
            r#"{"user[password]":"[FILTERED]","token":"[FILTERED]","api key":"[FILTERED]","X-Amz-Signature":"[FILTERED]","sig":"[FILTERED]","k":"1"}"#
        );
        assert_eq!(written("code=x&state=y", false), r#"{"code":"[FILTERED]","state":"y"}"#);
        assert_eq!(written("code=x&country=y", false), r#"{"code":"x","country":"y"}"#);
        assert_eq!(written("assertion=x&grant_type=y", false), r#"{"assertion":"[FILTERED]","grant_type":"y"}"#);
        assert_eq!(written("ticket=ST-1-x&k=1", false), r#"{"ticket":"[FILTERED]","k":"1"}"#);
        assert_eq!(written("ticket=AB-12", false), r#"{"ticket":"AB-12"}"#);
        assert_eq!(written("f=%7B%22password%22%3A%22x%22%7D", false), r#"{"f":"{\"password\":\"[FILTERED]\"}"}"#);
        assert_eq!(written("user=bob;password=x", false), r#"{"user":"bob;password=[FILTERED]"}"#);
    }

    #[test]
    fn a_cut_pair_is_dropped() {
        assert_eq!(written("a=1&passw%6Frd=ab", true), r#"{"a":"1"}"#);
        assert_eq!(written("a=1", true), "{}");
    }

    #[test]
    fn what_is_no_form_is_told() {
        assert!(is_form(b"a=1&b=%zz") && is_form(b"a=1\r\n") && is_form(b""));
        assert!(!is_form(b" {\"a\":1}") && !is_form(b"a=1\nb=2") && !is_form(b"<a/>"));
    }
}
