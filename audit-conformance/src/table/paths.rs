//! Which requests are kept: excluded, included and detected paths, and the disguises of a path.

use serde_json::{Value, json};

use crate::case::{Case, Expect, Framework};
use crate::talk::Talk;

fn ask(talk: &mut Talk, paths: &[&str]) {
    for path in paths {
        talk.get(path);
    }
}

fn kept(paths: &'static [&'static str], case: Case) -> Case {
    paths.iter().fold(case, |case, path| {
        let path = path.split('?').next().unwrap_or_default();
        case.leaves(json!({"path": path, "action": "http.request"}))
    })
}

fn left_out(paths: &'static [&'static str], case: Case) -> Case {
    paths.iter().fold(case, |case, _| case.leaves_nothing())
}

/// One case in which each path leaves a record, or in which none does.
fn each(name: &'static str, about: &'static str, keep: bool, paths: &'static [&'static str]) -> Case {
    let case = Case::new(name, about, move |talk| ask(talk, paths));
    if keep { kept(paths, case) } else { left_out(paths, case) }
}

fn excluding(case: Case) -> Case {
    case.with("AUDIT_INCLUDE_PATHS", "/").with("AUDIT_EXCLUDE_PATHS", "/plain")
}

fn including(case: Case) -> Case {
    case.with("AUDIT_INCLUDE_PATHS", "/plain").with("AUDIT_AUTO_DETECT", "false")
}

fn prefixed(case: Case) -> Case {
    case.with("AUDIT_PATH_PREFIX", "app")
}

fn detected() -> Value {
    json!({"path": "/app/x", "action": "http.request", "route": {"$some": true}, "mode": "compact"})
}

const MATCHES_NORMAL: &str = "its router decodes segments and passes over empty ones: that is the excluded route";

/// None of the first path, and one of each other.
fn but_first(paths: usize) -> Expect {
    Expect::Records(
        (0..paths).map(|index| if index == 0 { Value::Null } else { json!({"action": "http.request"}) }).collect(),
    )
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        excluding(each(
            "path.excluded",
            "Excluded by the template that matched, or else by the path.",
            false,
            &["/plain/a", "/plain/a?x=/api", "/plain/a/b", "/plain/", "/plain//a/b", "/plain/./a/b"],
        )),
        excluding(each(
            "path.excluded_whole_segments",
            "A prefix is of whole segments, and of this case.",
            true,
            &["/plainly", "/Plain/a", "/"],
        )),
        excluding(each(
            "path.excluded_certain",
            "What may be another path is not excluded.",
            true,
            &[
                "//plain/a",
                "/./plain/a",
                "/x/../plain/a",
                "/plain/../status",
                "/plain/%2e%2e/status",
                "/plain/%2E./status",
                "/plain/..%2fstatus/x",
            ],
        ))
        .but(Framework::Rocket, MATCHES_NORMAL, but_first(7)),
        excluding(each("path.excluded_encoded", "A path in disguise is not excluded.", true, &["/%70lain/a"]))
            .but(Framework::Actix, "its router decodes segments: that is the excluded route", but_first(1))
            .but(Framework::Rocket, MATCHES_NORMAL, but_first(1))
            // It looks for the route after the intent.
            .not_strict(&[Framework::Actix]),
        Case::new("path.excluded_annotated", "An annotated endpoint can be excluded.", |talk| {
            talk.get("/status/200").is(200, "200\n");
            talk.get("/basic").is(200, "basic\n");
        })
        .with("AUDIT_EXCLUDE_PATHS", "/status")
        .leaves_nothing()
        .leaves(json!({"action": "basic.read"})),
        including(each(
            "path.included",
            "Included by the path, whatever its disguise.",
            true,
            &[
                "/plain/a",
                "/plain/a/b",
                "/plain/",
                "//plain/a",
                "/./plain/a",
                "/x/../plain/a",
                "/%70lain/a",
                "/x/%2e%2e/plain/a",
                "/x/%2E./plain/a",
            ],
        )),
        including(each(
            "path.included_only",
            "Without detection, only what is included.",
            false,
            &["/plainly", "/Plain/a", "/api/plain", "/app/x"],
        )),
        each(
            "path.detected",
            "Paths under /api/ are detected, whatever their disguise.",
            true,
            &[
                "/api/plain",
                "/api/nothing",
                "/api",
                "/api/",
                "/api/plain/",
                "//api/plain",
                "/./api/plain",
                "/x/../api/plain",
                "/%61pi/plain",
                "/x/%2e%2e/api/plain",
            ],
        ),
        each("path.undetected", "Other paths are not.", false, &["/plain/a", "/apiary", "/API/plain", "/app/x"]),
        Case::new("path.detected_headers", "JSON or XML is detected, but not what a browser accepts.", |talk| {
            for (name, value) in [
                ("accept", "application/json"),
                ("accept", "text/xml"),
                ("content-type", "application/geo+json"),
                ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
                ("content-type", "text/plain"),
            ] {
                let request = talk.request("GET", "/app/x").header(name, value);
                talk.send(&request).is(200, "plain\n");
            }
        })
        .each_leaves(3, &detected())
        .leaves_nothing()
        .leaves_nothing(),
        prefixed(each(
            "path.prefix",
            "The application's own prefix is detected.",
            true,
            &["/app/x", "/app/static/../x", "/app/static/%2e%2e/x", "//app/x"],
        )),
        prefixed(
            Case::new("path.prefix_static", "Its static files are not, even as JSON.", |talk| {
                let request = talk.request("GET", "/app/static/x").accepts_json();
                talk.send(&request).is(200, "plain\n");
                talk.get("/app/media/x");
                talk.get("/apps");
            })
            .leaves_nothing()
            .leaves_nothing()
            .leaves_nothing(),
        ),
        Case::new("path.as_received", "The path is told as it was received, without its query.", |talk| {
            let request = talk.request("GET", "/items/%37?token=hunter2&a=b");
            talk.send(&request).is(200, "item 7\n");
        })
        .leaves(json!({"path": "/items/%37", "target_id": "7", "query_params": {"token": "[FILTERED]", "a": "b"}})),
    ]
}
