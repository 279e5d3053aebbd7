//! "Detección Automática" and "Registro de Endpoints": which requests leave a record.

use reqwest::Method;
use serde_json::Value;

use crate::support::{Answer, Server, Visitor, answer};

const GET: Method = Method::GET;
const POST: Method = Method::POST;

/// What a browser says that it takes.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// A request, and the action that it is recorded under, if it is.
type Case = (Method, &'static str, &'static [(&'static str, &'static str)], u16, Option<&'static str>);

/// Sends each request, and sees that those and only those that have an action are recorded, under that and as `user`'s.
async fn check(server: Server, visitor: &Visitor, user: &str, cases: &[Case]) {
    let mut expected: Vec<(String, &str)> = Vec::new();
    for (method, path, headers, status, action) in cases {
        let request = headers
            .iter()
            .fold(visitor.request(method.clone(), path), |request, (name, value)| request.header(*name, *value));
        let answer: Answer = answer(request).await;
        let told = format!("{method} {path} {headers:?}: {}", answer.body);
        assert_eq!(answer.status, *status, "{told}");
        assert_eq!(answer.audit_id().is_some(), action.is_some(), "{told}");
        if let Some(action) = action {
            let record = server.record_of(&answer).await;
            let found = (&record["action"], &record["user"], &record["path"]);
            assert_eq!(found, (&Value::from(*action), &Value::from(user), &Value::from(*path)), "{told}");
            expected.push((record["event_id"].as_str().unwrap().to_owned(), action));
        }
    }
    // No answer that named no record has one.
    let records = server.all_records();
    let others = records.iter().filter(|record| record["action"] != "auth.login").count();
    assert_eq!(others, expected.len(), "{records:#?}");
}

#[tokio::test]
async fn the_api_and_what_talks_json_or_xml_is_found_without_an_annotation() {
    let server = Server::audited(&[]);
    let ana = server.user("ana").await;
    let found = Some("http.request");
    let cases: &[Case] = &[
        (GET, "/api/v1/layers/", &[], 200, Some("layer.list")),
        (POST, "/api/v1/layers/", &[], 400, Some("layer.create")),
        // What nobody serves, or not so, is looked for all the same.
        (GET, "/api/v1/nothing/", &[], 404, found),
        (GET, "/api/", &[], 404, found),
        (Method::PATCH, "/api/v1/layers/", &[], 405, found),
        (GET, "/apis/v1/layers/", &[], 404, None),
        (GET, "/elsewhere/", &[], 404, None),
        (GET, "/elsewhere/", &[("accept", "*/*")], 404, None),
        (GET, "/elsewhere/", &[("accept", "application/json")], 404, found),
        (GET, "/elsewhere/", &[("accept", "application/xml")], 404, found),
        (GET, "/elsewhere/", &[("accept", "application/geo+json")], 404, found),
        (GET, "/elsewhere/", &[("accept", "text/html")], 404, None),
        (GET, "/elsewhere/", &[("accept", BROWSER)], 404, None),
        (POST, "/elsewhere/", &[("content-type", "application/json")], 404, found),
        (POST, "/elsewhere/", &[("content-type", "text/xml; charset=utf-8")], 404, found),
        (POST, "/elsewhere/", &[("content-type", "application/x-www-form-urlencoded")], 404, None),
        // Exempt stays exempt.
        (GET, "/survey/health", &[("accept", "application/json")], 200, None),
    ];
    check(server, &ana, "ana", cases).await;
}

#[tokio::test]
async fn pages_are_found_and_what_belongs_to_them_is_left_out() {
    let server = Server::audited(&[]);
    std::fs::write(server.data_dir().join("media/map.txt"), "a map").unwrap();
    let admin = server.user("admin").await;
    let found = Some("http.request");
    let json = &[("accept", "application/json")];
    let html = &[("accept", BROWSER)];
    let cases: &[Case] = &[
        (GET, "/gvsigonline/core/", &[], 200, found),
        (GET, "/gvsigonline/core/", html, 200, found),
        (GET, "/gvsigonline/layers/", html, 200, found),
        (GET, "/gvsigonline/survey/", html, 200, found),
        (GET, "/gvsigonline/statistics/", &[], 200, Some("statistics.read")),
        // The modules of the document that are not here would be found as well.
        (GET, "/gvsigonline/symbology/", html, 404, found),
        (GET, "/gvsigonline/static/style.css", &[], 200, None),
        (GET, "/gvsigonline/media/map.txt", &[], 200, None),
        (GET, "/gvsigonline/admin/", html, 200, None),
        (GET, "/gvsigonline/jsi18n/", &[], 200, None),
        (GET, "/gvsigonline/static/style.css", json, 200, None),
        (GET, "/gvsigonline/media/map.txt", json, 200, None),
        (GET, "/gvsigonline/admin/", json, 200, None),
        (GET, "/gvsigonline/jsi18n/", json, 200, None),
        (GET, "/gvsigonlinex/core/", html, 404, None),
        (GET, "/gvsigonline/statics/", html, 404, found),
    ];
    check(server, &admin, "admin", cases).await;
}

#[tokio::test]
async fn without_detection_there_is_only_what_is_annotated_or_included() {
    let server = Server::audited(&[("AUDIT_AUTO_DETECT", "False")]);
    let admin = server.user("admin").await;
    let json = &[("accept", "application/json"), ("content-type", "application/json")];
    let cases: &[Case] = &[
        (GET, "/api/v1/layers/", &[], 200, Some("layer.list")),
        (GET, "/gvsigonline/statistics/", &[], 200, Some("statistics.read")),
        (GET, "/api/v1/nothing/", json, 404, None),
        (GET, "/elsewhere/", json, 404, None),
        (GET, "/gvsigonline/core/", &[], 200, None),
        (GET, "/gvsigonline/layers/", &[], 200, None),
        // What the plugin registers, as the document's plugins do.
        (POST, "/survey/api/v1/observations/", &[], 400, Some("survey.observe")),
        (GET, "/survey/api/v1/observations/", &[], 200, Some("http.request")),
        (GET, "/survey/api/v2/anything/", &[], 404, Some("http.request")),
        (GET, "/custom-endpoint/", &[], 200, Some("http.request")),
        (GET, "/survey/health", json, 200, None),
        (GET, "/survey/other/", json, 404, None),
    ];
    check(server, &admin, "admin", cases).await;
}

/// With detection, too: paths outside of what is detected have to be said, as the document has it.
#[tokio::test]
async fn what_plugins_include_is_recorded_with_detection_too() {
    let server = Server::audited(&[("AUDIT_AUTO_DETECT", "True")]);
    let visitor = server.visitor();
    let cases: &[Case] = &[
        (POST, "/survey/api/v1/observations/", &[], 401, Some("survey.observe")),
        (GET, "/survey/api/v1/observations/", &[], 200, Some("http.request")),
        (GET, "/custom-endpoint/", &[], 200, Some("http.request")),
        (GET, "/survey/other/", &[], 404, None),
    ];
    check(server, &visitor, "anonymous", cases).await;
}

#[tokio::test]
async fn pages_move_with_their_setting_and_detection_with_them() {
    let server = Server::audited(&[("GVSIGOL_PATH", "mapas/es")]);
    let visitor = server.visitor();
    let found = Some("http.request");
    let json = &[("accept", "application/json")];
    let cases: &[Case] = &[
        (GET, "/mapas/es/core/", &[], 200, found),
        (GET, "/mapas/es/auth/login/", &[], 200, found),
        (GET, "/mapas/es/layers/", &[], 200, found),
        (GET, "/mapas/es/survey/", &[], 200, found),
        (GET, "/mapas/es/statistics/", &[], 401, Some("statistics.read")),
        (GET, "/mapas/es/static/style.css", json, 200, None),
        (GET, "/mapas/es/jsi18n/", json, 200, None),
        (GET, "/mapas/es/admin/", json, 401, None),
        (GET, "/mapas/core/", &[], 404, None),
        (GET, "/gvsigonline/core/", &[], 404, None),
        (GET, "/gvsigonline/static/style.css", json, 404, found),
        (GET, "/api/v1/layers/", &[], 200, Some("layer.list")),
    ];
    check(server, &visitor, "anonymous", cases).await;
}

#[tokio::test]
async fn links_lead_to_where_the_pages_are() {
    let server = Server::start(&[("GVSIGOL_PATH", "mapas/es")]);
    let visitor = server.visitor();
    for page in ["/mapas/es/core/", "/mapas/es/layers/", "/mapas/es/survey/"] {
        let page = visitor.get(page).await.body;
        assert!(page.contains(r#"href="/mapas/es/static/style.css""#), "{page}");
        assert!(!page.contains("gvsigonline"), "{page}");
    }
    let form = [("username", "ana"), ("password", "ana-pass")];
    let answer = answer(visitor.request(POST, "/mapas/es/auth/login/").form(&form)).await;
    assert_eq!(answer.header("location"), Some("/mapas/es/core/"), "{}", answer.body);
}
