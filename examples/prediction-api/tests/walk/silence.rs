//! What leaves no record, and what leaves one although no route takes it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::answer;
use crate::{ANAS, start};

#[tokio::test]
async fn what_leaves_no_record() {
    let folder = tempfile::tempdir().unwrap();
    let service = start(folder.path());
    let healthy = answer(service.request(Method::GET, "/health")).await;
    assert_eq!((healthy.status, &healthy.body), (200, &json!({"status": "ok"})));
    assert_eq!(healthy.audit_id(), None);
    let nowhere = answer(service.request(Method::GET, "/favicon.ico")).await;
    assert_eq!((nowhere.status, &nowhere.body), (404, &json!({"msg": "Recurso no encontrado"})));
    assert_eq!(nowhere.audit_id(), None);

    // Under /api/ what no route takes is detected.
    let admin = service.token("ana", ANAS).await;
    let nowhere = answer(service.request(Method::GET, "/api/v3/predict")).await;
    assert_eq!(nowhere.status, 404);
    let record = service.record(&admin, &nowhere).await;
    assert_eq!((&record["action"], &record["mode"]), (&json!("http.request"), &json!("basic")));
    let wrong = answer(service.request(Method::GET, "/api/v1/predict")).await;
    assert_eq!((wrong.status, &wrong.body), (405, &json!({"msg": "Método no permitido"})));

    // Whoever tries the administrators' routes by another method or path is seen, too.
    for (method, path, status) in [
        (Method::DELETE, "/admin/audit_logs", 405),
        (Method::GET, "/admin/audit_logs/", 404),
        (Method::GET, "/admin", 404),
        (Method::PUT, "/login", 405),
        (Method::OPTIONS, "/login", 405),
    ] {
        let tried = answer(service.request(method.clone(), path)).await;
        assert_eq!(tried.status, status, "{method} {path}");
        let record = service.record(&admin, &tried).await;
        assert_eq!((&record["action"], &record["outcome"]), (&json!("http.request"), &json!("rejected")));
    }

    // Records are written in the order of their ends, and all of the above ended before this one was asked for.
    let actions: Vec<Value> = service.lines().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(actions.iter().all(|record| record["path"] != "/health" && record["path"] != "/favicon.ico"));
}
