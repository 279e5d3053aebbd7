//! Who it was: logins, sessions, and what their records say.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Server, Visitor, answer};

const LOGIN: &str = "/gvsigonline/auth/login/";
const STATISTICS: &str = "/gvsigonline/statistics/";

async fn log_out(visitor: &Visitor) -> Answer {
    answer(visitor.request(Method::POST, "/gvsigonline/auth/logout/")).await
}

/// Asks with a cookie that somebody kept.
async fn with_cookie(server: &Server, session: &str) -> Answer {
    let request = server.visitor().request(Method::GET, STATISTICS);
    answer(request.header("cookie", format!("sessionid={session}"))).await
}

#[tokio::test]
async fn the_record_tells_apart_what_the_client_may_not() {
    let server = Server::audited(&[]);
    let mut told = Vec::new();
    for (name, reason) in [("ana", "the password is wrong"), ("eva", "there is no such user")] {
        let visitor = server.visitor();
        let refused = visitor.log_in(name, "hunter2").await;
        assert_eq!((refused.status, refused.header("set-cookie")), (401, None));
        let record = server.record_of(&refused).await;
        let fact = |key: &str| record[key].as_str().unwrap_or_else(|| panic!("no {key} in {record}"));
        assert_eq!([fact("action"), fact("outcome"), fact("level")], ["auth.login", "denied", "warn"]);
        assert_eq!([fact("user"), fact("actor_type"), fact("reason")], ["anonymous", "anonymous", reason]);
        assert_eq!(record["data"], json!({"username": name}));
        assert_eq!(record["request_body"], json!({"username": name, "password": "[FILTERED]"}));
        told.push(refused.body);
    }
    assert_eq!(told, [r#"{"detail":"wrong user name or password"}"#; 2]);

    // What is no login at all, and a name that is too long to keep whole.
    let visitor = server.visitor();
    let nothing = answer(visitor.request(Method::POST, LOGIN).form(&[("username", "ana")])).await;
    assert_eq!(nothing.status, 400, "{}", nothing.body);
    let record = server.record_of(&nothing).await;
    assert_eq!((&record["action"], &record["outcome"]), (&json!("auth.login"), &json!("rejected")));
    let long = visitor.log_in(&"n".repeat(500), "hunter2").await;
    assert_eq!(server.record_of(&long).await["data"]["username"], "n".repeat(80));
}

#[tokio::test]
async fn a_login_names_the_user_and_its_requests_have_one_session() {
    let server = Server::audited(&[]);
    let mut sessions = Vec::new();
    for (name, id, roles) in [("admin", 1, "admin"), ("ana", 2, "user"), ("ana", 2, "user")] {
        let visitor = server.visitor();
        let login = visitor.log_in(name, &format!("{name}-pass")).await;
        assert_eq!((login.status, login.header("location")), (303, Some("/gvsigonline/core/")));
        let who = |record: &Value| {
            let facts = ["user", "user_id", "actor_type", "actor_roles"].map(|key| record[key].clone());
            assert_eq!(facts, [json!(name), json!(id), json!("user"), json!(roles)], "{record}");
        };
        let record = server.record_of(&login).await;
        who(&record);
        assert_eq!((&record["outcome"], &record["status_code"]), (&json!("success"), &json!(303)));

        // An annotated handler, a page without an annotation, a path that nobody serves.
        let mut numbers = Vec::new();
        for path in ["/api/v1/layers/", "/gvsigonline/core/", "/api/v1/nothing/", "/custom-endpoint/"] {
            let record = server.record_of(&visitor.get(path).await).await;
            who(&record);
            numbers.push(record["session_id"].as_str().unwrap().to_owned());
        }
        numbers.dedup();
        let [number] = &numbers[..] else { panic!("{numbers:?}") };
        assert!(number.len() >= 12 && !login.session().contains(number), "{number}");
        // It opens nothing.
        assert_eq!(with_cookie(&server, number).await.status, 401);
        sessions.push(number.clone());
    }
    sessions.sort();
    sessions.dedup();
    assert_eq!(sessions.len(), 3, "two logins have one session");
}

#[tokio::test]
async fn the_cookie_is_for_this_site_and_no_script() {
    for (variables, secure) in [(&[][..], false), (&[("SECURE_COOKIES", "true")], true)] {
        let server = Server::audited(variables);
        let login = server.visitor().log_in("ana", "ana-pass").await;
        let cookie = login.header("set-cookie").unwrap();
        let attributes: Vec<_> = cookie.split("; ").skip(1).collect();
        for attribute in ["HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(attributes.contains(&attribute), "{cookie}");
        }
        assert_eq!(attributes.contains(&"Secure"), secure, "{cookie}");
    }
}

#[tokio::test]
async fn a_logout_ends_the_session_for_who_kept_the_cookie_too() {
    let server = Server::audited(&[]);
    let admin = server.visitor();
    let session = admin.log_in("admin", "admin-pass").await.session();
    let before = with_cookie(&server, &session).await;
    assert_eq!(before.status, 200);

    let logout = log_out(&admin).await;
    assert_eq!((logout.status, logout.header("location")), (303, Some("/gvsigonline/core/")));
    let record = server.record_of(&logout).await;
    let facts = ["action", "user", "outcome"].map(|key| record[key].as_str().unwrap());
    assert_eq!(facts, ["auth.logout", "admin", "success"]);
    let in_use = server.record_of(&before).await["session_id"].clone();
    assert!(in_use.is_string() && record["session_id"] == in_use, "{record}");

    for after in [with_cookie(&server, &session).await, admin.get(STATISTICS).await] {
        assert_eq!(after.status, 401);
        let record = server.record_of(&after).await;
        assert_eq!((&record["user"], record.get("session_id")), (&json!("anonymous"), None));
    }
    // Nobody's logout is nobody's.
    let record = server.record_of(&log_out(&server.visitor()).await).await;
    assert_eq!((&record["action"], &record["user"]), (&json!("auth.logout"), &json!("anonymous")));
}

/// A session that was there before somebody logged in is not the one that they are in afterwards.
#[tokio::test]
async fn a_login_changes_the_session() {
    let server = Server::audited(&[]);
    let visitor = server.visitor();
    let anas = visitor.log_in("ana", "ana-pass").await.session();
    let admins = visitor.log_in("admin", "admin-pass").await.session();
    assert_ne!(anas, admins);
    assert_eq!(with_cookie(&server, &admins).await.status, 200);
    assert_eq!(with_cookie(&server, &anas).await.status, 401);
}
