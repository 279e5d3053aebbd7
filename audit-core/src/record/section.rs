//! The parts of a record that may be long: what the handler added, and the request's and the answer's content.

use crate::auditor::OfRecord;
use crate::exchange::{Facts, NestedCall, Target};
use crate::record::json::Members;
use crate::record::stamp::write_milliseconds;
use crate::redact::{BodyScanner, Fragment, Json};
use crate::vocabulary::Mode;

/// A part of a record that may be long: its key, its JSON, and how many bytes it was before it was filtered and cut.
pub(super) struct Section {
    pub(super) key: &'static str,
    pub(super) json: Json,
    pub(super) redacted: u32,
    pub(super) truncated: bool,
    pub(super) original: u64,
}

impl Section {
    fn of(key: &'static str, json: Vec<u8>) -> Self {
        let original = json.len() as u64;
        Self { key, json: json.into(), redacted: 0, truncated: false, original }
    }

    fn of_fragment(key: &'static str, fragment: Fragment) -> Self {
        let Fragment { json, redacted, truncated, original_bytes } = fragment;
        Self { key, json, redacted, truncated, original: original_bytes }
    }

    /// What the key takes.
    pub(super) fn overhead(&self) -> usize {
        self.key.len() + 4
    }

    pub(super) fn size(&self) -> usize {
        self.json.len() + self.overhead()
    }
}

/// What is said of content that was taken before its endpoint, which hides more, was known.
const RULES_LATE: &str = "the endpoint has rules of its own, and was known too late";

/// What a record keeps of query, headers and bodies under `mode`, and under the endpoint's rules of redaction.
pub(super) fn take_content(facts: &mut Facts, mode: Mode, redactors: &OfRecord, limit: usize) -> Vec<Section> {
    let mut content = Vec::new();
    let taken = facts.http.as_ref().map(|http| (http.taken_for, http.response_taken_for));
    let (taken_for, response_taken_for) = taken.unwrap_or_default();
    let (is_ruled_late, is_response_ruled_late) =
        (facts.has_other_rules(taken_for), facts.has_other_rules(response_taken_for));
    let Some(http) = facts.http.as_mut().filter(|_| mode.keeps_content()) else { return content };
    let mut add = |key, fragment: Option<Fragment>| {
        content.extend(fragment.map(|fragment| Section::of_fragment(key, fragment)));
    };
    let headers = |headers: Option<Fragment>, is_late| match headers {
        Some(headers) if is_late => {
            Some(redactors.iter().fold(headers, |headers, redactor| redactor.again("", headers, limit)))
        }
        headers => headers,
    };
    let query = http.query.take();
    add(
        "query_params",
        query.map(|query| if is_ruled_late { withheld(RULES_LATE, query.original_bytes) } else { query }),
    );
    add("headers", headers(http.headers.take(), is_ruled_late));
    let scanner = http.request_scanner.take();
    if http.request_unobserved {
        add("request_body", scanner.map(BodyScanner::unobserved));
    } else if mode == http.taken_as && !is_ruled_late {
        add("request_body", scanner.and_then(|scanner| scanner.finish(http.request_complete)));
    } else if http.request_bytes > 0 && !(is_ruled_late && scanner.is_none()) {
        // The handler that asks for less became known only after its body had been read under a wider mode.
        let late = if mode == http.taken_as { RULES_LATE } else { "the endpoint keeps less, and was known too late" };
        add("request_body", Some(withheld(late, http.request_bytes)));
    }
    add("response_headers", headers(http.response_headers.take(), is_response_ruled_late));
    let scanner = http.response_scanner.take();
    if is_response_ruled_late {
        let seen = scanner.map_or(0, |scanner| scanner.seen());
        add("response_body", (seen > 0).then(|| withheld(RULES_LATE, seen)));
    } else {
        add("response_body", scanner.and_then(|scanner| scanner.finish(http.response_complete)));
    }
    content
}

fn withheld(why: &str, bytes: u64) -> Fragment {
    let json = format!("{{\"withheld\":\"{why}\",\"bytes\":{bytes}}}");
    Fragment { json: json.into_bytes().into(), redacted: 1, truncated: false, original_bytes: bytes }
}

/// What the handler added.
pub(super) fn facts_sections(facts: &Facts) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut add = |key, any: bool, write: &dyn Fn(&mut Vec<u8>)| {
        if any {
            let mut json = Vec::new();
            write(&mut json);
            sections.push(Section::of(key, json));
        }
    };
    add("data", !facts.data.is_empty(), &|out| write_object(out, &facts.data));
    add("changes", !facts.changes.is_empty(), &|out| write_object(out, &facts.changes));
    add("targets", facts.targets.len() > 1, &|out| write_list(out, &facts.targets, write_target));
    add("calls", !facts.calls.is_empty(), &|out| write_list(out, &facts.calls, write_call));
    add("steps", !facts.steps.is_empty(), &|out| {
        write_list(out, &facts.steps, |out, step| {
            let mut members = Members::open(out);
            members.str("name", &step.name);
            members.member("at_ms", |out| write_milliseconds(out, step.at));
            members.close();
        });
    });
    sections
}

fn write_object(out: &mut Vec<u8>, fields: &[(String, Vec<u8>)]) {
    let mut members = Members::open(out);
    for (key, json) in fields {
        members.foreign(key, json);
    }
    members.close();
}

fn write_list<T>(out: &mut Vec<u8>, items: &[T], write: impl Fn(&mut Vec<u8>, &T)) {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

fn write_target(out: &mut Vec<u8>, target: &Target) {
    let mut members = Members::open(out);
    members.str("type", &target.kind);
    if let Some(id) = &target.id {
        members.str("id", id);
    }
    members.close();
}

fn write_call(out: &mut Vec<u8>, call: &NestedCall) {
    let mut members = Members::open(out);
    members.str("action", call.endpoint.action());
    members.str("handler", &call.endpoint.handler());
    members.str("outcome", call.outcome.as_str());
    if let Some(error) = &call.error {
        members.str("error", error);
    }
    if let Some(target) = &call.target {
        members.member("target", |out| write_target(out, target));
    }
    if !call.data.is_empty() {
        members.member("data", |out| write_object(out, &call.data));
    }
    if let Some(duration) = call.duration {
        members.member("duration_ms", |out| write_milliseconds(out, duration));
    }
    members.close();
}
