//! What a user says of a prediction.

use audit_axum::{add_target, audited};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::app::App;
use crate::caller::Caller;
use crate::error::{ApiError, Told};
use crate::feedback::{Feedback, NewFeedback};
use crate::json_body::JsonBody;
use crate::limits::WithinLimits;
use crate::routes::refusals::ForUsers;

/// Says whether a prediction was right
#[audited(action = "feedback.create", capture(prediction = new.prediction, correct = new.correct))]
#[utoipa::path(
    post, path = "/feedback", tag = "Feedback", security(("token" = [])),
    request_body = NewFeedback,
    responses(
        (status = 201, description = "It is kept.", body = Feedback),
        (status = 400, description = "Something in it is wrong.", body = Told),
        ForUsers,
        (status = 413, description = "It is too long.", body = Told),
    ),
)]
pub(crate) async fn feedback(
    _: WithinLimits,
    State(app): State<App>,
    caller: Caller,
    JsonBody(new): JsonBody<NewFeedback>,
) -> Result<(StatusCode, Json<Feedback>), ApiError> {
    if let Some(problem) = new.problem() {
        return Err(ApiError::Body(problem));
    }
    let username = caller.name().to_owned();
    let work = {
        let app = app.clone();
        move || app.feedback().add(username, new)
    };
    let kept = app.read(work).await??;
    add_target("feedback", kept.id.to_string());
    Ok((StatusCode::CREATED, Json(kept)))
}
