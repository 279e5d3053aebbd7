//! What is audited, as a table for people and as JSON for machines.

use std::fmt;

use serde::Serialize;

use crate::policy::Policy;
use crate::registry::{Endpoint, wired};
use crate::settings::Settings;
use crate::vocabulary::{Delivery, Mode};

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
    /// The route's template as it was given, without the prefixes of routers around it.
    pub path: Option<String>,
    /// The method.
    pub method: Option<String>,
    /// The action; for an exempt handler its path in the program.
    pub action: String,
    /// How much is kept.
    pub mode: String,
    /// What a response waits for.
    pub delivery: String,
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
            let routes = wired.iter().filter(|route| route.endpoint.same_as(endpoint));
            let before = endpoints.len();
            endpoints.extend(
                routes.map(|route| ListedEndpoint::new(endpoint, Some((route.method, route.path)), settings, policy)),
            );
            if endpoints.len() == before {
                endpoints.push(ListedEndpoint::new(endpoint, None, settings, policy));
            }
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
    /// A table: method, path, action, mode, delivery; below it what is exempt, with its reason, and any warnings.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dash = || "-".to_owned();
        let mut rows = vec![["METHOD", "PATH", "ACTION", "MODE", "DELIVERY"].map(str::to_owned)];
        rows.extend(self.audited().map(|endpoint| {
            [
                endpoint.method.clone().unwrap_or_else(dash),
                endpoint.path.clone().unwrap_or_else(dash),
                endpoint.action.clone(),
                endpoint.mode.clone(),
                endpoint.delivery.clone(),
            ]
        }));
        let state = if self.enabled { "" } else { " (auditing is OFF: nothing is recorded)" };
        writeln!(f, "audited endpoints: {}{state}", rows.len() - 1)?;
        let widths: Vec<usize> =
            (0..5).map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)).collect();
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
