//! Experiments in an MLflow tracking server, through its REST interface 2.0, as MLflow 3.17.2 serves it.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, Method, RequestBuilder, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Answer, RemoteError, ask};

const SERVICE: &str = "MLflow";

/// What may stand in a path as it is (RFC 3986, section 2.3), and the `/` between its segments.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// A tracking server.
#[derive(Clone)]
pub(crate) struct Tracking {
    client: Client,
    /// Without a `/` at the end.
    base: String,
}

/// A run that goes on until [`Run::end`].
pub(crate) struct Run {
    tracking: Tracking,
    id: String,
    /// Where its artifacts go.
    artifact_uri: String,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunStatus {
    Finished,
    Failed,
}

#[derive(Deserialize)]
struct Found {
    experiment: Experiment,
}

#[derive(Deserialize)]
struct Experiment {
    experiment_id: String,
}

#[derive(Deserialize)]
struct Started {
    run: RunParts,
}

#[derive(Deserialize)]
struct RunParts {
    info: RunInfo,
}

#[derive(Deserialize)]
struct RunInfo {
    run_id: String,
    #[serde(default)]
    artifact_uri: String,
}

impl Tracking {
    pub(crate) fn new(client: Client, uri: &Url) -> Self {
        Self { client, base: uri.as_str().trim_end_matches('/').to_owned() }
    }

    /// Starts a run of the experiment of this name, which is made if there is none.
    pub(crate) async fn start_run(&self, experiment: &str, user: &str) -> Result<Run, RemoteError> {
        let experiment_id = self.experiment(experiment).await?;
        let tags =
            json!([{"key": "mlflow.user", "value": user}, {"key": "mlflow.source.name", "value": "prediction-api"}]);
        let body = json!({"experiment_id": experiment_id, "start_time": now(), "tags": tags});
        let Started { run: RunParts { info } } = self.post("runs/create", &body).await?;
        Ok(Run { tracking: self.clone(), id: info.run_id, artifact_uri: info.artifact_uri })
    }

    async fn experiment(&self, name: &str) -> Result<String, RemoteError> {
        let request = self.request(Method::GET, "mlflow/experiments/get-by-name");
        let answer = ask(SERVICE, request.query(&[("experiment_name", name)])).await?;
        if answer.status == StatusCode::NOT_FOUND {
            let Experiment { experiment_id } = self.post("experiments/create", &json!({"name": name})).await?;
            return Ok(experiment_id);
        }
        let Found { experiment } = read(&answer)?;
        Ok(experiment.experiment_id)
    }

    async fn post<T: DeserializeOwned>(&self, endpoint: &str, body: &Value) -> Result<T, RemoteError> {
        let request = self.request(Method::POST, &format!("mlflow/{endpoint}"));
        read(&ask(SERVICE, request.json(body)).await?)
    }

    fn request(&self, method: Method, endpoint: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/api/2.0/{endpoint}", self.base))
    }
}

impl Run {
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Logs what the run was done with. A parameter's value cannot be changed once it is logged.
    pub(crate) async fn log_params(&self, params: &[(&str, String)]) -> Result<(), RemoteError> {
        let params: Vec<Value> = params.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
        self.log(&json!({"run_id": self.id, "params": params})).await
    }

    /// Logs a number that the run came to.
    pub(crate) async fn log_metric(&self, key: &str, value: f64) -> Result<(), RemoteError> {
        let metric = json!({"key": key, "value": value, "timestamp": now(), "step": 0});
        self.log(&json!({"run_id": self.id, "metrics": [metric]})).await
    }

    async fn log(&self, batch: &Value) -> Result<(), RemoteError> {
        self.tracking.post("runs/log-batch", batch).await.map(|_: Value| ())
    }

    /// Logs a text as a file of the run. Only a server that keeps artifacts itself takes it: `false` for another one.
    pub(crate) async fn log_text(&self, name: &str, text: String) -> Result<bool, RemoteError> {
        let Some(folder) = proxied(&self.artifact_uri) else { return Ok(false) };
        let mut endpoint = "mlflow-artifacts/artifacts".to_owned();
        for part in [folder, name] {
            write!(endpoint, "/{}", utf8_percent_encode(part, PATH)).expect("a string takes everything");
        }
        let request = self.tracking.request(Method::PUT, &endpoint).header("content-type", "text/plain").body(text);
        let answer = ask(SERVICE, request).await?;
        if answer.status.is_success() { Ok(true) } else { Err(refused(&answer)) }
    }

    /// Ends the run.
    pub(crate) async fn end(&self, status: RunStatus) -> Result<(), RemoteError> {
        let status = match status {
            RunStatus::Finished => "FINISHED",
            RunStatus::Failed => "FAILED",
        };
        let body = json!({"run_id": self.id, "status": status, "end_time": now()});
        self.tracking.post("runs/update", &body).await.map(|_: Value| ())
    }
}

/// The folder of artifacts that the tracking server itself keeps: `mlflow-artifacts:/1/<run>/artifacts`, or with the
/// server's address, `mlflow-artifacts://host:port/1/…`.
fn proxied(artifact_uri: &str) -> Option<&str> {
    let rest = artifact_uri.strip_prefix("mlflow-artifacts:")?;
    let path = match rest.strip_prefix("//") {
        Some(with_host) => with_host.split_once('/')?.1,
        None => rest,
    };
    Some(path.trim_matches('/'))
}

fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, RemoteError> {
    if !answer.status.is_success() {
        return Err(refused(answer));
    }
    serde_json::from_slice(&answer.body).map_err(|source| RemoteError::Unreadable { service: SERVICE, source })
}

/// A refusal with MLflow's own code for it, such as `RESOURCE_DOES_NOT_EXIST`.
fn refused(answer: &Answer) -> RemoteError {
    #[derive(Deserialize)]
    struct Told {
        error_code: String,
    }
    let told: Option<Told> = serde_json::from_slice(&answer.body).ok();
    answer.refused(SERVICE, told.as_ref().map(|told| &*told.error_code))
}

/// Milliseconds since 1970, as MLflow counts time.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_artifacts_that_the_server_keeps_have_a_folder() {
        for (uri, folder) in [
            ("mlflow-artifacts:/1/abc/artifacts", Some("1/abc/artifacts")),
            ("mlflow-artifacts://host:5000/1/abc/artifacts/", Some("1/abc/artifacts")),
            ("mlflow-artifacts://host", None),
            ("s3://bucket/1/abc/artifacts", None),
            ("/mlruns/1/abc/artifacts", None),
            ("", None),
        ] {
            assert_eq!(proxied(uri), folder, "{uri}");
        }
    }
}
