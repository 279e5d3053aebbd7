//! Variables of a dashboard (<https://grafana.com/docs/grafana/latest/visualizations/dashboards/variables/variable-syntax/>).

use regex::{Captures, Regex};
use serde_json::Value;

use crate::yaml::{list, text};

/// Puts the values of variables in; of those that are not given, the default.
///
/// # Errors
/// When there is no such variable, or it is not written as its kind needs.
pub(super) fn fill(expr: &str, dashboard: &Value, values: &[(&str, &str)]) -> Result<String, String> {
    let variable = Regex::new(r"\$(?:(\w+)|\{([^}]*)\})").expect("it is an expression");
    let mut unknown = Vec::new();
    let filled = variable.replace_all(expr, |found: &Captures<'_>| {
        let name = found.get(1).or(found.get(2)).map_or("", |name| name.as_str());
        if matches!(name, "__range" | "__auto") {
            return "24h".to_owned();
        }
        // What is typed is put in as it is: the data source would escape a `'` in it. What is chosen among several, it
        // makes an expression of.
        let name = match (name.split_once(':'), kind(dashboard, name)) {
            (Some((name, "raw")), _) if kind(dashboard, name) == Some("textbox") => name,
            (None, Some("query")) => name,
            _ => "",
        };
        let given = values.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        given.or_else(|| default(dashboard, name)).unwrap_or_else(|| {
            unknown.push(found[0].to_owned());
            String::new()
        })
    });
    if unknown.is_empty() {
        Ok(filled.into_owned())
    } else {
        Err(format!("there are no variables {unknown:?}, or not so: {expr}"))
    }
}

fn find<'a>(dashboard: &'a Value, name: &str) -> Option<&'a Value> {
    list(&dashboard["templating"]["list"]).find(|variable| variable["name"] == name)
}

/// `query` or `textbox`.
pub(super) fn kind<'a>(dashboard: &'a Value, name: &str) -> Option<&'a str> {
    find(dashboard, name).map(|variable| text(&variable["type"]))
}

fn default(dashboard: &Value, name: &str) -> Option<String> {
    let variable = find(dashboard, name)?;
    let value = if variable["includeAll"] == true { &variable["allValue"] } else { &variable["current"]["value"] };
    value.as_str().map(str::to_owned)
}
