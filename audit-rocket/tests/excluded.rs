//! What is excluded: the route that a request came to, and no other one that its path fits as well.

use audit_core::testing::MemorySink;
use audit_rocket::{AuditFairing, AuditedRoutes as _, Auditor, Output, audited};
use rocket::get;
use rocket::http::{Accept, Status};
use rocket::local::blocking::Client;
use rocket::request::{FromRequest, Outcome, Request};
use serde_json::Value;

#[get("/health", format = "json")]
fn health() -> &'static str {
    "{}"
}

/// Hands every request on to the next route.
struct Never;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Never {
    type Error = ();

    async fn from_request(_: &'r Request<'_>) -> Outcome<Self, ()> {
        Outcome::Forward(Status::NotFound)
    }
}

#[audited(action = "probe.read")]
#[get("/health/deep")]
fn deep(_never: Never) {}

#[audited(action = "page.read", target = "page/{page}")]
#[get("/<page>", rank = 5)]
fn page(page: &str) -> String {
    page.to_owned()
}

#[audited(action = "file.read")]
#[get("/<path..>", rank = 9)]
fn file(path: std::path::PathBuf) -> String {
    path.display().to_string()
}

#[test]
fn the_route_that_a_request_came_to_decides() {
    let sink = MemorySink::new();
    let builder = Auditor::builder().output(Output::None).exclude("/health").sink(sink.clone());
    let auditor = builder.build().expect("the settings are good");
    let config = rocket::Config { log_level: rocket::config::LogLevel::Off, ..rocket::Config::default() };
    let rocket = rocket::custom(config)
        .mount("/", rocket::routes![health, deep, page, file].audited())
        .attach(AuditFairing::new(auditor.clone()));
    let client = Client::tracked(rocket).expect("it ignites");
    let ask = |path: &'static str, accept: Accept| {
        let answer = client.get(path).header(accept).dispatch();
        let named = answer.headers().contains("audit-id");
        let status = answer.status();
        // The record is written when Rocket has read the answer.
        drop(answer.into_string());
        (status, named)
    };
    let actions = || {
        let records = sink.records();
        sink.clear();
        records.iter().map(|record| record["action"].clone()).collect::<Vec<Value>>()
    };
    assert_eq!(ask("/health", Accept::JSON), (Status::Ok, false));
    assert_eq!(auditor.stats().open, 0);
    assert_eq!(ask("/health", Accept::HTML), (Status::Ok, true));
    sink.wait_for(1).truncate(0);
    assert_eq!(actions(), ["page.read"], "the excluded route is of another format");
    assert_eq!(ask("/health/deep", Accept::HTML), (Status::Ok, true));
    sink.wait_for(1).truncate(0);
    assert_eq!(actions(), ["file.read"], "the excluded route handed it on");
    assert_eq!(ask("/other", Accept::HTML), (Status::Ok, true));
    sink.wait_for(1).truncate(0);
    assert_eq!(actions(), ["page.read"]);
}
