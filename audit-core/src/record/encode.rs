//! The one encoder: an event's facts, already redacted, become one line within the bound.
//!
//! Who, what, when, where and how it ended come first and always fit. What is long is cut: texts at a character,
//! objects and lists after their last complete member. The line then says `truncated`, and `original_bytes` says how
//! many bytes the things had that were cut.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;

use crate::actor::{Actor, ActorId, ActorType};
use crate::auditor::OfRecord;
use crate::delivery::Gap;
use crate::exchange::Facts;
use crate::record::json::{Members, write_display, write_number, write_str};
use crate::record::line::FieldIndex;
use crate::record::section::{Section, facts_sections, take_content};
use crate::record::stamp::{write_milliseconds, write_rfc3339};
use crate::record::{Field, Line};
use crate::redact;
use crate::settings::Settings;
use crate::vocabulary::{Completion, Level, Mode, Outcome, Phase};

/// The version of the table of keys.
const SCHEMA: &str = "audit/1";
/// Kept free for `redacted`, `truncated`, `original_bytes`, the brace and the newline, and for the `seq` that a journal
/// adds.
const TRAILER: usize = 112 + SEQ;
/// The longest `,"seq":` with its number.
const SEQ: usize = 27;
/// A text cut shorter than this would say nothing: it is left out instead.
const SHORTEST: usize = 16;
/// Where a text was cut.
const ELLIPSIS: &str = "…";

/// Turns facts into lines; holds what every record of an auditor says alike.
#[derive(Debug, Clone)]
pub(crate) struct Encoder {
    max_line: usize,
    mode: Mode,
    service: Option<String>,
    environment: Option<String>,
    instance: Option<String>,
}

/// A value in a record about the audit trail itself.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Datum<'a> {
    Text(&'a str),
    Number(i128),
}

/// When and how an event ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ending {
    /// `None` while it has not ended.
    pub(crate) completion: Option<Completion>,
    pub(crate) phase: Option<Phase>,
    pub(crate) at: Timestamp,
    /// `None` before anything has run.
    pub(crate) elapsed: Option<Duration>,
}

impl Encoder {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            max_line: settings.max_line_bytes,
            mode: settings.mode,
            service: settings.service.clone(),
            environment: settings.environment.clone(),
            instance: settings.instance.clone(),
        }
    }

    /// The record of records that are missing.
    pub(crate) fn gap(&self, sink: &str, gap: Gap) -> Line {
        let reason = format!("{} records could not be recorded", gap.count);
        let (from, until) = (rfc3339(gap.from), rfc3339(gap.until));
        let data = [
            ("sink", Datum::Text(sink)),
            ("from", Datum::Text(&from)),
            ("until", Datum::Text(&until)),
            ("count", Datum::Number(gap.count.into())),
        ];
        self.own("audit.gap", Outcome::Failed, reason, &data)
    }

    /// A record about the audit trail itself.
    pub(crate) fn own(
        &self,
        action: &'static str,
        outcome: Outcome,
        reason: String,
        data: &[(&'static str, Datum<'_>)],
    ) -> Line {
        let mut facts = Facts::new(action.into());
        facts.actor = Some(Actor::system("audit"));
        facts.outcome = Some(outcome);
        facts.reason = Some(reason);
        for (key, value) in data {
            let mut json = Vec::new();
            match value {
                Datum::Text(text) => write_str(&mut json, text),
                Datum::Number(number) => write_display(&mut json, number),
            }
            facts.data.push(((*key).to_owned(), json));
        }
        let ending = Ending {
            completion: Some(Completion::Completed),
            phase: None,
            at: facts.started_at,
            elapsed: Some(Duration::ZERO),
        };
        self.encode(facts, ending, &OfRecord::default())
    }

    /// Encodes an event that has ended, by the rules that hold for all of it.
    pub(crate) fn encode(&self, mut facts: Facts, ending: Ending, redactors: &OfRecord) -> Line {
        let mode = facts.mode(self.mode);
        let outcome = facts.outcome();
        let content = take_content(&mut facts, mode, redactors, self.max_line);
        self.write(&facts, ending, outcome, mode, redactors, (facts_sections(&facts), content))
    }

    /// Encodes that an event is about to happen: who, what, when and where, as far as it is known.
    pub(crate) fn encode_intent(&self, facts: &Facts, redactors: &OfRecord) -> Line {
        let ending = Ending { completion: None, phase: Some(Phase::Intent), at: Timestamp::now(), elapsed: None };
        self.write(facts, ending, Outcome::Unknown, Mode::Basic, redactors, (Vec::new(), Vec::new()))
    }

    fn write(
        &self,
        facts: &Facts,
        ending: Ending,
        outcome: Outcome,
        mode: Mode,
        redactors: &OfRecord,
        (handlers, content): (Vec<Section>, Vec<Section>),
    ) -> Line {
        let mut out = Vec::with_capacity(1024);
        let mut writer = Writer {
            limit: self.max_line.saturating_sub(TRAILER),
            members: Members::open(&mut out),
            index: FieldIndex::default(),
            redacted: facts.redacted,
            cut: facts.truncated,
            cut_bytes: facts.cut_bytes,
        };
        writer.essentials(self, facts, ending, outcome, mode, redactors);
        writer.context(self, facts, ending, mode);
        writer.sections(handlers, content);
        writer.finish();
        let Writer { index, members, .. } = writer;
        members.close();
        out.push(b'\n');
        Line::new(out, index)
    }
}

/// RFC 3339 in UTC with microseconds.
pub(crate) fn rfc3339(time: Timestamp) -> String {
    let mut text = Vec::new();
    write_rfc3339(&mut text, time);
    String::from_utf8(text).expect("digits and signs are UTF-8")
}

/// Writes a record member by member and keeps it within the bound.
struct Writer<'a> {
    limit: usize,
    members: Members<'a>,
    index: FieldIndex,
    redacted: u64,
    cut: bool,
    cut_bytes: u64,
}

impl Writer<'_> {
    fn room(&self) -> usize {
        self.limit.saturating_sub(self.members.out.len())
    }

    fn note_cut(&mut self, bytes: u64) {
        self.cut = true;
        self.cut_bytes = self.cut_bytes.saturating_add(bytes);
    }

    /// Who, what, when, where and how it ended. Their bounds are such that they fit the smallest line allowed.
    fn essentials(
        &mut self,
        encoder: &Encoder,
        facts: &Facts,
        ending: Ending,
        outcome: Outcome,
        mode: Mode,
        redactors: &OfRecord,
    ) {
        let level = if facts.panicked { Level::Error } else { outcome.level() };
        let eighth = encoder.max_line / 8;
        let stamp = self.members.member("timestamp", |out| write_quoted(out, |out| write_rfc3339(out, ending.at)));
        self.index.set(Field::Timestamp, stamp);
        self.members.str("level", level.as_str());
        if let Some(http) = &facts.http {
            self.indexed(Field::Method, &http.method, 64);
            let raw = http.path.unredacted();
            let mut path = Cow::Borrowed(&**raw);
            for redactor in redactors.iter() {
                let (safe, redacted) = redactor.path(&path, http.route.as_deref());
                self.redacted += u64::from(redacted);
                if let Cow::Owned(safe) = safe {
                    path = Cow::Owned(safe);
                }
            }
            // Filtering may shorten a path too; that is no cut.
            let missing = http.path_bytes - raw.len();
            let original = path.len() + missing;
            let path = if missing > 0 { Cow::Owned(format!("{path}{ELLIPSIS}")) } else { path };
            self.indexed_of(Field::Path, &path, original, eighth.min(2048));
        }
        self.who(facts, eighth);
        if let Some(http) = &facts.http {
            if let Some(status) = http.status {
                let range = self.members.number("status_code", status.into());
                self.index.set(Field::StatusCode, range);
            }
            if let Some(elapsed) = ending.elapsed {
                self.members.member("response_time_ms", |out| write_milliseconds(out, elapsed));
            }
            if let Some(ip) = http.ip {
                let range = self.members.member("ip_address", |out| write_quoted(out, |out| write_address(out, ip)));
                self.index.set(Field::IpAddress, range);
            }
        }
        self.members.str("schema", SCHEMA);
        let range = self.members.member("event_id", |out| {
            write_quoted(out, |out| {
                let id = facts.event_id.hyphenated();
                out.extend_from_slice(id.encode_lower(&mut uuid::Uuid::encode_buffer()).as_bytes());
            });
        });
        self.index.set(Field::EventId, range);
        self.indexed(Field::Action, facts.action(), eighth.min(512));
        self.indexed(Field::Outcome, outcome.as_str(), 32);
        if let Some(phase) = ending.phase {
            self.indexed(Field::Phase, phase.as_str(), 32);
        }
        if let Some(completion) = ending.completion {
            self.members.str("completion", completion.as_str());
        }
        self.members.str("mode", mode.as_str());
        if facts.http.is_some() {
            self.members.member("started_at", |out| write_quoted(out, |out| write_rfc3339(out, facts.started_at)));
        }
    }

    /// Somebody named, or `anonymous` when the handler ended and nobody was, or `unknown` when it was cut off before or
    /// could not be read.
    fn who(&mut self, facts: &Facts, eighth: usize) {
        let nobody = match &facts.http {
            _ if facts.actor_unreadable => Some(ActorType::Unknown),
            Some(_) if facts.cut_off() => Some(ActorType::Unknown),
            Some(_) => Some(ActorType::Anonymous),
            None => None,
        };
        let cap = (eighth / 2).min(512);
        match (&facts.actor, nobody) {
            (Some(actor), _) => {
                self.indexed(Field::User, &actor.name, cap);
                match &actor.id {
                    Some(ActorId::Number(id)) => {
                        self.members.display("user_id", id);
                    }
                    Some(ActorId::Text(id)) => self.text("user_id", id, cap.min(256)),
                    None => {}
                }
                self.members.str("actor_type", actor.kind.as_str());
            }
            (None, Some(kind)) => {
                self.indexed(Field::User, kind.as_str(), cap);
                self.members.str("actor_type", kind.as_str());
            }
            (None, None) => {}
        }
    }

    /// What places the event: each text has a bound of its own, and is left out when nothing is left.
    fn context(&mut self, encoder: &Encoder, facts: &Facts, ending: Ending, mode: Mode) {
        let long = encoder.max_line / 16;
        let short = long.min(512);
        if let Some(endpoint) = facts.deciding_endpoint() {
            self.text("handler", &endpoint.handler(), short);
        }
        if let Some(http) = &facts.http {
            if let Some(route) = facts.route() {
                self.indexed(Field::Route, route, long);
            }
            self.text("framework", http.framework, short);
            if let Some(id) = &http.request_id {
                self.text("request_id", id, short);
            }
        }
        self.optional("trace_id", facts.trace_id.as_deref(), short);
        self.optional("span_id", facts.span_id.as_deref(), short);
        if let Some(target) = facts.targets.first() {
            self.indexed(Field::TargetType, &target.kind, short);
            if let Some(id) = &target.id {
                self.indexed(Field::TargetId, id, long);
            }
        }
        self.optional("reason", facts.reason.as_deref(), long);
        self.optional("error", facts.error.as_deref(), long * 2);
        self.optional("service", encoder.service.as_deref(), short);
        self.optional("environment", encoder.environment.as_deref(), short);
        self.optional("instance", encoder.instance.as_deref(), short);
        if let Some(actor) = &facts.actor {
            if !actor.roles.is_empty() {
                self.text("actor_roles", &actor.roles.join(","), short);
            }
            self.optional("on_behalf_of", actor.on_behalf_of.as_deref(), short);
            self.optional("tenant_id", actor.tenant.as_deref(), short);
            self.optional("session_id", actor.session.as_deref(), short);
        }
        if let Some(http) = &facts.http {
            if let Some(peer) = http.peer.filter(|peer| http.ip != Some(*peer)) {
                self.text("peer_address", &peer.to_string(), short);
            }
            self.optional("forwarded_for", http.forwarded_for.as_deref(), long);
            let is_observed = !(http.without_body || http.request_unobserved);
            if ending.elapsed.is_some() && (is_observed || http.request_bytes > 0) {
                self.number("request_bytes", http.request_bytes);
            }
            if http.status.is_some() {
                self.number("response_bytes", http.response_bytes);
            }
            if mode.keeps_content() {
                self.optional("user_agent", http.user_agent.as_deref(), long);
            }
        }
    }

    /// What may be long. Each part gets an equal share of the room, and what the parts after it do not need.
    fn sections(&mut self, handlers: Vec<Section>, content: Vec<Section>) {
        let sections: Vec<Section> = handlers.into_iter().chain(content).collect();
        let mut needed: usize = sections.iter().map(Section::size).sum();
        let mut left = sections.len();
        self.members.out.reserve(needed.min(self.room()) + TRAILER);
        for section in sections {
            needed -= section.size();
            let room = self.room();
            let share = (room / left).max(room.saturating_sub(needed)).saturating_sub(section.overhead());
            left -= 1;
            self.redacted += u64::from(section.redacted);
            let fits = section.json.len() <= share;
            if section.truncated || !fits {
                self.note_cut(section.original);
            }
            if fits {
                self.members.raw(section.key, &section.json);
            } else if share >= SHORTEST {
                self.members.raw(section.key, &redact::fit(&section.json, share));
            }
        }
    }

    /// What was hidden and what was cut.
    fn finish(&mut self) {
        if self.redacted > 0 {
            self.members.number("redacted", self.redacted);
        }
        if self.cut {
            self.members.display("truncated", true);
            self.members.number("original_bytes", self.cut_bytes);
        }
    }

    fn number(&mut self, key: &'static str, value: u64) {
        if self.room() > key.len() + 24 {
            self.members.number(key, value);
        }
    }

    fn optional(&mut self, key: &'static str, text: Option<&str>, cap: usize) {
        if let Some(text) = text {
            self.text(key, text, cap);
        }
    }

    fn text(&mut self, key: &'static str, text: &str, cap: usize) {
        self.capped(key, text, text.len(), cap);
    }

    fn indexed(&mut self, field: Field, text: &str, cap: usize) {
        self.indexed_of(field, text, text.len(), cap);
    }

    fn indexed_of(&mut self, field: Field, text: &str, original: usize, cap: usize) {
        if let Some(range) = self.capped(field.key(), text, original, cap) {
            self.index.set(field, range);
        }
    }

    /// Writes a text whose JSON takes at most `cap` bytes; a longer one ends in an ellipsis. `original` is its length
    /// before anything was cut.
    fn capped(&mut self, key: &'static str, text: &str, original: usize, cap: usize) -> Option<std::ops::Range<usize>> {
        let room = self.room().saturating_sub(key.len() + 4);
        let cap = cap.min(room);
        if cap < SHORTEST {
            self.note_cut(original as u64);
            return None;
        }
        let mut cut = original > text.len();
        let range = self.members.member(key, |out| {
            let start = out.len();
            write_str(out, text);
            if out.len() - start > cap {
                out.truncate(start);
                write_cut(out, text, cap);
                cut = true;
            }
        });
        if cut {
            self.note_cut(original as u64);
        }
        Some(range)
    }
}

/// Writes a string that needs no escape.
fn write_quoted(out: &mut Vec<u8>, content: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    content(out);
    out.push(b'"');
}

fn write_address(out: &mut Vec<u8>, address: IpAddr) {
    let IpAddr::V4(address) = address else { return write_display(out, address) };
    for (index, octet) in address.octets().into_iter().enumerate() {
        if index > 0 {
            out.push(b'.');
        }
        write_number(out, octet.into());
    }
}

/// Writes as much of `text` as fits into `cap` bytes with its quotes and an ellipsis.
fn write_cut(out: &mut Vec<u8>, text: &str, cap: usize) {
    let room = cap.saturating_sub(2 + ELLIPSIS.len());
    out.push(b'"');
    let start = out.len();
    let mut buffer = [0; 4];
    for character in text.chars() {
        let before = out.len();
        crate::record::json::write_str_content(out, character.encode_utf8(&mut buffer));
        if out.len() - start > room {
            out.truncate(before);
            break;
        }
    }
    out.extend_from_slice(ELLIPSIS.as_bytes());
    out.push(b'"');
}
