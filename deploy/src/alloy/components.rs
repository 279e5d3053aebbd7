//! The components, blocks and arguments that our files may use, each with the page that says so.

use super::syntax::Value;
use crate::yaml::is_duration;

/// A kind of block: what it may hold.
pub(super) struct Kind {
    /// `loki.write`, or the path of a block in one: `loki.write/endpoint`.
    pub(super) path: &'static str,
    /// Its arguments, each with what it takes; those with `!` must be there.
    pub(super) arguments: &'static [&'static str],
    /// What other components may refer to.
    pub(super) exports: &'static [&'static str],
    /// Where it is described, below <https://grafana.com/docs/alloy/latest/reference/>.
    pub(super) page: &'static str,
}

const fn kind(
    path: &'static str,
    arguments: &'static [&'static str],
    exports: &'static [&'static str],
    page: &'static str,
) -> Kind {
    Kind { path, arguments, exports, page }
}

/// Every kind, with the arguments that are followed. One that would change what happens and is not followed, such as
/// `external_labels`, or `regex`, `replacement`, `action` and `separator` of a rule, is none of them.
pub(super) const KINDS: [Kind; 16] = [
    kind(
        "discovery.docker",
        &["host!=text", "refresh_interval=duration"],
        &["targets"],
        "components/discovery/discovery.docker/",
    ),
    kind(
        "discovery.docker/filter",
        &["name!=text", "values!=texts"],
        &[],
        "components/discovery/discovery.docker/#filter",
    ),
    kind("discovery.relabel", &["targets!=list"], &["output", "rules"], "components/discovery/discovery.relabel/"),
    kind(
        "discovery.relabel/rule",
        &["source_labels!=texts", "target_label!=text"],
        &[],
        "components/discovery/discovery.relabel/#rule",
    ),
    kind("local.file_match", &["path_targets!=list"], &["targets"], "components/local/local.file_match/"),
    kind(
        "loki.source.docker",
        &["host!=text", "targets!=reference", "forward_to!=list", "labels=map", "relabel_rules=reference"],
        &[],
        "components/loki/loki.source.docker/",
    ),
    kind("loki.source.file", &["targets!=reference", "forward_to!=list"], &[], "components/loki/loki.source.file/"),
    kind("loki.process", &["forward_to!=list"], &["receiver"], "components/loki/loki.process/"),
    kind(
        "loki.process/stage.match",
        &["selector!=text", "action!=text", "drop_counter_reason=text"],
        &[],
        "components/loki/loki.process/#stagematch",
    ),
    kind("loki.process/stage.label_drop", &["values!=texts"], &[], "components/loki/loki.process/#stagelabel_drop"),
    kind("loki.process/stage.json", &["expressions!=map"], &[], "components/loki/loki.process/#stagejson"),
    kind(
        "loki.process/stage.timestamp",
        &["source!=text", "format!=text"],
        &[],
        "components/loki/loki.process/#stagetimestamp",
    ),
    kind("loki.process/stage.labels", &["values!=map"], &[], "components/loki/loki.process/#stagelabels"),
    kind(
        "loki.process/stage.structured_metadata",
        &["values!=map"],
        &[],
        "components/loki/loki.process/#stagestructured_metadata",
    ),
    kind("loki.write", &[], &["receiver"], "components/loki/loki.write/"),
    kind(
        "loki.write/endpoint",
        &["url!=text", "max_backoff_retries=number"],
        &[],
        "components/loki/loki.write/#endpoint",
    ),
];

/// Whether a value is of the kind that an argument takes. What a function gives is taken for a text.
pub(super) fn fits(value: &Value, shape: &str) -> bool {
    match (shape, value) {
        ("duration", Value::Text(text)) => is_duration(text),
        ("texts", Value::List(values)) => values.iter().all(|value| matches!(value, Value::Text(_))),
        ("text", Value::Text(_) | Value::Call(..))
        | ("list", Value::List(_))
        | ("map", Value::Map(_))
        | ("number", Value::Number(_))
        | ("reference", Value::Reference(_)) => true,
        _ => false,
    }
}

/// Functions: `stdlib/coalesce/` and `stdlib/sys/#sysenv`.
pub(super) const FUNCTIONS: [&str; 2] = ["coalesce", "sys.env"];

pub(super) fn find(path: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.path == path)
}
