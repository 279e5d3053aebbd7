//! The API's description (OpenAPI 3.1), from the handlers' own attributes, with what is audited of each operation.
//!
//! `x-audit` is the action under which an operation's requests are recorded, `x-audit-exempt` the reason why they are
//! not. Both come from the list of routes that are wired to handlers, and cannot differ from what happens.

use audit_axum::Listing;
use serde_json::Value;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::routes::{audit_logs, feedback, health, login, predict, report, retrain, slack_alert};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "prediction-api",
        description = "Predicts handwritten digits; who did what is in its audit trail. The header `audit-id` of an \
                       answer names its record.",
    ),
    paths(
        health::health,
        login::login,
        predict::predict_v1,
        predict::predict_v2,
        predict::predict_ab,
        feedback::feedback,
        report::report,
        retrain::retrain,
        slack_alert::slack_alert,
        audit_logs::audit_logs,
    ),
    modifiers(&Token),
)]
struct Api;

struct Token;

impl Modify for Token {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// The description as JSON.
///
/// # Errors
/// When it is not JSON, which would be an error of its own.
pub(crate) fn describe(listing: &Listing) -> Result<String, serde_json::Error> {
    let mut api = serde_json::to_value(Api::openapi())?;
    for endpoint in &listing.endpoints {
        let (Some(path), Some(method)) = (&endpoint.path, &endpoint.method) else { continue };
        let (path, method) = (path.as_str(), method.to_ascii_lowercase());
        let Some(operation) = api["paths"].get_mut(path).and_then(|path| path.get_mut(method)) else { continue };
        match &endpoint.exempt {
            Some(reason) => operation["x-audit-exempt"] = Value::from(reason.as_str()),
            None => operation["x-audit"] = Value::from(endpoint.action.as_str()),
        }
    }
    serde_json::to_string(&api)
}
