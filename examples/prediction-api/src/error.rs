//! What an answer says when it is not what was asked for.

use audit_axum::set_reason;
use audit_store::QueryError;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use prediction_model::DecodeError;
use serde::Serialize;
use service_kit::database::DatabaseError;
use service_kit::files::FileError;
use service_kit::users::UsersError;
use service_kit::workers::Stopping;

use crate::limits::TooMany;
use crate::remote::RemoteError;
use crate::remote::slack::AlertError;
use crate::tokens::TokenError;

/// Why a request is refused or failed.
///
/// Its text is for the record and the log; what the client reads is in Spanish, where the Flask application that this
/// one follows has a text for it, and never tells more than the client may know.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("user name or password is missing")]
    MissingCredentials,
    #[error("wrong user name or password")]
    WrongCredentials,
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("the token's user does not exist")]
    UnknownUser,
    #[error("the role does not allow it")]
    Forbidden,
    #[error("the form has no file")]
    NoFile,
    #[error("the form's file is empty")]
    EmptyFile,
    #[error("the body is not a readable form")]
    UnreadableForm,
    #[error("the body is too large")]
    TooLarge,
    #[error(transparent)]
    Undecodable(DecodeError),
    #[error("{message}")]
    Parameter { name: String, message: String },
    #[error("{0}")]
    Body(String),
    #[error("more than {}", .0.limit)]
    TooMany(TooMany),
    #[error("MLFLOW_TRACKING_URI is not set")]
    NoTracking,
    #[error("a training is going on")]
    TrainingGoesOn,
    #[error(transparent)]
    Tracking(#[from] RemoteError),
    #[error(transparent)]
    Alert(AlertError),
    #[error("there is no such path")]
    NoSuchPath,
    #[error("the path does not take this method")]
    NoSuchMethod,
    #[error(transparent)]
    Stopping(#[from] Stopping),
    #[error(transparent)]
    Users(#[from] UsersError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("the new model cannot be kept")]
    Model(#[from] FileError),
    #[error(transparent)]
    Query(QueryError),
    #[error("cannot make an answer")]
    Answer(#[from] serde_json::Error),
    #[error("cannot make a page: {0}")]
    Page(String),
}

/// What an answer tells, when it is not what was asked for. As in the Flask application, who may not is told by `msg`,
/// what is wrong by `error`.
#[derive(Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct Told {
    #[serde(skip_serializing_if = "Option::is_none")]
    msg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// The parameter that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
}

impl Told {
    pub(crate) fn msg(text: impl Into<String>) -> Self {
        Self { msg: Some(text.into()), ..Self::default() }
    }

    fn error(text: impl Into<String>) -> Self {
        Self { error: Some(text.into()), ..Self::default() }
    }
}

impl ApiError {
    /// Says why in the record: for what is refused before the handler runs, whose error the record would not show.
    pub(crate) fn before_handler(self) -> Self {
        set_reason(self.to_string());
        self
    }

    /// Says in the record what it comes to, beside the error's own text.
    pub(crate) fn with_reason(self, reason: &str) -> Self {
        set_reason(reason);
        self
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::MissingCredentials
            | Self::NoFile
            | Self::EmptyFile
            | Self::UnreadableForm
            | Self::Body(_)
            | Self::Parameter { .. } => StatusCode::BAD_REQUEST,
            Self::WrongCredentials | Self::Token(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::UnknownUser | Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::NoSuchMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::TrainingGoesOn => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Undecodable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Tracking(_) => StatusCode::BAD_GATEWAY,
            Self::NoTracking | Self::Stopping(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Alert(_)
            | Self::Users(_)
            | Self::Database(_)
            | Self::Model(_)
            | Self::Query(_)
            | Self::Answer(_)
            | Self::Page(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn told(&self) -> Told {
        match self {
            Self::MissingCredentials => Told::msg("Username and password required"),
            Self::WrongCredentials => Told::msg("Usuario o contraseña incorrectos"),
            Self::Token(TokenError::Missing) => Told::msg("Token de acceso requerido"),
            Self::Token(TokenError::Expired) => Told::msg("Token de acceso caducado"),
            Self::Token(_) => Told::msg("Token de acceso no válido"),
            Self::UnknownUser => Told::msg("Usuario no encontrado"),
            Self::Forbidden => Told::msg("Acceso no autorizado"),
            Self::NoFile => Told::error("No se encontró el archivo"),
            Self::EmptyFile => Told::error("No se seleccionó ningún archivo"),
            Self::UnreadableForm => Told::error("No se pudo leer el formulario"),
            Self::TooLarge => Told::error("El contenido es demasiado grande"),
            Self::Undecodable(error) => Told::error(format!("No se pudo leer la imagen: {error}")),
            Self::Body(problem) => Told::error(problem),
            Self::Parameter { name, message } => Told { parameter: Some(name.clone()), ..Told::error(message) },
            Self::TooMany(refused) => Told::msg(format!("Demasiadas solicitudes: {}", refused.limit.in_spanish())),
            Self::NoTracking => Told::msg("MLFLOW_TRACKING_URI no está configurado"),
            Self::TrainingGoesOn => Told::msg("Ya hay un reentrenamiento en curso"),
            Self::Tracking(_) => Told::msg("MLflow no respondió como se esperaba"),
            Self::Alert(_) => Told::msg("Failed to send Slack alert"),
            Self::NoSuchPath => Told::msg("Recurso no encontrado"),
            Self::NoSuchMethod => Told::msg("Método no permitido"),
            Self::Stopping(_) => Told::msg("Servicio no disponible"),
            Self::Users(_) | Self::Database(_) | Self::Model(_) | Self::Query(_) | Self::Answer(_) | Self::Page(_) => {
                Told::msg("Error interno")
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            tracing::error!("{}", service_kit::chain(&self));
        }
        let mut response = (status, Json(self.told())).into_response();
        if status == StatusCode::UNAUTHORIZED {
            // RFC 9110, section 15.5.2: a 401 names a scheme.
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Self::TooMany(refused) = &self {
            let seconds = refused.wait.as_secs() + u64::from(refused.wait.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
