//! A span around the audit layer gives its trace too: the exchange begins inside it.

mod support;

use audit_axum::{AuditLayer, RouterExt as _, audited, routing::get};
use audit_core::testing::assert_record;
use axum::{Router, extract::Request, middleware};
use serde_json::json;
use tracing::Instrument as _;
use tracing_subscriber::prelude::*;

#[audited(action = "work.read")]
async fn work() -> &'static str {
    "done"
}

#[test]
fn a_span_around_the_layer_gives_its_trace() {
    let (auditor, sink) = support::auditor(|builder| builder);
    let app = Router::new().audited_route("/work", get(work)).layer(AuditLayer::new(auditor.clone())).layer(
        middleware::from_fn(|request: Request, next: middleware::Next| {
            let outer = tracing::info_span!("outer", trace_id = "0af7651916cd43dd8448eb211c80319c", span_id = "b7ad");
            let inner = tracing::info_span!(parent: &outer, "inner");
            async move { next.run(request).await }.instrument(inner)
        }),
    );
    // The application's own log sees the inner span, which the audit layer does not.
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
    let subscriber = tracing_subscriber::registry().with(auditor.json_layer()).with(log);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(async {
            let address = support::serve(app).await;
            support::send(address, b"GET /work HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").await;
        });
    });
    drop(runtime);
    let expected = json!({"trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad", "action": "work.read"});
    assert_record(&sink.only(), expected);
}
