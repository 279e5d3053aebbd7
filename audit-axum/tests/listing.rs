//! What the listing tells of axum's routes, before and after requests over real HTTP.

mod support;

use std::time::{Duration, Instant};

use audit_axum::{Listing, RouterExt as _, audited, routing};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use support::{PATIENCE, Server};

#[audited("layer.create")]
async fn create() -> StatusCode {
    StatusCode::CREATED
}

#[audited("layer.read")]
async fn read() -> &'static str {
    "rivers"
}

#[audited("layer.drop")]
async fn drop_layer() {}

#[audited("layer.list", route = "GET /api/v1/layers")]
async fn list() {}

#[audited("layer.rename", route = "PATCH /api/v1/layers/{id}")]
async fn rename() {}

async fn plain() -> &'static str {
    "plain"
}

fn router() -> Router {
    let layers = Router::new()
        .audited_route("/layers", routing::post(create))
        .route("/layers", get(list))
        .route("/layers/{id}", get(read).delete(drop_layer).patch(rename))
        .route("/about", get(plain))
        .route("/broken", get(|| async { StatusCode::BAD_GATEWAY }));
    Router::new().nest("/api", Router::new().nest("/v1", layers))
}

/// The listing, once every exchange has ended.
async fn settled(server: &Server) -> Listing {
    let deadline = Instant::now() + PATIENCE;
    while server.auditor.stats().open > 0 {
        assert!(Instant::now() < deadline, "an exchange does not end");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    server.auditor.endpoints()
}

#[tokio::test]
async fn requests_show_plain_routes_with_their_prefixes() {
    let server = Server::start(router()).await;
    let before = "\
audited endpoints: 5
  METHOD  PATH                            ACTION        MODE     DELIVERY
  GET     /api/v1/layers (declared)       layer.list    compact  buffered
  PATCH   /api/v1/layers/{id} (declared)  layer.rename  compact  buffered
  POST    /layers                         layer.create  compact  buffered
  -       -                               layer.drop    compact  buffered
  -       -                               layer.read    compact  buffered
  (declared): the attribute says so; no framework did, and no request has shown it
  -: route not known: the framework does not tell of plain routes, and the handler may never be mounted
";
    assert_eq!(server.auditor.endpoints().to_string(), before);
    for (method, path) in [
        ("POST", "layers"),
        ("GET", "layers"),
        ("HEAD", "layers/7"),
        ("GET", "layers/7"),
        ("GET", "about"),
        ("HEAD", "about"),
        ("GET", "broken"),
        ("GET", "nowhere"),
        ("PUT", "layers"),
    ] {
        server.send(&format!("{method} /api/v1/{path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")).await;
    }
    let after = "\
audited endpoints: 5
  METHOD  PATH                            ACTION        MODE     DELIVERY
  GET     /api/v1/layers (learned)        layer.list    compact  buffered
  GET     /api/v1/layers/{id} (learned)   layer.read    compact  buffered
  PATCH   /api/v1/layers/{id} (declared)  layer.rename  compact  buffered
  POST    /layers                         layer.create  compact  buffered
  -       -                               layer.drop    compact  buffered
  mounted, not annotated: GET /api/v1/about (learned)
  (declared): the attribute says so; no framework did, and no request has shown it
  (learned): a request has shown it
  -: route not known: the framework does not tell of plain routes, and the handler may never be mounted
";
    assert_eq!(settled(&server).await.to_string(), after);
}
