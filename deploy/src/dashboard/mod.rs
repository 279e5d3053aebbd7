//! The dashboard of Grafana: its queries, its variables, and whether its parts fit each other
//! (<https://grafana.com/docs/grafana/latest/visualizations/dashboards/build-dashboards/view-dashboard-json-model/>).

use regex::{Captures, Regex};
use serde_json::Value;

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

/// Puts the values of variables in; of those that are not given, the default.
fn fill(expr: &str, dashboard: &Value, values: &[(&str, &str)]) -> Result<String, String> {
    let variable = Regex::new(r"\$(\w+)").expect("it is an expression");
    let mut unknown = Vec::new();
    let filled = variable.replace_all(expr, |found: &Captures<'_>| {
        let name = &found[1];
        if matches!(name, "__range" | "__auto") {
            return "24h".to_owned();
        }
        let given = values.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        given.or_else(|| default(dashboard, name)).unwrap_or_else(|| {
            unknown.push(name.to_owned());
            String::new()
        })
    });
    if unknown.is_empty() {
        Ok(filled.into_owned())
    } else {
        Err(format!("there are no variables {unknown:?}: {expr}"))
    }
}

fn default(dashboard: &Value, name: &str) -> Option<String> {
    let variable = list(&dashboard["templating"]["list"]).find(|variable| variable["name"] == name)?;
    let value = if variable["includeAll"] == true { &variable["allValue"] } else { &variable["current"]["value"] };
    value.as_str().map(str::to_owned)
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
    let mut problems = Vec::new();
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
        check_link("the dashboard", link, &[], dashboard, &mut problems);
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
            check_link(title, link, &labels, dashboard, problems);
        }
    }
    for link in list(&panel["fieldConfig"]["defaults"]["links"]) {
        check_link(title, link, &labels, dashboard, problems);
    }
}

fn check_link(title: &str, link: &Value, labels: &[String], dashboard: &Value, problems: &mut Vec<String>) {
    let url = text(&link["url"]);
    let (path, _) = url.split_once('?').unwrap_or((url, ""));
    if path.strip_prefix("/d/") != dashboard["uid"].as_str() {
        problems.push(format!("a link of {title} leads to {path}"));
    }
    let is_variable = |name: &str| default(dashboard, name).is_some();
    for name in between(url, "var-", "=").iter().chain(&between(url, "${", ":queryparam}")) {
        if !is_variable(name.rsplit("${").next().unwrap_or(name)) {
            problems.push(format!("a link of {title} sets {name}, which is no variable"));
        }
    }
    let shown = format!("{url} {}", text(&link["title"]));
    for name in between(&shown, "${__data.fields.", "}").iter().chain(&between(&shown, "${__field.labels.", "}")) {
        if !labels.contains(name) {
            problems.push(format!("a link of {title} reads {name}, which the query does not give"));
        }
    }
}

/// Every text between two marks.
fn between(text: &str, start: &str, end: &str) -> Vec<String> {
    let found = text.split(start).skip(1).filter_map(|rest| rest.split_once(end));
    found.map(|(name, _)| name.to_owned()).collect()
}
