//! The components, blocks and arguments that our files may use, each with the page that says so.

/// A kind of block: what it may hold.
pub(super) struct Kind {
    /// `loki.write`, or the path of a block in one: `loki.write/endpoint`.
    pub(super) path: &'static str,
    /// Its arguments; those with `!` must be there.
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

/// Every kind.
pub(super) const KINDS: [Kind; 16] = [
    kind("discovery.docker", &["host!", "refresh_interval"], &["targets"], "components/discovery/discovery.docker/"),
    kind("discovery.docker/filter", &["name!", "values!"], &[], "components/discovery/discovery.docker/#filter"),
    kind("discovery.relabel", &["targets!"], &["output", "rules"], "components/discovery/discovery.relabel/"),
    kind(
        "discovery.relabel/rule",
        &["source_labels", "target_label", "regex", "replacement", "action"],
        &[],
        "components/discovery/discovery.relabel/#rule",
    ),
    kind("local.file_match", &["path_targets!", "sync_period"], &["targets"], "components/local/local.file_match/"),
    kind(
        "loki.source.docker",
        &["host!", "targets!", "forward_to!", "labels", "relabel_rules", "refresh_interval"],
        &[],
        "components/loki/loki.source.docker/",
    ),
    kind(
        "loki.source.file",
        &["targets!", "forward_to!", "encoding", "tail_from_end"],
        &[],
        "components/loki/loki.source.file/",
    ),
    kind("loki.process", &["forward_to!"], &["receiver"], "components/loki/loki.process/"),
    kind(
        "loki.process/stage.match",
        &["selector!", "action", "drop_counter_reason", "pipeline_name"],
        &[],
        "components/loki/loki.process/#stagematch",
    ),
    kind("loki.process/stage.label_drop", &["values!"], &[], "components/loki/loki.process/#stagelabel_drop"),
    kind(
        "loki.process/stage.json",
        &["expressions!", "source", "drop_malformed"],
        &[],
        "components/loki/loki.process/#stagejson",
    ),
    kind(
        "loki.process/stage.timestamp",
        &["source!", "format!", "location", "fallback_formats", "action_on_failure"],
        &[],
        "components/loki/loki.process/#stagetimestamp",
    ),
    kind("loki.process/stage.labels", &["values!"], &[], "components/loki/loki.process/#stagelabels"),
    kind(
        "loki.process/stage.structured_metadata",
        &["values", "regex"],
        &[],
        "components/loki/loki.process/#stagestructured_metadata",
    ),
    kind("loki.write", &["external_labels", "max_streams"], &["receiver"], "components/loki/loki.write/"),
    kind(
        "loki.write/endpoint",
        &["url!", "batch_size", "batch_wait", "max_backoff_period", "max_backoff_retries", "min_backoff_period"],
        &[],
        "components/loki/loki.write/#endpoint",
    ),
];

/// Functions: `stdlib/coalesce/` and `stdlib/sys/#sysenv`.
pub(super) const FUNCTIONS: [&str; 2] = ["coalesce", "sys.env"];

pub(super) fn find(path: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.path == path)
}
