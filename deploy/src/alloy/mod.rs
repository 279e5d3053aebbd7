//! Files of Grafana Alloy: read, checked, and followed from the source of a line to Loki.

mod check;
mod components;
mod follow;
mod syntax;

pub use check::{check, environment};
pub use follow::follow;
pub use syntax::{Block, SyntaxError, Value, parse};
