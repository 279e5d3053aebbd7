//! What the listing tells of actix-web's routes, before and after requests.

use actix_web::http::Method;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::{self, Path};
use actix_web::{App, HttpResponse, get};
use audit_actix::{AuditMiddleware, AuditedRoutes as _, Auditor, Output, audit_exempt, audited};
use serde_json::{Value, json};

#[audited("layer.create")]
async fn create() -> HttpResponse {
    HttpResponse::Created().finish()
}

#[audited("layer.read")]
async fn read(id: Path<u32>) -> String {
    id.to_string()
}

#[audited("tile.read")]
#[get("/tiles/{z:\\d+}")]
async fn tile(z: Path<u8>) -> String {
    z.to_string()
}

#[audited("tile.list", mode = "full")]
#[get("/tiles")]
async fn tiles() -> &'static str {
    "none"
}

#[audited("style.read")]
async fn style(id: Path<u32>) -> String {
    id.to_string()
}

#[audited("style.drop", route = "DELETE /api/v1/styles/{id}", on = "error")]
async fn drop_style() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

#[audited("layer.forget")]
async fn forgotten() {}

#[audited("report.read")]
async fn report() -> &'static str {
    "report"
}

#[audit_exempt(reason = "a probe")]
async fn health() -> &'static str {
    "ok"
}

async fn plain() -> &'static str {
    "plain"
}

async fn broken() -> HttpResponse {
    HttpResponse::BadGateway().finish()
}

const BEFORE: &str = "\
audited endpoints: 8
  METHOD  PATH                            ACTION        MODE     DELIVERY  ON
  DELETE  /api/v1/styles/{id} (declared)  style.drop    compact  buffered  error
  GET     /internal/report                report.read   compact  buffered  always
  POST    /layers                         layer.create  compact  buffered  always
  GET     /layers/{id}                    layer.read    compact  buffered  always
  GET     …/tiles (declared)              tile.list     full     buffered  always
  GET     …/tiles/{z} (declared)          tile.read     compact  buffered  always
  -       -                               layer.forget  compact  buffered  always
  -       -                               style.read    compact  buffered  always
  exempt: GET /health (a probe)
  warning: report.read at /internal/report is annotated, but its path is excluded
  (declared): the attribute says so; no framework did, and no request has shown it
  -: route not known: the framework does not tell of plain routes, and the handler may never be mounted
";

const AFTER: &str = "\
audited endpoints: 8
  METHOD  PATH                            ACTION        MODE     DELIVERY  ON
  DELETE  /api/v1/styles/{id} (declared)  style.drop    compact  buffered  error
  GET     /api/v1/styles/{id} (learned)   style.read    compact  buffered  always
  GET     /api/v1/tiles/{z} (learned)     tile.read     compact  buffered  always
  GET     /internal/report                report.read   compact  buffered  always
  POST    /layers                         layer.create  compact  buffered  always
  GET     /layers/{id}                    layer.read    compact  buffered  always
  GET     …/tiles (declared)              tile.list     full     buffered  always
  -       -                               layer.forget  compact  buffered  always
  exempt: GET /health (a probe)
  warning: report.read at /internal/report is annotated, but its path is excluded
  mounted, not annotated: GET /api/v1/about (learned)
  (declared): the attribute says so; no framework did, and no request has shown it
  (learned): a request has shown it
  -: route not known: the framework does not tell of plain routes, and the handler may never be mounted
";

#[actix_web::test]
async fn requests_show_plain_and_declared_routes_with_the_prefixes_of_scopes() {
    let builder = Auditor::builder().output(Output::None).exclude("/internal");
    let auditor = builder.build().expect("the settings are good");
    let scope = web::scope("/api/v1")
        .audited_route("/layers", audit_actix::web::post().to(create))
        .audited_route("/layers/{id:\\d+}", audit_actix::web::get().to(read))
        .service(tile)
        .service(tiles)
        .route("/styles/{id}", web::get().to(style))
        .route("/styles/{id}", web::delete().to(drop_style))
        .route("/about", web::get().to(plain))
        .route("/broken", web::get().to(broken));
    let app = App::new()
        .audited_route("/internal/report", audit_actix::web::get().to(report))
        .audited_route("/health", audit_actix::web::get().to(health))
        .service(scope)
        .wrap(AuditMiddleware::new(auditor.clone()));
    let app = init_service(app).await;
    assert_eq!(auditor.endpoints().to_string(), BEFORE);
    for (method, path, status) in [
        ("POST", "/api/v1/layers", 201),
        ("GET", "/api/v1/layers/7", 200),
        ("GET", "/api/v1/tiles/7", 200),
        ("GET", "/api/v1/styles/7", 200),
        ("GET", "/api/v1/about", 200),
        ("GET", "/internal/report", 200),
        ("GET", "/health", 200),
        // These show nothing.
        ("GET", "/api/v1/broken", 502),
        ("GET", "/api/v1/nowhere", 404),
        ("GET", "/api/v1/layers/x", 404),
        ("PUT", "/api/v1/layers", 404),
        ("HEAD", "/api/v1/about", 404),
    ] {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = TestRequest::with_uri(path).method(method.clone()).to_request();
        assert_eq!(call_service(&app, request).await.status(), status, "{method} {path}");
    }
    assert_eq!(auditor.stats().open, 0);
    let listing = auditor.endpoints();
    assert_eq!(listing.to_string(), AFTER);
    let json: Value = serde_json::from_str(&listing.to_json()).expect("it is JSON");
    assert_eq!(json["complete"], false);
    let rows: Vec<Value> = json["endpoints"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| json!([row["mount"], row["method"], row["path"], row["action"], row["exempt"], row["excluded"]]))
        .collect();
    let expected = json!([
        ["declared", "DELETE", "/api/v1/styles/{id}", "style.drop", null, false],
        ["learned", "GET", "/api/v1/styles/{id}", "style.read", null, false],
        ["learned", "GET", "/api/v1/tiles/{z}", "tile.read", null, false],
        ["wired", "GET", "/health", "listing.health", "a probe", false],
        ["wired", "GET", "/internal/report", "report.read", null, true],
        ["wired", "POST", "/layers", "layer.create", null, false],
        ["wired", "GET", "/layers/{id}", "layer.read", null, false],
        ["declared", "GET", "…/tiles", "tile.list", null, false],
        ["unknown", null, null, "layer.forget", null, false],
    ]);
    assert_eq!(Value::from(rows), expected);
    let about = json!({"path": "/api/v1/about", "method": "GET", "handler": null, "mount": "learned"});
    assert_eq!(json["unannotated"], json!([about]));
    // Nobody calls it.
    drop(forgotten());
}
