//! A new version 2, logged as a run of an MLflow experiment.

use std::panic::resume_unwind;

use audit_axum::{AuditScope as _, add_target, audited, data};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use crate::app::App;
use crate::caller::Admin;
use crate::error::{ApiError, Told};
use crate::limits::WithinLimits;
use crate::retraining::{retrain as train, share};
use crate::routes::refusals::ForAdmins;

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
#[audited(action = "model.retrain")]
#[utoipa::path(
    post, path = "/admin/retrain_mlflow", tag = "Admin", security(("token" = [])),
    responses(
        (status = 202, description = "The run is logged.", body = Logged),
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
    add_target("model", "v2");
    let tracking = app.tracking().cloned().ok_or(ApiError::NoTracking)?;
    let training = app.begin_training().ok_or(ApiError::TrainingGoesOn)?;
    // A task of its own: a client that leaves must not leave a run behind that never ends.
    let task = async move {
        let _until_it_ends = training;
        train(&app, &tracking, admin.name()).await
    };
    let ended = tokio::spawn(task.in_audit_scope()).await;
    let retrained = ended.map_err(|error| match error.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(_) => ApiError::Stopping,
    })??;
    let accuracy = share(retrained.accuracy);
    data("accuracy", accuracy);
    data("deployed", retrained.deployed);
    let msg = "Retraining experiment logged in MLFlow";
    Ok((StatusCode::ACCEPTED, Json(Logged { msg, run_id: retrained.run_id, accuracy, deployed: retrained.deployed })))
}
