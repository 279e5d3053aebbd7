//! Requests that are one too many.

use prediction_model::samples::png_of;
use reqwest::Method;
use serde_json::json;

use crate::support::{answer, file};
use crate::{BOS, check, start, start_with};

#[tokio::test]
async fn what_is_too_often_is_refused_and_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let mut service = start_with(folder.path(), &[("RATE_LIMITS", "9/day,4/hour,v1:2/day")]);
    let token = service.token("bo", BOS).await;
    for _ in 0..3 {
        assert_eq!(service.login("eva", "x").await.status, 401);
    }
    let refused = service.login("bo", BOS).await;
    let told = json!({"msg": "Demasiadas solicitudes: 4 por hora"});
    assert_eq!((refused.status, &refused.body), (429, &told));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=900).contains(&wait), "{wait}");

    let record = service.logged(&refused).await;
    let expected = json!({"path": "/login", "action": "auth.login", "handler": "prediction_api::routes::login::login",
                          "outcome": "rejected", "reason": "more than 4 requests an hour",
                          "request_bytes": 0});
    check(&record, &refused, expected);

    service.comes_from(Some("203.0.113.7"));
    assert_eq!(service.login("bo", BOS).await.status, 200, "another client has requests of its own");
    service.comes_from(None);
    assert_eq!(service.login("bo", BOS).await.status, 429);

    for status in [200, 200, 429] {
        let found = service.upload("/api/v1/predict", &token, file("one.png", png_of(1))).await;
        assert_eq!(found.status, status);
        let too_many = json!({"msg": "Demasiadas solicitudes: 2 por día"});
        assert_eq!(found.body == too_many, status == 429, "{}", found.body);
    }
    for _ in 0..5 {
        let found = service.upload("/api/v2/predict", &token, file("one.png", png_of(1))).await;
        assert_eq!(found.status, 200, "version 2 has the limit of the Flask application");
    }
    for _ in 0..20 {
        assert_eq!(answer(service.request(Method::GET, "/health")).await.status, 200);
        for path in ["/docs/", "/openapi.json"] {
            assert_eq!(service.request(Method::GET, path).send().await.unwrap().status(), 200);
        }
    }
}

/// Without the setting, the limits are those of the Flask application; every walk of these tests switches them off.
#[tokio::test]
async fn the_limits_of_the_flask_application_hold_by_default() {
    let folder = tempfile::tempdir().unwrap();
    let service = start_with(folder.path(), &[("RATE_LIMITS", "")]);
    let mut answers = Vec::new();
    for _ in 0..51 {
        answers.push(answer(service.request(Method::GET, "/admin/report")).await);
    }
    let (last, others) = answers.split_last().unwrap();
    assert!(others.iter().all(|answer| answer.status == 401));
    assert_eq!((last.status, &last.body), (429, &json!({"msg": "Demasiadas solicitudes: 50 por hora"})));

    let folder = tempfile::tempdir().unwrap();
    let service = start(folder.path());
    for _ in 0..51 {
        assert_eq!(answer(service.request(Method::GET, "/admin/report")).await.status, 401);
    }
}
