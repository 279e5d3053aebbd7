//! Who comes from a browser: pages of other origins, and the API's description.

use std::collections::BTreeSet;

use reqwest::{Method, Response};
use serde_json::Value;

use crate::{ANAS, start, start_with};

const ORIGIN: &str = "https://app.example";

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn pages_of_listed_origins_may_use_the_api() {
    let folder = tempfile::tempdir().unwrap();
    let service = start_with(folder.path(), &[("CORS_ALLOWED_ORIGINS", "https://app.example,http://localhost:3000")]);
    let preflight = async |origin: &str| {
        let request = service.request(Method::OPTIONS, "/feedback").header("origin", origin);
        let request = request.header("access-control-request-method", "POST");
        request.header("access-control-request-headers", "authorization,content-type").send().await.unwrap()
    };
    let allowed = preflight(ORIGIN).await;
    assert_eq!(allowed.status(), 200);
    assert_eq!(header(&allowed, "access-control-allow-origin"), Some(ORIGIN));
    assert_eq!(header(&allowed, "access-control-allow-headers"), Some("authorization,content-type"));
    assert_eq!(header(&allowed, "access-control-allow-credentials"), None);
    let other = preflight("https://other.example").await;
    assert_eq!(header(&other, "access-control-allow-origin"), None);

    // A refusal can be read by the page, too, and so can the name of its record.
    let refused = service.request(Method::POST, "/feedback").header("origin", ORIGIN).send().await.unwrap();
    assert_eq!(refused.status(), 401);
    assert_eq!(header(&refused, "access-control-allow-origin"), Some(ORIGIN));
    assert_eq!(header(&refused, "access-control-expose-headers"), Some("audit-id,retry-after"));
    assert!(header(&refused, "audit-id").is_some());

    let folder = tempfile::tempdir().unwrap();
    let service = start(folder.path());
    let refused = service.request(Method::POST, "/feedback").header("origin", ORIGIN).send().await.unwrap();
    assert_eq!(header(&refused, "access-control-allow-origin"), None);
}

/// What the description says is audited is what is: each operation's action is the one that its record has.
#[tokio::test]
async fn the_description_names_what_each_operation_is_recorded_as() {
    let folder = tempfile::tempdir().unwrap();
    let service = start(folder.path());
    let admin = service.token("ana", ANAS).await;
    let response = service.request(Method::GET, "/openapi.json").send().await.unwrap();
    assert_eq!(header(&response, "content-type"), Some("application/json"));
    assert_eq!(header(&response, "audit-id"), None);
    let api: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(api["openapi"], "3.1.0");

    let mut operations = BTreeSet::new();
    for (path, methods) in api["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let answer = crate::support::answer(service.request(method.clone(), path)).await;
            match (&operation["x-audit"], &operation["x-audit-exempt"]) {
                (Value::String(action), Value::Null) => {
                    assert_eq!(service.record(&admin, &answer).await["action"], *action, "{path}");
                }
                (Value::Null, Value::String(reason)) => assert!(!reason.is_empty() && answer.audit_id().is_none()),
                _ => panic!("{path} says nothing of the audit, or too much: {operation}"),
            }
            // What an operation answers without a token is one of the answers that it is said to have.
            let status = answer.status.to_string();
            assert!(operation["responses"].get(&status).is_some(), "{method} {path} answers {status}");
            operations.insert(format!("{method} {path}"));
        }
    }
    let expected = [
        "GET /admin/audit_logs",
        "GET /admin/report",
        "GET /health",
        "POST /admin/retrain_mlflow",
        "POST /admin/slack_alert",
        "POST /api/ab/predict",
        "POST /api/v1/predict",
        "POST /api/v2/predict",
        "POST /feedback",
        "POST /login",
    ];
    assert_eq!(operations, expected.map(str::to_owned).into());
}
