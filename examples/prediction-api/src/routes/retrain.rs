//! A new version 2, logged as a run of an MLflow experiment.

use std::panic::resume_unwind;

use audit_axum::{AuditScope as _, Outcome, audited, data};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use service_kit::workers::Stopping;
use tokio::sync::oneshot;
use tokio::task::JoinError;

use crate::app::App;
use crate::caller::Admin;
use crate::error::{ApiError, Told};
use crate::limits::WithinLimits;
use crate::retraining::{Retrained, retrain as train, share};
use crate::routes::refusals::{ForAdmins, ForUsers};

/// `msg` and `run_id` are those of the Flask application.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Logged {
    msg: &'static str,
    run_id: String,
    /// The share of held-out digits that the new model predicts right, from 0 to 1.
    accuracy: f64,
    /// Whether the new model is served now: it is unless the one before does better.
    deployed: bool,
}

/// Trains version 2 anew, with the feedback
///
/// The answer comes when the training has ended; what was begun goes on if the client leaves.
#[audited(action = "model.retrain", target = "model/v2")]
#[utoipa::path(
    post, path = "/admin/retrain_mlflow", tag = "Admin", security(("token" = [])),
    responses(
        (status = 202, description = "The run is logged.", body = Logged),
        ForUsers,
        ForAdmins,
        (status = 409, description = "A training is going on.", body = Told),
        (status = 502, description = "MLflow does not answer as it should.", body = Told),
        (status = 503, description = "No MLflow is set.", body = Told),
    ),
)]
pub(crate) async fn retrain(
    _: WithinLimits,
    State(app): State<App>,
    admin: Admin,
) -> Result<(StatusCode, Json<Logged>), ApiError> {
    let tracking = app.tracking().cloned().ok_or_else(|| ApiError::NoTracking.with_reason("no MLflow is set"))?;
    let training = app.begin_training().ok_or(ApiError::TrainingGoesOn)?;
    let (tell, told) = oneshot::channel();
    // A task of its own: a client that leaves must not leave a run behind that never ends.
    let task = async move {
        let _until_it_ends = training;
        let ended = train(&app, &tracking, admin.name()).await;
        if let Err(ended) = tell.send(ended) {
            record_alone(&app, &admin, ended);
        }
    };
    let task = tokio::spawn(task.in_audit_scope());
    let Ok(ended) = told.await else {
        return match task.await.map_err(JoinError::try_into_panic) {
            Err(Ok(panic)) => resume_unwind(panic),
            _ => Err(ApiError::Stopping(Stopping)),
        };
    };
    let retrained = ended.map_err(|error| match error {
        ApiError::Tracking(_) => error.with_reason("MLflow did not do its part"),
        error => error,
    })?;
    data("deployed", retrained.deployed);
    let msg = "Retraining experiment logged in MLFlow";
    let Retrained { run_id, accuracy, deployed } = retrained;
    Ok((StatusCode::ACCEPTED, Json(Logged { msg, run_id, accuracy: share(accuracy), deployed })))
}

/// The end of a training whose request was over before: the trail knows of both.
fn record_alone(app: &App, admin: &Admin, ended: Result<Retrained, ApiError>) {
    let event = app.auditor().event("model.retrain").actor(admin.actor()).target("model", "v2");
    let event = match ended {
        Ok(Retrained { run_id, accuracy, deployed }) => {
            let event = event.data("run_id", run_id).data("accuracy", share(accuracy)).data("deployed", deployed);
            event.reason("it ended after its client had left")
        }
        Err(error) => {
            let text = service_kit::chain(&error);
            tracing::error!("a training whose client had left failed: {text}");
            event.outcome(Outcome::Failed).reason(text)
        }
    };
    event.record();
}
