//! Every annotated handler of the program, collected at link time.

mod capture;
mod declared;
mod duplicates;
mod endpoint;
mod learned;
mod listing;
mod lookup;
mod names;
mod probe;
mod routes;
mod template;

use std::sync::OnceLock;

pub use capture::*;
pub(crate) use declared::{DeclaredRoutes, RouteConflict};
pub use duplicates::DuplicateAction;
pub(crate) use duplicates::duplicate_actions;
pub use endpoint::{Declaration, Endpoint, Kind, Registration};
pub(crate) use learned::{Learned, METHODS};
pub use listing::{ListedEndpoint, Listing, Mount, UnannotatedRoute};
pub use lookup::{find_by_type_name, find_handler, handler_to_wire};
pub use names::{dotted, dotted_len, type_name_of};
pub use probe::*;
pub use routes::{all_routes_told, in_use, mounted, unannotated, wire};
pub use template::template;

/// All endpoints, each once, sorted by action, module and line.
///
/// A body that another attribute copies registers more than once; it is one endpoint all the same.
pub fn endpoints() -> &'static [&'static Endpoint] {
    static ENDPOINTS: OnceLock<Vec<&'static Endpoint>> = OnceLock::new();
    ENDPOINTS.get_or_init(|| {
        let mut endpoints: Vec<&'static Endpoint> =
            inventory::iter::<Registration>.into_iter().map(|registration| registration.0).collect();
        endpoints.sort_by_key(|endpoint| {
            (endpoint.action(), endpoint.module(), endpoint.file(), endpoint.line(), endpoint.column())
        });
        endpoints.dedup_by(|one, other| one.same_as(other));
        endpoints
    })
}
