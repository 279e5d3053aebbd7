//! What an answer says when it is not what was asked for.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use audit_actix::set_reason;
use serde::Serialize;
use service_kit::database::DatabaseError;
use service_kit::users::UsersError;
use service_kit::workers::Stopping;

/// Why a request is refused or failed. Its text is for the record and the log; the client reads as much of it as it may
/// know, as `{"detail": …}`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// What the client sent cannot be used.
    #[error("{0}")]
    Invalid(String),
    /// The body is longer than this many bytes.
    #[error("the body is longer than {0} bytes")]
    TooLarge(usize),
    /// Nobody is logged in.
    #[error("nobody is logged in")]
    NotLoggedIn,
    /// The name or the password is wrong.
    #[error("wrong user name or password")]
    WrongCredentials,
    /// The user may not do it.
    #[error("the user may not do this")]
    Forbidden,
    /// There is nothing of that kind and id.
    #[error("there is no {kind} {id}")]
    NotFound {
        /// What was asked for, such as `layer`.
        kind: &'static str,
        /// Which.
        id: String,
    },
    /// It is there already.
    #[error("there is a {kind} {id} already")]
    Exists {
        /// What was to be made, such as `layer`.
        kind: &'static str,
        /// Which.
        id: String,
    },
    /// A database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The users.
    #[error(transparent)]
    Users(#[from] UsersError),
    /// The service stops before the work has begun.
    #[error(transparent)]
    Stopping(#[from] Stopping),
}

impl ApiError {
    /// Says why in the record: for extractors, whose errors the record does not show.
    #[must_use]
    pub fn before_handler(self) -> Self {
        set_reason(self.to_string());
        self
    }
}

#[derive(Serialize)]
struct Told {
    detail: String,
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotLoggedIn | Self::WrongCredentials => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::Exists { .. } => StatusCode::CONFLICT,
            Self::Database(_) | Self::Users(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Stopping(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        let detail = if status.is_server_error() {
            tracing::error!("{}", service_kit::chain(self));
            status.canonical_reason().unwrap_or_default().to_owned()
        } else {
            self.to_string()
        };
        HttpResponse::build(status).json(Told { detail })
    }
}
