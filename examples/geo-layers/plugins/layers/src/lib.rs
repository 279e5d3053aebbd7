//! A plugin of the map server: layers of GeoJSON.
//!
//! - `GET` and `POST /api/v1/layers/`; `GET`, `PUT` and `DELETE /api/v1/layers/{id}/`; a page at `layers/` under
//!   `GVSIGOL_PATH`. Everybody may read; who is logged in may add; the owner or an administrator may change and delete.
//! - **All or nothing.** A layer is kept as a whole, or not at all; what is wrong is told with the feature's index.
//! - **Digits stay** as they came; members that RFC 7946 does not define do not.
//! - **Bounds.** A body of 32 MiB, read into memory; a layer's text is put together there as well.

mod body;
mod draft;
mod format;
mod layers;
mod routes;
mod views;

use geo_layers_core::{Plugin, inventory};

/// The plugin's name, and its database's.
const NAME: &str = "layers";

inventory::submit! {
    Plugin {
        name: NAME,
        migrations: layers::MIGRATIONS,
        routes: routes::mount,
        // All of its paths are under /api/ or the application's own prefix.
        audit: |builder| builder,
    }
}
