//! A name and a password become a token.

use audit_axum::{Outcome, audited, data, set_actor, set_outcome};
use axum::Json;
use axum::extract::{FromRequest, Request, State};
use serde::{Deserialize, Serialize};
use service_kit::passwords::Password;
use service_kit::users::{NAME_CHARS, Verdict};

use crate::app::App;
use crate::error::{ApiError, Told};
use crate::json_body::read_object;
use crate::limits::WithinLimits;

/// What is to be proved. Neither part is empty.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct Credentials {
    username: String,
    #[schema(value_type = String, format = Password)]
    password: Password,
}

#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Granted {
    /// Good for an hour, in the header `Authorization: Bearer …`.
    access_token: String,
}

impl FromRequest<App> for Credentials {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let refused = match read_object::<Self>(request, app).await {
            Ok(credentials) if !credentials.username.is_empty() && !credentials.password.is_empty() => {
                return Ok(credentials);
            }
            Err(ApiError::TooLarge) => ApiError::TooLarge,
            // Whatever is not a name and a password lacks them.
            Ok(_) | Err(_) => ApiError::MissingCredentials,
        };
        Err(refused.before_handler())
    }
}

/// Gives a token for a name and a password
#[audited(action = "auth.login")]
#[utoipa::path(
    post, path = "/login", tag = "Auth",
    request_body = Credentials,
    responses(
        (status = 200, description = "A token.", body = Granted),
        (status = 400, description = "The name or the password is missing.", body = Told),
        (status = 401, description = "The name or the password is wrong.", body = Told),
        (status = 413, description = "The body is too long.", body = Told),
        (status = 429, description = "Too many requests.", body = Told),
    ),
)]
pub(crate) async fn login(
    _: WithinLimits,
    State(app): State<App>,
    credentials: Credentials,
) -> Result<Json<Granted>, ApiError> {
    let Credentials { username, password } = credentials;
    let claimed: String = username.chars().take(NAME_CHARS).collect();
    let users = app.clone();
    let reason = match app.hash(move || users.users().check(&username, &password)).await?? {
        Verdict::Right(user) => {
            set_actor(user.actor());
            return Ok(Json(Granted { access_token: app.tokens().issue(&user.name)? }));
        }
        Verdict::NoSuchUser => "there is no such user",
        Verdict::WrongPassword => "the password is wrong",
    };
    data("username", claimed);
    set_outcome(Outcome::Denied, reason);
    Err(ApiError::WrongCredentials)
}
