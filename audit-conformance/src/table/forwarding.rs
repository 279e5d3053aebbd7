//! Whose address it was: the peer's, or what a trusted proxy says.

use serde_json::{Value, json};

use crate::case::Case;
use crate::talk::Talk;

fn forwarded(talk: &mut Talk, lines: &[(&str, &str)]) {
    let request = talk.request("GET", "/status/200");
    let request = lines.iter().fold(request, |request, (name, value)| request.header(name, value));
    talk.send(&request).is(200, "200\n");
}

/// The peer is the client, whatever it says.
fn claimed(claim: &str) -> Value {
    json!({"ip_address": "127.0.0.1", "peer_address": null, "forwarded_for": claim})
}

const LIST: &str = "x-forwarded-for";
const FORWARDED: &str = "forwarded";

fn trusting(case: Case) -> Case {
    case.with("AUDIT_TRUSTED_PROXIES", "127.0.0.0/8,2001:db8:ffff::/48")
}

fn by_forwarded(case: Case) -> Case {
    trusting(case).with("AUDIT_PROXY_HEADER", "Forwarded")
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new(
            "forwarding.untrusted",
            "A peer that is not trusted is the client; what it says is a claim.",
            |talk| {
                forwarded(talk, &[(LIST, "203.0.113.9")]);
            },
        )
        .leaves(json!({"ip_address": "127.0.0.1", "peer_address": null, "forwarded_for": "203.0.113.9"})),
        Case::new("forwarding.untrusted_lines", "Several lines of it are one claim, and none is believed.", |talk| {
            forwarded(talk, &[(LIST, "198.51.100.1"), (LIST, "203.0.113.9, 127.0.0.3"), (LIST, " 127.0.0.2")]);
        })
        .leaves(claimed("198.51.100.1, 203.0.113.9, 127.0.0.3, 127.0.0.2")),
        Case::new("forwarding.untrusted_ipv6", "Nor is IPv6, however it is written.", |talk| {
            forwarded(talk, &[(LIST, "[2001:db8::1]:4711")]);
            forwarded(talk, &[(LIST, "2001:db8::1, ::ffff:203.0.113.9")]);
        })
        .leaves(claimed("[2001:db8::1]:4711"))
        .leaves(claimed("2001:db8::1, ::ffff:203.0.113.9")),
        Case::new("forwarding.untrusted_garbage", "Nor is garbage, which is told as it is.", |talk| {
            forwarded(talk, &[(LIST, "garbage, 999.0.0.1, \"")]);
            forwarded(talk, &[(LIST, "unknown"), (LIST, ",,;=")]);
        })
        .leaves(claimed("garbage, 999.0.0.1, \""))
        .leaves(claimed("unknown, ,,;=")),
        Case::new("forwarding.untrusted_other", "A header that nobody is to say it in is no claim.", |talk| {
            forwarded(talk, &[(FORWARDED, "for=203.0.113.9"), ("x-real-ip", "203.0.113.9")]);
        })
        .leaves(json!({"ip_address": "127.0.0.1", "peer_address": null, "forwarded_for": null})),
        Case::new("forwarding.untrusted_forwarded", "Where it is Forwarded, that is the claim.", |talk| {
            forwarded(talk, &[(FORWARDED, "for=\"[2001:db8::7]:99\";proto=https"), (FORWARDED, "for=203.0.113.9")]);
            forwarded(talk, &[(FORWARDED, "for=unknown, ;=\"")]);
            forwarded(talk, &[(LIST, "203.0.113.9")]);
        })
        .with("AUDIT_PROXY_HEADER", "Forwarded")
        .leaves(claimed("for=\"[2001:db8::7]:99\";proto=https, for=203.0.113.9"))
        .leaves(claimed("for=unknown, ;=\""))
        .leaves(json!({"ip_address": "127.0.0.1", "peer_address": null, "forwarded_for": null})),
        Case::new("forwarding.other_trusted", "A peer outside of the trusted networks is not one of them.", |talk| {
            forwarded(talk, &[(LIST, "198.51.100.1"), (LIST, "203.0.113.9, 10.0.0.1")]);
        })
        .with("AUDIT_TRUSTED_PROXIES", "10.0.0.0/8,2001:db8:ffff::/48")
        .leaves(claimed("198.51.100.1, 203.0.113.9, 10.0.0.1")),
        trusting(Case::new("forwarding.trusted", "A trusted peer says who the client is.", |talk| {
            forwarded(talk, &[(LIST, "203.0.113.9")]);
        }))
        .leaves(json!({"ip_address": "203.0.113.9", "peer_address": "127.0.0.1", "forwarded_for": null})),
        trusting(Case::new("forwarding.none", "A trusted peer that says nothing is the client.", |talk| {
            forwarded(talk, &[("x-real-ip", "203.0.113.9"), (FORWARDED, "for=203.0.113.9")]);
        }))
        .leaves(json!({"ip_address": "127.0.0.1", "peer_address": null})),
        trusting(Case::new("forwarding.lines", "Several lines are one list, read from the right.", |talk| {
            forwarded(talk, &[(LIST, "198.51.100.1"), (LIST, "203.0.113.9, 127.0.0.3"), (LIST, " 127.0.0.2")]);
        }))
        .leaves(json!({"ip_address": "203.0.113.9", "peer_address": "127.0.0.1",
            "forwarded_for": "198.51.100.1, 203.0.113.9, 127.0.0.3, 127.0.0.2"})),
        trusting(Case::new("forwarding.ipv6", "IPv6, in brackets with a port, mapped, and through a proxy.", |talk| {
            forwarded(talk, &[(LIST, "[2001:db8::1]:4711")]);
            forwarded(talk, &[(LIST, "2001:db8::1, 2001:db8:ffff::5")]);
            forwarded(talk, &[(LIST, "::ffff:203.0.113.9")]);
        }))
        .leaves(json!({"ip_address": "2001:db8::1", "peer_address": "127.0.0.1"}))
        .leaves(json!({"ip_address": "2001:db8::1", "peer_address": "127.0.0.1"}))
        .leaves(json!({"ip_address": "203.0.113.9", "peer_address": "127.0.0.1"})),
        trusting(Case::new("forwarding.garbage", "Nothing to the left of garbage is believed.", |talk| {
            forwarded(talk, &[(LIST, "203.0.113.9, garbage")]);
            forwarded(talk, &[(LIST, "203.0.113.9, unknown, 127.0.0.2")]);
            forwarded(talk, &[(LIST, "203.0.113.9"), (LIST, "999.0.0.1")]);
        }))
        .leaves(json!({"ip_address": "127.0.0.1", "forwarded_for": "203.0.113.9, garbage"}))
        .leaves(json!({"ip_address": "127.0.0.2", "peer_address": "127.0.0.1"}))
        .leaves(json!({"ip_address": "127.0.0.1"})),
        by_forwarded(Case::new("forwarding.forwarded", "Forwarded, as RFC 7239 says.", |talk| {
            forwarded(talk, &[(FORWARDED, "for=\"[2001:db8::7]:99\";proto=https, for=127.0.0.3")]);
            forwarded(talk, &[(FORWARDED, "for=198.51.100.1"), (FORWARDED, "For=203.0.113.9;host=\"a,b\"")]);
        }))
        .each_leaves(1, &json!({"ip_address": "2001:db8::7", "peer_address": "127.0.0.1"}))
        .leaves(json!({"ip_address": "203.0.113.9", "peer_address": "127.0.0.1"})),
        by_forwarded(Case::new(
            "forwarding.forwarded_garbage",
            "Forwarded that cannot be read is not believed.",
            |talk| {
                forwarded(talk, &[(FORWARDED, "for=203.0.113.9, for=unknown")]);
                forwarded(talk, &[(FORWARDED, "for=203.0.113.9, for=\"127.0.0.2")]);
                forwarded(talk, &[(LIST, "203.0.113.9")]);
            },
        ))
        .each_leaves(3, &json!({"ip_address": "127.0.0.1"})),
    ]
}
