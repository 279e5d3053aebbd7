//! What is audited, as a table for people and as JSON for machines.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

use crate::policy::Policy;
use crate::registry::learned::LearnedRoute;
use crate::registry::routes::{self, Handler, Route, Told};
use crate::registry::{DuplicateAction, Endpoint, duplicate_actions, template};
use crate::settings::Settings;
use crate::vocabulary::{Delivery, Mode, RecordOn};

/// Every annotated endpoint of the program, sorted, each with the routes that are known to lead to it.
///
/// What is linked is complete. Which routes lead to it is as complete as the frameworks in use tell, which
/// [`complete`](Self::complete) says; ask again later to see what requests have shown meanwhile.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Listing {
    /// Whether auditing is on.
    pub enabled: bool,
    /// Whether each framework in use has told all its routes: then nothing that is mounted is missing here.
    pub complete: bool,
    /// The endpoints, by path, method and action; those without a known route last.
    pub endpoints: Vec<ListedEndpoint>,
    /// Routes whose handlers carry no attribute, by path and method.
    pub unannotated: Vec<UnannotatedRoute>,
    /// Actions of several handlers, sorted.
    pub duplicate_actions: Vec<DuplicateAction>,
}

/// One endpoint behind one route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ListedEndpoint {
    /// By whose word the route leads to it.
    pub mount: Mount,
    /// The route's template: a wired one as it was given, without the prefixes of routers around it; one that only a
    /// framework's own attribute declares begins with `…` in their place; any other whole.
    pub path: Option<String>,
    /// The method.
    pub method: Option<String>,
    /// The action; for an exempt handler its path in the program.
    pub action: String,
    /// How much is kept.
    pub mode: String,
    /// What a response waits for.
    pub delivery: String,
    /// Of which ends there is a record: `error` or `success`; absent if of every one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// `module::function`.
    pub handler: String,
    /// File and line.
    pub location: String,
    /// Why it is deliberately not audited.
    pub exempt: Option<String>,
    /// Whether a setting excludes its path: nothing is recorded although it is annotated.
    pub excluded: bool,
}

/// A route whose handler carries neither attribute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct UnannotatedRoute {
    /// The route's template.
    pub path: String,
    /// The method.
    pub method: String,
    /// The framework's name for the handler, if it has one.
    pub handler: Option<String>,
    /// By whose word there is such a route: [`Mount::Mounted`] or [`Mount::Learned`].
    pub mount: Mount,
}

/// How it is known where a handler is mounted, the strongest word first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Mount {
    /// The framework itself told so, as rocket does: the route is served, with this template.
    Mounted,
    /// The application wired it (`audited_route`): this route leads to this handler, if its router is served; under which
    /// prefix is not known.
    Wired,
    /// A request showed it since the auditor was built: the framework matched this template and the handler ran. Of an
    /// [`UnannotatedRoute`]: the request succeeded and no annotated handler ran, be it that something before it answered in
    /// its place. Requests to excluded paths show nothing, nor does `OPTIONS` where no annotated handler ran, for
    /// preflights are answered by layers. A `HEAD` is listed where no `GET` of the same route is.
    Learned,
    /// The attribute's word (`route = "…"`), or that of the framework's own attribute below it, which knows no prefix
    /// (`…/layers/{id}`); nobody has checked it, and no request has shown it yet.
    Declared,
    /// Each framework in use told all its routes, and none leads to it: it is a job, a part of a handler, or forgotten.
    Never,
    /// Nobody told of a route, which proves nothing: axum and actix-web do not tell of plain routes.
    Unknown,
}

/// A route that leads to an endpoint.
#[derive(Clone)]
struct Known<'a> {
    mount: Mount,
    method: &'a str,
    path: Cow<'a, str>,
}

impl Endpoint {
    /// `module::function`: how people find the handler.
    #[must_use]
    pub fn handler(&self) -> String {
        format!("{}::{}", self.module(), self.function())
    }

    /// File and line.
    #[must_use]
    pub fn location(&self) -> String {
        format!("{}:{}", self.file(), self.line())
    }

    /// Both: `module::function (file:line)`.
    pub(crate) fn place(&self) -> String {
        format!("{} ({})", self.handler(), self.location())
    }
}

impl<'a> Known<'a> {
    fn new(mount: Mount, method: &'a str, path: &'a str) -> Self {
        Self { mount, method, path: path.into() }
    }

    /// Whether this is the route of that method and whole template, as far as it tells.
    fn is(&self, method: &str, path: &str) -> bool {
        // A wired path lacks the prefixes.
        let same_path = if self.mount == Mount::Wired { path.ends_with(&*self.path) } else { path == self.path };
        same_path && self.method == method
    }

    /// Whether a request that showed that route is no news beside this one: a `HEAD` that a router hands to the handler
    /// of `GET` shows the route of `GET`.
    fn covers(&self, method: &str, path: &str) -> bool {
        self.is(method, path) || method == "HEAD" && self.is("GET", path)
    }
}

/// The routes that lead to an endpoint, each by the strongest word there is for it.
fn routes_of<'a>(endpoint: &Endpoint, told: &'a Told, learned: &'a [LearnedRoute]) -> Vec<Known<'a>> {
    let mut routes: Vec<Known<'a>> = Vec::new();
    let told = |mount| {
        let of = |route: &&Route| matches!(route.handler, Handler::Annotated(annotated) if annotated.same_as(endpoint));
        told.routes.iter().filter(of).filter(move |route| route.mount == mount)
    };
    routes.extend(told(Mount::Mounted).map(|route| Known::new(Mount::Mounted, route.method, &route.path)));
    for route in told(Mount::Wired) {
        let wired = Known::new(Mount::Wired, route.method, &route.path);
        if !routes.iter().any(|known| known.mount == Mount::Mounted && wired.is(known.method, &known.path)) {
            routes.push(wired);
        }
    }
    let learned = || learned.iter().filter(|route| route.endpoint.is_some_and(|ran| ran.same_as(endpoint)));
    for route in without_head_of_get(learned()) {
        // The handler of a wired route is known before it runs, so that this is another route, whatever its path.
        let is_known = |known: &Known<'_>| known.mount == Mount::Mounted && known.covers(route.method, &route.path);
        if !routes.iter().any(is_known) {
            routes.push(Known::new(Mount::Learned, route.method, &route.path));
        }
    }
    if let Some((method, path)) = endpoint.route()
        && !routes.iter().any(|known| known.is(method, path))
    {
        routes.push(Known::new(Mount::Declared, method, path));
    }
    if endpoint.route().is_none() {
        for (method, path) in endpoint.mounts() {
            let relative = template(path);
            if !routes.iter().any(|known| known.method == *method && known.path.ends_with(&*relative)) {
                routes.push(Known { mount: Mount::Declared, method, path: format!("…{relative}").into() });
            }
        }
    }
    routes
}

/// The routes whose handlers carry no attribute, but for learned ones in which an `annotated` handler may have been
/// answered for.
fn unannotated(annotated: &[Known<'_>], told: &Told, learned: &[LearnedRoute]) -> Vec<UnannotatedRoute> {
    let plain = |route: &Known<'_>, handler: Option<&str>| UnannotatedRoute {
        path: route.path.to_string(),
        method: route.method.to_owned(),
        handler: handler.map(str::to_owned),
        mount: route.mount,
    };
    let mut known: Vec<Known<'_>> = annotated.to_vec();
    let mut routes = Vec::new();
    for route in &told.routes {
        if let Handler::Plain(handler) = &route.handler {
            let mounted = Known::new(route.mount, route.method, &route.path);
            routes.push(plain(&mounted, handler.as_deref()));
            known.push(mounted);
        }
    }
    for route in without_head_of_get(learned.iter().filter(|route| route.endpoint.is_none())) {
        if !known.iter().any(|known| known.covers(route.method, &route.path)) {
            routes.push(plain(&Known::new(Mount::Learned, route.method, &route.path), None));
        }
    }
    routes.sort();
    routes
}

/// What requests showed, without each `HEAD` beside the `GET` of the same template: a router hands it on.
fn without_head_of_get<'a>(
    learned: impl Iterator<Item = &'a LearnedRoute> + Clone,
) -> impl Iterator<Item = &'a LearnedRoute> {
    let all = learned.clone();
    learned.filter(move |route| {
        route.method != "HEAD" || !all.clone().any(|other| other.method == "GET" && other.path == route.path)
    })
}

impl Listing {
    pub(crate) fn new(settings: &Settings, policy: Option<&Policy>, learned: &[LearnedRoute]) -> Self {
        let told = routes::snapshot();
        let complete = told.is_complete();
        let mut endpoints = Vec::new();
        let mut annotated = Vec::new();
        for endpoint in super::endpoints() {
            // Where all routes are told, what is only declared is not mounted.
            let routes = routes_of(endpoint, &told, learned);
            let routes = routes.into_iter().filter(|route| !(complete && route.mount == Mount::Declared));
            let before = endpoints.len();
            for route in routes {
                endpoints.push(ListedEndpoint::new(endpoint, Some(&route), settings, policy));
                annotated.push(route);
            }
            if endpoints.len() == before {
                let mount = if complete { Mount::Never } else { Mount::Unknown };
                endpoints.push(ListedEndpoint { mount, ..ListedEndpoint::new(endpoint, None, settings, policy) });
            }
        }
        endpoints.sort_by(|one, other| one.order().cmp(&other.order()));
        Self {
            enabled: settings.enabled,
            complete,
            endpoints,
            unannotated: unannotated(&annotated, &told, learned),
            duplicate_actions: duplicate_actions(super::endpoints()),
        }
    }

    /// The listing as one JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings and booleans can be serialised")
    }

    /// What the table shows: what may leave a record.
    fn audited(&self) -> impl Iterator<Item = &ListedEndpoint> {
        self.endpoints.iter().filter(|endpoint| endpoint.exempt.is_none() && endpoint.mount != Mount::Never)
    }
}

impl ListedEndpoint {
    fn new(endpoint: &Endpoint, route: Option<&Known<'_>>, settings: &Settings, policy: Option<&Policy>) -> Self {
        let path = route.map(|route| &*route.path);
        Self {
            mount: route.map_or(Mount::Unknown, |route| route.mount),
            path: path.map(str::to_owned),
            method: route.map(|route| route.method.to_owned()),
            action: endpoint.action().to_owned(),
            mode: endpoint.mode().map_or(settings.mode, |mode: Mode| mode).as_str().to_owned(),
            delivery: endpoint.delivery().map_or(settings.delivery, |delivery: Delivery| delivery).as_str().to_owned(),
            on: (endpoint.on() != RecordOn::Always).then(|| endpoint.on().as_str().to_owned()),
            handler: endpoint.handler(),
            location: endpoint.location(),
            exempt: endpoint.exemption().map(str::to_owned),
            excluded: match (policy, path) {
                (Some(policy), Some(path)) => policy.excluded(path, Some(path)),
                _ => false,
            },
        }
    }

    fn order(&self) -> impl Ord + '_ {
        (self.path.is_none(), &self.path, &self.method, &self.action, &self.handler, &self.location, self.mount)
    }
}

impl Mount {
    /// What people read beside a route that neither the framework nor the application told.
    const fn mark(self) -> &'static str {
        match self {
            Self::Learned => " (learned)",
            Self::Declared => " (declared)",
            Self::Mounted | Self::Wired | Self::Never | Self::Unknown => "",
        }
    }
}

impl fmt::Display for Listing {
    /// A table: method, path, action, mode, delivery, and of which ends there is a record if not of every one; below
    /// it what is exempt, with its reason, what is mounted without an attribute, what is never mounted, and any warnings.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or = |value: &Option<String>, otherwise: &str| value.as_deref().unwrap_or(otherwise).to_owned();
        let mut rows = vec![["METHOD", "PATH", "ACTION", "MODE", "DELIVERY", "ON"].map(str::to_owned)];
        rows.extend(self.audited().map(|endpoint| {
            [
                or(&endpoint.method, "-"),
                format!("{}{}", or(&endpoint.path, "-"), endpoint.mount.mark()),
                endpoint.action.clone(),
                endpoint.mode.clone(),
                endpoint.delivery.clone(),
                or(&endpoint.on, RecordOn::Always.as_str()),
            ]
        }));
        let state = if self.enabled { "" } else { " (auditing is OFF: nothing is recorded)" };
        writeln!(f, "audited endpoints: {}{state}", rows.len() - 1)?;
        let columns = if self.audited().any(|endpoint| endpoint.on.is_some()) { 6 } else { 5 };
        let widths: Vec<usize> =
            (0..columns).map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)).collect();
        for row in &rows {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            writeln!(f, "  {}", cells.join("  ").trim_end())?;
        }
        for endpoint in self.endpoints.iter().filter(|endpoint| endpoint.exempt.is_some()) {
            let route = match (&endpoint.method, &endpoint.path) {
                (Some(method), Some(path)) => format!("{method} {path}{}", endpoint.mount.mark()),
                _ => endpoint.handler.clone(),
            };
            writeln!(f, "  exempt: {route} ({})", endpoint.exempt.as_deref().unwrap_or_default())?;
        }
        for endpoint in self.audited().filter(|endpoint| endpoint.excluded) {
            let path = endpoint.path.as_deref().unwrap_or_default();
            writeln!(f, "  warning: {} at {path} is annotated, but its path is excluded", endpoint.action)?;
        }
        for endpoint in self.endpoints.iter().filter(|endpoint| endpoint.mount == Mount::Never) {
            let ListedEndpoint { action, handler, location, .. } = endpoint;
            writeln!(f, "  never mounted: {action}, {handler} ({location})")?;
        }
        for route in &self.unannotated {
            let handler = route.handler.as_ref().map(|handler| format!(" ({handler})")).unwrap_or_default();
            writeln!(f, "  mounted, not annotated: {} {}{}{handler}", route.method, route.path, route.mount.mark())?;
        }
        for duplicate in &self.duplicate_actions {
            writeln!(f, "  warning: one action of several handlers: {duplicate}")?;
        }
        let any = |mount| {
            let unannotated = self.unannotated.iter().map(|route| route.mount);
            self.endpoints.iter().map(|endpoint| endpoint.mount).chain(unannotated).any(|known| known == mount)
        };
        for (mount, meaning) in [
            (Mount::Declared, "(declared): the attribute says so; no framework did, and no request has shown it"),
            (Mount::Learned, "(learned): a request has shown it"),
            (
                Mount::Unknown,
                "-: route not known: the framework does not tell of plain routes, and the handler may never be mounted",
            ),
            (Mount::Never, "never mounted: no route leads to it; it is a job, a part of a handler, or forgotten"),
        ] {
            if any(mount) {
                writeln!(f, "  {meaning}")?;
            }
        }
        Ok(())
    }
}
