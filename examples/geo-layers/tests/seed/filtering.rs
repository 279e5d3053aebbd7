//! "Filtrado de Datos Sensibles": the document's names, and what its own code let through or took too much of.

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::support::{Server, answer};

const LAYERS: &str = "/api/v1/layers/";

/// The document's names of fields.
const NAMES: [&str; 15] = [
    "password",
    "passwd",
    "pwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "access_token",
    "refresh_token",
    "authorization",
    "auth",
    "credentials",
    "private_key",
    "secret_key",
    "session_key",
];

/// A value that nothing but its name gives away, one for each.
fn plain(name: &str) -> String {
    format!("plain {}", name.to_uppercase())
}

fn object(values: impl Fn(&str) -> Value) -> Value {
    NAMES.iter().map(|name| ((*name).to_owned(), values(name))).collect::<Map<_, _>>().into()
}

fn assert_hidden(line: &str) {
    for name in NAMES {
        let value = plain(name);
        for form in [value.replace(' ', "+"), value.replace(' ', "%20"), value] {
            assert!(!line.contains(&form), "{form} in {line}");
        }
    }
}

#[tokio::test]
async fn each_name_of_the_document_is_filtered_wherever_it_stands() {
    let server = Server::audited(&[("AUDIT_MODE", "full")]);
    let ana = server.user("ana").await;
    let (sent, filtered) = (object(|name| json!(plain(name))), object(|_| json!("[FILTERED]")));
    let count = NAMES.len();
    for (body, expected, redacted) in [
        (sent.clone(), filtered.clone(), count),
        // Any value under such a name goes, whatever it is.
        (object(|_| json!({"a": [1, "b"]})), filtered.clone(), count),
        (object(|_| json!(true)), filtered.clone(), count),
        // At any depth; and in a list at the top, which the document's code let through.
        (json!({"properties": {"list": [sent]}}), json!({"properties": {"list": [filtered]}}), count),
        (json!([sent, [sent]]), json!([filtered, [filtered]]), 2 * count),
    ] {
        let answer = ana.post_json(LAYERS, body.to_string()).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        let line = server.line_of(&answer).await;
        assert_hidden(&line);
        let record: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(record["request_body"], expected);
        // And the session's cookie.
        assert_eq!(record["redacted"], redacted + 1, "{line}");
    }

    let query = NAMES.map(|name| format!("{name}={}", plain(name).replace(' ', "%20"))).join("&");
    let line = server.line_of(&ana.get(&format!("{LAYERS}?{query}")).await).await;
    assert_hidden(&line);
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["query_params"], filtered);
}

/// The document's code looked into JSON only.
#[tokio::test]
async fn forms_are_filtered_too() {
    let server = Server::audited(&[("AUDIT_MODE", "full")]);
    let sent = object(|name| json!(plain(name)));
    let mut form = sent.as_object().unwrap().clone();
    form.insert("username".to_owned(), json!("ana"));
    let visitor = server.visitor();
    let answer = answer(visitor.request(Method::POST, "/gvsigonline/auth/login/").form(&form)).await;
    assert_eq!(answer.status, 401, "{}", answer.body);
    let line = server.line_of(&answer).await;
    assert_hidden(&line);
    let mut expected = object(|_| json!("[FILTERED]"));
    expected["username"] = json!("ana");
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["request_body"], expected);
}

#[tokio::test]
async fn headers_of_the_document_are_filtered_and_others_stay() {
    let server = Server::audited(&[]);
    let visitor = server.visitor();
    let request = visitor
        .request(Method::GET, LAYERS)
        .header("Authorization", "Basic c2VjcmV0LWhlcmU6c2VjcmV0LWhlcmU=")
        .header("Cookie", "sessionid=secret-here; csrftoken=secret-here; theme=secret-here")
        .header("X-Api-Key", "secret-here")
        .header("Accept-Language", "es")
        .header("X-Requested-With", "XMLHttpRequest");
    let line = server.line_of(&answer(request).await).await;
    assert!(!line.contains("secret-here") && !line.contains("c2VjcmV0"), "{line}");
    let headers = &serde_json::from_str::<Value>(&line).unwrap()["headers"];
    assert_eq!((&headers["authorization"], &headers["x-api-key"]), (&json!("[FILTERED]"), &json!("[FILTERED]")));
    let cookies = "sessionid=[FILTERED]; csrftoken=[FILTERED]; theme=[FILTERED]";
    assert_eq!(headers["cookie"], cookies);
    assert_eq!((&headers["accept-language"], &headers["x-requested-with"]), (&json!("es"), &json!("XMLHttpRequest")));
}

/// The document's code looked for its names anywhere in another's, so that `auth` took `author` with it.
#[tokio::test]
async fn what_only_sounds_like_a_secret_stays() {
    let server = Server::audited(&[]);
    let ana = server.user("ana").await;
    let body = json!({
        "author": "Eva", "authority": "IGN", "authors": ["Eva", "Bo"], "secretary": "Ada", "tokenizer": "words",
        "max_tokens": 4096, "password_expires": "2027-01-01", "compass": "NE", "bypass": true, "keyboard": "es",
    });
    let record = server.record_of(&ana.post_json(LAYERS, body.to_string()).await).await;
    assert_eq!(record["request_body"], body);
    // Names of several words have secrets for all that, however they are put together.
    let names = ["userPassword", "PGPASSWORD", "db-password", "api.key", "clientSecret", "X-Auth-Token"];
    let body: Value = names.iter().map(|name| ((*name).to_owned(), json!("plain"))).collect::<Map<_, _>>().into();
    let record = server.record_of(&ana.post_json(LAYERS, body.to_string()).await).await;
    assert!(names.iter().all(|name| record["request_body"][*name] == "[FILTERED]"), "{record}");
}

/// A plugin's own names are hidden everywhere: the setting is the application's.
#[tokio::test]
async fn what_a_plugin_hides_is_hidden() {
    let server = Server::audited(&[("AUDIT_MODE", "full")]);
    let ana = server.user("ana").await;
    let body = r#"{"type":"Feature","geometry":{"type":"Point","coordinates":[1.50,2]},
        "properties":{"note":"wet","landowner_phone":"+34 600 123 456"}}"#;
    let answer = ana.post_json("/survey/api/v1/observations/", body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.json()["landowner_phone"], "+34 600 123 456");
    let line = server.line_of(&answer).await;
    assert!(!line.contains("600 123"), "{line}");
    let record: Value = serde_json::from_str(&line).unwrap();
    let properties = json!({"note": "wet", "landowner_phone": "[FILTERED]"});
    assert_eq!(record["request_body"]["properties"], properties);
    assert_eq!((&record["target_type"], &record["target_id"]), (&json!("observation"), &json!("1")));
    // Who asks without a name is not told, either.
    let seen = server.visitor().get("/survey/api/v1/observations/").await;
    assert!(seen.body.contains("wet") && !seen.body.contains("600"), "{}", seen.body);
}

/// Each way in which a secret reaches this service, and the whole log in the end.
#[tokio::test]
async fn no_record_of_a_whole_run_has_a_password_or_a_session() {
    let server = Server::audited(&[("AUDIT_MODE", "full")]);
    let (ana, admin) = (server.visitor(), server.visitor());
    let login = ana.log_in("ana", "ana-pass").await;
    let mut secrets = vec![login.session(), admin.log_in("admin", "admin-pass").await.session()];
    secrets.push("mistyped-one".to_owned());
    assert_eq!(ana.log_in("ana", "mistyped-one").await.status, 401);
    assert_eq!(ana.log_in("nobody", "mistyped-one").await.status, 401);
    let json = json!({"username": "ana", "password": "mistyped-one"}).to_string();
    assert_eq!(ana.post_json("/gvsigonline/auth/login/", json).await.status, 415);
    let path = "/gvsigonline/auth/login/?username=ana&password=mistyped-one";
    assert_eq!(ana.get(path).await.status, 200);
    ana.add_layer("wells").await;
    for path in [LAYERS, "/api/v1/layers/1/", "/gvsigonline/core/", "/custom-endpoint/", "/api/v1/nothing/"] {
        ana.get(path).await;
        admin.get(path).await;
    }
    assert_eq!(admin.get("/gvsigonline/statistics/").await.status, 200);
    let logout = answer(ana.request(Method::POST, "/gvsigonline/auth/logout/")).await;
    assert_eq!(logout.status, 303);

    let records = server.all_records();
    assert_eq!(records.len(), 19);
    for record in records {
        let line = record.to_string();
        assert!(secrets.iter().all(|secret| !line.contains(secret)), "{line}");
    }
}
