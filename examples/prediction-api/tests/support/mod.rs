//! The real program on a free port, and a client that talks to it.

#![allow(dead_code, reason = "each test uses some of it")]
#![allow(unreachable_pub, reason = "a module of several tests")]

pub mod mlflow;
pub mod slack;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use service_kit::testing::{self, Program};
pub use service_kit::testing::{Ended, PATIENCE, until};

/// The program, running, and a client.
pub struct Service {
    program: Program,
    pub data_dir: PathBuf,
    client: reqwest::Client,
    forwarded_for: Option<String>,
}

/// What the client got.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: usize,
    pub body: Value,
}

fn command(data_dir: &Path, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_prediction-api"));
    command
        .env_clear()
        .env("PORT", "0")
        .env("DATA_DIR", data_dir)
        .env("RATE_LIMITS", "off")
        .envs(variables.iter().copied());
    command
}

/// Runs the program when it should not start.
pub fn refused(data_dir: &Path, variables: &[(&str, &str)]) -> Ended {
    testing::refused(&mut command(data_dir, variables))
}

impl Service {
    /// Starts the program and waits until it listens.
    pub fn start(data_dir: &Path, variables: &[(&str, &str)]) -> Self {
        let program = Program::start(&mut command(data_dir, variables));
        let client = reqwest::Client::builder().user_agent("walk/1").timeout(PATIENCE).build().unwrap();
        Self { program, data_dir: data_dir.to_owned(), client, forwarded_for: None }
    }

    pub fn address(&self) -> &str {
        self.program.address()
    }

    /// Waits for a line that begins so on stderr.
    pub fn hears(&mut self, beginning: &str, patience: Duration) -> String {
        self.program.hears(beginning, patience)
    }

    /// What was said on stderr until the last line that was waited for.
    pub fn said(&self) -> &[String] {
        self.program.said()
    }

    /// Sends a signal, `TERM` or `INT`.
    pub fn signal(&self, name: &str) {
        self.program.signal(name);
    }

    /// Waits for the end.
    pub fn ends(self) -> Ended {
        self.program.ends()
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("http://{}{path}", self.address()));
        match &self.forwarded_for {
            Some(client) => request.header("x-forwarded-for", client),
            None => request,
        }
    }

    /// From now on, requests come through a proxy that names this client.
    pub fn comes_from(&mut self, client: Option<&str>) {
        self.forwarded_for = client.map(str::to_owned);
    }

    pub async fn login(&self, name: &str, password: &str) -> Answer {
        let body = json!({"username": name, "password": password});
        answer(self.request(Method::POST, "/login").json(&body)).await
    }

    /// The token of a login that must succeed.
    pub async fn token(&self, name: &str, password: &str) -> String {
        let answer = self.login(name, password).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body["access_token"].as_str().unwrap().to_owned()
    }

    pub async fn upload(&self, path: &str, token: &str, form: Form) -> Answer {
        answer(self.request(Method::POST, path).bearer_auth(token).multipart(form)).await
    }

    pub async fn audit_logs(&self, token: &str, query: &str) -> Answer {
        answer(self.request(Method::GET, &format!("/admin/audit_logs{query}")).bearer_auth(token)).await
    }

    /// The records that a query returns, as they are in its answer, and the cursor.
    pub async fn records(&self, token: &str, query: &str) -> (Vec<String>, Option<String>) {
        #[derive(serde::Deserialize)]
        struct Page {
            records: Vec<Box<RawValue>>,
            next: Option<String>,
        }
        let request = self.request(Method::GET, &format!("/admin/audit_logs{query}")).bearer_auth(token);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{query}");
        let page: Page = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        (page.records.iter().map(|record| record.get().to_owned()).collect(), page.next)
    }

    /// The record of an answer: asked for until it is there, and the very same line in the file.
    pub async fn record(&self, token: &str, answer: &Answer) -> Value {
        let id = answer.audit_id().expect("an audited request's answer names its record");
        let deadline = Instant::now() + PATIENCE;
        // The store and the file have a thread each: either may be first.
        let line = loop {
            let asked = Instant::now();
            let (mut records, next) = self.records(token, &format!("?event_id={id}")).await;
            let lines = self.lines_of(&id);
            assert!(records.len() <= 1 && lines.len() <= 1 && next.is_none(), "{id} is there twice");
            if let (Some(record), [line]) = (records.pop(), &*lines) {
                assert_eq!(record, *line);
                break record;
            }
            assert!(asked < deadline, "no record {id} in {PATIENCE:?}");
        };
        serde_json::from_str(&line).unwrap()
    }

    /// The record of an answer as it is in the file, without asking the service.
    pub async fn logged(&self, answer: &Answer) -> Value {
        let id = answer.audit_id().expect("an audited request's answer names its record");
        until(|| !self.lines_of(&id).is_empty()).await;
        let [line] = &self.lines_of(&id)[..] else { panic!("{id} is there twice") };
        serde_json::from_str(line).unwrap()
    }

    fn lines_of(&self, id: &str) -> Vec<String> {
        let has_id = |line: &String| serde_json::from_str::<Value>(line).unwrap()["event_id"] == *id;
        self.lines().into_iter().filter(has_id).collect()
    }

    /// The whole lines of the log.
    pub fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(self.data_dir.join("audit.jsonl")).unwrap();
        text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).map(str::to_owned).collect()
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn audit_id(&self) -> Option<String> {
        self.header("audit-id").map(str::to_owned)
    }
}

/// Sends a request. Every answer is JSON, and for nobody else.
pub async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = response.bytes().await.unwrap();
    let body = serde_json::from_slice(&bytes).unwrap();
    let answer = Answer { status, headers, bytes: bytes.len(), body };
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("www-authenticate"), (status == 401).then_some("Bearer"));
    answer
}

/// A form with one file.
pub fn file(name: &str, bytes: Vec<u8>) -> Form {
    Form::new().part("file", Part::bytes(bytes).file_name(name.to_owned()))
}
