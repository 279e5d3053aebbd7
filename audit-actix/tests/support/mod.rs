//! A real server over TCP, and the records in memory.
#![allow(
    dead_code,
    unreachable_pub,
    unused_macros,
    unused_imports,
    reason = "each test file is a crate of its own and uses its own part"
)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use audit_actix::{Auditor, Builder, Output};
use audit_conformance::{Answer, ask};
use audit_core::testing::MemorySink;
use serde_json::Value;

/// How long anything may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// An auditor without a log, and its sink in memory.
pub fn auditor(configure: impl FnOnce(Builder) -> Builder) -> (Auditor, MemorySink) {
    let sink = MemorySink::new();
    let builder = configure(Auditor::builder().output(Output::None)).sink(sink.clone());
    (builder.build().expect("the settings are good"), sink)
}

/// Serves an application in a thread of its own until the test ends; gives its address. More settings of the server may
/// follow.
macro_rules! serve {
    ($app:expr $(, $setting:ident($($value:expr),*))*) => {{
        let app = $app;
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = actix_web::HttpServer::new(app).workers(1).disable_signals()$(.$setting($($value),*))*;
                let server = server.bind(("127.0.0.1", 0)).expect("a free port");
                tell.send(server.addrs()[0]).expect("the test waits for it");
                server.run().await
            })
        });
        told.recv().expect("the server starts")
    }};
}
pub(crate) use serve;

/// Asks, and reads the whole answer.
#[track_caller]
pub fn send(address: SocketAddr, method: &str, target: &str, lines: &[(&str, &str)], body: &str) -> Answer {
    ask(address, method, target, lines, body).answer().expect("an answer")
}

#[track_caller]
pub fn get(address: SocketAddr, target: &str) -> Answer {
    send(address, "GET", target, &[], "")
}

/// The one record that there is to be, which is forgotten then.
#[track_caller]
pub fn only(sink: &MemorySink) -> Value {
    let record = sink.only();
    sink.clear();
    record
}

/// Everything that is recorded once nothing is open any more.
pub fn settled(auditor: &Auditor, sink: &MemorySink) -> Vec<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let stats = auditor.stats();
        if stats.open == 0 && stats.sinks.iter().all(|sink| sink.queued == 0) {
            return sink.records();
        }
        assert!(Instant::now() < deadline, "an exchange stays open");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// What a test of this program says for people, when it runs in a process of its own.
pub fn said_by(test: &str) -> String {
    let this = std::env::current_exe().expect("a test has a file");
    let run = std::process::Command::new(this).args(["--exact", test, "--nocapture"]).output();
    let output = run.expect("the test starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let stderr = String::from_utf8_lossy(&output.stderr);
    stderr.lines().filter(|line| line.starts_with("audit:")).map(|line| format!("{line}\n")).collect()
}
