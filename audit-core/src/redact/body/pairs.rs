//! Query strings and form bodies: an object of strings, in order, with decoded names.

use super::content_type::Reason;
use crate::redact::class::Class;
use crate::redact::document::{Keys, Object};
use crate::redact::names::Names;
use crate::redact::page::Page;
use crate::redact::recall::Known;
use crate::redact::tail::Tail;

/// Names of URL parameters that are secret there only: signed URLs, and the code of OAuth's redirect.
const SIGNATURES: &[&str] = &["sig", "signature", "hmac"];

/// Parameters beside which `code` is an authorisation code (RFC 6749, section 4.1), and `assertion` a grant (RFC 7521).
const BESIDE_CODE: &[&str] = &["state", "grant_type", "session_state", "client_id", "redirect_uri", "scope", "iss"];

/// How the tickets of CAS begin, which one parameter carries (CAS protocol, section 3).
const TICKETS: &[&str] = &["ST-", "PT-", "PGT-", "TGT-"];

/// A value that is secret only beside others.
struct Grant {
    member: usize,
    start: usize,
    end: usize,
    redacted: u32,
}

/// Where in a form the last piece ended.
#[derive(Default)]
pub(in crate::redact) struct Pairs {
    keys: Keys,
    object: Object,
    begun: bool,
    /// Whether white space has come that only the end of a form may have.
    is_behind: bool,
    /// The beginning of the pair that is open, as much of it as may be looked at.
    carry: Vec<u8>,
    is_long: bool,
    grants: Vec<Grant>,
    is_oauth: bool,
}

/// Writes a query string.
pub(in crate::redact) fn write(names: &Names, page: &mut Page, raw: &str) {
    let mut pairs = Pairs::default();
    page.out.push(b'{');
    let mut rest = raw.as_bytes();
    while let Some(end) = rest.iter().position(|byte| *byte == b'&') {
        let (pair, next) = rest.split_at(end);
        pairs.pair(names, page, pair, false);
        rest = next.get(1..).unwrap_or_default();
    }
    pairs.pair(names, page, rest, false);
    pairs.close(page, true);
}

/// Hides these values, which are in order, on the page.
fn hide(grants: &[Grant], page: &mut Page) {
    let Some(start) = grants.first().map(|grant| grant.member) else { return };
    let mut bytes = Vec::new();
    let mut tail = Tail::of(page, start, &mut bytes);
    for grant in grants {
        tail.hide(page, grant.member..grant.end, grant.start, grant.redacted, page.removes());
    }
    tail.finish(page);
}

impl Pairs {
    /// How many bytes of the body are held.
    pub(super) fn held(&self) -> usize {
        self.carry.len()
    }

    /// Reads on in a body that is to be a form.
    ///
    /// What begins like JSON or XML was mislabelled, and so was what holds control characters: its names are not where
    /// a form has them.
    pub(super) fn feed(&mut self, names: &Names, page: &mut Page, mut chunk: &[u8]) -> Result<(), Reason> {
        if !self.begun {
            chunk = chunk.trim_ascii_start();
            match chunk.first() {
                None => return Ok(()),
                Some(b'{' | b'[' | b'<' | b'"') => return Err(Reason::NotAForm),
                Some(_) => {}
            }
            self.begun = true;
            page.out.push(b'{');
        }
        if self.is_behind || chunk.iter().any(|byte| matches!(byte, 0..=0x1f | 0x7f)) {
            for byte in chunk {
                match byte {
                    b'\t' | b'\n' | b'\x0c' | b'\r' => self.is_behind = true,
                    b' ' => {}
                    0..=0x1f | 0x7f => return Err(Reason::NotAForm),
                    _ if self.is_behind => return Err(Reason::NotAForm),
                    _ => {}
                }
            }
        }
        while let Some(end) = chunk.iter().position(|byte| *byte == b'&') {
            let (part, next) = chunk.split_at(end);
            self.end_pair(names, page, part);
            chunk = next.get(1..).unwrap_or_default();
        }
        self.hold(page, chunk);
        Ok(())
    }

    /// Holds a part of a pair that goes on.
    fn hold(&mut self, page: &Page, part: &[u8]) {
        if self.carry.len() + part.len() <= page.held() && !self.is_long {
            self.carry.extend_from_slice(part);
        } else {
            // The name is worth having.
            let room = page.held().saturating_sub(self.carry.len());
            self.carry.extend_from_slice(part.get(..room.min(part.len())).unwrap_or_default());
            self.is_long = true;
        }
    }

    fn end_pair(&mut self, names: &Names, page: &mut Page, part: &[u8]) {
        if self.carry.is_empty() && part.len() <= page.held() {
            return self.pair(names, page, part, false);
        }
        self.hold(page, part);
        let mut carry = std::mem::take(&mut self.carry);
        let is_long = std::mem::take(&mut self.is_long);
        self.pair(names, page, &carry, is_long);
        carry.clear();
        self.carry = carry;
    }

    /// The end of the form; unless it is `complete`, of what came of it, and the last pair is left out.
    pub(super) fn end(&mut self, names: &Names, page: &mut Page, complete: bool) -> Result<(), Reason> {
        if !self.begun {
            page.out.push(b'{');
        }
        if complete {
            let carry = std::mem::take(&mut self.carry);
            self.pair(names, page, carry.trim_ascii_end(), self.is_long);
        }
        self.close(page, complete);
        Ok(())
    }

    fn close(&mut self, page: &mut Page, complete: bool) {
        // Without the rest of the form it may as well be a grant.
        if self.is_oauth || !complete {
            hide(&std::mem::take(&mut self.grants), page);
        }
        if !page.is_cut() && complete {
            page.out.push(b'}');
        }
    }

    /// Writes one pair; of a long one only the name, if that is whole.
    fn pair(&mut self, names: &Names, page: &mut Page, raw: &[u8], is_long: bool) {
        let Some((name, value)) = form_urlencoded::parse(raw).next() else { return };
        self.is_oauth |= BESIDE_CODE.contains(&name.as_ref());
        if is_long && !raw.contains(&b'=') {
            page.stop(0);
        }
        if !page.has_room(0) {
            return;
        }
        let member = page.out.len();
        page.comma();
        let known = page.look_up(names, &name);
        let Known { mut class, geometry, listed, .. } = known;
        let is_signature = SIGNATURES.iter().any(|known| name.eq_ignore_ascii_case(known));
        let is_ticket = name == "ticket" && TICKETS.iter().any(|prefix| value.starts_with(prefix));
        if is_signature || is_ticket {
            class = Class::Secret;
        }
        let hidden_before = page.redacted;
        page.key(names, &mut self.keys, &mut self.object, &name, known);
        let (start, redacted) = (page.out.len(), page.redacted);
        if !listed || !is_long && !class.keeps_text(&value) || is_long && class.is_sensitive() {
            page.hide_member(&mut self.keys, &mut self.object, member, hidden_before);
            return;
        }
        if is_long {
            page.too_long();
        } else {
            page.judged(names, &value, geometry);
        }
        if matches!(&*name, "code" | "assertion") {
            let redacted = page.redacted - redacted;
            self.grants.push(Grant { member, start, end: page.out.len(), redacted });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::Mode;

    fn page() -> Page {
        let mut page = Page::default();
        page.begin(Mode::Full, 100_000, 100_000, false);
        page
    }

    fn written(raw: &str, cut: bool) -> String {
        let names = Names::new(&[], &[]);
        for size in 1..=raw.len() {
            assert_eq!(body(raw.as_bytes(), size, cut).as_deref(), body(raw.as_bytes(), raw.len(), cut).as_deref());
        }
        let mut page = page();
        if cut {
            return body(raw.as_bytes(), raw.len().max(1), true).unwrap();
        }
        write(&names, &mut page, raw);
        String::from_utf8(page.out).unwrap()
    }

    fn body(raw: &[u8], size: usize, cut: bool) -> Result<String, Reason> {
        let names = Names::new(&[], &[]);
        let (mut page, mut pairs) = (page(), Pairs::default());
        raw.chunks(size).try_for_each(|chunk| pairs.feed(&names, &mut page, chunk))?;
        pairs.end(&names, &mut page, !cut)?;
        Ok(String::from_utf8(page.out).unwrap())
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
    fn grants_among_other_pairs_go() {
        assert_eq!(
            written("code=x&a=1&code=y&assertion=z&state=", false),
            r#"{"code":"[FILTERED]","a":"1","code#2":"[FILTERED]","assertion":"[FILTERED]","state":""}"#
        );
        let removed = |raw: &str| {
            let mut page = Page::default();
            page.begin(Mode::Full, 1 << 20, 1 << 20, true);
            write(&Names::new(&[], &[]), &mut page, raw);
            (String::from_utf8(std::mem::take(&mut page.out)).unwrap(), page.redacted)
        };
        for (raw, expected) in [
            ("code=x&assertion=y&a=1&state=z", r#"{"a":"1","state":"z"}"#),
            ("state=z&code=x&a=1&code=y", r#"{"state":"z","a":"1"}"#),
        ] {
            assert_eq!(removed(raw), (expected.to_owned(), 2));
        }
    }

    #[test]
    fn a_cut_pair_is_dropped() {
        assert_eq!(written("a=1&passw%6Frd=ab", true), r#"{"a":"1""#);
        assert_eq!(written("a=1", true), "{");
    }

    #[test]
    fn what_is_no_form_is_told() {
        for (raw, expected) in [
            ("a=1&b=%zz", Ok(r#"{"a":"1","b":"%zz"}"#)),
            (" a=1\r\n \n", Ok(r#"{"a":"1"}"#)),
            ("\n", Ok("{}")),
            ("", Ok("{}")),
            (" {\"a\":1}", Err(Reason::NotAForm)),
            ("a=1\nb=2", Err(Reason::NotAForm)),
            ("a=1\u{1}", Err(Reason::NotAForm)),
            ("<a/>", Err(Reason::NotAForm)),
        ] {
            for size in [1, 2, 100] {
                assert_eq!(body(raw.as_bytes(), size, false).as_deref(), expected.as_ref().map(|text| *text), "{raw}");
            }
        }
    }

    #[test]
    fn of_a_pair_that_is_too_long_the_name_is_shown() {
        let names = Names::new(&[], &[]);
        let mut page = Page::default();
        page.begin(Mode::Full, 100, 30, false);
        let mut pairs = Pairs::default();
        let form = format!("a={}&pin={}&b=1&{}=x&c=2", "x".repeat(40), "x".repeat(40), "y".repeat(40));
        form.as_bytes().chunks(7).for_each(|chunk| pairs.feed(&names, &mut page, chunk).unwrap());
        pairs.end(&names, &mut page, true).unwrap();
        assert_eq!(page.out, br#"{"a":"[not kept: too long]","pin":"[FILTERED]","b":"1""#);
        assert!(page.fragment(100, false, 0).truncated);
    }
}
