//! GeoJSON features (RFC 7946) that are checked before they are kept.
//!
//! - **Digits stay.** A feature's text is made of its members as they were written: `1.50` is not `1.5`.
//! - **Nothing else does.** Members that RFC 7946 does not define are left out, so that a password that somebody put
//!   beside the geometry is not kept and told to others.
//! - **Checked twice**: by the `geojson` crate, and for what it lets pass: positions with fewer than two numbers, lines
//!   of one position, rings that are open or too short, a missing geometry, a `bbox` of another length.
//! - **Coordinates are not judged**: a latitude of 100 passes, and so does a polygon that crosses itself.

mod feature;
mod geometry;

pub use feature::{Feature, FeatureError, Members};
pub use geojson;
pub use geometry::GeometryError;
