//! Uploads of what is a digit, and of what is none.

use std::collections::BTreeSet;

use prediction_model::samples::{jpeg_of, png_of};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::{answer, file};
use crate::{ANAS, BOS, bo, check, start, with};

#[tokio::test]
async fn predictions() {
    let folder = tempfile::tempdir().unwrap();
    let service = start(folder.path());
    let admin = service.token("ana", ANAS).await;
    let token = service.token("bo", BOS).await;
    let route = |version: &str| {
        json!({"path": format!("/api/{version}/predict"), "action": format!("prediction.{version}"),
               "handler": format!("prediction_api::routes::predict::predict_{version}")})
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
                       "handler": format!("prediction_api::routes::predict::predict_{version}")}],
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
                                     "handler": format!("prediction_api::routes::predict::predict_{served}")}]);
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
