//! Who it was, by whatever Rocket lets one say so.

mod support;

use audit_core::testing::assert_record;
use audit_rocket::{Actor, AuditFairing, audited, remember_actor, set_actor};
use rocket::fairing::AdHoc;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{async_trait, get, routes};
use serde_json::json;
use support::{Served, get};

struct Named;

#[async_trait]
impl<'r> FromRequest<'r> for Named {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        if let Some(name) = request.headers().get_one("x-guard") {
            remember_actor(request, Actor::user(name));
        }
        if request.headers().contains("x-refuse") {
            Outcome::Error((Status::Forbidden, ()))
        } else {
            Outcome::Success(Self)
        }
    }
}

#[audited(action = "named.read")]
#[get("/named?<inside>")]
fn named(_named: Named, inside: Option<&str>) {
    if let Some(name) = inside {
        set_actor(Actor::user(name));
    }
}

/// A rule that knows a header, and a fairing that leaves another one with the answer.
fn served(wrapped: bool) -> Served {
    let after = AdHoc::on_response("after", |request, _| {
        Box::pin(async move {
            if let Some(name) = request.headers().get_one("x-after") {
                remember_actor(request, Actor::user(name));
            }
        })
    });
    let sink = audit_core::testing::MemorySink::new();
    let fairing = AuditFairing::new(support::auditor(&sink))
        .actor_from(|request| request.headers().get_one("x-rule").map(Actor::user));
    let mut served = Served::start(false, |plan| {
        let routes = if wrapped { audit_rocket::routes![named] } else { routes![named] };
        plan.rocket().mount("/", routes).attach(fairing).attach(after)
    });
    served.sink = sink;
    served
}

#[test]
fn the_nearest_and_the_last_word_count() {
    let said = |wrapped: bool, target: &str, headers: &[&str], expected: &str| {
        let served = served(wrapped);
        let request = headers.iter().fold(get(target), |request, name| request.header(&format!("x-{name}"), name));
        served.ask(&request);
        assert_record(&served.sink.only(), json!({"user": expected, "action": "named.read"}));
    };
    for wrapped in [true, false] {
        said(wrapped, "/named", &[], "anonymous");
        said(wrapped, "/named", &["rule"], "rule");
        said(wrapped, "/named", &["guard"], "guard");
        said(wrapped, "/named", &["guard", "refuse"], "guard");
        said(wrapped, "/named", &["rule", "guard", "after"], "after");
    }
    said(true, "/named?inside=inside", &["rule", "guard"], "inside");
    said(true, "/named?inside=inside", &["rule", "guard", "after"], "after");
}
