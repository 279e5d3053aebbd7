//! Records never depend on tracing; events of its target `audit` become records where they can be seen.

mod support;

use audit_axum::routing::{get, post};
use audit_axum::{RouterExt as _, audited, data};
use audit_core::testing::assert_record;
use axum::http::StatusCode;
use axum::{Json, Router};
use serde_json::{Value, json};
use support::{Server, auditor};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::with_default;
use tracing::{Instrument as _, Subscriber};
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;

#[audited(action = "layer.create")]
async fn create(Json(layer): Json<Value>) -> (StatusCode, Json<Value>) {
    data("kept", true);
    tracing::info!(target: "audit", layer_id = 7, token = "abcdef", "published");
    (StatusCode::CREATED, Json(layer))
}

#[audited(action = "layer.trace")]
async fn traced() -> &'static str {
    let span =
        tracing::info_span!("work", trace_id = "0af7651916cd43dd8448eb211c80319c", span_id = %"b7ad6b7169203331");
    async { "done" }.instrument(span).await
}

#[audited(action = "layer.late")]
async fn traced_late() -> &'static str {
    let span = tracing::info_span!("work", trace_id = tracing::field::Empty);
    span.record("trace_id", "not an identifier");
    span.in_scope(|| ());
    span.record("trace_id", "abc-123");
    span.in_scope(|| "done")
}

fn router() -> Router {
    Router::new()
        .audited_route("/layers", post(create))
        .audited_route("/traced", get(traced))
        .audited_route("/late", get(traced_late))
}

/// One request with `subscriber` as the current one; its record, which must be complete but for `data`.
fn record_under(
    subscriber: impl Subscriber + Send + Sync + 'static,
    server: Server,
    runtime: &tokio::runtime::Runtime,
) -> Value {
    let record = with_default(subscriber, || {
        runtime.block_on(async {
            let answer = server.post("/layers?a=1", "application/json", r#"{"name":"x","password":"hunter2"}"#).await;
            assert_eq!(answer.status(), 201);
            server.only().await
        })
    });
    let expected = json!({"action": "layer.create", "method": "POST", "path": "/layers", "status_code": 201,
        "outcome": "success", "completion": "completed", "query_params": {"a": "1"}, "user": "anonymous",
        "request_body": {"name": "x", "password": "[FILTERED]"}, "route": "/layers", "ip_address": "127.0.0.1"});
    assert_record(&record, expected);
    record
}

/// A server on this thread alone, so that the thread's subscriber is the handler's.
fn start() -> (Server, tokio::runtime::Runtime) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let server = runtime.block_on(Server::start(router()));
    (server, runtime)
}

#[test]
fn records_are_complete_whatever_is_filtered() {
    type Make = fn(&audit_axum::Auditor) -> Box<dyn Subscriber + Send + Sync>;
    let off: [(&str, Make); 8] = [
        ("a global filter off, the layer first", |auditor| {
            Box::new(tracing_subscriber::registry().with(auditor.json_layer()).with(EnvFilter::new("off")))
        }),
        ("a global filter off, the layer last", |auditor| {
            Box::new(tracing_subscriber::registry().with(EnvFilter::new("off")).with(auditor.json_layer()))
        }),
        ("a global filter warn, the layer first", |auditor| {
            Box::new(tracing_subscriber::registry().with(auditor.json_layer()).with(EnvFilter::new("warn")))
        }),
        ("a global filter warn, the layer last", |auditor| {
            Box::new(tracing_subscriber::registry().with(EnvFilter::new("warn")).with(auditor.json_layer()))
        }),
        ("no level at all", |auditor| {
            Box::new(tracing_subscriber::registry().with(LevelFilter::OFF).with(auditor.json_layer()))
        }),
        ("no level at all for the layer", |auditor| {
            Box::new(tracing_subscriber::registry().with(auditor.json_layer().with_filter(LevelFilter::OFF)))
        }),
        ("a filter that names another target", |auditor| {
            Box::new(tracing_subscriber::registry().with(EnvFilter::new("audit=off,info")).with(auditor.json_layer()))
        }),
        ("no layer", |_| Box::new(tracing_subscriber::registry())),
    ];
    for (what, make) in off {
        let (server, runtime) = start();
        let subscriber = make(&server.auditor);
        let record = record_under(subscriber, server, &runtime);
        assert_eq!(record["data"], json!({"kept": true}), "{what}");
    }
}

#[test]
fn inside_an_exchange_an_event_becomes_data() {
    for filtered in [false, true] {
        let (server, runtime) = start();
        // The application's own log is filtered apart, as the quickstart shows.
        let record = if filtered {
            let log = log().with_filter(EnvFilter::new("off"));
            let subscriber = tracing_subscriber::registry().with(server.auditor.json_layer()).with(log);
            record_under(subscriber, server, &runtime)
        } else {
            let subscriber = tracing_subscriber::registry().with(log()).with(server.auditor.json_layer());
            record_under(subscriber, server, &runtime)
        };
        let expected = json!({"kept": true, "layer_id": 7, "token": "[FILTERED]", "message": "published"});
        assert_eq!(record["data"], expected);
        assert_eq!(record["redacted"], 2);
    }
}

/// What `run` leaves under the layer alone.
fn records_of(run: impl FnOnce()) -> Vec<Value> {
    let (auditor, sink) = auditor(|builder| builder);
    with_default(tracing_subscriber::registry().with(auditor.json_layer()), run);
    auditor.shutdown(support::PATIENCE);
    sink.records()
}

#[test]
fn in_a_request_of_which_nothing_is_recorded_an_event_leaves_nothing_either() {
    let records = records_of(|| {
        audit_core::exchange::unrecorded(|| tracing::info!(target: "audit", "a probe"));
        tracing::info!(target: "audit", "a job");
    });
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!(records[0]["data"]["message"], "a job");
}

#[test]
fn outside_an_exchange_an_event_is_one_line() {
    let records = records_of(|| {
        tracing::info!(target: "audit", layer_id = 7, user = "mallory", action = "root.login", password = "hunter2",
            list = ?vec!["a"], ratio = 0.5, fine = true, big = u64::MAX, negative = -1, "line\none");
        tracing::error!(target: "audit", "it failed");
        tracing::trace!(target: "audit", url = %"https://x/?token=abcdef", "even this");
    });
    assert_eq!(records.len(), 3);
    let expected = json!({"action": "tracing.event", "user": null, "outcome": "success", "level": "info",
        "completion": "completed", "method": null, "redacted": 1,
        "data": {"layer_id": 7, "user": "mallory", "action": "root.login", "password": "[FILTERED]", "list": "[\"a\"]",
            "ratio": 0.5, "fine": true, "big": u64::MAX, "negative": -1, "message": "line\none"}});
    assert_record(&records[0], expected);
    assert_record(&records[1], json!({"action": "tracing.event", "outcome": "failed", "level": "error"}));
    assert!(!records[2].to_string().contains("abcdef"), "{}", records[2]);
}

#[test]
fn other_targets_are_none_of_our_business() {
    let records = records_of(|| {
        tracing::info!(target: "audit2", "no");
        tracing::info!(target: "audit::x", "no");
        tracing::info!(target: "Audit", "no");
        tracing::info!(target: "", "no");
        tracing::error!("no");
        let span = tracing::info_span!(target: "audit", "a span is no event");
        span.in_scope(|| ());
    });
    assert_eq!(records, Vec::<Value>::new());
}

#[test]
fn an_auditor_that_is_off_records_no_events() {
    let (auditor, sink) = auditor(|builder| builder.enabled(false));
    with_default(tracing_subscriber::registry().with(auditor.json_layer()), || tracing::info!(target: "audit", "no"));
    assert_eq!(sink.records().len(), 0);
}

#[test]
fn a_span_gives_its_trace_unless_the_request_brought_one() {
    let (server, runtime) = start();
    with_default(tracing_subscriber::registry().with(server.auditor.json_layer()), || {
        runtime.block_on(async {
            server.get("/traced").await;
            let parent = "traceparent: 00-11111111111111111111111111111111-2222222222222222-01";
            server.send(&format!("GET /traced HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{parent}\r\n\r\n")).await;
            server.get("/late").await;
            let records = server.wait_for(3).await;
            let expected = json!({"trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331"});
            assert_record(&records[0], expected);
            let expected = json!({"trace_id": "11111111111111111111111111111111", "span_id": "2222222222222222"});
            assert_record(&records[1], expected);
            assert_record(&records[2], json!({"trace_id": "abc-123", "span_id": null}));
        });
    });
}

/// The application's own log.
fn log<S: Subscriber + for<'a> LookupSpan<'a>>() -> impl tracing_subscriber::Layer<S> {
    tracing_subscriber::fmt::layer().with_writer(std::io::sink)
}

#[test]
fn an_unfiltered_log_still_sees_everything() {
    let (auditor, _sink) = auditor(|builder| builder);
    with_default(tracing_subscriber::registry().with(auditor.json_layer()).with(log()), || {
        assert!(tracing::enabled!(tracing::Level::TRACE));
    });
    with_default(tracing_subscriber::registry().with(log()).with(auditor.json_layer()), || {
        assert!(tracing::enabled!(tracing::Level::TRACE));
    });
}

#[test]
fn a_value_that_traces_while_it_is_shown_harms_nobody() {
    struct Loud;
    impl std::fmt::Display for Loud {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            audit_axum::data("nested", true);
            tracing::info!(target: "audit", inner = true);
            f.write_str("loud")
        }
    }
    #[audited(action = "layer.loud")]
    async fn loud() -> &'static str {
        tracing::info!(target: "audit", loud = %Loud);
        "done"
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = runtime.block_on(Server::start(Router::new().audited_route("/loud", get(loud))));
    with_default(tracing_subscriber::registry().with(server.auditor.json_layer()), || {
        runtime.block_on(async {
            server.get("/loud").await;
            let record = server.only().await;
            assert_eq!((&record["data"]["loud"], &record["data"]["nested"]), (&json!("loud"), &json!(true)));
        });
    });
}
