//! Which route and which handler a record names, whatever way Rocket came to them.

mod support;

use audit_core::testing::assert_record;
use audit_rocket::{audited, data, set_actor};
use rocket::form::Form;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{FromForm, Route, async_trait, get, post, put, routes};
use serde_json::{Value, json};
use support::{Plan, form, get, pair, request, same};

/// A guard that lets pass whom its number is named to in `x-pass`, and forwards others.
struct Pass<const NUMBER: u8>;

#[async_trait]
impl<'r, const NUMBER: u8> FromRequest<'r> for Pass<NUMBER> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let named = request.headers().get_one("x-pass").unwrap_or_default();
        if named.split(',').any(|number| number == NUMBER.to_string()) {
            Outcome::Success(Self)
        } else {
            Outcome::Forward(Status::Conflict)
        }
    }
}

#[audited(action = "first.read", target = "thing/{id}", mode = "full")]
#[get("/chain/<id>", rank = 1)]
fn first(id: u32, _pass: Pass<1>) -> String {
    format!("first {id}")
}

#[get("/chain/<id>", rank = 2)]
fn second(id: &str, _pass: Pass<2>) -> String {
    format!("second {id}")
}

#[audited(action = "third.read", target = "other/{id}", mode = "basic")]
#[get("/chain/<id>", rank = 3)]
fn third(id: &str, _pass: Pass<3>) -> String {
    data("third", true);
    format!("third {id}")
}

#[get("/<_>/<_>", rank = 9)]
fn last(_pass: Pass<9>) -> &'static str {
    "last"
}

fn chain(plan: &Plan, second_is_wrapped: bool) -> rocket::Rocket<rocket::Build> {
    let others = |routes: Vec<Route>| if second_is_wrapped { plan.routes(routes) } else { routes };
    plan.rocket().mount("/", plan.routes(routes![first, third])).mount("/", others(routes![second, last]))
}

#[test]
fn a_record_names_the_handler_that_ran_else_the_last_that_was_tried() {
    for second_is_wrapped in [true, false] {
        let served = pair(|plan| chain(plan, second_is_wrapped));
        let ask = |path: &str, pass: &str| same(&served, &get(path).header("x-pass", pass));
        let (answer, record) = ask("/chain/7", "1");
        answer.is(200, "first 7");
        assert_record(&record, json!({"action": "first.read", "target_id": "7", "mode": "full"}));
        let (answer, record) = ask("/chain/7", "2");
        answer.is(200, "second 7");
        assert_record(
            &record,
            json!({"action": "http.request", "target_id": null, "handler": null, "route": "/chain/{id}",
                "mode": "compact"}),
        );
        // Its parameter is no number: the first one forwards before its guard is asked.
        for (path, pass) in [("/chain/7", "3"), ("/chain/a", "1,3"), ("/chain/a", "3")] {
            let (answer, record) = ask(path, pass);
            assert!(answer.text().starts_with("third"));
            assert_record(
                &record,
                json!({"action": "third.read", "target_type": "other", "data": {"third": true}, "mode": "basic",
                    "calls": null}),
            );
        }
        let (answer, record) = ask("/chain/7", "9");
        answer.is(200, "last");
        assert_record(&record, json!({"action": "http.request", "route": "/{_}/{_}", "handler": null, "data": null}));
        let (answer, record) = ask("/chain/7", "");
        assert_eq!(answer.status, 409);
        assert_record(&record, json!({"action": "http.request", "route": "/{_}/{_}", "outcome": "rejected"}));
    }
}

#[test]
fn a_head_goes_the_way_of_a_get() {
    let served = pair(|plan| chain(plan, true));
    let ask = |pass: &str| same(&served, &request("HEAD", "/chain/7").header("x-pass", pass)).1;
    assert_record(&ask("1"), json!({"method": "HEAD", "action": "first.read", "response_bytes": 0}));
    assert_record(&ask("2"), json!({"method": "HEAD", "action": "http.request", "route": "/chain/{id}"}));
    assert_record(&ask("3"), json!({"action": "third.read", "completion": "completed", "data": {"third": true}}));
}

#[audited(action = "query.read")]
#[get("/asked?<number>")]
fn asked(number: u8) -> String {
    number.to_string()
}

#[audited(action = "json.send")]
#[post("/typed", format = "json")]
fn typed() -> &'static str {
    "typed"
}

#[test]
fn a_refusal_of_a_parameter_is_the_handlers_and_a_format_that_does_not_fit_is_nobodys() {
    let served = pair(|plan| plan.rocket().mount("/", plan.routes(routes![asked, typed])));
    let (answer, record) = same(&served, &get("/asked?number=x"));
    assert_eq!(answer.status, 422);
    assert_record(&record, json!({"action": "query.read", "route": "/asked", "outcome": "rejected"}));
    let typed = |kind| request("POST", "/typed").header("content-type", kind).body("{}");
    assert_record(&same(&served, &typed("application/json")).1, json!({"action": "json.send", "route": "/typed"}));
    // No route takes it, although its path is that of one.
    let (answer, record) = same(&served, &typed("text/plain"));
    assert_eq!(answer.status, 404);
    assert_record(&record, json!({"action": "http.request", "route": null, "mode": "basic", "handler": null}));
}

#[test]
fn the_same_routes_at_two_places() {
    let served = pair(|plan| {
        let routes = || plan.routes(routes![first, third]);
        plan.rocket().mount("/a", routes()).mount("/b/c", routes())
    });
    for (path, route) in [("/a/chain/7", "/a/chain/{id}"), ("/b/c/chain/7", "/b/c/chain/{id}")] {
        let record = same(&served, &get(path).header("x-pass", "1")).1;
        assert_record(&record, json!({"action": "first.read", "route": route, "target_id": "7"}));
        let record = same(&served, &get(path)).1;
        assert_record(&record, json!({"action": "third.read", "route": route, "status_code": 409}));
    }
}

#[test]
fn empty_segments_count_as_little_as_for_rocket() {
    let served = pair(|plan| plan.rocket().mount("/", plan.routes(routes![first, plain])));
    for path in ["/chain/7", "/chain/7/", "//chain//7", "/%63hain/7"] {
        let (answer, record) = same(&served, &get(path).header("x-pass", "1"));
        answer.is(200, "first 7");
        assert_record(&record, json!({"action": "first.read", "route": "/chain/{id}", "path": path}));
    }
    assert_record(&same(&served, &get("/plain/")).1, json!({"action": "plain.read", "user": "ada"}));
}

#[derive(FromForm)]
struct Change {
    name: String,
}

#[audited(action = "layer.change", target = "layer/{change.name}")]
#[put("/layers", data = "<change>")]
fn change(change: Form<Change>) -> String {
    change.name.clone()
}

#[test]
fn a_form_may_change_the_method() {
    let served = pair(|plan| plan.rocket().mount("/", plan.routes(routes![change])));
    let (answer, record) = same(&served, &form("/layers", "_method=put&name=two+rivers%21"));
    answer.is(200, "two rivers!");
    assert_record(
        &record,
        json!({"method": "PUT", "action": "layer.change", "target_id": "two rivers!", "request_body":
            {"_method": "put", "name": "two rivers!"}}),
    );
}

#[audited(action = "plain.read")]
#[get("/plain")]
fn plain() -> &'static str {
    set_actor(audit_rocket::Actor::user("ada"));
    "plain"
}

#[get("/both")]
#[audited(action = "both.read")]
fn both() -> &'static str {
    set_actor(audit_rocket::Actor::user("ada"));
    "both"
}

mod nested {
    use audit_rocket::audited;
    use rocket::get;

    #[get("/nested")]
    #[audited(action = "nested.read")]
    pub(crate) fn both() -> &'static str {
        "nested"
    }
}

#[test]
fn what_was_mounted_as_it_is_is_told_by_its_request_alone() {
    let served = pair(|plan| plan.rocket().mount("/", routes![plain, nested::both]));
    let record = same(&served, &get("/plain")).1;
    assert_record(&record, json!({"action": "plain.read", "user": "anonymous", "status_code": 200}));
    let record = same(&served, &get("/nested")).1;
    assert_record(&record, json!({"action": "http.request", "route": "/nested", "handler": null}));
}

#[test]
fn a_handler_is_recognised_by_its_type_or_once_it_runs() {
    let by_type = |plan: &Plan| -> Vec<Route> {
        if plan.is_audited() {
            audit_rocket::routes![both, nested::both, crate::plain,]
        } else {
            routes![both, nested::both, plain]
        }
    };
    let types = pair(|plan| plan.rocket().mount("/", by_type(plan)).mount("/none", no_routes()));
    let runs = pair(|plan| plan.rocket().mount("/", plan.routes(routes![both, nested::both, plain])));
    for served in [types, runs] {
        for (path, action) in [("/both", "both.read"), ("/nested", "nested.read"), ("/plain", "plain.read")] {
            let user = if path == "/nested" { Value::from("anonymous") } else { "ada".into() };
            assert_record(&same(&served, &get(path)).1, json!({"action": action, "user": user, "route": path}));
        }
    }
}

fn no_routes() -> Vec<Route> {
    audit_rocket::routes![]
}

#[test]
fn routes_are_wrapped_once_whoever_owns_their_names() {
    use audit_rocket::AuditedRoutes as _;
    let mut routes = routes![plain];
    routes[0].name = Some("mine".to_owned().into());
    let served = support::Served::start(true, |plan| plan.rocket().mount("/", routes.audited().audited()));
    served.ask(&get("/plain"));
    assert_record(&served.sink.only(), json!({"action": "plain.read", "user": "ada", "calls": null}));
}

/// A guard that asks an annotated function, and forwards.
struct Asks;

#[audited(action = "guard.ask")]
async fn ask_first() -> bool {
    data("asked", true);
    false
}

#[async_trait]
impl<'r> FromRequest<'r> for Asks {
    type Error = ();

    async fn from_request(_: &'r Request<'_>) -> Outcome<Self, ()> {
        if ask_first().await { Outcome::Success(Self) } else { Outcome::Forward(Status::Conflict) }
    }
}

#[get("/chain/<_>", rank = 1)]
fn asks(_asks: Asks) -> &'static str {
    "asks"
}

#[test]
fn what_ran_for_a_route_that_was_left_does_not_stand_for_the_handler() {
    let served = pair(|plan| plan.rocket().mount("/", plan.routes(routes![asks, third])));
    let record = same(&served, &get("/chain/7").header("x-pass", "3")).1;
    assert_record(
        &record,
        json!({"action": "third.read", "target_type": "other", "target_id": "7", "calls": null,
            "data": {"asked": true, "third": true}}),
    );
}
