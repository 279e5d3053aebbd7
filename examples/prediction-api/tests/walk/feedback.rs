//! What users say, and the report of it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::answer;
use crate::{ANAS, BOS, ana, bo, check, start, with};

#[tokio::test]
async fn feedback_and_its_report() {
    let folder = tempfile::tempdir().unwrap();
    let service = start(folder.path());
    let admin = service.token("ana", ANAS).await;
    let token = service.token("bo", BOS).await;
    let report = async || answer(service.request(Method::GET, "/admin/report").bearer_auth(&admin)).await;
    let asked = json!({"method": "GET", "path": "/admin/report", "action": "report.generate", "level": "info",
                       "handler": "prediction_api::routes::report::report", "outcome": "success", "redacted": 1});
    let route = json!({"path": "/feedback", "action": "feedback.create",
                       "handler": "prediction_api::routes::feedback::feedback", "redacted": 1});

    let none = report().await;
    assert_eq!((none.status, &none.body), (200, &json!({"msg": "No hay feedback disponible"})));
    let record = service.record(&admin, &none).await;
    check(&record, &none, with(with(asked.clone(), ana()), json!({"data": {"total_feedback": 0}})));

    let said = [
        json!({"prediction": 7, "correct": true}),
        json!({"prediction": 7, "correct": true, "comment": null}),
        json!({"prediction": 3, "correct": false, "comment": "era un 8; mi contraseña es password=hunter2"}),
    ];
    for (id, body) in (1..).zip(&said) {
        let request = service.request(Method::POST, "/feedback").bearer_auth(&token).json(body);
        let kept = answer(request).await;
        let timestamp = kept.body["timestamp"].as_str().unwrap();
        assert!(timestamp.len() == 24 && timestamp.ends_with('Z'), "{timestamp}");
        let expected = json!({"id": id, "username": "bo", "prediction": body["prediction"], "correct": body["correct"],
                              "comment": body.get("comment").unwrap_or(&Value::Null), "timestamp": timestamp});
        assert_eq!((kept.status, &kept.body), (201, &expected));
        let record = service.record(&admin, &kept).await;
        assert!(!record.to_string().contains("hunter2"), "{record}");
        let facts = json!({"level": "info", "outcome": "success", "target_type": "feedback",
                           "target_id": id.to_string(), "request_bytes": body.to_string().len(),
                           "request_body": record["request_body"], "redacted": record["redacted"],
                           "data": {"prediction": body["prediction"], "correct": body["correct"]}});
        check(&record, &kept, with(with(route.clone(), bo()), facts));
    }

    let three = report().await;
    let totals = json!({"total_feedback": 3, "correct_feedback": 2, "incorrect_feedback": 1,
                        "accuracy_percentage": three.body["accuracy_percentage"]});
    assert_eq!((three.status, &three.body), (200, &totals));
    let percentage = three.body["accuracy_percentage"].as_f64().unwrap();
    assert!((percentage - 200.0 / 3.0).abs() < 1e-9, "{percentage}");
    let record = service.record(&admin, &three).await;
    check(&record, &three, with(with(asked, ana()), json!({"data": {"total_feedback": 3}})));

    // What is no feedback is refused, and told; nothing of it is counted.
    let long = "ñ".repeat(2001);
    for (body, told) in [
        (json!({"prediction": 10, "correct": true}), "prediction is 10; expected a digit from 0 to 9"),
        (json!({"prediction": 1, "correct": true, "comment": long}), "comment has more than 2000 characters"),
        (json!({"prediction": -1, "correct": true}), "prediction: invalid value"),
        (json!({"prediction": 1, "correct": "yes"}), "correct: invalid type"),
        (json!({"correct": true}), "missing field `prediction`"),
        (json!({"prediction": 1}), "missing field `correct`"),
        (json!("a text"), "expected an object"),
        (json!([7, true, null]), "expected an object"),
    ] {
        let request = service.request(Method::POST, "/feedback").bearer_auth(&token).json(&body);
        let refused = answer(request).await;
        let text = refused.body["error"].as_str().unwrap();
        assert!(refused.status == 400 && text.contains(told), "{body}: {text}");
        let record = service.record(&admin, &refused).await;
        assert_eq!((&record["outcome"], &record["user"]), (&json!("rejected"), &json!("bo")));
        let why = record.get("reason").or(record.get("error")).unwrap();
        assert!(why.as_str().unwrap().contains(told), "{record}");
    }
    let request = service.request(Method::POST, "/feedback").bearer_auth(&token).body("prediction=1");
    let refused = answer(request).await;
    assert_eq!((refused.status, &refused.body), (400, &json!({"error": "expected content-type: application/json"})));
    let huge = json!({"prediction": 1, "correct": true, "comment": "c".repeat(64 * 1024)});
    let refused = answer(service.request(Method::POST, "/feedback").bearer_auth(&token).json(&huge)).await;
    assert_eq!((refused.status, &refused.body), (413, &json!({"error": "El contenido es demasiado grande"})));
    assert_eq!(report().await.body, totals);
}
