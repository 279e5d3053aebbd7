//! A message to the operators' Slack channel.

use audit_axum::audited;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;

use crate::app::App;
use crate::caller::Admin;
use crate::error::{ApiError, Told};
use crate::json_body::JsonBody;
use crate::limits::WithinLimits;
use crate::remote::RemoteError;
use crate::remote::slack::AlertError;
use crate::routes::refusals::{ForAdmins, ForUsers};

/// What to say.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct Alert {
    #[serde(default = "default_message")]
    #[schema(default = default_message)]
    message: String,
}

fn default_message() -> String {
    "Alerta de la API".to_owned()
}

/// Sends a message to Slack
#[audited(action = "alert.slack", target = "slack", capture(message))]
#[utoipa::path(
    post, path = "/admin/slack_alert", tag = "Admin", security(("token" = [])),
    request_body = Alert,
    responses(
        (status = 200, description = "It was sent.", body = Told),
        (status = 400, description = "The body is not such an object.", body = Told),
        ForUsers,
        ForAdmins,
        (status = 413, description = "It is too long.", body = Told),
        (status = 500, description = "It was not sent: Slack is not set, cannot be reached, or refuses.", body = Told),
    ),
)]
pub(crate) async fn slack_alert(
    _: WithinLimits,
    State(app): State<App>,
    _: Admin,
    JsonBody(Alert { message }): JsonBody<Alert>,
) -> Result<Json<Told>, ApiError> {
    match app.slack().send(&message).await {
        Ok(()) => Ok(Json(Told::msg("Slack alert sent successfully"))),
        Err(error) => {
            let reason = match &error {
                AlertError::NotConfigured => "no webhook is set",
                AlertError::Remote(RemoteError::TimedOut { .. }) => "nobody knows whether the message arrived",
                AlertError::Remote(RemoteError::Unreachable { .. }) => "the webhook cannot be reached",
                AlertError::Remote(_) => "the webhook refuses the message",
            };
            Err(ApiError::Alert(error).with_reason(reason))
        }
    }
}
