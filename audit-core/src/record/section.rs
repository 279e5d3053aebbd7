//! The parts of a record that may be long: what the handler added, and the request's and the answer's content.

use crate::exchange::{Facts, Http, NestedCall, Target};
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

/// What a record keeps of query, headers and bodies under `mode`.
pub(super) fn take_content(http: &mut Http, mode: Mode) -> Vec<Section> {
    let mut content = Vec::new();
    if !mode.keeps_content() {
        return content;
    }
    let mut add = |key, fragment: Option<Fragment>| {
        content.extend(fragment.map(|fragment| Section::of_fragment(key, fragment)));
    };
    add("query_params", http.query.take());
    add("headers", http.headers.take());
    let scanner = http.request_scanner.take();
    if http.request_unobserved {
        add("request_body", scanner.map(BodyScanner::unobserved));
    } else if mode == http.taken_as {
        add("request_body", scanner.and_then(|scanner| scanner.finish(http.request_complete)));
    } else if http.request_bytes > 0 {
        // The handler that asks for less became known only after its body had been read under a wider mode.
        let json = format!(
            "{{\"withheld\":\"the endpoint keeps less, and was known too late\",\"bytes\":{}}}",
            http.request_bytes
        );
        let original_bytes = http.request_bytes;
        add("request_body", Some(Fragment { json: json.into_bytes().into(), redacted: 1, truncated: false, original_bytes }));
    }
    add("response_headers", http.response_headers.take());
    let scanner = http.response_scanner.take();
    add("response_body", scanner.and_then(|scanner| scanner.finish(http.response_complete)));
    content
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
