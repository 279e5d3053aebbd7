//! The trail is asked, and nothing secret is in any file.

use std::collections::BTreeSet;
use std::fs;

use prediction_model::samples::png_of;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{answer, file};
use crate::{ANAS, BOS, KEY, WRONG, ana, check, start, with};

/// What a filter promises of a record.
type Passes = Box<dyn Fn(&Value) -> bool>;

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
                       "handler": "prediction_api::routes::audit_logs::audit_logs", "outcome": "success"});
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
