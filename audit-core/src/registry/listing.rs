//! What is audited, as a table for people and as JSON for machines.

use std::fmt;

use serde::Serialize;

use crate::policy::Policy;
use crate::registry::{Endpoint, wired};
use crate::settings::Settings;
use crate::vocabulary::{Delivery, Mode, RecordOn};

/// Every annotated endpoint of the program, sorted, each with the routes that are known to lead to it.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Listing {
    /// Whether auditing is on.
    pub enabled: bool,
    /// The endpoints, by path, method and action; those without a known route last.
    pub endpoints: Vec<ListedEndpoint>,
}

/// One endpoint behind one route.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct ListedEndpoint {
    /// Whether no route is known to lead to it: a framework may not tell of plain routes.
    pub unrouted: bool,
    /// The route's template: a wired one as it was given, without the prefixes of routers around it; a declared one
    /// whole.
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
    /// Whether the route is the attribute's word alone, and no framework's.
    pub declared: bool,
    /// `module::function`.
    pub handler: String,
    /// File and line.
    pub location: String,
    /// Why it is deliberately not audited.
    pub exempt: Option<String>,
    /// Whether a setting excludes its path: nothing is recorded although it is annotated.
    pub excluded: bool,
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
}

impl Listing {
    pub(crate) fn new(settings: &Settings, policy: Option<&Policy>) -> Self {
        let wired = wired::wired();
        let mut endpoints = Vec::new();
        for endpoint in super::endpoints() {
            let mut routes: Vec<(&str, &str)> =
                wired.iter().filter(|it| it.endpoint.same_as(endpoint)).map(|it| (it.method, it.path)).collect();
            // A wired path lacks the prefixes that a declared one has.
            let declared = endpoint
                .route()
                .filter(|(method, path)| !routes.iter().any(|wired| wired.0 == *method && path.ends_with(wired.1)));
            let list =
                |route, declared| ListedEndpoint { declared, ..ListedEndpoint::new(endpoint, route, settings, policy) };
            if routes.is_empty() && declared.is_none() {
                endpoints.push(list(None, false));
            }
            endpoints.extend(routes.drain(..).map(|route| list(Some(route), false)));
            endpoints.extend(declared.map(|route| list(Some(route), true)));
        }
        endpoints.sort();
        Self { enabled: settings.enabled, endpoints }
    }

    /// The listing as one JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings and booleans can be serialised")
    }

    fn audited(&self) -> impl Iterator<Item = &ListedEndpoint> {
        self.endpoints.iter().filter(|endpoint| endpoint.exempt.is_none())
    }
}

impl ListedEndpoint {
    fn new(endpoint: &Endpoint, route: Option<(&str, &str)>, settings: &Settings, policy: Option<&Policy>) -> Self {
        let (method, path) = route.unzip();
        Self {
            unrouted: route.is_none(),
            path: path.map(str::to_owned),
            method: method.map(str::to_owned),
            action: endpoint.action().to_owned(),
            mode: endpoint.mode().map_or(settings.mode, |mode: Mode| mode).as_str().to_owned(),
            delivery: endpoint.delivery().map_or(settings.delivery, |delivery: Delivery| delivery).as_str().to_owned(),
            on: (endpoint.on() != RecordOn::Always).then(|| endpoint.on().as_str().to_owned()),
            declared: false,
            handler: endpoint.handler(),
            location: endpoint.location(),
            exempt: endpoint.exemption().map(str::to_owned),
            excluded: match (policy, path) {
                (Some(policy), Some(path)) => policy.excluded(path, Some(path)),
                _ => false,
            },
        }
    }
}

impl fmt::Display for Listing {
    /// A table: method, path, action, mode, delivery, and of which ends there is a record if not of every one; below
    /// it what is exempt, with its reason, and any warnings.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or = |value: &Option<String>, otherwise: &str| value.as_deref().unwrap_or(otherwise).to_owned();
        let mut rows = vec![["METHOD", "PATH", "ACTION", "MODE", "DELIVERY", "ON"].map(str::to_owned)];
        rows.extend(self.audited().map(|endpoint| {
            let mark = if endpoint.declared { " (declared)" } else { "" };
            [
                or(&endpoint.method, "-"),
                format!("{}{mark}", or(&endpoint.path, "-")),
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
                (Some(method), Some(path)) => format!("{method} {path}"),
                _ => endpoint.handler.clone(),
            };
            writeln!(f, "  exempt: {route} ({})", endpoint.exempt.as_deref().unwrap_or_default())?;
        }
        for endpoint in self.audited().filter(|endpoint| endpoint.excluded) {
            let path = endpoint.path.as_deref().unwrap_or_default();
            writeln!(f, "  warning: {} at {path} is annotated, but its path is excluded", endpoint.action)?;
        }
        if self.endpoints.iter().any(|endpoint| endpoint.unrouted) {
            writeln!(
                f,
                "  -: route not known: the framework does not tell of plain routes, and the handler may never be mounted"
            )?;
        }
        Ok(())
    }
}
