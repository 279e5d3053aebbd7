//! The handlers, a file for each resource, and what is said of them in the API's description.

pub(crate) mod audit_logs;
pub(crate) mod docs;
pub(crate) mod feedback;
pub(crate) mod health;
pub(crate) mod login;
pub(crate) mod predict;
pub(crate) mod refusals;
pub(crate) mod report;
pub(crate) mod retrain;
pub(crate) mod slack_alert;
