//! What is put in, whatever it is, comes out as one line of valid JSON within the bound.

mod support;

use audit_core::exchange::{RequestHead, ResponseHead, RouteMatch};
use audit_core::{Actor, Line, Mode};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::strict::{Strict, check_line};
use support::{Lines, Puppet, admit, auditor};

/// What a handler and its client may say.
#[derive(Debug, Clone)]
struct Input {
    method: String,
    path: String,
    query: Option<String>,
    route: Option<String>,
    headers: Vec<(String, Vec<u8>)>,
    content_type: Option<String>,
    body: Vec<u8>,
    user: Option<(String, String, Vec<String>)>,
    principal: String,
    targets: Vec<(String, String)>,
    data: Vec<(String, Value)>,
    changes: Vec<(String, Value, Value)>,
    reason: Option<String>,
    error: Option<String>,
    steps: Vec<String>,
    status: Option<u16>,
    service: String,
    mode: Mode,
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(vec![
            "\"", "\\", "\n", "\r\n", "\t", "\u{0}", "\u{1b}[2J", "\u{7f}", "\u{85}", "\u{2028}", "\u{2029}", "\u{202e}",
            "\u{2066}", "\u{61c}", "\u{200f}", "\u{feff}", "\u{fffd}", "😀", "ä", "{", "}", "[", "]", ",", ":", "/", "..",
            "%00", "%22", "+", "&a=1", "=", "#2", "\",\"user\":\"root\"", "}\n{\"user\":\"root\"}", "</script>", "null",
            "\\u0000", "\\ud800", "user", "data", "a b", "é",
        ])
        .prop_map(str::to_owned),
        2 => "\\PC{0,6}",
        1 => any::<String>(),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::collection::vec(piece(), 0..5).prop_map(|pieces| pieces.concat()),
        1 => (piece(), 1_usize..60_000).prop_map(|(piece, bytes)| piece.repeat(bytes / piece.len().max(1) + 1)),
    ]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![3 => text().prop_map(String::into_bytes), 1 => prop::collection::vec(any::<u8>(), 0..40)]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => text().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((text(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn body() -> impl Strategy<Value = (Option<String>, Vec<u8>)> {
    let content_type = prop::sample::select(vec![
        "application/json",
        "application/x-ndjson",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/geo+json; charset=utf-16",
    ]);
    prop_oneof![
        2 => value().prop_map(|value| (Some("application/json".to_owned()), value.to_string().into_bytes())),
        1 => (prop::option::of(content_type.prop_map(str::to_owned)), bytes()),
        1 => (prop::option::of(text()), bytes()),
        1 => (value(), any::<prop::sample::Index>()).prop_map(|(value, at)| {
            let mut cut = value.to_string().into_bytes();
            cut.truncate(at.index(cut.len() + 1));
            (Some("application/json".to_owned()), cut)
        }),
        1 => Just((Some("application/json".to_owned()), br#"{"a":1,"a":2,"a#2":{"b":1,"\u0062":2}}"#.to_vec())),
    ]
}

fn name() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "x-a",
        "cookie",
        "user-agent",
        "accept",
        "x-request-id",
        "traceparent",
        "x-forwarded-for",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => text()]
}

fn input() -> impl Strategy<Value = Input> {
    let several = |strategy: BoxedStrategy<String>| prop::collection::vec(strategy, 0..4);
    let request = (
        text(),
        text(),
        prop::option::of(text()),
        prop::option::of(text()),
        prop::collection::vec((name(), bytes()), 0..6),
        body(),
    );
    let said = (
        prop::option::of((text(), text(), several(text().boxed()))),
        text(),
        prop::collection::vec((text(), text()), 0..4),
        prop::collection::vec((text(), value()), 0..4),
        prop::collection::vec((text(), value(), value()), 0..3),
        prop::option::of(text()),
        prop::option::of(text()),
        several(text().boxed()),
    );
    let rest = (
        prop::option::of(100_u16..700),
        "[^\\p{Cc}]{1,256}",
        prop::sample::select(vec![Mode::Basic, Mode::Compact, Mode::Full]),
    );
    (request, said, rest).prop_map(|(request, said, rest)| {
        let (method, path, query, route, headers, (content_type, body)) = request;
        let (user, principal, targets, data, changes, reason, error, steps) = said;
        let (status, service, mode) = rest;
        Input {
            method,
            path,
            query,
            route,
            headers,
            content_type,
            body,
            user,
            principal,
            targets,
            data,
            changes,
            reason,
            error,
            steps,
            status,
            service,
            mode,
        }
    })
}

/// The line of one request that brings all of this.
fn line_of(input: &Input, limit: usize) -> Line {
    let sink = Puppet::new("puppet");
    let auditor = auditor(&sink, |builder| {
        let builder =
            builder.max_line_bytes(limit).mode(input.mode).service(&input.service).environment(&input.service);
        builder.record_response_headers().record_response_bodies().include("/").instance(&input.service)
    });
    let mut headers: Vec<(&str, &[u8])> = input.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    headers.extend(input.content_type.as_ref().map(|value| ("content-type", value.as_bytes())));
    let headers = Lines(&headers);
    let mut head = RequestHead::new("test", &input.method, &input.path, &headers);
    head.query = input.query.as_deref();
    head.route = input.route.as_deref().map_or(RouteMatch::NotKnownYet, RouteMatch::Template);
    head.peer = "2001:db8:1111:2222:3333:4444:5555:6666".parse().ok();
    let mut exchange = auditor.begin(&head).expect("nothing is excluded");
    admit(&mut exchange);
    let tap = exchange.request_tap();
    input.body.chunks(7_001).for_each(|chunk| tap.push(chunk));
    tap.complete();
    let scope = exchange.scope();
    if let Some((name, id, roles)) = &input.user {
        let actor = Actor::user(name)
            .id(&**id)
            .on_behalf_of(&input.principal)
            .tenant(&input.principal)
            .session(&input.principal);
        scope.set_actor(roles.iter().fold(actor, |actor, role| actor.role(role)));
    }
    input.targets.iter().for_each(|(kind, id)| scope.add_target(kind, id));
    input.data.iter().for_each(|(key, value)| scope.data(key, value));
    input.changes.iter().for_each(|(field, old, new)| scope.change(field, old, new));
    input.steps.iter().for_each(|step| scope.step(step));
    input.reason.iter().for_each(|reason| scope.set_reason(reason));
    if let Some(status) = input.status {
        exchange.respond(&ResponseHead::new(status, &headers));
        exchange.sent(&input.body);
    }
    input.error.iter().for_each(|error| exchange.note_error(error));
    exchange.complete();
    drop(exchange);
    sink.wait_taken(1);
    sink.lines().remove(0)
}

/// Without a mark that something was cut or hidden, everything that was said is there.
fn check_whole(record: &Value, input: &Input) -> Result<(), TestCaseError> {
    if record.get("truncated").is_some() || record.get("redacted").is_some() {
        return Ok(());
    }
    prop_assert_eq!(&record["method"], &input.method);
    prop_assert_eq!(&record["path"], &input.path);
    if let Some((name, id, roles)) = &input.user {
        prop_assert_eq!(&record["user"], name);
        prop_assert_eq!(&record["user_id"], id);
        prop_assert_eq!(record.get("actor_roles").cloned(), (!roles.is_empty()).then(|| json!(roles.join(","))));
        for key in ["on_behalf_of", "tenant_id", "session_id"] {
            prop_assert_eq!(&record[key], &input.principal);
        }
    }
    for key in ["service", "environment", "instance"] {
        prop_assert_eq!(&record[key], &input.service);
    }
    prop_assert_eq!(record.get("reason").cloned(), input.reason.as_ref().map(|reason| json!(reason)));
    prop_assert_eq!(record.get("error").cloned(), input.error.as_ref().map(|error| json!(error)));
    prop_assert_eq!(record.get("route").cloned(), input.route.as_ref().map(|route| json!(route)));
    if let Some((kind, id)) = input.targets.first() {
        prop_assert_eq!((&record["target_type"], &record["target_id"]), (&json!(kind), &json!(id)));
    }
    if input.targets.len() > 1 {
        let targets: Vec<_> = input.targets.iter().map(|(kind, id)| json!({"type": kind, "id": id})).collect();
        prop_assert_eq!(&record["targets"], &json!(targets));
    }
    for (key, value) in &input.data {
        // The last word counts.
        if input.data.iter().filter(|(other, _)| other == key).count() == 1 {
            prop_assert_eq!(&record["data"][key], value);
        }
    }
    for (field, old, new) in &input.changes {
        if input.changes.iter().filter(|(other, ..)| other == field).count() == 1 {
            prop_assert_eq!(&record["changes"][field], &json!({"old": old, "new": new}));
        }
    }
    prop_assert_eq!(record["steps"].as_array().map_or(0, Vec::len), input.steps.len());
    if input.mode == Mode::Full && !input.body.is_empty() && input.content_type.as_deref() == Some("application/json") {
        let Strict(body) = match serde_json::from_slice(&input.body) {
            Ok(body) => body,
            // A key that stands twice is renamed.
            Err(_) => return Ok(()),
        };
        prop_assert_eq!(&record["request_body"], &body);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_put_in_one_valid_line_comes_out(input in input(), limit in prop::sample::select(vec![2_048, 4_096, 16_384])) {
        let record = check_line(&line_of(&input, limit), limit);
        for key in ["timestamp", "level", "method", "path", "user", "response_time_ms", "ip_address", "schema",
            "event_id", "action", "outcome", "completion", "mode", "started_at"] {
            prop_assert!(record.get(key).is_some(), "{key} is missing");
        }
        prop_assert_eq!(record.get("status_code").cloned(), input.status.map(Value::from));
        if input.mode == Mode::Basic {
            for key in ["query_params", "headers", "request_body", "response_headers", "response_body", "user_agent"] {
                prop_assert!(record.get(key).is_none(), "{key} in basic mode");
            }
        }
        check_whole(&record, &input)?;
    }

    #[test]
    fn an_event_is_one_valid_line_too(action in text(), user in text(), id in text(), reason in text(), key in text(), value in value()) {
        let sink = Puppet::new("puppet");
        let auditor = auditor(&sink, |builder| builder.max_line_bytes(2_048));
        auditor.event(&action).actor(Actor::system(&user)).target(&id, &id).reason(&reason).data(&key, &value).details(&value).record();
        sink.wait_taken(1);
        let record = check_line(&sink.lines()[0], 2_048);
        prop_assert!(record.get("method").is_none() && record.get("response_time_ms").is_none());
        if record.get("truncated").is_none() && record.get("redacted").is_none() {
            prop_assert_eq!(&record["action"], &action);
            prop_assert_eq!(&record["user"], &user);
            prop_assert_eq!(&record["reason"], &reason);
            if key != "details" {
                prop_assert_eq!(&record["data"][&key], &value);
            }
        }
    }
}
