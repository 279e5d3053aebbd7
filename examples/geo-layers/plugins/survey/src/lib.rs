//! A plugin of the map server: what somebody saw in the field.
//!
//! Its paths are its own, outside of `/api/` and of the application's prefix: of those without an annotation, nothing
//! would be recorded if `audit` did not say so.
//!
//! - `POST /survey/api/v1/observations/`: a note and where it was made, by somebody who is logged in.
//! - `GET /survey/api/v1/observations/`, `GET /custom-endpoint/`: no annotation, but included.
//! - `GET /survey/health`: exempt.
//! - A page at `survey/` under `GVSIGOL_PATH`.
//! - **Private.** The telephone number of whom the land belongs to is told to users only, and to no record.

mod observations;
mod routes;
mod sighting;
mod views;

use audit_actix::Builder;
use geo_layers_core::{Plugin, inventory};

/// The plugin's name, and its database's.
const NAME: &str = "survey";

inventory::submit! {
    Plugin {
        name: NAME,
        migrations: observations::MIGRATIONS,
        routes: routes::mount,
        audit,
    }
}

/// What is to be recorded besides the annotated handlers, and what of it is hidden.
fn audit(builder: Builder) -> Builder {
    builder.include("/survey/api/").include(routes::CUSTOM).sensitive_fields([sighting::PHONE])
}
