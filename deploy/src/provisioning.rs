//! What Grafana is given at its start: a source of data, and where dashboards are
//! (<https://grafana.com/docs/grafana/latest/administration/provisioning/>).

use regex::Regex;
use serde_json::Value;

use crate::keys::{Table, unknown};
use crate::yaml::{at, list, text};

/// `#data-sources`, and <https://grafana.com/docs/grafana/latest/datasources/loki/configure-loki-data-source/>.
const SOURCE: &Table<'_> = &[
    ("", &["apiVersion", "datasources"]),
    ("datasources", &["name", "uid", "type", "access", "url", "isDefault", "editable", "jsonData"]),
    ("datasources/jsonData", &["maxLines", "derivedFields"]),
    ("datasources/jsonData/derivedFields", &["name", "matcherRegex", "url", "urlDisplayLabel"]),
];

/// `#dashboards`.
const PROVIDER: &Table<'_> = &[
    ("", &["apiVersion", "providers"]),
    ("providers", &["name", "type", "disableDeletion", "allowUiUpdates", "options"]),
    ("providers/options", &["path"]),
];

/// What is wrong with the source of data; `dashboard` is the identifier of the dashboard that its link leads to.
#[must_use]
pub fn check_source(file: &Value, dashboard: &str) -> Vec<String> {
    let mut problems = unknown(file, SOURCE);
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            problems.push(what.into());
        }
    };
    let source = &file["datasources"][0];
    expect(file["apiVersion"] == 1, "the version is 1");
    expect(
        source["type"] == "loki" && source["access"] == "proxy",
        "it is no source of the type loki by Grafana's proxy",
    );
    for field in list(&source["jsonData"]["derivedFields"]) {
        let regex = Regex::new(text(&field["matcherRegex"]));
        expect(regex.is_ok_and(|regex| regex.captures_len() == 2), "a derived field takes one part of the line");
        // The dashboard opens at its own span otherwise, in which an older record is not. `$$` stands for `$`.
        let url = format!("/d/{dashboard}?var-event=$${{__value.raw}}&from=now-1y&to=now");
        expect(field["url"] == url.as_str(), "the link of a derived field does not show the record, however old");
    }
    problems
}

/// What is wrong with the place of the dashboards.
#[must_use]
pub fn check_provider(file: &Value) -> Vec<String> {
    let mut problems = unknown(file, PROVIDER);
    let provider = &file["providers"][0];
    if file["apiVersion"] != 1
        || provider["type"] != "file"
        || !text(at(provider, &["options", "path"])).starts_with('/')
    {
        problems.push("dashboards are provided by files of a folder".into());
    }
    problems
}
