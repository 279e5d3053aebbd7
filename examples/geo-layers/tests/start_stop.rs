//! What a first start makes, who else may start, and how a stop goes.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

mod support;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use service_kit::testing::{PATIENCE, mode};
use support::{Server, refused_in};

/// A request whose body is not all there yet, on a connection that ends with its answer.
fn half_a_login(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = "POST /gvsigonline/auth/login/ HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\
                content-type: application/x-www-form-urlencoded\r\ncontent-length: 30\r\nexpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    // The service has asked for the body: the handler waits for it.
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert!(interim.starts_with(b"HTTP/1.1 100"));
    stream
}

#[test]
fn open_requests_end_whichever_signal_asks_to_stop() {
    for signal in ["TERM", "INT"] {
        let mut server = Server::audited(&[]);
        let mut open = half_a_login(&server);
        server.program().signal(signal);
        server.program().hears(&format!("SIG{signal}: stopping"), PATIENCE);
        open.write_all(b"username=ana&password=ana-pass").unwrap();
        let mut answer = String::new();
        open.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 303"), "{signal}: {answer}");
        let log = server.log_path();
        server.program().hears("audit: file: 1 written, 0 lost", PATIENCE);
        let text = fs::read_to_string(log).unwrap();
        assert!(text.contains(r#""status_code":303"#) && text.contains(r#""completion":"completed""#), "{text}");
    }
}

#[tokio::test]
async fn a_first_start_makes_users_and_private_files_and_has_them_to_itself() {
    let server = Server::audited(&[("GEO_LAYERS_USERS", "")]);
    let data = server.data_dir();
    for file in ["core.db", "layers.db", "survey.db", "session-key", "initial-passwords"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
    assert_eq!(mode(&data), 0o700);
    let text = fs::read_to_string(data.join("initial-passwords")).unwrap();
    let password = |name: &str| text.lines().find_map(|line| line.strip_prefix(&format!("{name}:"))).unwrap();
    for name in ["admin", "demo"] {
        assert!(!server.said().contains(password(name)));
        assert_eq!(server.visitor().log_in(name, password(name)).await.status, 303, "{name}");
    }
    let other = refused_in(&data, &[]);
    assert_eq!(other.status.code(), Some(1));
    assert_eq!(other.stderr.len(), 1, "{:?}", other.stderr);
    assert!(other.stderr[0].ends_with("another process has it"), "{:?}", other.stderr);
}

/// A database of this program is no log.
#[test]
fn the_log_takes_no_place_of_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let log = data.join("core.db");
    let ended = refused_in(&data, &[("AUDIT_ENABLED", "True"), ("AUDIT_LOG_PATH", log.to_str().unwrap())]);
    assert_eq!(ended.status.code(), Some(1), "{:?}", ended.stderr);
    assert!(fs::read(log).unwrap().starts_with(b"SQLite format 3"));
}

#[tokio::test]
async fn a_log_in_the_data_directory_is_there_from_the_first_start() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("data/audit.jsonl");
    let server = Server::start_in(folder, &[("AUDIT_ENABLED", "True"), ("AUDIT_LOG_PATH", log.to_str().unwrap())]);
    server.visitor().get("/api/v1/layers/").await;
    let ended = server.stop_in();
    assert_eq!((ended.0.stdout.as_str(), ended.0.status.code()), ("", Some(0)));
    assert_eq!(fs::read_to_string(&log).unwrap().lines().count(), 1);
}

#[tokio::test]
async fn another_password_or_role_counts_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_in(folder, &[]);
    let (ana, bo, admin) = (server.user("ana").await, server.user("bo").await, server.user("admin").await);
    assert_eq!(admin.get("/gvsigonline/admin/").await.status, 200);
    let (_, folder) = server.stop_in();
    let users = "admin:admin-pass:user,ana:another:user,bo:bo-pass:admin";
    let server = Server::start_in(folder, &[("GEO_LAYERS_USERS", users)]);
    // Whose password was changed is logged out, whose role was changed is not.
    assert_eq!(ana.at(&server).post_json("/api/v1/layers/", "{}").await.status, 401);
    assert_eq!(admin.at(&server).get("/gvsigonline/admin/").await.status, 403);
    assert_eq!(bo.at(&server).get("/gvsigonline/admin/").await.status, 200);
}
