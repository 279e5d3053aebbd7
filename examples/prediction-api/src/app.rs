//! What handlers share, and the routes that lead to them.

use std::sync::{Arc, OnceLock};

use audit_axum::routing::{get, post};
use audit_axum::{AuditLayer, Auditor, RouterExt as _};
use audit_store::Store;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, header};
use axum::middleware::map_response;
use axum::response::Response;
use prediction_model::{Predictor, Version};
use service_kit::database::Database;
use service_kit::users::Users;
use service_kit::workers::{Stopping, Workers};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::cors::Origins;
use crate::error::ApiError;
use crate::feedback::FeedbackTable;
use crate::limits::Limiter;
use crate::models::Models;
use crate::openapi;
use crate::remote::mlflow::Tracking;
use crate::remote::slack::Slack;
use crate::routes::audit_logs::audit_logs;
use crate::routes::docs::{docs, docs_file, docs_page, openapi as description};
use crate::routes::feedback::feedback;
use crate::routes::health::health;
use crate::routes::login::login;
use crate::routes::predict::{predict_ab, predict_v1, predict_v2};
use crate::routes::report::report;
use crate::routes::retrain::retrain;
use crate::routes::slack_alert::slack_alert;
use crate::tokens::Tokens;

/// The most that a JSON body may have.
const JSON_BYTES: usize = 64 * 1024;
/// The most that an uploaded form may have.
const UPLOAD_BYTES: usize = 4 * 1024 * 1024;

/// What handlers share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

struct Shared {
    parts: Parts,
    feedback: FeedbackTable,
    /// Set once the routes are known.
    description: OnceLock<String>,
    training: Arc<Semaphore>,
    // Apart, so that a flood of one kind of request does not hold up the others.
    hashing: Workers,
    computing: Workers,
    reading: Workers,
    training_work: Workers,
}

/// What handlers use, each made by its own module.
pub(crate) struct Parts {
    pub(crate) users: Users,
    pub(crate) database: Arc<Database>,
    pub(crate) tokens: Tokens,
    pub(crate) models: Models,
    pub(crate) store: Store,
    pub(crate) auditor: Auditor,
    pub(crate) limiter: Limiter,
    pub(crate) slack: Slack,
    /// `None`: no MLflow is set.
    pub(crate) tracking: Option<Tracking>,
}

impl App {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(Shared {
            feedback: FeedbackTable::new(Arc::clone(&parts.database)),
            parts,
            description: OnceLock::new(),
            training: Arc::new(Semaphore::new(1)),
            hashing: Workers::new(),
            computing: Workers::new(),
            reading: Workers::new(),
            training_work: Workers::new(),
        }))
    }

    pub(crate) fn users(&self) -> &Users {
        &self.0.parts.users
    }

    pub(crate) fn tokens(&self) -> &Tokens {
        &self.0.parts.tokens
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.parts.store
    }

    pub(crate) fn predictor(&self, version: Version) -> Arc<Predictor> {
        self.models().get(version)
    }

    pub(crate) fn feedback(&self) -> &FeedbackTable {
        &self.0.feedback
    }

    pub(crate) fn limiter(&self) -> &Limiter {
        &self.0.parts.limiter
    }

    pub(crate) fn slack(&self) -> &Slack {
        &self.0.parts.slack
    }

    pub(crate) fn tracking(&self) -> Option<&Tracking> {
        self.0.parts.tracking.as_ref()
    }

    /// The API's description, as JSON.
    pub(crate) fn description(&self) -> &str {
        self.0.description.get().map_or("{}", String::as_str)
    }

    /// The right to train, which one at a time has; `None` while somebody has it.
    pub(crate) fn begin_training(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.training).try_acquire_owned().ok()
    }

    /// Waits until nobody trains.
    pub(crate) async fn training_ends(&self) {
        // An error says that it is closed, which it never is.
        drop(self.0.training.acquire().await);
    }

    pub(crate) fn models(&self) -> &Models {
        &self.0.parts.models
    }

    pub(crate) fn auditor(&self) -> &Auditor {
        &self.0.parts.auditor
    }

    /// Runs a training; see [`Workers::run`].
    pub(crate) async fn train<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Stopping> {
        self.0.training_work.run(work).await
    }

    /// Runs the hashing of a password; see [`Workers::run`].
    pub(crate) async fn hash<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Stopping> {
        self.0.hashing.run(work).await
    }

    /// Runs a prediction; see [`Workers::run`].
    pub(crate) async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Stopping> {
        self.0.computing.run(work).await
    }

    /// Runs what asks a database; see [`Workers::run`].
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Stopping> {
        self.0.reading.run(work).await
    }
}

/// Every route, below the audit layer: what no route takes is audited by its path, or not at all.
///
/// # Errors
/// When the API cannot be described.
pub(crate) fn router(app: App, origins: Option<Origins>) -> Result<Router, serde_json::Error> {
    let small = Router::new()
        .audited_route("/login", post(login))
        .audited_route("/health", get(health))
        .audited_route("/feedback", post(feedback))
        .audited_route("/admin/report", get(report))
        .audited_route("/admin/retrain_mlflow", post(retrain))
        .audited_route("/admin/slack_alert", post(slack_alert))
        .audited_route("/admin/audit_logs", get(audit_logs))
        .audited_route("/openapi.json", get(description))
        .audited_route("/docs", get(docs))
        .audited_route("/docs/", get(docs_page))
        .audited_route("/docs/{*file}", get(docs_file))
        .layer(DefaultBodyLimit::max(JSON_BYTES));
    let uploads = Router::new()
        .audited_route("/api/v1/predict", post(predict_v1))
        .audited_route("/api/v2/predict", post(predict_v2))
        .audited_route("/api/ab/predict", post(predict_ab))
        .layer(DefaultBodyLimit::max(UPLOAD_BYTES));
    let auditor = app.auditor().clone();
    // The routes above are in the listing now.
    let text = openapi::describe(&auditor.endpoints())?;
    app.0.description.get_or_init(|| text);
    let mut routes = small
        .merge(uploads)
        .fallback(async || ApiError::NoSuchPath)
        .method_not_allowed_fallback(async || ApiError::NoSuchMethod)
        .with_state(app)
        .layer(map_response(keep_to_yourself));
    if let Some(origins) = origins {
        routes = routes.layer(origins.layer());
    }
    Ok(routes.layer(AuditLayer::new(auditor)))
}

/// Tokens, predictions and records are for who asked, and are what they say they are.
async fn keep_to_yourself(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
