//! What handlers share, and the routes that lead to them.

use std::sync::Arc;

use audit_axum::routing::{get, post};
use audit_axum::{AuditLayer, Auditor, RouterExt as _};
use audit_store::Store;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, header};
use axum::middleware::map_response;
use axum::response::Response;
use prediction_model::{Predictor, Version};

use crate::audit_logs::audit_logs;
use crate::error::ApiError;
use crate::health::health;
use crate::login::login;
use crate::passwords::{HashError, Password};
use crate::predict::{predict_ab, predict_v1, predict_v2};
use crate::tokens::Tokens;
use crate::users::Users;
use crate::workers::Workers;

/// The most that the body of a login may have.
const LOGIN_BYTES: usize = 64 * 1024;
/// The most that an uploaded form may have.
const UPLOAD_BYTES: usize = 4 * 1024 * 1024;

/// What handlers share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

struct Shared {
    users: Users,
    tokens: Tokens,
    nobodys_hash: String,
    v1: Predictor,
    v2: Predictor,
    store: Store,
    // Apart, so that a flood of one kind of request does not hold up the others.
    hashing: Workers,
    computing: Workers,
    reading: Workers,
}

impl App {
    /// # Errors
    /// When the system gives no random salt.
    pub(crate) fn new(users: Users, tokens: Tokens, store: Store) -> Result<Self, HashError> {
        Ok(Self(Arc::new(Shared {
            users,
            tokens,
            nobodys_hash: Password::random().hash()?,
            v1: Predictor::load(Version::V1),
            v2: Predictor::load(Version::V2),
            store,
            hashing: Workers::new(),
            computing: Workers::new(),
            reading: Workers::new(),
        })))
    }

    pub(crate) fn users(&self) -> &Users {
        &self.0.users
    }

    pub(crate) fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    /// A hash that no password matches but one that nobody knows, for names that nobody has.
    pub(crate) fn nobodys_hash(&self) -> &String {
        &self.0.nobodys_hash
    }

    pub(crate) fn predictor(&self, version: Version) -> &Predictor {
        match version {
            Version::V1 => &self.0.v1,
            Version::V2 => &self.0.v2,
        }
    }

    /// Runs the hashing of a password; see [`Workers::run`].
    pub(crate) async fn hash<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        self.0.hashing.run(work).await
    }

    /// Runs a prediction; see [`Workers::run`].
    pub(crate) async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        self.0.computing.run(work).await
    }

    /// Runs what asks a database; see [`Workers::run`].
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        self.0.reading.run(work).await
    }
}

/// Every route, below the audit layer: what no route takes is audited by its path, or not at all.
pub(crate) fn router(app: App, auditor: &Auditor) -> Router {
    let small = Router::new()
        .audited_route("/login", post(login))
        .audited_route("/health", get(health))
        .audited_route("/admin/audit_logs", get(audit_logs))
        .layer(DefaultBodyLimit::max(LOGIN_BYTES));
    let uploads = Router::new()
        .audited_route("/api/v1/predict", post(predict_v1))
        .audited_route("/api/v2/predict", post(predict_v2))
        .audited_route("/api/ab/predict", post(predict_ab))
        .layer(DefaultBodyLimit::max(UPLOAD_BYTES));
    small
        .merge(uploads)
        .fallback(async || ApiError::NoSuchPath)
        .method_not_allowed_fallback(async || ApiError::NoSuchMethod)
        .with_state(app)
        .layer(map_response(keep_to_yourself))
        .layer(AuditLayer::new(auditor.clone()))
}

/// Tokens, predictions and records are for who asked, and are what they say they are.
async fn keep_to_yourself(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
