//! A handler that carries `#[audited]` or `#[audit_exempt]`, known before `main` runs.
//!
//! The attribute puts one [`Endpoint`] into a static inside the function and hands its address to the linker. Nothing
//! of it is computed at run time, and an endpoint is never compared by address: another attribute may copy a
//! function's body, as `axum::debug_handler` does, and then the same endpoint is registered more than once.

use std::hash::{Hash, Hasher};

use super::names;
use crate::vocabulary::{Delivery, Mode, RecordOn};

/// A function that is audited, or deliberately is not, as its attribute declares it.
///
/// Two endpoints are equal if module, file, line, column and action are; see [`same_as`](Self::same_as).
pub struct Endpoint {
    declared: Declaration,
}

/// What the attribute writes down. For generated code: its fields may change in any release.
#[doc(hidden)]
pub struct Declaration {
    pub action: &'static str,
    pub kind: Kind,
    pub target: Option<&'static str>,
    pub mode: Option<Mode>,
    pub delivery: Option<Delivery>,
    pub on: RecordOn,
    /// The method and the template that the attribute declares.
    pub route: Option<(&'static str, &'static str)>,
    /// The methods and paths of the framework's own attributes, as they are written.
    pub mounts: &'static [(&'static str, &'static str)],
    /// Names of fields that are secret here.
    pub redact: &'static [&'static str],
    /// The only fields that are kept; empty: all are.
    pub keep: &'static [&'static str],
    pub module: &'static str,
    pub function: &'static str,
    pub file: &'static str,
    pub line: u32,
    pub column: u32,
    /// The type name of the marker function inside the body: it tells the type that a method belongs to, which
    /// `module_path!` cannot.
    pub type_name: fn() -> &'static str,
}

/// Which of the two attributes a function carries.
#[doc(hidden)]
pub enum Kind {
    Audited,
    Exempt { reason: &'static str },
}

/// What is submitted at link time. For generated code.
#[doc(hidden)]
pub struct Registration(pub &'static Endpoint);

inventory::collect!(Registration);

impl Endpoint {
    /// For generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(declared: Declaration) -> Self {
        Self { declared }
    }

    /// What the handler does, as `noun.verb`; without an `action` argument the dotted path of the function, such as
    /// `my_crate.layers.create_layer`.
    #[must_use]
    pub const fn action(&self) -> &'static str {
        self.declared.action
    }

    /// The template of what the action is done to, such as `layer/{name}`, placeholders not yet filled in.
    #[must_use]
    pub const fn target(&self) -> Option<&'static str> {
        self.declared.target
    }

    /// How much a record of this endpoint keeps; `None` leaves it to the settings.
    #[must_use]
    pub const fn mode(&self) -> Option<Mode> {
        self.declared.mode
    }

    /// What a response of this endpoint waits for; `None` leaves it to the settings.
    #[must_use]
    pub const fn delivery(&self) -> Option<Delivery> {
        self.declared.delivery
    }

    /// Of which ends this endpoint leaves a record.
    #[must_use]
    pub const fn on(&self) -> RecordOn {
        self.declared.on
    }

    /// The method and the whole template that the attribute's `route` declares. Nobody has checked it.
    #[must_use]
    pub const fn route(&self) -> Option<(&'static str, &'static str)> {
        self.declared.route
    }

    /// The methods and paths by which the framework's own attributes mount the handler, such as actix-web's
    /// `#[get("/layers/{id}")]`, where they stand below this one.
    ///
    /// As they are written: in the framework's own form ([`template`](fn@super::template) gives the one form), perhaps with
    /// a query, and without the prefixes of scopes and mount points, which no attribute can see. What
    /// [`route`](Self::route) says besides wins.
    #[must_use]
    pub const fn mounts(&self) -> &'static [(&'static str, &'static str)] {
        self.declared.mounts
    }

    /// Names of fields that the attribute says are secret here.
    #[must_use]
    pub const fn redact(&self) -> &'static [&'static str] {
        self.declared.redact
    }

    /// The only fields that the attribute keeps of queries and bodies; empty where it does not say.
    #[must_use]
    pub const fn keep(&self) -> &'static [&'static str] {
        self.declared.keep
    }

    /// Whether the endpoint has rules of redaction of its own.
    pub(crate) const fn has_rules(&self) -> bool {
        !self.declared.redact.is_empty() || !self.declared.keep.is_empty()
    }

    /// Why the handler is deliberately not audited; `None` for one that is audited.
    #[must_use]
    pub const fn exemption(&self) -> Option<&'static str> {
        match self.declared.kind {
            Kind::Audited => None,
            Kind::Exempt { reason } => Some(reason),
        }
    }

    /// The path of the module that the function stands in, such as `my_crate::layers`.
    #[must_use]
    pub const fn module(&self) -> &'static str {
        self.declared.module
    }

    /// The function's own name.
    #[must_use]
    pub const fn function(&self) -> &'static str {
        self.declared.function
    }

    /// The source file, as the compiler was given it.
    #[must_use]
    pub const fn file(&self) -> &'static str {
        self.declared.file
    }

    /// The line of the function's name, counted from 1.
    #[must_use]
    pub const fn line(&self) -> u32 {
        self.declared.line
    }

    /// The column of the function's name, counted from 1.
    #[must_use]
    pub const fn column(&self) -> u32 {
        self.declared.column
    }

    /// The function's path with the type that a method belongs to and without generic arguments, such as
    /// `my_crate::Layers::create` or `<my_crate::Layers as my_crate::Create>::create`.
    ///
    /// For people and for finding handlers. The compiler does not promise its form, so nothing should be stored by it.
    #[must_use]
    pub fn type_name(&self) -> String {
        names::erased(&self.exact_type_name())
    }

    /// The same with generic arguments, which tell `impl Layers<A>` from `impl Layers<B>`.
    pub(super) fn exact_type_name(&self) -> String {
        names::exact((self.declared.type_name)())
    }

    /// Whether both are the same endpoint: equal module, file, line, column and action. Addresses do not matter.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }

    fn identity(&self) -> (&'static str, &'static str, u32, u32, &'static str) {
        let Declaration { module, file, line, column, action, .. } = self.declared;
        (module, file, line, column, action)
    }
}

impl PartialEq for Endpoint {
    fn eq(&self, other: &Self) -> bool {
        self.same_as(other)
    }
}

impl Eq for Endpoint {}

impl Hash for Endpoint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = format_args!("{}:{}:{}", self.file(), self.line(), self.column());
        f.debug_struct("Endpoint")
            .field("action", &self.action())
            .field("exemption", &self.exemption())
            .field("target", &self.target())
            .field("mode", &self.mode())
            .field("delivery", &self.delivery())
            .field("on", &self.on())
            .field("route", &self.route())
            .field("mounts", &self.mounts())
            .field("redact", &self.redact())
            .field("keep", &self.keep())
            .field("handler", &format_args!("{}::{}", self.module(), self.function()))
            .field("place", &place)
            .finish()
    }
}

#[cfg(test)]
impl Declaration {
    /// What the attribute would declare of a function about which nothing is asked for, for tests to change.
    pub(crate) const fn plain(action: &'static str) -> Self {
        Self {
            action,
            kind: Kind::Audited,
            target: None,
            mode: None,
            delivery: None,
            on: RecordOn::Always,
            route: None,
            mounts: &[],
            redact: &[],
            keep: &[],
            module: "app",
            function: action,
            file: "src/app.rs",
            line: 1,
            column: 1,
            type_name: || "app",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn endpoint(action: &'static str, line: u32, kind: Kind) -> Endpoint {
        Endpoint::new(Declaration {
            action,
            kind,
            target: Some("layer/{name}"),
            mode: Some(Mode::Full),
            delivery: None,
            on: RecordOn::Always,
            route: None,
            mounts: &[],
            redact: &[],
            keep: &[],
            module: "app::layers",
            function: "create",
            file: "src/layers.rs",
            line,
            column: 5,
            type_name: || "app::layers::Layers<T>::create::{{closure}}::__audit_here",
        })
    }

    #[test]
    fn copies_of_one_function_are_one_endpoint() {
        let first = endpoint("layer.create", 7, Kind::Audited);
        let copy = endpoint("layer.create", 7, Kind::Audited);
        assert!(first.same_as(&copy));
        assert_eq!(HashSet::from([&first, &copy]).len(), 1);
    }

    #[test]
    fn another_line_or_action_is_another_endpoint() {
        let first = endpoint("layer.create", 7, Kind::Audited);
        assert_ne!(first, endpoint("layer.create", 8, Kind::Audited));
        assert_ne!(first, endpoint("layer.update", 7, Kind::Audited));
    }

    #[test]
    fn only_an_exempt_endpoint_tells_why() {
        assert_eq!(endpoint("a", 1, Kind::Audited).exemption(), None);
        assert_eq!(endpoint("a", 1, Kind::Exempt { reason: "health probe" }).exemption(), Some("health probe"));
    }

    #[test]
    fn the_type_name_has_neither_marker_nor_generics() {
        let found = endpoint("a", 1, Kind::Audited);
        assert_eq!(found.type_name(), "app::layers::Layers::create");
        assert_eq!(found.exact_type_name(), "app::layers::Layers<T>::create");
    }
}
