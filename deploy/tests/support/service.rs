//! A small audited service, in process and over loopback TCP, whose routes give each scenario.

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Json, Path};
use actix_web::{App, HttpRequest, HttpResponse};
use audit_actix::{
    Actor, AuditMiddleware, AuditedRoutes as _, Auditor, Output, Sink, add_target, audited, change, data, set_actor,
    set_reason, web,
};
use futures_util::StreamExt as _;
use serde::Deserialize;

/// Counts the handlers that a client may leave, so that a test leaves when one of them runs.
pub(crate) type Came = std::sync::mpsc::Sender<()>;

#[derive(Deserialize)]
struct Login {
    username: String,
    password: String,
}

#[derive(Deserialize)]
struct Layer {
    name: String,
}

/// Who asks: the header `x-user`, as an authentication would find out.
fn identify(request: &HttpRequest) -> Option<String> {
    let user = request.headers().get("x-user")?.to_str().ok()?.to_owned();
    set_actor(Actor::user(user.as_str()));
    Some(user)
}

#[audited(action = "auth.login", capture(username = login.username))]
async fn log_in(login: Json<Login>) -> HttpResponse {
    if login.password != "correct" {
        set_reason("the password is wrong");
        return HttpResponse::Unauthorized().finish();
    }
    set_actor(Actor::user(login.username.as_str()));
    HttpResponse::NoContent().finish()
}

#[audited(action = "layer.create", target = "layer/{layer.name}")]
async fn create(request: HttpRequest, layer: Json<Layer>) -> HttpResponse {
    identify(&request);
    HttpResponse::Created().json(layer.name.as_str())
}

#[audited(action = "layer.read", target = "layer/{name}")]
async fn read(request: HttpRequest, name: Path<String>) -> HttpResponse {
    let user = identify(&request);
    match name.as_str() {
        "secret" if user.as_deref() != Some("admin") => HttpResponse::Forbidden().finish(),
        "nowhere" => HttpResponse::NotFound().finish(),
        "broken" => HttpResponse::InternalServerError().finish(),
        "panic" => panic!("as the scenario asks"),
        "slow" => {
            // What the record is to say, not something that a test waits for.
            actix_web::rt::time::sleep(Duration::from_millis(1_050)).await;
            HttpResponse::Ok().body("slow")
        }
        name => HttpResponse::Ok().body(name.to_owned()),
    }
}

#[audited(action = "layer.update", target = "layer/{name}")]
async fn update(request: HttpRequest, name: Path<String>, layer: Json<Layer>) -> HttpResponse {
    identify(&request);
    change("name", name.as_str(), layer.name.as_str());
    HttpResponse::Ok().finish()
}

#[audited(action = "layer.delete", target = "layer/{name}")]
async fn delete(request: HttpRequest, name: Path<String>) -> HttpResponse {
    if identify(&request).as_deref() != Some("admin") {
        set_reason("not the owner");
        return HttpResponse::Forbidden().finish();
    }
    drop(name);
    HttpResponse::NoContent().finish()
}

#[audited(action = "layer.merge")]
async fn merge(request: HttpRequest) -> HttpResponse {
    identify(&request);
    add_target("layer", "rivers");
    add_target("layer", "lakes");
    HttpResponse::Ok().finish()
}

#[audited(action = "layer.upload")]
async fn upload(request: HttpRequest, body: Bytes) -> HttpResponse {
    identify(&request);
    data("bytes", body.len());
    HttpResponse::Ok().finish()
}

#[audited(action = "layer.export")]
async fn export(request: HttpRequest, came: Data<Came>) -> HttpResponse {
    identify(&request);
    came.send(()).expect("the test waits");
    let chunk = Bytes::from_static(&[b'x'; 64 * 1024]);
    let endless = futures_util::stream::repeat(chunk).map(Ok::<_, actix_web::Error>);
    HttpResponse::Ok().streaming(endless)
}

#[audited(action = "status.read")]
async fn status(request: HttpRequest, code: Path<u16>) -> HttpResponse {
    identify(&request);
    HttpResponse::build(StatusCode::from_u16(*code).unwrap_or(StatusCode::IM_A_TEAPOT)).finish()
}

/// An auditor whose settings come as an operator gives them, and whose only sink is the test's.
pub(crate) fn auditor(service: &str, environment: &str, settings: &[(&str, &str)], sink: impl Sink) -> Auditor {
    let named = [("AUDIT_SERVICE", service), ("AUDIT_ENVIRONMENT", environment)];
    let lookup = |name: &str| named.iter().chain(settings).find(|(key, _)| *key == name).map(|(_, value)| *value);
    let builder = Auditor::builder().output(Output::None).env_from(lookup).sink(sink);
    builder.build().expect("the settings are good")
}

/// Serves the application in a thread of its own until the test ends; gives its address.
pub(crate) fn serve(auditor: &Auditor, came: Came) -> SocketAddr {
    let audit = AuditMiddleware::new(auditor.clone());
    let app = move || {
        App::new()
            .app_data(Data::new(came.clone()))
            .audited_route("/api/v1/login", web::post().to(log_in))
            .audited_route("/api/v1/layers", web::post().to(create))
            .audited_route("/api/v1/layers/{name}", web::get().to(read))
            .audited_route("/api/v1/layers/{name}", web::put().to(update))
            .audited_route("/api/v1/layers/{name}", web::delete().to(delete))
            .audited_route("/api/v1/merge", web::post().to(merge))
            .audited_route("/api/v1/upload", web::post().to(upload))
            .audited_route("/api/v1/export", web::get().to(export))
            .audited_route("/api/v1/status/{code}", web::get().to(status))
            .wrap(audit.clone())
    };
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = actix_web::HttpServer::new(app).workers(1).disable_signals();
            let server = server.bind(("127.0.0.1", 0)).expect("a free port");
            tell.send(server.addrs()[0]).expect("the test waits for it");
            server.run().await
        })
    });
    told.recv().expect("the server starts")
}
