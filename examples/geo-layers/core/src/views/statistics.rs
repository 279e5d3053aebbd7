//! What became of the records, for administrators.

use actix_web::web::{Data, Json};
use audit_actix::{Stats, audited};

use crate::identity::Admin;
use crate::service::Service;

/// The counters of each place that records go to.
#[audited(action = "statistics.read")]
pub(crate) async fn show(service: Data<Service>, _: Admin) -> Json<Stats> {
    Json(service.auditor().stats())
}
