//! A name and a password become a token.

use audit_axum::{Outcome, audited, data, set_actor, set_outcome};
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::error::ApiError;
use crate::passwords::Password;
use crate::settings::NAME_CHARS;
use crate::users::User;

/// What is to be proved. Neither part is empty.
#[derive(Deserialize)]
pub(crate) struct Credentials {
    username: String,
    password: Password,
}

#[derive(Serialize)]
pub(crate) struct Granted {
    access_token: String,
}

/// What a comparison came to. The record tells apart what the client may not.
enum Verdict {
    Right(User),
    NoSuchUser,
    WrongPassword,
}

impl FromRequest<App> for Credentials {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let refused = match Json::<Self>::from_request(request, app).await {
            Ok(Json(credentials)) if !credentials.username.is_empty() && !credentials.password.is_empty() => {
                return Ok(credentials);
            }
            Ok(_) => ApiError::MissingCredentials,
            Err(rejection) => refusal(&rejection),
        };
        Err(refused.before_handler())
    }
}

/// Whatever is not a name and a password lacks them, unless it is too long to be looked at.
fn refusal(rejection: &JsonRejection) -> ApiError {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge,
        _ => ApiError::MissingCredentials,
    }
}

#[audited(action = "auth.login")]
pub(crate) async fn login(State(app): State<App>, credentials: Credentials) -> Result<Json<Granted>, ApiError> {
    let Credentials { username, password } = credentials;
    let claimed: String = username.chars().take(NAME_CHARS).collect();
    let reason = match app.hash(compare(app.clone(), username, password)).await?? {
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

/// Takes as long for a name that nobody has as for one that somebody has: the answer's time tells nothing.
fn compare(app: App, username: String, password: Password) -> impl FnOnce() -> Result<Verdict, ApiError> + Send {
    move || {
        let user = app.users().find(&username)?;
        let hash = user.as_ref().map_or(app.nobodys_hash(), |user| &user.password_hash);
        let matches = password.matches(hash)?;
        Ok(match user {
            Some(user) if matches => Verdict::Right(user),
            Some(_) => Verdict::WrongPassword,
            None => Verdict::NoSuchUser,
        })
    }
}
