//! Training anew: logged in MLflow, and what becomes of it when MLflow is missing, gone or broken.

use prediction_model::samples::png_of;
use prediction_model::{Predictor, Version};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::mlflow::Mlflow;
use crate::support::{Answer, Service, answer, file, until};
use crate::{ANAS, ana, check, start_with, with};

const GONE: &str = "MLflow no respondió como se esperaba";

async fn retrain(service: &Service, token: &str) -> Answer {
    answer(service.request(Method::POST, "/admin/retrain_mlflow").bearer_auth(token)).await
}

fn route() -> Value {
    json!({"path": "/admin/retrain_mlflow", "action": "model.retrain", "target_type": "model", "target_id": "v2",
           "handler": "prediction_api::routes::retrain::retrain", "redacted": 1})
}

#[tokio::test]
async fn a_training_is_a_run_with_what_it_was_done_with_and_what_it_came_to() {
    let mlflow = Mlflow::start().await;
    let folder = tempfile::tempdir().unwrap();
    let service = start_with(folder.path(), &[("MLFLOW_TRACKING_URI", &mlflow.address)]);
    let admin = service.token("ana", ANAS).await;
    for (prediction, correct) in [(3, false), (3, true), (8, true)] {
        let body = json!({"prediction": prediction, "correct": correct});
        let kept = answer(service.request(Method::POST, "/feedback").bearer_auth(&admin).json(&body)).await;
        assert_eq!(kept.status, 201);
    }

    let trained = retrain(&service, &admin).await;
    assert_eq!(trained.status, 202, "{}", trained.body);
    let [(id, run)] = &mlflow.runs()[..] else { panic!("not one run") };
    let (accuracy, deployed) = (&trained.body["accuracy"], &trained.body["deployed"]);
    let expected = json!({"msg": "Retraining experiment logged in MLFlow", "run_id": id, "accuracy": accuracy,
                          "deployed": deployed});
    assert_eq!(trained.body, expected);
    assert_eq!((run.status.as_str(), &run.user), ("FINISHED", &json!("ana")));
    assert!(run.ended >= Some(run.started));

    // The accuracy was measured: of 355 digits, and it is a model that has learned.
    let measured = run.metrics["accuracy"];
    assert_eq!(accuracy.as_f64(), Some(measured));
    let correct = measured * 355.0;
    assert!((correct - correct.round()).abs() < 1e-9 && measured > 0.95, "{measured}");
    let embedded = Predictor::load(Version::V2).held_out_accuracy();
    let as_good = correct.round() >= f64::from(u32::try_from(embedded.correct).unwrap());
    assert_eq!(deployed.as_bool(), Some(as_good));
    assert_eq!(folder.path().join("model-v2.bin").exists(), as_good);
    let info = format!("Version 2, trained with feedback: {} of 355 held-out digits right.\n", correct.round());
    assert_eq!(run.artifacts["model_info.txt"], info);

    let param = |name: &str| run.params[name].as_str();
    assert_eq!((param("learning_rate"), param("epochs")), ("0.05", "200"));
    assert_eq!((param("feedback_total"), param("feedback_correct")), ("3", "2"));
    // Half of the feedback on 3 was negative: half of its samples are seen twice.
    let samples = prediction_model::dataset::training();
    let threes = samples.iter().filter(|sample| sample.label == 3).count();
    assert_eq!(param("samples"), (samples.len() + threes.div_ceil(2)).to_string());

    let record = service.record(&admin, &trained).await;
    let facts = json!({"level": "info", "outcome": "success", "steps": [{"name": "trained"}],
                       "data": {"run_id": id, "accuracy": accuracy, "deployed": deployed}});
    check(&record, &trained, with(with(route(), ana()), facts));

    // Whatever is served now predicts.
    let seven = service.upload("/api/v2/predict", &admin, file("seven.png", png_of(7))).await;
    assert_eq!((seven.status, &seven.body["prediccion"]), (200, &json!(7)));
}

#[tokio::test]
async fn without_mlflow_nothing_is_trained() {
    let folder = tempfile::tempdir().unwrap();
    let service = start_with(folder.path(), &[]);
    let admin = service.token("ana", ANAS).await;
    let refused = retrain(&service, &admin).await;
    assert_eq!((refused.status, &refused.body), (503, &json!({"msg": "MLFLOW_TRACKING_URI no está configurado"})));
    let record = service.record(&admin, &refused).await;
    let facts = json!({"level": "error", "outcome": "failed", "error": "MLFLOW_TRACKING_URI is not set",
                       "reason": "no MLflow is set"});
    check(&record, &refused, with(with(route(), ana()), facts));

    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let service = start_with(folder.path(), &[("MLFLOW_TRACKING_URI", &format!("http://{closed}"))]);
    let admin = service.token("ana", ANAS).await;
    let failed = retrain(&service, &admin).await;
    assert_eq!((failed.status, &failed.body), (502, &json!({"msg": GONE})));
    let record = service.record(&admin, &failed).await;
    let facts = json!({"level": "error", "outcome": "failed", "error": "MLflow cannot be reached",
                       "reason": "MLflow did not do its part"});
    check(&record, &failed, with(with(route(), ana()), facts));
}

/// A run that was begun is ended as failed, and a failure is one for the client, too.
#[tokio::test]
async fn a_broken_mlflow_is_a_failure_with_a_reason() {
    let mlflow = Mlflow::start().await;
    let folder = tempfile::tempdir().unwrap();
    let with_user = format!("{}/", mlflow.address.replace("http://", "http://mlflow-user:mlflow-pass@"));
    let service = start_with(folder.path(), &[("MLFLOW_TRACKING_URI", &with_user)]);
    let admin = service.token("ana", ANAS).await;
    for (call, runs, last) in [
        ("experiments/get-by-name", 0, None),
        ("experiments/create", 0, None),
        ("runs/create", 0, None),
        ("runs/log-batch params", 1, Some("FAILED")),
        ("runs/log-batch metrics", 2, Some("FAILED")),
        ("artifacts", 3, Some("FAILED")),
        ("runs/update", 4, Some("RUNNING")),
    ] {
        mlflow.break_call(Some(call));
        let failed = retrain(&service, &admin).await;
        assert_eq!((failed.status, &failed.body), (502, &json!({"msg": GONE})), "{call}");
        let found = mlflow.runs();
        assert_eq!((found.len(), found.last().map(|(_, run)| run.status.as_str())), (runs, last), "{call}");
        let record = service.record(&admin, &failed).await;
        assert_eq!(record["error"], "MLflow answered 500 Internal Server Error: INTERNAL_ERROR", "{call}");
        assert_eq!((&record["outcome"], &record["reason"]), (&json!("failed"), &json!("MLflow did not do its part")));
        assert_eq!(record["data"].get("run_id").is_some(), runs > 0, "{call}: {record}");
    }
    assert!(!folder.path().join("model-v2.bin").exists());

    // A password in the address is sent, and told nobody.
    assert_eq!(mlflow.authorization().as_deref(), Some("Basic bWxmbG93LXVzZXI6bWxmbG93LXBhc3M="));
    service.signal("TERM");
    let said = service.ends().stderr.join("\n");
    let logged = std::fs::read_to_string(folder.path().join("audit.jsonl")).unwrap();
    for secret in ["mlflow-pass", "bWxmbG93LXVzZXI6"] {
        assert!(!said.contains(secret) && !logged.contains(secret), "{secret}: {said}\n{logged}");
    }
}

#[tokio::test]
async fn one_training_at_a_time_and_it_ends_without_its_client() {
    let mlflow = Mlflow::start().await;
    let folder = tempfile::tempdir().unwrap();
    let service = start_with(folder.path(), &[("MLFLOW_TRACKING_URI", &mlflow.address)]);
    let admin = service.token("ana", ANAS).await;

    let held = mlflow.hold_up().await;
    let request = service.request(Method::POST, "/admin/retrain_mlflow").bearer_auth(&admin);
    let first = tokio::spawn(request.send());
    until(|| mlflow.held_up() == 1).await;
    let second = retrain(&service, &admin).await;
    assert_eq!(second.status, 409);
    assert_eq!(second.body, json!({"msg": "Ya hay un reentrenamiento en curso"}));
    let record = service.record(&admin, &second).await;
    let facts = json!({"outcome": "rejected", "error": "a training is going on"});
    check(&record, &second, with(with(route(), ana()), facts));

    // The client leaves, and the service is told to stop: the training ends all the same, and the trail knows how.
    first.abort();
    until(|| service.lines().iter().any(|line| line.contains("\"completion\":\"aborted\""))).await;
    service.signal("TERM");
    drop(held);
    let ended = tokio::task::spawn_blocking(|| service.ends()).await.unwrap();
    assert!(ended.status.success(), "{:?}", ended.stderr);
    let [(id, run)] = &mlflow.runs()[..] else { panic!("not one run") };
    assert_eq!(run.status, "FINISHED");
    let logged = std::fs::read_to_string(folder.path().join("audit.jsonl")).unwrap();
    let records: Vec<Value> = logged.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let alone: Vec<&Value> =
        records.iter().filter(|record| record["action"] == "model.retrain" && record.get("method").is_none()).collect();
    let [record] = alone[..] else { panic!("not one record of the training: {records:#?}") };
    assert_eq!((&record["outcome"], &record["user"]), (&json!("success"), &json!("ana")));
    assert_eq!((&record["target_type"], &record["target_id"]), (&json!("model"), &json!("v2")));
    assert_eq!(record["reason"], "it ended after its client had left");
    assert_eq!((&record["data"]["run_id"], &record["data"]["accuracy"]), (&json!(id), &json!(run.metrics["accuracy"])));
    assert!(record["data"]["deployed"].is_boolean());
}
