//! What an answer says when it is not what was asked for.

use std::error::Error;

use audit_axum::set_reason;
use audit_store::QueryError;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use prediction_model::DecodeError;
use serde_json::{Value, json};

use crate::passwords::HashError;
use crate::tokens::TokenError;
use crate::users::UsersError;

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
    #[error("there is no such path")]
    NoSuchPath,
    #[error("the path does not take this method")]
    NoSuchMethod,
    #[error("the service is stopping")]
    Stopping,
    #[error(transparent)]
    Users(#[from] UsersError),
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Query(QueryError),
    #[error("cannot make an answer")]
    Answer(#[from] serde_json::Error),
}

impl ApiError {
    /// Says why in the record: for what is refused before the handler runs, whose error the record would not show.
    pub(crate) fn before_handler(self) -> Self {
        set_reason(self.to_string());
        self
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::MissingCredentials
            | Self::NoFile
            | Self::EmptyFile
            | Self::UnreadableForm
            | Self::Parameter { .. } => StatusCode::BAD_REQUEST,
            Self::WrongCredentials | Self::Token(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::UnknownUser | Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::NoSuchMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Undecodable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            Self::Users(_) | Self::Hash(_) | Self::Query(_) | Self::Answer(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The answer's body. As in the Flask application, who may not is told by `msg`, what is wrong by `error`.
    fn body(&self) -> Value {
        match self {
            Self::MissingCredentials => json!({"msg": "Username and password required"}),
            Self::WrongCredentials => json!({"msg": "Usuario o contraseña incorrectos"}),
            Self::Token(TokenError::Missing) => json!({"msg": "Token de acceso requerido"}),
            Self::Token(TokenError::Expired) => json!({"msg": "Token de acceso caducado"}),
            Self::Token(_) => json!({"msg": "Token de acceso no válido"}),
            Self::UnknownUser => json!({"msg": "Usuario no encontrado"}),
            Self::Forbidden => json!({"msg": "Acceso no autorizado"}),
            Self::NoFile => json!({"error": "No se encontró el archivo"}),
            Self::EmptyFile => json!({"error": "No se seleccionó ningún archivo"}),
            Self::UnreadableForm => json!({"error": "No se pudo leer el formulario"}),
            Self::TooLarge => json!({"error": "El contenido es demasiado grande"}),
            Self::Undecodable(error) => json!({"error": format!("No se pudo leer la imagen: {error}")}),
            Self::Parameter { name, message } => json!({"error": message, "parameter": name}),
            Self::NoSuchPath => json!({"msg": "Recurso no encontrado"}),
            Self::NoSuchMethod => json!({"msg": "Método no permitido"}),
            Self::Stopping => json!({"msg": "Servicio no disponible"}),
            Self::Users(_) | Self::Hash(_) | Self::Query(_) | Self::Answer(_) => json!({"msg": "Error interno"}),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            tracing::error!("{}", chain(&self));
        }
        let mut response = (status, Json(self.body())).into_response();
        if status == StatusCode::UNAUTHORIZED {
            // RFC 9110, section 15.5.2: a 401 names a scheme.
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// An error and what caused it, on one line.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
