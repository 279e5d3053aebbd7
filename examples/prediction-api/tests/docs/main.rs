//! The documentation page in a real browser: what it shows, what can be tried on it, and that nothing in it fails.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as they do")]
#![allow(unreachable_pub, reason = "a module of a test")]

mod browser;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::{Write as _, stderr};
use std::time::{Duration, Instant};

use browser::Browser;
use serde_json::{Value, json};
use support::Service;

const ANAS: &str = "ana's:own-Password1";
/// How long a record, or what is heard of the page, may take.
const PATIENCE: Duration = Duration::from_secs(10);

const METHODS: &[&str] = &["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// The operations that can be seen. A path may break between lines where it has characters of no width.
const SHOWN: &str = "[...document.querySelectorAll('.opblock')].filter(block => block.checkVisibility()).map(block => [
    block.querySelector('.opblock-summary-method').innerText,
    block.querySelector('.opblock-summary-path').innerText.replaceAll('\\u200b', ''),
])";

/// Goes wrong in every way that is listened for: console, exception, answer, policy and request.
const PROVOKED: &str = "(() => {
    console.error('provoked');
    setTimeout(() => { throw new Error('provoked'); });
    fetch('/provoked');
    new Image().src = 'http://127.0.0.1:9/provoked';
})()";

#[tokio::test]
async fn the_page_shows_every_operation_and_tries_one() {
    let program = match browser::find() {
        Ok(program) => program,
        Err(reason) => return skip("prediction-api, the documentation page", &reason),
    };
    let data_dir = tempfile::tempdir().unwrap();
    let users = format!("ana:{ANAS}:admin");
    let service = Service::start(data_dir.path(), &[("PREDICTION_API_USERS", &users)]);
    let description = get(&service, "/openapi.json", None).await;
    let browser = Browser::start(program).await;
    browser.open(&format!("http://{}/docs/", service.address())).await;

    let described = operations(&description);
    assert!(!described.is_empty());
    let deadline = Instant::now() + PATIENCE;
    let shown = loop {
        let shown: BTreeSet<(String, String)> = browser.now(SHOWN).await;
        if shown == described || Instant::now() > deadline {
            break shown;
        }
    };
    assert_eq!(shown, described, "{:?}", browser.complaints());

    let login = ".opblock-post:has([data-path=\"/login\"])";
    browser.click(&format!("{login} .opblock-summary-control")).await;
    let row = "[...document.querySelectorAll(`LOGIN tr`)].find(row => row.cells[0].innerText === 'x-audit')";
    let action: String = browser.wait(&format!("{}?.cells[1].innerText", row.replace("LOGIN", login))).await;
    assert_eq!(action, "\"auth.login\"");
    assert_eq!(description["paths"]["/login"]["post"]["x-audit"], "auth.login");

    let credentials = json!({"username": "ana", "password": ANAS}).to_string();
    let editor = format!("{login} textarea.body-param__text");
    browser.write(&editor, &credentials).await;
    assert_eq!(browser.wait::<String>(&format!("document.querySelector(`{editor}`).value")).await, credentials);
    browser.click(&format!("{login} button.execute")).await;
    let answer = format!("document.querySelector(`{login} .live-responses-table tbody`)?.innerText");
    let status: String = browser.wait(&format!("{answer}?.trim().match(/^\\d+/)?.[0]")).await;
    let text: String = browser.wait(&answer).await;
    assert_eq!(status, "200", "{text}");
    let token: String = browser.wait(&format!("{answer}.match(/\"access_token\": \"([^\"]+)\"/)?.[1]")).await;
    let id: String = browser.wait(&format!("{answer}.match(/^ *audit-id: (\\S+)/m)?.[1]")).await;

    let record = record(&service, &token, &id).await;
    let (user_agent, body) = (record["user_agent"].as_str().unwrap(), &record["request_body"]);
    assert!(user_agent.starts_with("Mozilla/5.0 ") && user_agent.contains("Chrome/"), "{record}");
    assert_eq!(record["action"], "auth.login");
    assert_eq!([&record["user"], &record["outcome"]], ["ana", "success"]);
    assert_eq!(*body, json!({"username": "ana", "password": "[FILTERED]"}));

    assert_eq!(browser.complaints(), [""; 0]);
    hears_what_is_provoked(&browser).await;
    browser.close().await;
}

/// Shows that silence was not deafness.
async fn hears_what_is_provoked(browser: &Browser) {
    let _: Option<()> = browser.now(PROVOKED).await;
    let expected = ["log: ", "console: ", "exception: ", "failed: ", "answer: 404: "];
    let deadline = Instant::now() + PATIENCE;
    loop {
        let _: Option<()> = browser.now("null").await;
        let heard = browser.complaints();
        let policy = heard.iter().any(|line| line.contains("Content Security Policy"));
        if policy && expected.iter().all(|kind| heard.iter().any(|line| line.starts_with(kind))) {
            return;
        }
        assert!(Instant::now() < deadline, "{heard:#?}");
    }
}

/// Method and path of each operation of a description.
fn operations(description: &Value) -> BTreeSet<(String, String)> {
    let paths = description["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &Value)| {
        let methods: Vec<String> = item.as_object().unwrap().keys().cloned().collect();
        let methods = methods.into_iter().filter(|method| METHODS.contains(&method.as_str()));
        methods.map(|method| (method.to_ascii_uppercase(), path.clone())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

async fn get(service: &Service, path: &str, token: Option<&str>) -> Value {
    let request = reqwest::Client::new().get(format!("http://{}{path}", service.address())).timeout(PATIENCE);
    let request = token.into_iter().fold(request, |request, token| request.bearer_auth(token));
    let answer = request.send().await.unwrap().error_for_status().unwrap();
    answer.json().await.unwrap()
}

/// The record of an answer, as the trail has it.
async fn record(service: &Service, token: &str, id: &str) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let page = get(service, &format!("/admin/audit_logs?event_id={id}"), Some(token)).await;
        if let [record] = &**page["records"].as_array().unwrap() {
            return record.clone();
        }
        assert!(Instant::now() < deadline, "no record {id}");
    }
}

/// Says that a test cannot run. `cargo xtask test` names a file for such lines, so that it can count them.
fn skip(test: &str, reason: &str) {
    // Not `eprintln!`: what that prints in a test that passes is never shown.
    stderr().write_all(format!("skipped: {test}: {reason}\n").as_bytes()).unwrap();
    if let Some(file) = std::env::var_os("SKIPPED_TESTS_FILE") {
        let mut file = OpenOptions::new().append(true).open(file).unwrap();
        writeln!(file, "{test}: {reason}").unwrap();
    }
}
