//! What a valid attribute says.

use syn::{Expr, Ident, LitStr, Path};

use crate::capture::Field;
use crate::mount::Mount;
use crate::route::Route;
use crate::template::Template;

/// A function's declaration, ready to be written out.
pub(crate) struct Declaration {
    pub(crate) kind: Kind,
    /// `None`: the path of the function.
    pub(crate) action: Option<LitStr>,
    pub(crate) target: Option<Target>,
    /// The variant of `Mode`.
    pub(crate) mode: Option<Ident>,
    /// The variant of `Delivery`.
    pub(crate) delivery: Option<Ident>,
    /// The variant of `RecordOn`; `None`: always.
    pub(crate) on: Option<Ident>,
    pub(crate) route: Option<Route>,
    /// What the framework's own attributes below say.
    pub(crate) mounts: Vec<Mount>,
    pub(crate) capture: Vec<Field>,
    /// Names that are secret here.
    pub(crate) redact: Vec<LitStr>,
    /// The only names that are kept; none: all are.
    pub(crate) keep: Vec<LitStr>,
    pub(crate) actor: Option<Expr>,
    /// Where `__private` is found.
    pub(crate) root: Path,
}

impl Declaration {
    /// What an attribute without arguments says.
    pub(crate) fn new(root: Path) -> Self {
        Self {
            kind: Kind::Audited,
            action: None,
            target: None,
            mode: None,
            delivery: None,
            on: None,
            route: None,
            mounts: Vec::new(),
            capture: Vec::new(),
            redact: Vec::new(),
            keep: Vec::new(),
            actor: None,
            root,
        }
    }
}

/// Which attribute it is.
pub(crate) enum Kind {
    Audited,
    Exempt { reason: LitStr },
}

/// A template and the bindings that its placeholders name, in the same order.
pub(crate) struct Target {
    pub(crate) template: Template,
    pub(crate) bindings: Vec<Ident>,
}

/// A word of a closed set and the variant it stands for.
pub(crate) type Words = [(&'static str, &'static str)];

/// The words of `audit_core`'s `Mode`.
pub(crate) const MODES: &Words = &[("basic", "Basic"), ("compact", "Compact"), ("full", "Full")];

/// The words of `audit_core`'s `Delivery`.
pub(crate) const DELIVERIES: &Words = &[("best_effort", "BestEffort"), ("buffered", "Buffered"), ("strict", "Strict")];

/// The words of `audit_core`'s `RecordOn`.
pub(crate) const ONS: &Words = &[("always", "Always"), ("error", "Error"), ("success", "Success")];
