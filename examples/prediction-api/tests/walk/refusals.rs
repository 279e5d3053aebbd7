//! Who may not.

use jsonwebtoken::get_current_timestamp;
use reqwest::Method;
use serde_json::json;

use crate::support::answer;
use crate::{ANAS, BOS, bo, check, minted, start, with};

#[tokio::test]
async fn who_may_not() {
    let folder = tempfile::tempdir().unwrap();
    let service = start(folder.path());
    let admin = service.token("ana", ANAS).await;
    let bos = service.token("bo", BOS).await;
    let expired = minted(|claims| claims["exp"] = json!(get_current_timestamp() - 31));
    let early = minted(|claims| claims["nbf"] = json!(get_current_timestamp() + 60));
    let foreign = minted(|claims| claims["iss"] = json!("somebody else"));
    let elsewhere = minted(|claims| claims["aud"] = json!("something else"));
    let forged = format!("{bos}x");
    let eva = minted(|claims| claims["sub"] = json!("eva"));
    let denied = |reason: &str| json!({"outcome": "denied", "reason": reason});
    let nobody = [
        (None, "Token de acceso requerido", "there is no bearer token"),
        (Some(&expired), "Token de acceso caducado", "the token has expired"),
        (Some(&early), "Token de acceso no válido", "the token is not valid yet"),
        (Some(&foreign), "Token de acceso no válido", "the token is from or for somebody else"),
        (Some(&elsewhere), "Token de acceso no válido", "the token is from or for somebody else"),
        (Some(&forged), "Token de acceso no válido", "the token is not one of ours"),
    ];
    let routes = [
        (Method::POST, "/api/v1/predict", "prediction.v1", "routes::predict::predict_v1"),
        (Method::POST, "/api/v2/predict", "prediction.v2", "routes::predict::predict_v2"),
        (Method::POST, "/api/ab/predict", "prediction.ab", "routes::predict::predict_ab"),
        (Method::POST, "/feedback", "feedback.create", "routes::feedback::feedback"),
        (Method::GET, "/admin/report", "report.generate", "routes::report::report"),
        (Method::POST, "/admin/retrain_mlflow", "model.retrain", "routes::retrain::retrain"),
        (Method::POST, "/admin/slack_alert", "alert.slack", "routes::slack_alert::slack_alert"),
        (Method::GET, "/admin/audit_logs", "audit.read", "routes::audit_logs::audit_logs"),
    ];
    for (method, path, action, handler) in routes {
        let route = json!({"method": method.as_str(), "path": path, "action": action,
                           "handler": format!("prediction_api::{handler}")});
        let send = async |token: Option<&String>| {
            let request = service.request(method.clone(), path);
            answer(if let Some(token) = token { request.bearer_auth(token) } else { request }).await
        };
        for (token, message, reason) in &nobody {
            let refused = send(*token).await;
            assert_eq!((refused.status, &refused.body), (401, &json!({"msg": message})), "{path}: {reason}");
            let record = service.record(&admin, &refused).await;
            let hidden = token.map_or(json!({}), |_| json!({"redacted": 1}));
            check(&record, &refused, with(with(route.clone(), denied(reason)), hidden));
        }

        let refused = send(Some(&eva)).await;
        assert_eq!((refused.status, &refused.body), (404, &json!({"msg": "Usuario no encontrado"})));
        let record = service.record(&admin, &refused).await;
        let facts = json!({"outcome": "rejected", "reason": "the token's user does not exist", "user": "eva",
                           "actor_type": "user", "redacted": 1});
        check(&record, &refused, with(route.clone(), facts));
    }

    for (method, path, action) in [
        (Method::GET, "/admin/report", "report.generate"),
        (Method::POST, "/admin/retrain_mlflow", "model.retrain"),
        (Method::POST, "/admin/slack_alert", "alert.slack"),
    ] {
        let refused = answer(service.request(method, path).bearer_auth(&bos)).await;
        assert_eq!((refused.status, &refused.body), (403, &json!({"msg": "Acceso no autorizado"})), "{path}");
        let record = service.record(&admin, &refused).await;
        assert_eq!((&record["action"], &record["user"]), (&json!(action), &json!("bo")));
        assert_eq!((&record["outcome"], &record["reason"]), (&json!("denied"), &json!("the role does not allow it")));
    }
    let refused = service.audit_logs(&bos, "?limit=0").await;
    assert_eq!((refused.status, &refused.body), (403, &json!({"msg": "Acceso no autorizado"})));
    let record = service.record(&admin, &refused).await;
    let route = json!({"method": "GET", "path": "/admin/audit_logs", "action": "audit.read",
                       "handler": "prediction_api::routes::audit_logs::audit_logs", "query_params": {"limit": "0"},
                       "redacted": 1});
    check(&record, &refused, with(with(route, bo()), denied("the role does not allow it")));
}
