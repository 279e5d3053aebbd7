//! Takes from heads what a record may keep, redacted at once: nothing raw outlives the call.

use std::borrow::Cow;
use std::sync::Arc;

use crate::auditor::{InForce, Inner};
use crate::client_address::cut_claim;
use crate::exchange::lines::Lines;
use crate::exchange::{Attribution, Facts, Headers, Http, RequestHead, ResponseHead, RouteMatch, Source};
use crate::policy::ContentHints;
use crate::raw::Raw;
use crate::redact::BodyKind;
use crate::registry::{Endpoint, METHODS};
use crate::vocabulary::Mode;

/// How much of a path is held while the exchange is open; the record keeps less.
const PATH_HELD: usize = 8 * 1024;
/// A method's bound in bytes; those in use are shorter than 20.
const METHOD_BYTES: usize = 32;
/// The bound of `x-request-id` in bytes: more than any tracing system uses, and little in a record.
const REQUEST_ID_BYTES: usize = 128;

/// Starts the facts of a request, as the endpoint asks that its route declares, if any does.
pub(crate) fn take_http(auditor: &Arc<Inner>, facts: &mut Facts, head: &RequestHead<'_>) {
    let lines = Lines::of(head.headers);
    let proxies = auditor.proxies();
    let address = proxies.resolve(head.peer, lines.all(proxies.header()));
    let redactor = auditor.redactors().of(facts.endpoint());
    let rules = InForce::new(redactor, None);
    let forwarded_for = address.forwarded_for.and_then(|claim| {
        let (claim, redacted) = rules.header(proxies.header(), claim.unredacted());
        facts.redacted += redacted;
        Some(cut_claim(&claim?).into())
    });
    // An identifier that is a secret, by its shape, such as a token, or by the header's name, is none.
    let request_id = lines.get("x-request-id").and_then(request_id);
    let request_id = request_id.filter(|id| rules.header("x-request-id", id).1 == 0).map(Into::into);
    let hints = ContentHints::new(lines.all("content-type"), lines.all("accept"));
    let trace = lines.get("traceparent").and_then(trace_parent);
    if let Some((trace_id, span_id)) = trace.filter(|_| !redactor.is_sensitive_header("traceparent")) {
        facts.trace_id = Some(trace_id.into());
        facts.span_id = Some(span_id.into());
    } else {
        take_trace_of_span(rules, facts);
    }
    let (method, redacted) = take_method(rules, head.method);
    facts.redacted += redacted;
    let (route, unmatched) = match head.route {
        RouteMatch::Template(template) => (Some(template.into()), false),
        RouteMatch::None => (None, true),
        RouteMatch::NotKnownYet => (None, false),
    };
    facts.http = Some(Http {
        framework: head.framework,
        method: cut_at_char(&method, METHOD_BYTES).into(),
        path: Raw::new(whole_segments(head.path).into()),
        path_bytes: head.path.len(),
        route,
        route_guessed: false,
        unmatched,
        excluded: false,
        hints,
        ip: address.ip,
        peer: address.peer,
        forwarded_for,
        user_agent: None,
        request_id,
        taken_as: Mode::Basic,
        taken_for: None,
        query: None,
        headers: None,
        without_body: head.without_body,
        request_bytes: 0,
        request_bytes_told: 0,
        request_scanner: None,
        request_complete: head.without_body,
        request_unobserved: false,
        status: None,
        response_bytes: 0,
        response_headers: None,
        response_scanner: None,
        response_complete: false,
        response_taken_for: None,
        client_gone: false,
    });
    if head.method.len() > METHOD_BYTES {
        facts.note_cut(head.method.len());
    }
    let asked = facts.endpoint().and_then(Endpoint::mode);
    let mode = if unmatched { Mode::Basic } else { asked.unwrap_or(auditor.settings().mode) };
    take_content(auditor, facts, head, &lines, mode);
}

/// As [`take_http`], with all that a record could keep, whatever the mode.
pub(crate) fn take_in_full(auditor: &Arc<Inner>, facts: &mut Facts, head: &RequestHead<'_>) {
    take_http(auditor, facts, head);
    take_content(auditor, facts, head, &Lines::of(head.headers), Mode::Full);
}

/// A method without what has the shape of a secret: a client writes whatever token it likes.
fn take_method<'m>(rules: InForce<'_>, method: &'m str) -> (Cow<'m, str>, u64) {
    if METHODS.contains(&method) {
        return (Cow::Borrowed(method), 0);
    }
    let (method, redacted) = rules.text(method);
    (Cow::Owned(method), redacted)
}

/// What is held of a path. A segment that does not fit is left out whole: what is secret may be told by its end alone.
fn whole_segments(path: &str) -> &str {
    let held = cut_at_char(path, PATH_HELD);
    if held.len() == path.len() {
        return path;
    }
    let end = held.rfind('/').map_or(0, |slash| slash + 1);
    held.get(..end).unwrap_or_default()
}

/// A span around the adapter's layer may know the trace; one inside tells it when it is entered.
#[cfg(feature = "tracing")]
fn take_trace_of_span(rules: InForce<'_>, facts: &mut Facts) {
    if let Some(trace) = crate::layer::current_trace() {
        facts.put_trace(rules, &trace);
    }
}

#[cfg(not(feature = "tracing"))]
fn take_trace_of_span(_: InForce<'_>, _: &mut Facts) {}

/// Attributes an exchange to a wired endpoint, and takes its content anew if the endpoint asks for another mode.
pub(crate) fn take_wired(auditor: &Arc<Inner>, facts: &mut Facts, endpoint: &'static Endpoint, head: &RequestHead<'_>) {
    facts.attribution = Some(Attribution { endpoint, source: Source::Wired });
    let mode = endpoint.mode().unwrap_or(auditor.settings().mode);
    let Some(http) = &mut facts.http else { return };
    http.excluded = auditor.excludes(head);
    if let RouteMatch::Template(template) = head.route {
        http.route = Some(template.into());
        http.route_guessed = false;
    } else if http.route_guessed {
        http.route = None;
        http.route_guessed = false;
    }
    let is_otherwise =
        mode != http.taken_as || http.taken_for != Some(endpoint).filter(|endpoint| endpoint.has_rules());
    // Once the body has been seen under one mode and some rules, it cannot be seen again under others.
    if is_otherwise && http.request_bytes == 0 {
        http.query = None;
        http.headers = None;
        http.request_scanner = None;
        take_content(auditor, facts, head, &Lines::of(head.headers), mode);
    }
}

fn take_content(auditor: &Arc<Inner>, facts: &mut Facts, head: &RequestHead<'_>, lines: &Lines<'_>, mode: Mode) {
    let endpoint = facts.endpoint();
    let Some(http) = &mut facts.http else { return };
    http.taken_as = mode;
    http.taken_for = endpoint.filter(|endpoint| endpoint.has_rules());
    if !mode.keeps_content() {
        return;
    }
    let settings = auditor.settings();
    let redactor = auditor.redactors().of(endpoint);
    let limit = settings.max_line_bytes;
    http.query = head.query.filter(|query| !query.is_empty()).map(|query| redactor.query(query, limit));
    // One that was taken already is redacted again at the end, if there are more rules.
    if let Some(agent) = lines.get("user-agent").filter(|_| http.user_agent.is_none()) {
        let (agent, redacted) = InForce::new(redactor, None).header("user-agent", &String::from_utf8_lossy(agent));
        http.user_agent = agent.map(Into::into);
        facts.redacted += redacted;
    }
    http.headers = Some(redactor.headers(lines.without_first("user-agent"), limit));
    if !head.without_body {
        let kind = body_kind(head.headers);
        http.request_scanner = Some(redactor.body(kind, mode, settings.max_body_bytes, limit));
    }
}

/// Notes an answer's head.
pub(crate) fn take_response(auditor: &Arc<Inner>, facts: &mut Facts, head: &ResponseHead<'_>) {
    // First of all: what the mode is may depend on it.
    if let Some(http) = &mut facts.http {
        http.status = Some(head.status);
    }
    let mode = facts.mode(auditor.settings().mode);
    let endpoint = facts.deciding_endpoint();
    let Some(http) = &mut facts.http else { return };
    if !mode.keeps_content() {
        return;
    }
    let limit = auditor.settings().max_line_bytes;
    let redactor = auditor.redactors().of(endpoint);
    http.response_taken_for = endpoint.filter(|endpoint| endpoint.has_rules());
    if auditor.records_response_headers() {
        http.response_headers = Some(redactor.headers(Lines::of(head.headers).iter(), limit));
    }
    if auditor.records_response_body() && !head.ended && http.response_scanner.is_none() {
        let kind = body_kind(head.headers);
        http.response_scanner = Some(redactor.body(kind, mode, auditor.settings().max_body_bytes, limit));
    }
}

fn body_kind(headers: &dyn Headers) -> BodyKind<'_> {
    // A value that is no text is no type and no coding that anybody understands: its body is withheld.
    let text = |name| headers.get(name).map(|value| std::str::from_utf8(value).unwrap_or("invalid"));
    BodyKind::new(text("content-type"), text("content-encoding"))
}

/// An identifier of `[A-Za-z0-9._-]{1,128}`; anything else is somebody's attempt to write into the record.
fn request_id(value: &[u8]) -> Option<&str> {
    let fits = (1..=REQUEST_ID_BYTES).contains(&value.len())
        && value.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    if fits { std::str::from_utf8(value).ok() } else { None }
}

/// The trace and span of a `traceparent` header (W3C Trace Context, section 3.2): `00-<32 hex>-<16 hex>-<2 hex>`.
fn trace_parent(value: &[u8]) -> Option<(&str, &str)> {
    let mut parts = std::str::from_utf8(value).ok()?.split('-');
    let (version, trace, span) = (parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let not_zero = |text: &str| text.bytes().any(|byte| byte != b'0');
    let valid = is_hex(version, 2)
        && version != "ff"
        && is_hex(trace, 32)
        && is_hex(span, 16)
        && not_zero(trace)
        && not_zero(span);
    valid.then_some((trace, span))
}

/// The longest prefix of at most `limit` bytes that ends between characters.
pub(crate) fn cut_at_char(text: &str, limit: usize) -> &str {
    let end = (0..=limit.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_parent_is_believed_only_in_its_exact_form() {
        let trace = "0af7651916cd43dd8448eb211c80319c";
        let span = "b7ad6b7169203331";
        let good = format!("00-{trace}-{span}-01");
        assert_eq!(trace_parent(good.as_bytes()), Some((trace, span)));
        for bad in [
            format!("ff-{trace}-{span}-01"),
            format!("00-{}-{span}-01", trace.to_uppercase()),
            format!("00-{}-{span}-01", "0".repeat(32)),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-{trace}"),
            String::new(),
        ] {
            assert_eq!(trace_parent(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn a_request_id_cannot_carry_anything_else() {
        assert_eq!(request_id(b"a-1._B"), Some("a-1._B"));
        assert_eq!(request_id(b""), None);
        assert_eq!(request_id(b"a b"), None);
        assert_eq!(request_id(b"a\"b"), None);
        assert_eq!(request_id(&[b'a'; 129]), None);
    }

    #[test]
    fn a_cut_falls_between_characters() {
        assert_eq!(cut_at_char("aé", 2), "a");
        assert_eq!(cut_at_char("aé", 3), "aé");
    }
}
