//! The dashboard of Grafana: its queries, its variables, and whether its parts fit each other
//! (<https://grafana.com/docs/grafana/latest/visualizations/dashboards/build-dashboards/view-dashboard-json-model/>).

mod link;
mod model;
mod variable;

use serde_json::Value;

pub use self::link::follow;
use self::variable::fill;

use crate::logql::{Metric, Query, parse};
use crate::yaml::{list, text};

/// A query of a panel.
#[derive(Debug, Clone)]
pub struct Target {
    /// The panel's title.
    pub panel: String,
    /// As it stands in the file.
    pub expr: String,
    /// With the default of every variable.
    pub query: Query,
}

/// Every query, with the variables put in.
///
/// # Errors
/// When one cannot be read, or uses a variable that is not there.
pub fn targets(dashboard: &Value, values: &[(&str, &str)]) -> Result<Vec<Target>, String> {
    let mut targets = Vec::new();
    for panel in list(&dashboard["panels"]) {
        for target in list(&panel["targets"]) {
            let expr = text(&target["expr"]).to_owned();
            let filled = fill(&expr, dashboard, values)?;
            let query = parse(&filled).map_err(|error| format!("{}: {error}: {filled}", panel["title"]))?;
            targets.push(Target { panel: text(&panel["title"]).to_owned(), expr, query });
        }
    }
    Ok(targets)
}

/// The labels of what a query finds; none, if it finds lines.
fn result_labels(query: &Query) -> Vec<String> {
    fn of(metric: &Metric) -> Vec<String> {
        match metric {
            Metric::Range { by, .. } | Metric::Vector { by: by @ Some(_), .. } => by.clone().unwrap_or_default(),
            Metric::Vector { aggregate, of: inner, .. } => match aggregate {
                crate::logql::Aggregate::Topk(_) | crate::logql::Aggregate::Bottomk(_) => of(inner),
                _ => Vec::new(),
            },
            Metric::Only { of: inner, .. } => of(inner),
            Metric::Absent { .. } => Vec::new(),
        }
    }
    match query {
        Query::Lines(_) => Vec::new(),
        Query::Metric(metric) => of(metric),
    }
}

/// What is wrong with it.
#[must_use]
pub fn check(dashboard: &Value, datasource: &str) -> Vec<String> {
    let mut problems = model::problems(dashboard);
    let panels: Vec<_> = list(&dashboard["panels"]).collect();
    for (place, panel) in panels.iter().enumerate() {
        for other in panels.iter().take(place) {
            if panel["id"] == other["id"] || panel["title"] == other["title"] {
                problems.push(format!("two panels have the id or title of {}", panel["title"]));
            }
            if overlap(&panel["gridPos"], &other["gridPos"]) {
                problems.push(format!("{} lies upon {}", panel["title"], other["title"]));
            }
        }
        check_panel(panel, dashboard, &mut problems);
    }
    for link in list(&dashboard["links"]) {
        problems.extend(link::check("the dashboard", link, &[], dashboard));
    }
    let variables = list(&dashboard["templating"]["list"]).filter(|variable| variable["type"] == "query");
    for place in panels.iter().copied().chain(panels.iter().flat_map(|panel| list(&panel["targets"]))).chain(variables)
    {
        if place["datasource"]["uid"] != datasource || place["datasource"]["type"] != "loki" {
            problems.push(format!("{} is no source of data that is there", place["datasource"]));
        }
    }
    problems
}

fn overlap(one: &Value, other: &Value) -> bool {
    let span = |of: &Value, from: &str, length: &str| {
        let start = of[from].as_u64().unwrap_or_default();
        start..start + of[length].as_u64().unwrap_or_default()
    };
    ["x", "y"].iter().zip(["w", "h"]).all(|(from, length)| {
        let (one, other) = (span(one, from, length), span(other, from, length));
        one.start < other.end && other.start < one.end
    })
}

fn check_panel(panel: &Value, dashboard: &Value, problems: &mut Vec<String>) {
    let title = text(&panel["title"]);
    let place = |key: &str| panel["gridPos"][key].as_u64().unwrap_or_default();
    if place("w") == 0 || place("h") == 0 || place("x") + place("w") > 24 {
        problems.push(format!("{title} does not fit into 24 columns"));
    }
    let mut labels = Vec::new();
    for target in list(&panel["targets"]) {
        let query = fill(text(&target["expr"]), dashboard, &[]).and_then(|filled| {
            let query = parse(&filled).map_err(|error| error.to_string());
            query.map_err(|error| format!("{error}: {filled}"))
        });
        let query = match query {
            Ok(query) => query,
            Err(error) => {
                problems.push(format!("{title}: {error}"));
                continue;
            }
        };
        let expected = match text(&panel["type"]) {
            "stat" | "table" => ("instant", false),
            "timeseries" => ("range", false),
            "logs" => ("range", true),
            other => {
                problems.push(format!("{title} is of the type {other}"));
                continue;
            }
        };
        // One number is of the whole span that is chosen; a point of a graph, of the time since the point before.
        let span = if expected.0 == "instant" { "[$__range]" } else { "[$__auto]" };
        if !expected.1 && text(&target["expr"]).matches('[').count() != text(&target["expr"]).matches(span).count() {
            problems.push(format!("the query of {title} is not over {span}"));
        }
        if (text(&target["queryType"]), matches!(query, Query::Lines(_))) != expected {
            problems.push(format!("the query of {title} is not for such a panel"));
        }
        labels = result_labels(&query);
        for name in between(text(&target["legendFormat"]), "{{", "}}") {
            if !labels.contains(&name) {
                problems.push(format!("the legend of {title} names {name}, which the query does not give"));
            }
        }
    }
    for one in list(&panel["fieldConfig"]["overrides"]) {
        let field = text(&one["matcher"]["options"]);
        if field != "Value #A" && !labels.iter().any(|label| label == field) {
            problems.push(format!("{title} has no field {field}"));
        }
        for link in list(&one["properties"]).flat_map(|property| list(&property["value"])) {
            problems.extend(link::check(title, link, &labels, dashboard));
        }
    }
    for link in list(&panel["fieldConfig"]["defaults"]["links"]) {
        problems.extend(link::check(title, link, &labels, dashboard));
    }
}

/// Every text between two marks.
fn between(text: &str, start: &str, end: &str) -> Vec<String> {
    let found = text.split(start).skip(1).filter_map(|rest| rest.split_once(end));
    found.map(|(name, _)| name.to_owned()).collect()
}
