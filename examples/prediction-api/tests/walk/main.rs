//! A walk through every route, good and bad: each answer, and each record field by field, in the file and as it is
//! asked for.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

mod support;

use std::collections::BTreeSet;
use std::fs;

use jsonwebtoken::{EncodingKey, Header, encode, get_current_timestamp};
use prediction_model::samples::{jpeg_of, png_of};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use support::{Answer, Service, answer, file};

const KEY: &str = "a key of the walk, long enough: 0123456789";
const ANAS: &str = "ana's:own-Password1";
const BOS: &str = "bos-Password2";
const WRONG: &str = "nobodys-Password3";

/// What a filter promises of a record.
type Passes = Box<dyn Fn(&Value) -> bool>;

fn start(data_dir: &std::path::Path) -> Service {
    let users = format!("ana:{ANAS}:admin,bo:{BOS}:user");
    let variables =
        [("PREDICTION_API_USERS", &*users), ("JWT_SECRET_KEY", KEY), ("AUDIT_TRUSTED_PROXIES", "127.0.0.1")];
    Service::start(data_dir, &variables)
}

/// A token that this service could have issued, but for what `change` does to it.
fn minted(change: impl FnOnce(&mut Value)) -> String {
    let now = get_current_timestamp();
    let mut claims = json!({"iss": "prediction-api", "aud": "prediction-api", "sub": "bo", "iat": now, "nbf": now,
                            "exp": now + 60});
    change(&mut claims);
    encode(&Header::default(), &claims, &EncodingKey::from_secret(KEY.as_bytes())).unwrap()
}

/// Compares a whole record: takes out what differs from run to run, checks it by its shape, and expects the rest to be
/// `common` with `expected` over it, no key more and none less. `null` stands for absent.
fn check(record: &Value, answer: &Answer, expected: Value) {
    let mut rest = record.as_object().unwrap().clone();
    let mut take = |key: &str| rest.remove(key).unwrap_or_else(|| panic!("no {key} in {record}"));
    let (timestamp, started_at) = (take("timestamp"), take("started_at"));
    for time in [&timestamp, &started_at] {
        let time = time.as_str().unwrap();
        assert!(time.len() == 27 && time.ends_with('Z') && time.as_bytes()[10] == b'T', "{time}");
    }
    assert!(started_at.as_str() <= timestamp.as_str());
    assert!(take("response_time_ms").as_f64().unwrap() >= 0.0);
    assert_eq!(take("event_id").as_str(), answer.audit_id().as_deref());
    let headers = take("headers");
    assert_eq!(headers["accept"], "*/*");
    assert!(headers.get("user-agent").is_none());
    if let Some(authorization) = headers.get("authorization") {
        assert_eq!(authorization, "[FILTERED]");
    }
    for key in ["calls", "steps"] {
        for item in rest.get_mut(key).into_iter().flat_map(|list| list.as_array_mut().unwrap()) {
            let item = item.as_object_mut().unwrap();
            let time = item.remove("duration_ms").or_else(|| item.remove("at_ms"));
            assert!(time.is_some_and(|time| time.as_f64().unwrap() >= 0.0));
        }
    }
    let mut whole = json!({
        "level": "warn", "method": "POST", "user": "anonymous", "actor_type": "anonymous",
        "status_code": answer.status, "ip_address": "127.0.0.1", "schema": "audit/1", "completion": "completed",
        "mode": "compact", "framework": "axum", "response_bytes": answer.bytes, "user_agent": "walk/1",
    });
    let whole = whole.as_object_mut().unwrap();
    whole.extend(expected.as_object().unwrap().clone());
    if let Some(path) = whole.get("path").cloned() {
        whole.entry("route").or_insert(path);
    }
    whole.retain(|_, value| !value.is_null());
    assert_eq!(Value::Object(rest), Value::Object(whole.clone()));
}

/// `base` with `more` over it.
fn with(mut base: Value, more: Value) -> Value {
    base.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    base
}

fn ana() -> Value {
    json!({"user": "ana", "user_id": 1, "actor_type": "user", "actor_roles": "admin"})
}

fn bo() -> Value {
    json!({"user": "bo", "user_id": 2, "actor_type": "user", "actor_roles": "user"})
}

#[tokio::test]
async fn logins() {
    let folder = tempfile::tempdir().unwrap();
    let service = start(folder.path());
    let admin = service.token("ana", ANAS).await;
    let route = json!({"path": "/login", "action": "auth.login", "handler": "prediction_api::login::login"});
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

#[tokio::test]
async fn predictions() {
    let folder = tempfile::tempdir().unwrap();
    let service = start(folder.path());
    let admin = service.token("ana", ANAS).await;
    let token = service.token("bo", BOS).await;
    let route = |version: &str| {
        json!({"path": format!("/api/{version}/predict"), "action": format!("prediction.{version}"),
               "handler": format!("prediction_api::predict::predict_{version}")})
    };
    let kept = |name: &str, bytes: usize| json!({"file": {"filename": name, "bytes": bytes}});

    for (version, message) in [("v1", Value::Null), ("v2", json!("Predicción mejorada"))] {
        for (digit, name, image) in [(3, "three.png", png_of(3)), (8, "eight.jpg", jpeg_of(8))] {
            let bytes = image.len();
            let good = service.upload(&format!("/api/{version}/predict"), &token, file(name, image)).await;
            assert_eq!(good.status, 200, "{}", good.body);
            let probability = good.body["probabilidad"].as_f64().unwrap();
            assert!((0.1..=1.0).contains(&probability), "{probability}");
            let mut expected = json!({"prediccion": digit, "probabilidad": probability, "version": version});
            if !message.is_null() {
                expected["mensaje"] = message.clone();
            }
            assert_eq!(good.body, expected);

            let record = service.record(&admin, &good).await;
            let length: u64 = record["headers"]["content-length"].as_str().unwrap().parse().unwrap();
            let facts = json!({"level": "info", "outcome": "success", "target_type": "model", "target_id": version,
                               "data": {"prediccion": digit, "probabilidad": probability},
                               "steps": [{"name": "decoded"}], "redacted": 1, "request_bytes": length,
                               "request_body": kept(name, bytes)});
            check(&record, &good, with(with(route(version), bo()), facts));
        }
    }

    // Chance picks; both are seen, or something is wrong with chance.
    let mut seen = BTreeSet::new();
    for _ in 0..100 {
        let image = png_of(7);
        let bytes = image.len();
        let good = service.upload("/api/ab/predict", &token, file("seven.png", image)).await;
        let version = good.body["ab_version"].as_str().unwrap().to_owned();
        let record = service.record(&admin, &good).await;
        assert_eq!((good.status, &good.body["prediccion"]), (200, &json!(7)));
        assert_eq!(good.body["version"], *version);
        assert_eq!(good.body.get("mensaje").is_some(), version == "v2");
        let length: u64 = record["headers"]["content-length"].as_str().unwrap().parse().unwrap();
        let facts = json!({
            "level": "info", "outcome": "success", "target_type": "model", "target_id": version,
            "data": {"ab_version": version, "prediccion": 7, "probabilidad": good.body["probabilidad"]},
            "calls": [{"action": format!("prediction.{version}"), "outcome": "success",
                       "handler": format!("prediction_api::predict::predict_{version}")}],
            "steps": [{"name": "decoded"}], "redacted": 1, "request_bytes": length,
            "request_body": kept("seven.png", bytes),
        });
        check(&record, &good, with(with(route("ab"), bo()), facts));
        seen.insert(version);
        if seen.len() == 2 {
            break;
        }
    }
    assert_eq!(seen, BTreeSet::from(["v1".to_owned(), "v2".to_owned()]));

    // What is no image.
    for version in ["v1", "v2", "ab"] {
        let bad = service.upload(&format!("/api/{version}/predict"), &token, file("a.png", b"no image".to_vec())).await;
        assert_eq!(bad.status, 422);
        let why = "cannot read a digit: the file is neither a PNG nor a JPEG";
        assert_eq!(bad.body, json!({"error": format!("No se pudo leer la imagen: {why}")}));
        let record = service.record(&admin, &bad).await;
        let served = if version == "ab" { record["data"]["ab_version"].as_str().unwrap() } else { version };
        let length: u64 = record["headers"]["content-length"].as_str().unwrap().parse().unwrap();
        let mut facts = json!({"outcome": "rejected", "error": why, "target_type": "model", "target_id": served,
                               "redacted": 1, "request_bytes": length, "request_body": kept("a.png", 8)});
        if version == "ab" {
            facts["data"] = json!({"ab_version": served});
            facts["calls"] = json!([{"action": format!("prediction.{served}"), "outcome": "failed", "error": why,
                                     "handler": format!("prediction_api::predict::predict_{served}")}]);
        }
        check(&record, &bad, with(with(route(version), bo()), facts));
    }

    // What is no file.
    let text = || Form::new().text("file", "a text");
    let other = || Form::new().part("image", Part::bytes(png_of(1)).file_name("one.png"));
    let none = json!({"error": "No se encontró el archivo"});
    let empty = json!({"error": "No se seleccionó ningún archivo"});
    for (form, body, reason) in [
        (text(), &none, "the form has no file"),
        (other(), &none, "the form has no file"),
        (file("a.png", Vec::new()), &empty, "the form's file is empty"),
        (file("", png_of(1)), &empty, "the form's file is empty"),
    ] {
        let bad = service.upload("/api/v1/predict", &token, form).await;
        assert_eq!((bad.status, &bad.body), (400, body), "{reason}");
        let record = service.record(&admin, &bad).await;
        let length: u64 = record["headers"]["content-length"].as_str().unwrap().parse().unwrap();
        let facts = json!({"outcome": "rejected", "reason": reason, "redacted": 1, "request_bytes": length,
                           "request_body": record["request_body"]});
        check(&record, &bad, with(with(route("v1"), bo()), facts));
    }
    let bad = answer(service.request(Method::POST, "/api/v2/predict").bearer_auth(&token)).await;
    assert_eq!((bad.status, &bad.body), (400, &none));
    let record = service.record(&admin, &bad).await;
    let facts = json!({"outcome": "rejected", "reason": "the form has no file", "redacted": 1});
    check(&record, &bad, with(with(route("v2"), bo()), facts));

    let cut = service.request(Method::POST, "/api/v1/predict").bearer_auth(&token);
    let cut = cut.header("content-type", "multipart/form-data; boundary=x").body("--x\r\nContent-Dispo");
    let bad = answer(cut).await;
    assert_eq!((bad.status, &bad.body), (400, &json!({"error": "No se pudo leer el formulario"})));
    let record = service.record(&admin, &bad).await;
    assert_eq!(
        (&record["outcome"], &record["reason"]),
        (&json!("rejected"), &json!("the body is not a readable form"))
    );

    let bad = service.upload("/api/v1/predict", &token, file("a.png", vec![0; 4 * 1024 * 1024])).await;
    assert_eq!((bad.status, &bad.body), (413, &json!({"error": "El contenido es demasiado grande"})));
    let record = service.record(&admin, &bad).await;
    assert_eq!((&record["outcome"], &record["reason"]), (&json!("rejected"), &json!("the body is too large")));
}

#[tokio::test]
async fn who_may_not() {
    let folder = tempfile::tempdir().unwrap();
    let service = start(folder.path());
    let admin = service.token("ana", ANAS).await;
    let bos = service.token("bo", BOS).await;
    let expired = minted(|claims| claims["exp"] = json!(get_current_timestamp() - 31));
    let early = minted(|claims| claims["nbf"] = json!(get_current_timestamp() + 60));
    let foreign = minted(|claims| claims["iss"] = json!("somebody else"));
    let elsewhere = minted(|claims| claims["aud"] = json!("something else"));
    let forged = format!("{bos}x");
    let eva = minted(|claims| claims["sub"] = json!("eva"));
    let denied = |reason: &str| json!({"outcome": "denied", "reason": reason});
    let nobody = [
        (None, "Token de acceso requerido", "there is no bearer token"),
        (Some(&expired), "Token de acceso caducado", "the token has expired"),
        (Some(&early), "Token de acceso no válido", "the token is not valid yet"),
        (Some(&foreign), "Token de acceso no válido", "the token is from or for somebody else"),
        (Some(&elsewhere), "Token de acceso no válido", "the token is from or for somebody else"),
        (Some(&forged), "Token de acceso no válido", "the token is not one of ours"),
    ];
    let routes = [
        (Method::POST, "/api/v1/predict", "prediction.v1", "predict::predict_v1"),
        (Method::POST, "/api/v2/predict", "prediction.v2", "predict::predict_v2"),
        (Method::POST, "/api/ab/predict", "prediction.ab", "predict::predict_ab"),
        (Method::GET, "/admin/audit_logs", "audit.read", "audit_logs::audit_logs"),
    ];
    for (method, path, action, handler) in routes {
        let route = json!({"method": method.as_str(), "path": path, "action": action,
                           "handler": format!("prediction_api::{handler}")});
        let send = async |token: Option<&String>| {
            let request = service.request(method.clone(), path);
            answer(if let Some(token) = token { request.bearer_auth(token) } else { request }).await
        };
        for (token, message, reason) in &nobody {
            let refused = send(*token).await;
            assert_eq!((refused.status, &refused.body), (401, &json!({"msg": message})), "{path}: {reason}");
            let record = service.record(&admin, &refused).await;
            let hidden = token.map_or(json!({}), |_| json!({"redacted": 1}));
            check(&record, &refused, with(with(route.clone(), denied(reason)), hidden));
        }

        let refused = send(Some(&eva)).await;
        assert_eq!((refused.status, &refused.body), (404, &json!({"msg": "Usuario no encontrado"})));
        let record = service.record(&admin, &refused).await;
        let facts = json!({"outcome": "rejected", "reason": "the token's user does not exist", "user": "eva",
                           "actor_type": "user", "redacted": 1});
        check(&record, &refused, with(route.clone(), facts));
    }

    let refused = service.audit_logs(&bos, "?limit=0").await;
    assert_eq!((refused.status, &refused.body), (403, &json!({"msg": "Acceso no autorizado"})));
    let record = service.record(&admin, &refused).await;
    let route = json!({"method": "GET", "path": "/admin/audit_logs", "action": "audit.read",
                       "handler": "prediction_api::audit_logs::audit_logs", "query_params": {"limit": "0"},
                       "redacted": 1});
    check(&record, &refused, with(with(route, bo()), denied("the role does not allow it")));
}

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

#[tokio::test]
async fn asking() {
    let folder = tempfile::tempdir().unwrap();
    let service = start(folder.path());
    let admin = service.token("ana", ANAS).await;
    let bos = service.token("bo", BOS).await;
    for digit in 0..3 {
        for version in ["v1", "v2", "ab"] {
            let form = file("digit.png", png_of(digit));
            assert_eq!(service.upload(&format!("/api/{version}/predict"), &bos, form).await.status, 200);
        }
        service.login("eva", WRONG).await;
    }
    let middle = service.login("ana", WRONG).await;
    let middle = service.record(&admin, &middle).await;
    let far = service.request(Method::POST, "/api/v1/predict").header("x-forwarded-for", "203.0.113.7");
    let far = answer(far).await;
    let far = service.record(&admin, &far).await;
    assert_eq!((&far["ip_address"], &far["peer_address"]), (&json!("203.0.113.7"), &json!("127.0.0.1")));

    // Every filter: of the lines that are there, exactly those that it describes. The lines up to one that the store
    // has are in the store, too.
    let parse = |line: &String| serde_json::from_str::<Value>(line).unwrap();
    let mut lines = service.lines();
    let last = lines.iter().position(|line| parse(line)["event_id"] == far["event_id"]).unwrap();
    lines.truncate(last + 1);
    let time = middle["timestamp"].as_str().unwrap().to_owned();
    let id = middle["event_id"].as_str().unwrap().to_owned();
    let is = |key: &'static str, value: &'static str| -> Passes { Box::new(move |record| record[key] == value) };
    let status = |range: std::ops::RangeInclusive<u64>| -> Passes {
        Box::new(move |record| range.contains(&record["status_code"].as_u64().unwrap()))
    };
    let (since, until, same) = (time.clone(), time.clone(), id.clone());
    let filters: Vec<(String, Passes)> = vec![
        ("user=bo".into(), is("user", "bo")),
        ("action=prediction.ab".into(), is("action", "prediction.ab")),
        ("outcome=denied".into(), is("outcome", "denied")),
        ("status=401".into(), status(401..=401)),
        ("status=4xx".into(), status(400..=499)),
        ("status=200-299".into(), status(200..=299)),
        ("method=GET".into(), is("method", "GET")),
        ("path=/api/".into(), Box::new(|record| record["path"].as_str().unwrap().starts_with("/api/"))),
        ("route=/api/ab/predict".into(), is("route", "/api/ab/predict")),
        ("ip=203.0.113.7".into(), is("ip_address", "203.0.113.7")),
        ("target=model".into(), is("target_type", "model")),
        ("target=model/v2".into(), is("target_id", "v2")),
        (format!("since={time}"), Box::new(move |record| record["timestamp"].as_str() >= Some(&since))),
        (format!("until={time}"), Box::new(move |record| record["timestamp"].as_str() < Some(&until))),
        (format!("event_id={id}"), Box::new(move |record| record["event_id"] == *same)),
        (
            "user=bo&status=2xx&path=/api/v1".into(),
            Box::new(|record| record["route"] == "/api/v1/predict" && record["user"] == "bo"),
        ),
    ];
    for (query, passes) in filters {
        let (found, next) = service.records(&admin, &format!("?limit=1000&{query}")).await;
        assert_eq!(next, None);
        assert!(found.iter().all(|line| passes(&parse(line))), "{query}");
        let times: Vec<String> = found.iter().map(|line| parse(line)["timestamp"].to_string()).collect();
        assert!(times.is_sorted_by(|newer, older| newer >= older), "{query}");
        let expected: BTreeSet<&String> = lines.iter().filter(|line| passes(&parse(line))).collect();
        assert!(!expected.is_empty() && expected.len() < lines.len(), "{query} filters nothing");
        let found: BTreeSet<&String> = found.iter().filter(|line| lines.contains(line)).collect();
        assert_eq!(found, expected, "{query}");
    }

    // Page by page, each record once, while reading adds more.
    let (all, _) = service.records(&admin, "?action=prediction.v2").await;
    let (mut walked, mut query) = (Vec::new(), "?action=prediction.v2&limit=2".to_owned());
    loop {
        let (page, next) = service.records(&admin, &query).await;
        assert!(page.len() <= 2);
        walked.extend(page);
        let Some(next) = next else { break };
        query = format!("?action=prediction.v2&limit=2&cursor={next}");
    }
    assert_eq!((walked.len(), walked), (3, all));
    let (everything, next) = service.records(&admin, "?limit=5").await;
    assert_eq!((everything.len(), next.is_some()), (5, true));

    // A bad parameter is named; a cursor is good for its own filter only.
    let cursor = next.unwrap();
    let other = format!("user=bo&cursor={cursor}");
    for (query, parameter) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("status=abc", "status"),
        ("outcome=good", "outcome"),
        ("since=yesterday", "since"),
        ("cursor=x", "cursor"),
        ("colour=red", "colour"),
        (&other, "cursor"),
    ] {
        let refused = service.audit_logs(&admin, &format!("?{query}")).await;
        assert_eq!((refused.status, &refused.body["parameter"]), (400, &json!(parameter)), "{query}");
        let text = refused.body["error"].as_str().unwrap();
        assert!(text.contains(parameter), "{text}");
        let record = service.record(&admin, &refused).await;
        let said = record.get("reason").or(record.get("error")).unwrap();
        assert_eq!((&record["outcome"], said.as_str()), (&json!("rejected"), Some(text)));
    }

    // Reading is a record like any other.
    let read = service.audit_logs(&admin, "?user=bo&limit=3").await;
    assert_eq!(read.body["records"].as_array().unwrap().len(), 3);
    let record = service.record(&admin, &read).await;
    let route = json!({"method": "GET", "path": "/admin/audit_logs", "action": "audit.read", "level": "info",
                       "handler": "prediction_api::audit_logs::audit_logs", "outcome": "success"});
    let facts = json!({"data": {"returned": 3}, "query_params": {"user": "bo", "limit": "3"}, "redacted": 1});
    check(&record, &read, with(with(route, ana()), facts));

    // After everything, no secret is in any file.
    service.signal("TERM");
    let ended = service.ends();
    assert!(ended.status.success());
    let mut looked_at = BTreeSet::new();
    for found in fs::read_dir(folder.path()).unwrap() {
        let path = found.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let signature = |token: &str| token.rsplit('.').next().unwrap().to_owned();
        for secret in [ANAS, BOS, WRONG, KEY, &admin, &bos, &signature(&admin), &signature(&bos)] {
            let there = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!there, "{secret} is in {}", path.display());
        }
        looked_at.insert(path.file_name().unwrap().to_owned());
    }
    for name in ["audit.jsonl", "audit.db", "app.db"] {
        assert!(looked_at.contains(std::ffi::OsStr::new(name)), "{looked_at:?}");
    }
}
