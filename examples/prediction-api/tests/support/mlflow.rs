//! What stands in for MLflow: the REST interface 2.0 as a tracking server of version 3.17.2 serves it, with its answers,
//! its errors and its rules, as far as this program needs them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// A tracking server that keeps its artifacts itself.
#[derive(Clone)]
pub struct Mlflow {
    pub address: String,
    state: Arc<Mutex<Tracked>>,
    /// What has to be passed before a run is created.
    gate: Arc<Semaphore>,
    held_up: Arc<AtomicUsize>,
}

#[derive(Default)]
struct Tracked {
    /// Identifiers by name.
    experiments: BTreeMap<String, String>,
    runs: BTreeMap<String, Run>,
    /// The call that fails, as one of a server whose database is gone does.
    broken: Option<&'static str>,
    /// What the last call said of who it is.
    authorization: Option<String>,
}

/// A run as the server knows it.
#[derive(Clone, Default)]
pub struct Run {
    pub experiment: String,
    pub status: String,
    pub user: Value,
    pub params: BTreeMap<String, String>,
    pub metrics: BTreeMap<String, f64>,
    pub artifacts: BTreeMap<String, String>,
    pub started: u64,
    pub ended: Option<u64>,
}

type Answer = Result<Response, Refusal>;

/// An error as the server tells it.
type Refusal = (StatusCode, axum::Json<Value>);

impl Mlflow {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let mlflow =
            Self { address, state: Arc::default(), gate: Arc::new(Semaphore::new(1000)), held_up: Arc::default() };
        let routes = Router::new()
            .route("/api/2.0/mlflow/experiments/get-by-name", get(experiment_by_name))
            .route("/api/2.0/mlflow/experiments/create", post(create_experiment))
            .route("/api/2.0/mlflow/runs/create", post(create_run))
            .route("/api/2.0/mlflow/runs/log-batch", post(log_batch))
            .route("/api/2.0/mlflow/runs/update", post(update_run))
            .route("/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/{*name}", put(put_artifact))
            .with_state(mlflow.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        mlflow
    }

    pub fn runs(&self) -> Vec<(String, Run)> {
        self.state.lock().unwrap().runs.iter().map(|(id, run)| (id.clone(), run.clone())).collect()
    }

    /// What the last call that has a body said of who it is.
    pub fn authorization(&self) -> Option<String> {
        self.state.lock().unwrap().authorization.clone()
    }

    /// From now on, this call fails; none does when it is `None`.
    pub fn break_call(&self, call: Option<&'static str>) {
        self.state.lock().unwrap().broken = call;
    }

    /// How many calls wait for what [`hold_up`](Self::hold_up) returned.
    pub fn held_up(&self) -> usize {
        self.held_up.load(Ordering::Relaxed)
    }

    /// Holds up the creation of runs until what is returned is dropped.
    pub async fn hold_up(&self) -> impl Drop + use<> {
        Arc::clone(&self.gate).acquire_many_owned(1000).await.unwrap()
    }
}

async fn experiment_by_name(State(mlflow): State<Mlflow>, RawQuery(query): RawQuery) -> Answer {
    let query: BTreeMap<String, String> =
        form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    let state = mlflow.state.lock().unwrap();
    state.check("experiments/get-by-name")?;
    let name = &query["experiment_name"];
    let Some(id) = state.experiments.get(name) else {
        return Err(error(404, "RESOURCE_DOES_NOT_EXIST", &format!("Could not find experiment with name '{name}'")));
    };
    Ok(ok(json!({"experiment": {"experiment_id": id, "name": name, "lifecycle_stage": "active",
                                "artifact_location": format!("mlflow-artifacts:/{id}")}})))
}

async fn create_experiment(State(mlflow): State<Mlflow>, headers: HeaderMap, body: Bytes) -> Answer {
    let body = read(&headers, &body)?;
    let mut state = mlflow.state.lock().unwrap();
    state.authorization = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    state.check("experiments/create")?;
    let name = body["name"].as_str().unwrap().to_owned();
    if state.experiments.contains_key(&name) {
        return Err(error(400, "RESOURCE_ALREADY_EXISTS", &format!("Experiment(name={name}) already exists.")));
    }
    let id = (state.experiments.len() + 1).to_string();
    state.experiments.insert(name, id.clone());
    Ok(ok(json!({"experiment_id": id})))
}

async fn create_run(State(mlflow): State<Mlflow>, headers: HeaderMap, body: Bytes) -> Answer {
    mlflow.held_up.fetch_add(1, Ordering::Relaxed);
    let _passed = mlflow.gate.acquire().await.unwrap();
    mlflow.held_up.fetch_sub(1, Ordering::Relaxed);
    let body = read(&headers, &body)?;
    let mut state = mlflow.state.lock().unwrap();
    state.check("runs/create")?;
    let experiment = body["experiment_id"].as_str().unwrap().to_owned();
    if !state.experiments.values().any(|known| *known == experiment) {
        let message = format!("No Experiment with id={experiment} exists");
        return Err(error(404, "RESOURCE_DOES_NOT_EXIST", &message));
    }
    let id = format!("{:032x}", state.runs.len() + 0xa0);
    let tags = body["tags"].as_array().unwrap();
    let user = tags.iter().find(|tag| tag["key"] == "mlflow.user").map_or(Value::Null, |tag| tag["value"].clone());
    let started = body["start_time"].as_u64().unwrap();
    let run = Run { experiment: experiment.clone(), status: "RUNNING".to_owned(), user, started, ..Run::default() };
    state.runs.insert(id.clone(), run);
    let uri = format!("mlflow-artifacts:/{experiment}/{id}/artifacts");
    let info = json!({"run_uuid": id, "run_id": id, "experiment_id": experiment, "status": "RUNNING", "user_id": "",
                      "start_time": started, "artifact_uri": uri, "lifecycle_stage": "active"});
    Ok(ok(json!({"run": {"info": info, "data": {"tags": tags}, "inputs": {}}})))
}

async fn log_batch(State(mlflow): State<Mlflow>, headers: HeaderMap, body: Bytes) -> Answer {
    let body = read(&headers, &body)?;
    let mut state = mlflow.state.lock().unwrap();
    let metrics: Vec<&Value> = body["metrics"].as_array().into_iter().flatten().collect();
    state.check(if metrics.is_empty() { "runs/log-batch params" } else { "runs/log-batch metrics" })?;
    let run = state.run(&body)?;
    for param in body["params"].as_array().into_iter().flatten() {
        let (key, value) = (param["key"].as_str().unwrap(), param["value"].as_str().unwrap());
        let old = run.params.insert(key.to_owned(), value.to_owned());
        if old.is_some_and(|old| old != value) {
            return Err(error(400, "INVALID_PARAMETER_VALUE", "Changing param values is not allowed."));
        }
    }
    for metric in metrics {
        assert!(metric["timestamp"].is_u64() && metric["step"].is_u64(), "{metric}");
        run.metrics.insert(metric["key"].as_str().unwrap().to_owned(), metric["value"].as_f64().unwrap());
    }
    Ok(ok(json!({})))
}

async fn update_run(State(mlflow): State<Mlflow>, headers: HeaderMap, body: Bytes) -> Answer {
    let body = read(&headers, &body)?;
    let mut state = mlflow.state.lock().unwrap();
    state.check("runs/update")?;
    let run = state.run(&body)?;
    let status = body["status"].as_str().unwrap();
    assert!(["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"].contains(&status), "{status}");
    run.status = status.to_owned();
    run.ended = body["end_time"].as_u64();
    Ok(ok(json!({"run_info": {"run_id": body["run_id"], "status": status}})))
}

async fn put_artifact(
    State(mlflow): State<Mlflow>,
    Path((experiment, run, name)): Path<(String, String, String)>,
    body: String,
) -> Answer {
    let mut state = mlflow.state.lock().unwrap();
    state.check("artifacts")?;
    let run = state.run(&json!({"run_id": run}))?;
    assert_eq!(run.experiment, experiment);
    run.artifacts.insert(name, body);
    Ok(StatusCode::OK.into_response())
}

impl Tracked {
    fn check(&self, call: &'static str) -> Result<(), Refusal> {
        if self.broken == Some(call) {
            return Err(error(500, "INTERNAL_ERROR", "(sqlite3.OperationalError) disk I/O error"));
        }
        Ok(())
    }

    fn run(&mut self, body: &Value) -> Result<&mut Run, Refusal> {
        let id = body["run_id"].as_str().unwrap();
        let missing = || error(404, "RESOURCE_DOES_NOT_EXIST", &format!("Run with id={id} not found"));
        self.runs.get_mut(id).ok_or_else(missing)
    }
}

fn read(headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    if headers.get(header::CONTENT_TYPE).is_none_or(|value| value != "application/json") {
        let message = "Bad Request. Content-Type must be one of ['application/json'].";
        return Err(error(400, "INVALID_PARAMETER_VALUE", message));
    }
    Ok(serde_json::from_slice(body).unwrap())
}

fn ok(body: Value) -> Response {
    axum::Json(body).into_response()
}

fn error(status: u16, code: &str, message: &str) -> Refusal {
    let body = json!({"error_code": code, "message": message, "sqlstate": "KAM00", "error_class": code});
    (StatusCode::from_u16(status).unwrap(), axum::Json(body))
}
