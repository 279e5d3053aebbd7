//! An uploaded image becomes a digit: by either model, or by one that chance picks.

use audit_axum::{add_target, audited, data, step};
use axum::Json;
use axum::extract::State;
use prediction_model::{DecodeError, Digit, Prediction, Version};
use serde::Serialize;

use crate::app::App;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::limits::WithinLimits;
use crate::routes::refusals::{ForUploads, ForUsers};
use crate::upload::{Image, Upload};

/// The keys are those of the Flask application.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Answer {
    /// The digit.
    #[schema(minimum = 0, maximum = 9)]
    prediccion: u8,
    /// The model's confidence, from 0.1 to 1, to four decimals.
    probabilidad: f64,
    version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mensaje: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ab_version: Option<&'static str>,
}

/// Predicts a digit with version 1
#[audited(action = "prediction.v1")]
#[utoipa::path(
    post, path = "/api/v1/predict", tag = "Predictions", security(("token" = [])),
    request_body(content = Image, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "What it takes the image for.", body = Answer),
        ForUploads,
        ForUsers,
    ),
)]
pub(crate) async fn predict_v1(
    _: WithinLimits,
    State(app): State<App>,
    _caller: Caller,
    upload: Upload,
) -> Result<Json<Answer>, ApiError> {
    predict(&app, Version::V1, upload).await
}

/// Predicts a digit with version 2
#[audited(action = "prediction.v2")]
#[utoipa::path(
    post, path = "/api/v2/predict", tag = "Predictions", security(("token" = [])),
    request_body(content = Image, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "What it takes the image for.", body = Answer),
        ForUploads,
        ForUsers,
    ),
)]
pub(crate) async fn predict_v2(
    _: WithinLimits,
    State(app): State<App>,
    _caller: Caller,
    upload: Upload,
) -> Result<Json<Answer>, ApiError> {
    let mut answer = predict(&app, Version::V2, upload).await?;
    answer.mensaje = Some("Predicción mejorada");
    Ok(answer)
}

/// Predicts a digit with one of the two, as chance has it
///
/// The record names the one in `calls`.
#[audited(action = "prediction.ab")]
#[utoipa::path(
    post, path = "/api/ab/predict", tag = "Predictions", security(("token" = [])),
    request_body(content = Image, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "What it takes the image for.", body = Answer),
        ForUploads,
        ForUsers,
    ),
)]
pub(crate) async fn predict_ab(
    within: WithinLimits,
    State(app): State<App>,
    caller: Caller,
    upload: Upload,
) -> Result<Json<Answer>, ApiError> {
    let version = if rand::random() { Version::V1 } else { Version::V2 };
    // Before the prediction, so that the record of one that fails has it too.
    data("ab_version", name(version));
    let mut answer = match version {
        Version::V1 => predict_v1(within, State(app), caller, upload).await?,
        Version::V2 => predict_v2(within, State(app), caller, upload).await?,
    };
    answer.ab_version = Some(name(version));
    Ok(answer)
}

async fn predict(app: &App, version: Version, Upload(bytes): Upload) -> Result<Json<Answer>, ApiError> {
    // Here and not in the attributes: the request that chance hands on has the same target.
    add_target("model", name(version));
    let work = {
        let app = app.clone();
        move || -> Result<Prediction, DecodeError> {
            let digit = Digit::decode(&bytes)?;
            step("decoded");
            Ok(app.predictor(version).predict(&digit))
        }
    };
    let prediction = app.compute(work).await?.map_err(ApiError::Undecodable)?;
    let answer = Answer {
        prediccion: prediction.digit,
        probabilidad: (f64::from(prediction.probability) * 1e4).round() / 1e4,
        version: name(version),
        mensaje: None,
        ab_version: None,
    };
    data("prediccion", answer.prediccion);
    data("probabilidad", answer.probabilidad);
    Ok(Json(answer))
}

fn name(version: Version) -> &'static str {
    match version {
        Version::V1 => "v1",
        Version::V2 => "v2",
    }
}
