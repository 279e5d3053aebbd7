//! Which settings each section and plugin may have, below <https://docs.fluentbit.io/manual/>.

use serde_json::Value;

use crate::keys::{Table, unknown};
use crate::yaml::{list, text};

/// `administration/configuring-fluent-bit/yaml/…-section`. There is no `env`: what it sets, the environment cannot change
/// (`…/yaml/environment-variables-section`).
const SECTIONS: &Table<'_> = &[
    ("", &["service", "parsers", "pipeline"]),
    ("service", &["flush", "log_level", "storage.path", "storage.sync", "storage.backlog.mem_limit"]),
    ("parsers", &["name", "format", "regex", "time_key", "time_format", "time_keep"]),
    ("pipeline", &["inputs", "filters", "outputs"]),
    ("pipeline/inputs", &["*"]), // by the plugin
    ("pipeline/filters", &["*"]),
    ("pipeline/outputs", &["*"]),
];

/// `data-pipeline/inputs/tail`, `data-pipeline/filters/{grep,parser,record-modifier}`, `data-pipeline/outputs/loki`.
const PLUGINS: [(&str, &[&str]); 5] = [
    (
        "tail",
        &[
            "name",
            "tag",
            "path",
            "read_from_head",
            "db",
            "buffer_chunk_size",
            "buffer_max_size",
            "skip_long_lines",
            "storage.type",
            "parser",
        ],
    ),
    ("grep", &["name", "match", "regex"]),
    ("parser", &["name", "match", "key_name", "parser", "reserve_data", "preserve_key"]),
    ("record_modifier", &["name", "match", "allowlist_key"]),
    (
        "loki",
        &[
            "name",
            "match",
            "host",
            "port",
            "labels",
            "line_format",
            "drop_single_key",
            "storage.total_limit_size",
            "retry_limit",
        ],
    ),
];

/// What is in no list.
pub(super) fn problems(file: &Value) -> Vec<String> {
    let mut problems = unknown(file, SECTIONS);
    for section in ["inputs", "filters", "outputs"] {
        for plugin in list(&file["pipeline"][section]) {
            let name = text(&plugin["name"]);
            match PLUGINS.iter().find(|(known, _)| *known == name) {
                Some((_, keys)) => problems.extend(unknown(plugin, &[("", keys)])),
                None => problems.push(format!("{name} is no plugin that is known")),
            }
        }
    }
    problems
}
