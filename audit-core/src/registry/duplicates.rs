//! Actions that more than one handler carries.

use std::fmt;

use serde::Serialize;

use crate::registry::Endpoint;

/// An action of several audited handlers: their records cannot be told apart by it. It may be meant, as where two
/// versions of one operation are served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DuplicateAction {
    /// The action.
    pub action: String,
    /// Each handler, as `module::function (file:line)`.
    pub handlers: Vec<String>,
}

/// The actions that several of these endpoints carry, which are sorted by action. An exempt one has none of its own.
pub(crate) fn duplicate_actions(endpoints: &[&'static Endpoint]) -> Vec<DuplicateAction> {
    let audited: Vec<&Endpoint> = endpoints.iter().copied().filter(|it| it.exemption().is_none()).collect();
    let groups = audited.chunk_by(|one, other| one.action() == other.action());
    groups
        .filter_map(|group| match group {
            [first, _, ..] => Some(DuplicateAction {
                action: first.action().to_owned(),
                handlers: group.iter().map(|endpoint| endpoint.place()).collect(),
            }),
            _ => None,
        })
        .collect()
}

impl fmt::Display for DuplicateAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.action, self.handlers.join(" and "))
    }
}
