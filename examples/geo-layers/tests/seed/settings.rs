//! "Configuración": each setting of the document but for the log's path, in the document's spelling.

use reqwest::Method;
use serde_json::json;

use crate::support::{Server, Visitor, refused};

const OFF: &str = "audit: auditing is off (AUDIT_ENABLED)";

/// A request that is audited if anything is, and what is written by the end.
async fn used(server: Server) -> (Option<String>, String, String) {
    let answer = server.visitor().get("/api/v1/layers/").await;
    assert_eq!(answer.status, 200);
    let id = answer.audit_id().map(str::to_owned);
    let ended = server.stop();
    (id, ended.stdout, ended.stderr.join("\n"))
}

#[tokio::test]
async fn auditing_is_off_unless_it_is_enabled_and_that_is_said() {
    let off = [&[][..], &[("AUDIT_ENABLED", "False")], &[("AUDIT_ENABLED", "")], &[("AUDIT_ENABLED", "0")]];
    for variables in off {
        let (id, stdout, stderr) = used(Server::start(variables)).await;
        assert_eq!((id, &*stdout), (None, ""), "{variables:?}");
        assert_eq!(stderr.lines().filter(|line| *line == OFF).count(), 1, "{variables:?}: {stderr}");
    }
    for value in ["True", "true", "1", "yes"] {
        let (id, stdout, stderr) = used(Server::start(&[("AUDIT_ENABLED", value)])).await;
        assert!(stdout.contains(&id.unwrap()) && stdout.lines().count() == 1, "{value}: {stdout}");
        assert!(!stderr.contains("auditing is off"), "{value}: {stderr}");
    }
}

/// No file is made, either.
#[tokio::test]
async fn what_is_off_leaves_no_log() {
    let server = Server::audited(&[("AUDIT_ENABLED", "False")]);
    let ana = server.user("ana").await;
    assert_eq!(ana.add_layer("wells").await.audit_id(), None);
    assert!(!server.log_path().exists());
    let ended = server.stop();
    assert_eq!(ended.stdout, "");
    assert_eq!(ended.stderr.last().map(String::as_str), Some("audit: nothing to write"));
}

#[test]
fn a_setting_that_cannot_be_used_stops_the_start_and_is_named() {
    for (name, value, expected) in [
        ("AUDIT_MODE", "verbose", r#"AUDIT_MODE is "verbose"; expected basic, compact or full"#),
        ("AUDIT_MODE", "'basic'", r#"AUDIT_MODE is "'basic'"; expected"#),
        ("AUDIT_ENABLED", "maybe", r#"AUDIT_ENABLED is "maybe"; expected true"#),
        ("AUDIT_AUTO_DETECT", "maybe", r#"AUDIT_AUTO_DETECT is "maybe"; expected true"#),
        ("AUDIT_SENSITIVE_FIELDS", "['a', 'b']", "AUDIT_SENSITIVE_FIELDS is "),
        ("AUDIT_EXCLUDE_PATHS", "['/a/']", "AUDIT_EXCLUDE_PATHS is "),
        ("AUDIT_LOG_PATH", "/", r#"AUDIT_LOG_PATH is "/"; expected stdout or the path of a file"#),
        ("GVSIGOL_PATH", "gvsig online", r#"GVSIGOL_PATH is "gvsig online"; expected segments"#),
    ] {
        // Be auditing on or off: a mistake is not found out on the day that it is switched on.
        for enabled in ["True", "False"] {
            let ended = refused(&[("AUDIT_ENABLED", enabled), (name, value)]);
            let said = ended.stderr.join("\n");
            assert_eq!((ended.status.code(), &*ended.stdout), (Some(1), ""), "{name}: {said}");
            assert!(said.contains(expected) && !said.contains("listening"), "{name} {enabled}: {said}");
        }
    }
}

/// Sends fields with a value each, as JSON and in the query, and gives those names whose values the record has not.
async fn hidden(server: &Server, user: &Visitor, names: &[&str]) -> Vec<String> {
    let fields: serde_json::Map<_, _> = names.iter().map(|name| ((*name).to_owned(), json!("plain"))).collect();
    let query = names.iter().map(|name| format!("{name}=plain")).collect::<Vec<_>>().join("&");
    let path = format!("/api/v1/layers/?{query}");
    let answer = user.send_json(Method::POST, &path, serde_json::to_string(&fields).unwrap()).await;
    let record = server.record_of(&answer).await;
    let is_hidden = |part: &str, name: &str| match record[part][name].as_str() {
        Some("[FILTERED]") => true,
        Some("plain") => false,
        _ => panic!("{part} {name} in {record}"),
    };
    let hidden: Vec<_> = names.iter().filter(|name| is_hidden("request_body", name)).map(ToString::to_string).collect();
    let in_query: Vec<_> =
        names.iter().filter(|name| is_hidden("query_params", name)).map(ToString::to_string).collect();
    assert_eq!(hidden, in_query);
    hidden
}

#[tokio::test]
async fn more_fields_are_hidden_as_a_list_of_either_kind_says() {
    let names = ["mi_campo_secreto", "otro_campo", "referencia", "dni", "password", "name"];
    let always = ["mi_campo_secreto", "otro_campo", "password"];
    let both = ["mi_campo_secreto", "otro_campo", "referencia", "dni", "password"];
    for (value, expected) in [
        ("", &always[..]),
        ("referencia,dni", &both),
        (" referencia , dni ", &both),
        (r#"["referencia", "dni"]"#, &both),
    ] {
        let server = Server::audited(&[("AUDIT_SENSITIVE_FIELDS", value)]);
        let ana = server.user("ana").await;
        assert_eq!(hidden(&server, &ana, &names).await, expected, "{value}");
    }
}

/// Which of these paths leave a record.
async fn recorded(variables: &[(&str, &str)]) -> Vec<&'static str> {
    let paths = [
        "/api/v1/swagger/",
        "/api/v1/swagger/index.html",
        "/api/v1/redoc/",
        "/api/v1/swagger.json",
        "/api/v1/swagger-other",
        "/api/v1/swagger.json5",
        "/api/v1/layers/",
        "/custom-endpoint/",
        "/gvsigonline/core/",
        "/mi-modulo/",
        "/mi-modulo/one/",
        "/mi-modulos/",
    ];
    let server = Server::audited(variables);
    let visitor = server.visitor();
    let mut ids = Vec::new();
    for path in paths {
        if let Some(id) = visitor.get(path).await.audit_id() {
            ids.push((id.to_owned(), path));
        }
    }
    let mut records = server.all_records();
    records.sort_by_key(|record| ids.iter().position(|(id, _)| record["event_id"] == **id));
    let recorded: Vec<_> = ids.iter().map(|(_, path)| *path).collect();
    assert!(records.iter().map(|record| record["path"].as_str().unwrap()).eq(recorded.iter().copied()), "{records:?}");
    recorded
}

#[tokio::test]
async fn excluded_paths_leave_no_record_and_included_ones_do() {
    let [swagger, index, redoc, schema, other, five] = [
        "/api/v1/swagger/",
        "/api/v1/swagger/index.html",
        "/api/v1/redoc/",
        "/api/v1/swagger.json",
        "/api/v1/swagger-other",
        "/api/v1/swagger.json5",
    ];
    let (layers, custom, page) = ("/api/v1/layers/", "/custom-endpoint/", "/gvsigonline/core/");
    let (mine, below) = ("/mi-modulo/", "/mi-modulo/one/");
    for (variables, expected) in [
        // The document's list.
        (&[][..], &[other, five, layers, custom, page][..]),
        // The environment's is another.
        (&[("AUDIT_EXCLUDE_PATHS", "/api/v1/layers/")], &[swagger, index, redoc, schema, other, five, custom, page]),
        (
            &[("AUDIT_EXCLUDE_PATHS", r#"["/api/v1/swagger/", "/custom-endpoint"]"#)],
            &[redoc, schema, other, five, layers, page],
        ),
        (&[("AUDIT_EXCLUDE_PATHS", "[]")], &[swagger, index, redoc, schema, other, five, layers, custom, page]),
        // Below a path, not beside it.
        (&[("AUDIT_EXCLUDE_PATHS", "/api/")], &[custom, page]),
        // What `register_core_view_pattern` was for; the plugins' own are to be repeated, for the environment's list is
        // another here as well.
        (
            &[("AUDIT_INCLUDE_PATHS", "/mi-modulo/,/custom-endpoint/"), ("AUDIT_AUTO_DETECT", "False")],
            &[layers, custom, mine, below],
        ),
        (&[("AUDIT_INCLUDE_PATHS", "/gvsigonline/core/"), ("AUDIT_AUTO_DETECT", "False")], &[layers, page]),
    ] {
        assert_eq!(recorded(variables).await, expected, "{variables:?}");
    }
}
