//! Logins: each answer and each record.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::answer;
use crate::{ANAS, BOS, WRONG, bo, check, start, with};

#[tokio::test]
async fn logins() {
    let folder = tempfile::tempdir().unwrap();
    let service = start(folder.path());
    let admin = service.token("ana", ANAS).await;
    let route = json!({"path": "/login", "action": "auth.login", "handler": "prediction_api::routes::login::login"});
    let sent = |body: &Value| json!({"request_bytes": body.to_string().len()});
    let hidden = |name: &str| json!({"request_body": {"username": name, "password": "[FILTERED]"}, "redacted": 1});

    let right = service.login("bo", BOS).await;
    assert_eq!(right.status, 200);
    let token = right.body["access_token"].as_str().unwrap();
    assert_eq!(right.body, json!({"access_token": token}));
    let record = service.record(&admin, &right).await;
    assert_eq!(record["headers"]["content-type"], "application/json");
    let good = with(with(route.clone(), bo()), json!({"level": "info", "outcome": "success"}));
    check(&record, &right, with(with(good, sent(&json!({"username": "bo", "password": BOS}))), hidden("bo")));

    for (name, reason) in [("bo", "the password is wrong"), ("eva", "there is no such user")] {
        let wrong = service.login(name, WRONG).await;
        assert_eq!((wrong.status, &wrong.body), (401, &json!({"msg": "Usuario o contraseña incorrectos"})));
        let record = service.record(&admin, &wrong).await;
        let denied = json!({"outcome": "denied", "reason": reason, "error": "wrong user name or password",
                            "data": {"username": name}});
        let expected = with(with(route.clone(), denied), hidden(name));
        check(&record, &wrong, with(expected, sent(&json!({"username": name, "password": WRONG}))));
    }

    // The fastest of each: a name that nobody has saves nobody the hashing, which is nearly all of the time.
    let mut fastest = [f64::INFINITY; 2];
    for _ in 0..3 {
        for (fastest, name) in fastest.iter_mut().zip(["bo", "eva"]) {
            let wrong = service.login(name, WRONG).await;
            let record = service.record(&admin, &wrong).await;
            *fastest = fastest.min(record["response_time_ms"].as_f64().unwrap());
        }
    }
    assert!(fastest[1] > fastest[0] / 2.0, "{fastest:?}");

    // The claimed name is the client's word: it is kept, but not at any length.
    let long = "n".repeat(500);
    let wrong = service.login(&long, WRONG).await;
    assert_eq!(service.record(&admin, &wrong).await["data"]["username"], "n".repeat(80));

    let required = json!({"msg": "Username and password required"});
    let lacking = json!({"outcome": "rejected", "reason": "user name or password is missing"});
    for (body, kept, redacted) in [
        (json!({}), json!({}), Value::Null),
        (json!({"username": "bo"}), json!({"username": "bo"}), Value::Null),
        (json!({"username": "bo", "password": ""}), json!({"username": "bo", "password": "[FILTERED]"}), json!(1)),
        (json!({"username": "", "password": WRONG}), json!({"username": "", "password": "[FILTERED]"}), json!(1)),
        (json!({"username": 7, "password": [WRONG]}), json!({"username": 7, "password": "[FILTERED]"}), json!(1)),
        (json!([WRONG.len()]), json!([WRONG.len()]), Value::Null),
        // A list would do for a name and a password, but nothing in it would say which is which.
        (json!(["bo", "a-list"]), json!(["bo", "a-list"]), Value::Null),
    ] {
        let refused = answer(service.request(Method::POST, "/login").json(&body)).await;
        assert_eq!((refused.status, &refused.body), (400, &required), "{body}");
        let record = service.record(&admin, &refused).await;
        let expected = with(with(route.clone(), lacking.clone()), sent(&body));
        check(&record, &refused, with(expected, json!({"request_body": kept, "redacted": redacted})));
    }

    let broken = format!("{{\"username\":\"bo\",\"password\":\"{WRONG}\"");
    let request = service.request(Method::POST, "/login").header("content-type", "application/json").body(broken);
    let refused = answer(request).await;
    assert_eq!((refused.status, &refused.body), (400, &required));
    let record = service.record(&admin, &refused).await;
    assert_eq!((&record["outcome"], &record["reason"]), (&json!("rejected"), &lacking["reason"]));
    assert!(!record.to_string().contains(WRONG), "{record}");

    let refused = answer(service.request(Method::POST, "/login")).await;
    assert_eq!((refused.status, &refused.body), (400, &required));

    let too_long = service.login("bo", &"p".repeat(64 * 1024)).await;
    assert_eq!((too_long.status, &too_long.body), (413, &json!({"error": "El contenido es demasiado grande"})));
    let record = service.record(&admin, &too_long).await;
    assert_eq!((&record["outcome"], &record["reason"]), (&json!("rejected"), &json!("the body is too large")));
    assert!(!record.to_string().contains("ppp"), "{record}");
}
