//! Links from a dashboard to itself
//! (<https://grafana.com/docs/grafana/latest/visualizations/panels-visualizations/configure-data-links/>,
//! <https://grafana.com/docs/grafana/latest/visualizations/dashboards/build-dashboards/create-dashboard-url-variables/>).

use serde_json::Value;

use super::variable::kind;
use crate::yaml::text;

/// The values that a link gives to variables, for someone who follows it from a row with these fields.
#[must_use]
pub fn follow(url: &str, fields: &[(&str, &str)]) -> Vec<(String, String)> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split('&').filter_map(|pair| pair.strip_prefix("var-")?.split_once('='));
    let values = pairs.map(|(name, value)| {
        let mut value = value.replace("%5C", "\\");
        for (field, text) in fields {
            for place in PLACES {
                value = value.replace(&format!("${{{place}{field}{ENCODED}}}"), text);
            }
        }
        (name.to_owned(), value)
    });
    values.collect()
}

/// Where a value of a field is.
const PLACES: [&str; 2] = ["__data.fields.", "__field.labels."];

/// So that `+` and `&` in it are of the value: <https://github.com/grafana/grafana/issues/93072>.
const ENCODED: &str = ":percentencode";

/// What is wrong with a link. `labels` are the fields that there are.
pub(super) fn check(title: &str, link: &Value, labels: &[String], dashboard: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    let url = text(&link["url"]);
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    if path.strip_prefix("/d/") != dashboard["uid"].as_str() {
        problems.push(format!("a link of {title} leads to {path}"));
    }
    for part in query.split('&').filter(|part| !part.is_empty()) {
        if let Err(problem) = check_part(part, labels, dashboard) {
            problems.push(format!("a link of {title} {problem}"));
        }
    }
    for name in text(&link["title"]).split("${").skip(1) {
        let name = name.split('}').next().unwrap_or_default();
        if field(name).is_none_or(|field| !has(labels, field)) {
            problems.push(format!("a link of {title} reads {name}, which the query does not give"));
        }
    }
    problems
}

fn has(labels: &[String], name: &str) -> bool {
    labels.iter().any(|label| label == name)
}

fn field(name: &str) -> Option<&str> {
    PLACES.into_iter().find_map(|place| name.strip_prefix(place))
}

/// The span, a variable as it is, or one that gets the value of a field.
fn check_part(part: &str, labels: &[String], dashboard: &Value) -> Result<(), String> {
    if part == "${__url_time_range}" {
        return Ok(());
    }
    let whole = part.strip_prefix("${").and_then(|part| part.strip_suffix('}'));
    if let Some(whole) = whole {
        let name = whole.strip_suffix(":queryparam").unwrap_or_default();
        return match kind(dashboard, name) {
            Some(_) => Ok(()),
            None => Err(format!("passes {whole} on, which is no variable")),
        };
    }
    let (name, value) = part.strip_prefix("var-").and_then(|part| part.split_once('=')).ok_or("has an unknown part")?;
    // What is typed is an expression, so what stands for itself is quoted; what is chosen, Grafana quotes.
    let value = match kind(dashboard, name) {
        Some("textbox") => value.strip_prefix("%5CQ").and_then(|value| value.strip_suffix("%5CE")),
        Some(_) => Some(value),
        None => return Err(format!("sets {name}, which is no variable")),
    };
    let value = value.ok_or_else(|| format!("sets {name} to an expression, not to the value"))?;
    let value = value.strip_prefix("${").and_then(|value| value.strip_suffix('}'));
    let value =
        value.and_then(|value| value.strip_suffix(ENCODED)).ok_or_else(|| format!("sets {name} to no value"))?;
    match field(value) {
        Some(field) if has(labels, field) => Ok(()),
        _ => Err(format!("reads {value}, which the query does not give")),
    }
}
