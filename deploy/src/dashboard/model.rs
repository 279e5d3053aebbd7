//! The keys and words of Grafana's model that we use
//! (<https://grafana.com/docs/grafana/latest/visualizations/dashboards/build-dashboards/view-dashboard-json-model/>).

use serde_json::Value;

use crate::keys::{Table, unknown};
use crate::yaml::{list, text};

const KEYS: &Table<'_> = &[
    (
        "",
        &[
            "uid",
            "title",
            "description",
            "tags",
            "schemaVersion",
            "version",
            "editable",
            "graphTooltip",
            "refresh",
            "timezone",
            "time",
            "templating",
            "annotations",
            "links",
            "panels",
        ],
    ),
    ("time", &["from", "to"]),
    ("annotations", &["list"]),
    (
        "links",
        &["title", "type", "icon", "url", "tooltip", "targetBlank", "asDropdown", "tags", "includeVars", "keepTime"],
    ),
    ("templating", &["list"]),
    (
        "templating/list",
        &[
            "name",
            "label",
            "description",
            "type",
            "datasource",
            "query",
            "refresh",
            "sort",
            "multi",
            "includeAll",
            "allValue",
            "current",
            "options",
            "regex",
            "hide",
        ],
    ),
    ("templating/list/datasource", &["type", "uid"]),
    ("templating/list/query", &["type", "label", "stream", "refId"]),
    ("templating/list/current", &["selected", "text", "value"]),
    ("templating/list/options", &["selected", "text", "value"]),
    (
        "panels",
        &[
            "id",
            "type",
            "title",
            "description",
            "datasource",
            "gridPos",
            "targets",
            "fieldConfig",
            "options",
            "transformations",
        ],
    ),
    ("panels/datasource", &["type", "uid"]),
    ("panels/gridPos", &["x", "y", "w", "h"]),
    ("panels/targets", &["refId", "datasource", "editorMode", "expr", "queryType", "legendFormat"]),
    ("panels/targets/datasource", &["type", "uid"]),
    ("panels/fieldConfig", &["defaults", "overrides"]),
    ("panels/fieldConfig/defaults", &["unit", "noValue", "color", "custom", "links"]),
    ("panels/fieldConfig/defaults/color", &["mode", "fixedColor"]),
    ("panels/fieldConfig/defaults/custom", &["drawStyle", "fillOpacity", "lineWidth", "showPoints", "stacking"]),
    ("panels/fieldConfig/defaults/custom/stacking", &["mode", "group"]),
    ("panels/fieldConfig/defaults/links", &["title", "url"]),
    ("panels/fieldConfig/overrides", &["matcher", "properties"]),
    ("panels/fieldConfig/overrides/matcher", &["id", "options"]),
    ("panels/fieldConfig/overrides/properties", &["id", "value"]),
    ("panels/fieldConfig/overrides/properties/value", &["title", "url"]),
    ("panels/options", &["reduceOptions", "legend", "tooltip", "*"]), // by the type of the panel, below
    ("panels/options/reduceOptions", &["calcs", "fields", "values"]),
    ("panels/options/legend", &["displayMode", "placement", "showLegend"]),
    ("panels/options/tooltip", &["mode", "sort"]),
    ("panels/transformations", &["id", "options"]),
    ("panels/transformations/options", &["excludeByName", "renameByName"]),
    ("panels/transformations/options/excludeByName", &["Time"]),
    ("panels/transformations/options/renameByName", &[]),
];

/// The options of each type, below
/// <https://grafana.com/docs/grafana/latest/visualizations/panels-visualizations/visualizations/>.
const OPTIONS: [(&str, &[&str]); 4] = [
    ("stat", &["reduceOptions", "colorMode", "graphMode", "textMode"]),
    ("timeseries", &["legend", "tooltip"]),
    ("table", &["showHeader", "cellHeight"]),
    (
        "logs",
        &[
            "showTime",
            "wrapLogMessage",
            "prettifyLogMessage",
            "enableLogDetails",
            "sortOrder",
            "dedupStrategy",
            "showLabels",
        ],
    ),
];

/// What is chosen by an identifier: `…/query-transform-data/transform-data/`, `…/configure-overrides/`.
const WORDS: [(&str, &[&str]); 3] =
    [("transformation", &["organize"]), ("matcher", &["byName"]), ("property", &["displayName", "unit", "links"])];

/// What is in no list.
pub(super) fn problems(dashboard: &Value) -> Vec<String> {
    let mut problems = unknown(dashboard, KEYS);
    let mut word = |kind: &str, id: &Value| {
        if !WORDS.iter().any(|(known, ids)| *known == kind && ids.contains(&text(id))) {
            problems.push(format!("{id} is no {kind} that is known"));
        }
    };
    for panel in list(&dashboard["panels"]) {
        list(&panel["transformations"]).for_each(|one| word("transformation", &one["id"]));
        for one in list(&panel["fieldConfig"]["overrides"]) {
            word("matcher", &one["matcher"]["id"]);
            list(&one["properties"]).for_each(|property| word("property", &property["id"]));
        }
    }
    for panel in list(&dashboard["panels"]) {
        let known = OPTIONS.iter().find(|(kind, _)| panel["type"] == *kind).map_or(&[][..], |(_, options)| options);
        let options = panel["options"].as_object().into_iter().flatten();
        for (option, _) in options.filter(|(option, _)| !known.contains(&option.as_str())) {
            problems.push(format!("a panel of the type {} has no option {option}", panel["type"]));
        }
    }
    problems
}
