//! The real program on a free port, and a client that talks to it as a browser would: it keeps cookies.

#![allow(dead_code, reason = "each test uses some of it")]
#![allow(unreachable_pub, reason = "a module of several tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use service_kit::testing::{self, Ended, PATIENCE, Program, until};
use tempfile::TempDir;

/// Users that the tests know the passwords of: an administrator and two others.
pub const USERS: &str = "admin:admin-pass:admin,ana:ana-pass:user,bo:bo-pass:user";

/// What no record may have, whatever a test does: the users' passwords.
const PASSWORDS: [&str; 3] = ["admin-pass", "ana-pass", "bo-pass"];

/// A point whose digits say whether somebody read and wrote them again.
pub const POINT: &str = r#"{"type":"Point","coordinates":[-0.376300,39.4699070]}"#;

/// The program, running.
pub struct Server {
    program: Program,
    folder: TempDir,
}

/// What the client got.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

fn command(data_dir: &Path, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_geo-layers"));
    command
        .env_clear()
        .env("PORT", "0")
        .env("DATA_DIR", data_dir)
        .env("GEO_LAYERS_USERS", USERS)
        .envs(variables.iter().copied());
    command
}

/// Runs the program when it should not start.
pub fn refused(variables: &[(&str, &str)]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    refused_in(&folder.path().join("data"), variables)
}

/// The same, with this data directory.
pub fn refused_in(data_dir: &Path, variables: &[(&str, &str)]) -> Ended {
    testing::refused(&mut command(data_dir, variables))
}

impl Server {
    /// Starts the program with auditing as these variables have it.
    pub fn start(variables: &[(&str, &str)]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), variables)
    }

    /// The same, in a folder where it may have been before.
    pub fn start_in(folder: TempDir, variables: &[(&str, &str)]) -> Self {
        let program = Program::start(&mut command(&folder.path().join("data"), variables));
        Self { program, folder }
    }

    /// Starts the program with auditing on, and its log in a file.
    pub fn audited(variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("audit.jsonl");
        let mut command = command(&folder.path().join("data"), &[]);
        command.env("AUDIT_ENABLED", "True").env("AUDIT_LOG_PATH", log).envs(variables.iter().copied());
        Self { program: Program::start(&mut command), folder }
    }

    pub fn log_path(&self) -> PathBuf {
        self.folder.path().join("audit.jsonl")
    }

    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn program(&mut self) -> &mut Program {
        &mut self.program
    }

    pub fn address(&self) -> &str {
        self.program.address()
    }

    /// What was said on stderr before it listened.
    pub fn said(&self) -> String {
        self.program.said().join("\n")
    }

    /// Stops it, and waits for its end.
    pub fn stop(self) -> Ended {
        self.stop_in().0
    }

    /// The same; the folder stays.
    pub fn stop_in(self) -> (Ended, TempDir) {
        self.program.signal("TERM");
        let ended = self.program.ends();
        assert!(ended.status.success(), "{:?}", ended.stderr);
        (ended, self.folder)
    }

    /// Somebody who is not logged in.
    pub fn visitor(&self) -> Visitor {
        let client = Client::builder().user_agent("Mozilla/5.0").timeout(PATIENCE).cookie_store(true);
        let client = client.redirect(Policy::none()).build().unwrap();
        Visitor { client, base: format!("http://{}", self.address()) }
    }

    /// Somebody who is.
    pub async fn user(&self, name: &str) -> Visitor {
        let visitor = self.visitor();
        let answer = visitor.log_in(name, &format!("{name}-pass")).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        visitor
    }

    /// The whole lines of the log so far, none of which holds a password.
    pub fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(self.log_path()).unwrap();
        let lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        let lines: Vec<String> = lines.map(str::to_owned).collect();
        for line in &lines {
            assert!(PASSWORDS.iter().all(|password| !line.contains(password)), "{line}");
        }
        lines
    }

    /// Stops the program, and gives all records of the file, in the order in which they were written.
    pub fn all_records(mut self) -> Vec<Value> {
        self.program.signal("TERM");
        self.program.hears("audit: ", PATIENCE);
        self.lines().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The line of an answer's record. There is one.
    pub async fn line_of(&self, answer: &Answer) -> String {
        let id = answer.audit_id().expect("an audited request's answer names its record");
        let find = || self.lines().into_iter().filter(|line| line.contains(id)).collect::<Vec<_>>();
        until(|| !find().is_empty()).await;
        let [line] = &find()[..] else { panic!("{id} is there twice") };
        line.clone()
    }

    /// An answer's record.
    pub async fn record_of(&self, answer: &Answer) -> Value {
        serde_json::from_str(&self.line_of(answer).await).unwrap()
    }

    /// The first record of the log for which something holds, once it is there.
    pub async fn record_where(&self, holds: impl Fn(&Value) -> bool) -> Value {
        let find = || self.lines().iter().map(|line| serde_json::from_str(line).unwrap()).find(&holds);
        until(|| find().is_some()).await;
        find().unwrap()
    }
}

/// A client with cookies of its own.
pub struct Visitor {
    client: Client,
    base: String,
}

impl Visitor {
    /// The same client, with its cookies, at another run of the program.
    pub fn at(&self, server: &Server) -> Self {
        Self { client: self.client.clone(), base: format!("http://{}", server.address()) }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    pub async fn send_json(&self, method: Method, path: &str, body: impl Into<String>) -> Answer {
        let request = self.request(method, path).header("content-type", "application/json");
        answer(request.body(body.into())).await
    }

    pub async fn post_json(&self, path: &str, body: impl Into<String>) -> Answer {
        self.send_json(Method::POST, path, body).await
    }

    /// Makes a layer of one point.
    pub async fn add_layer(&self, name: &str) -> Answer {
        let answer = self.post_json("/api/v1/layers/", format!(r#"{{"name":"{name}","geometry":{POINT}}}"#)).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer
    }

    pub async fn log_in(&self, name: &str, password: &str) -> Answer {
        let form = [("username", name), ("password", password)];
        answer(self.request(Method::POST, "/gvsigonline/auth/login/").form(&form)).await
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn audit_id(&self) -> Option<&str> {
        self.header("audit-id")
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The value of the session's cookie, which the answer sets.
    pub fn session(&self) -> String {
        let cookie = self.header("set-cookie").unwrap();
        cookie.strip_prefix("sessionid=").unwrap().split(';').next().unwrap().to_owned()
    }
}

pub async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, body: response.text().await.unwrap() }
}
