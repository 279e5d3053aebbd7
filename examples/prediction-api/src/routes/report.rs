//! How right the predictions are, as users see it.

use audit_axum::{audited, data};
use axum::Json;
use axum::extract::State;

use crate::app::App;
use crate::caller::Admin;
use crate::error::{ApiError, Told};
use crate::feedback::Tally;
use crate::limits::WithinLimits;
use crate::routes::refusals::{ForAdmins, ForUsers};

/// The totals, or that there are none.
#[derive(serde::Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub(crate) enum Counted {
    Totals(Report),
    Nothing(Told),
}

/// The keys are those of the Flask application.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub(crate) struct Report {
    total_feedback: u32,
    correct_feedback: u32,
    incorrect_feedback: u32,
    /// From 0 to 100.
    accuracy_percentage: f64,
}

/// Counts the feedback
///
/// Without any, the answer is `{"msg": "No hay feedback disponible"}`.
#[audited(action = "report.generate")]
#[utoipa::path(
    get, path = "/admin/report", tag = "Admin", security(("token" = [])),
    responses(
        (status = 200, description = "The totals.", body = Counted),
        ForUsers,
        ForAdmins,
    ),
)]
pub(crate) async fn report(_: WithinLimits, State(app): State<App>, _: Admin) -> Result<Json<Counted>, ApiError> {
    let work = {
        let app = app.clone();
        move || app.feedback().tallies()
    };
    let tallies = app.read(work).await??;
    let sum = |of: fn(&Tally) -> u32| tallies.iter().map(of).sum::<u32>();
    let (total, correct) = (sum(|tally| tally.total), sum(|tally| tally.correct));
    data("total_feedback", total);
    if total == 0 {
        return Ok(Json(Counted::Nothing(Told::msg("No hay feedback disponible"))));
    }
    let report = Report {
        total_feedback: total,
        correct_feedback: correct,
        incorrect_feedback: total - correct,
        accuracy_percentage: f64::from(correct) / f64::from(total) * 100.0,
    };
    Ok(Json(Counted::Totals(report)))
}
