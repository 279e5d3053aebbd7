//! Messages to Slack: sent, refused, and without anybody to send them to.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::slack::{ECHOING, ENDLESS, GOOD, REDIRECTING, REVOKED, SILENT, Slack};
use crate::support::{Answer, Service, answer};
use crate::{ANAS, ana, check, start_with, with};

const SENT: &str = "Slack alert sent successfully";
const NOT_SENT: &str = "Failed to send Slack alert";

async fn alert(service: &Service, token: &str, body: &Value) -> Answer {
    answer(service.request(Method::POST, "/admin/slack_alert").bearer_auth(token).json(body)).await
}

fn route() -> Value {
    json!({"path": "/admin/slack_alert", "action": "alert.slack", "target_type": "slack",
           "handler": "prediction_api::routes::slack_alert::slack_alert", "redacted": 1})
}

#[tokio::test]
async fn messages_are_sent() {
    let slack = Slack::start().await;
    let folder = tempfile::tempdir().unwrap();
    let service = start_with(folder.path(), &[("SLACK_WEBHOOK_URL", &format!("{}{GOOD}", slack.address))]);
    let admin = service.token("ana", ANAS).await;
    for (body, text) in [
        (json!({"message": "El modelo va lento"}), "El modelo va lento"),
        (json!({}), "Alerta de la API"),
        (json!({"message": "<!channel> \"quoted\" \u{1F6A8}"}), "<!channel> \"quoted\" \u{1F6A8}"),
    ] {
        let sent = alert(&service, &admin, &body).await;
        assert_eq!((sent.status, &sent.body), (200, &json!({"msg": SENT})));
        assert_eq!(slack.messages().last(), Some(&json!({"text": text})));
        let record = service.record(&admin, &sent).await;
        let facts = json!({"level": "info", "outcome": "success", "data": {"message": text}, "request_body": body,
                           "request_bytes": body.to_string().len()});
        check(&record, &sent, with(with(route(), ana()), facts));
    }
    assert_eq!(slack.messages().len(), 3);

    // What Slack does not take.
    let refused = alert(&service, &admin, &json!({"message": ""})).await;
    assert_eq!((refused.status, &refused.body), (500, &json!({"msg": NOT_SENT})));
    assert_eq!(service.record(&admin, &refused).await["error"], "Slack answered 400 Bad Request: no_text");

    // What is no message.
    for body in [json!({"message": 7}), json!(["message"]), json!(null)] {
        let refused = alert(&service, &admin, &body).await;
        assert_eq!(refused.status, 400, "{body}");
        let record = service.record(&admin, &refused).await;
        assert_eq!((&record["outcome"], &record["action"]), (&json!("rejected"), &json!("alert.slack")));
    }
    assert_eq!(slack.messages().len(), 3);
}

#[tokio::test]
async fn messages_that_are_not_sent_are_failures_with_a_reason() {
    let slack = Slack::start().await;
    // A port that nobody listens on any more.
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let at = |hook: &str| format!("{}{hook}", slack.address);
    let refuses = "the webhook refuses the message";
    for (webhook, reason, error) in [
        (String::new(), "no webhook is set", "SLACK_WEBHOOK_URL is not set"),
        (format!("http://{closed}{GOOD}"), "the webhook cannot be reached", "Slack cannot be reached"),
        (at(REVOKED), refuses, "Slack answered 404 Not Found: no_service"),
        (at(ECHOING), refuses, "Slack answered 404 Not Found"),
        (at(REDIRECTING), refuses, "Slack answered 307 Temporary Redirect"),
        (at(ENDLESS), refuses, "Slack answered with more than 65536 bytes"),
        (at(SILENT), "nobody knows whether the message arrived", "Slack does not answer in 10 s"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let service = start_with(folder.path(), &[("SLACK_WEBHOOK_URL", &webhook)]);
        let admin = service.token("ana", ANAS).await;
        let body = json!({"message": "El modelo va lento"});
        let failed = alert(&service, &admin, &body).await;
        assert_eq!((failed.status, &failed.body), (500, &json!({"msg": NOT_SENT})), "{error}");
        let record = service.record(&admin, &failed).await;
        let facts = json!({"level": "error", "outcome": "failed", "reason": reason, "error": error,
                           "data": {"message": "El modelo va lento"}, "request_body": body,
                           "request_bytes": body.to_string().len()});
        check(&record, &failed, with(with(route(), ana()), facts));

        // Whoever knows the webhook can write to the channel: it is in no record and in no log.
        service.signal("TERM");
        let ended = service.ends();
        let said = ended.stderr.join("\n");
        let logged = std::fs::read_to_string(folder.path().join("audit.jsonl")).unwrap();
        assert!(said.contains(error) && !said.contains("all is well"), "{said}");
        assert!(!said.contains("nobody-may-see") && !logged.contains("nobody-may-see"), "{said}\n{logged}");
    }
    assert!(slack.messages().is_empty());
}
