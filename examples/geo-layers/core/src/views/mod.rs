//! The pages of the core, under `GVSIGOL_PATH`. Most of their handlers carry no annotation: they are audited because of
//! where they are.

mod administration;
mod auth;
mod files;
mod home;
mod page;
mod statistics;

use std::path::Path;

use actix_web::web::{ServiceConfig, get};
use audit_actix::{AuditedConfig as _, web};

pub use page::page;

/// Mounts them.
pub(crate) fn mount(config: &mut ServiceConfig, prefix: &str, media: &Path) {
    let at = |path: &str| format!("{prefix}{path}");
    config
        .route(&at("/core/"), get().to(home::show))
        .route(&at("/auth/login/"), get().to(auth::form))
        .audited_route(&at("/auth/login/"), web::post().to(auth::log_in))
        .audited_route(&at("/auth/logout/"), web::post().to(auth::log_out))
        .audited_route(&at("/statistics/"), web::get().to(statistics::show))
        // Left out of the trail, as the prefix's own static/, media/, admin/ and jsi18n/ are.
        .route(&at("/admin/"), get().to(administration::show))
        .route(&at("/jsi18n/"), get().to(files::catalogue))
        .route(&at("/static/style.css"), get().to(files::style))
        .service(files::media(&at("/media"), media));
}
