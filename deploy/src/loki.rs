//! `loki/config.yaml` (<https://grafana.com/docs/loki/v3.7.x/configure/>): whether it keeps what is sent, as long as it
//! says, and answers what is asked.

use serde_json::Value;

use crate::keys::{Table, unknown};
use crate::yaml::text;

/// The keys that we use, of the page above. Loki does not start with one that it does not know.
const KEYS: &Table<'_> = &[
    ("", &["auth_enabled", "server", "common", "schema_config", "limits_config", "compactor", "analytics"]),
    ("server", &["http_listen_port", "log_level"]),
    ("common", &["instance_addr", "path_prefix", "replication_factor", "ring", "storage"]),
    ("common/ring", &["kvstore"]),
    ("common/ring/kvstore", &["store"]),
    ("common/storage", &["filesystem"]),
    ("common/storage/filesystem", &["chunks_directory", "rules_directory"]),
    ("schema_config", &["configs"]),
    ("schema_config/configs", &["from", "store", "object_store", "schema", "index"]),
    ("schema_config/configs/index", &["prefix", "period"]),
    (
        "limits_config",
        &[
            "retention_period",
            "max_query_length",
            "max_query_series",
            "max_line_size",
            "max_line_size_truncate",
            "allow_structured_metadata",
            "max_label_names_per_series",
            "reject_old_samples",
            "reject_old_samples_max_age",
        ],
    ),
    (
        "compactor",
        &[
            "working_directory",
            "compaction_interval",
            "retention_enabled",
            "retention_delete_delay",
            "delete_request_store",
        ],
    ),
    ("analytics", &["reporting_enabled"]),
];

/// A collector may be away from Loki for as long: what it sends afterwards is not refused.
const OLDEST: u64 = 7 * 24;

/// A year and a day, which is what the link to one record spans.
const SPAN: u64 = 366 * 24;

/// Addresses or names of one attack, each a series of `failed-logins`: more than the default of 500, and bounded.
const SERIES: std::ops::RangeInclusive<u64> = 5_000..=50_000;

/// What is wrong with a file; `longest` is the longest line in bytes.
#[must_use]
pub fn check(file: &Value, longest: u64) -> Vec<String> {
    let mut problems = unknown(file, KEYS);
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            problems.push(what.into());
        }
    };
    let limits = &file["limits_config"];
    let hours = |key: &str| text(&limits[key]).strip_suffix('h').and_then(|hours| hours.parse::<u64>().ok());

    // As https://grafana.com/docs/loki/latest/operations/storage/retention/ asks for.
    let store = &file["schema_config"]["configs"][0];
    let compactor = &file["compactor"];
    expect(compactor["retention_enabled"] == true, "nothing is ever deleted");
    expect(compactor["delete_request_store"] == store["object_store"], "the compactor deletes in another store");
    expect(store["index"]["period"] == "24h", "retention needs an index of a day");
    expect(hours("retention_period") > Some(24), "records are kept for less than a day");
    expect(hours("max_query_length") >= hours("retention_period").max(Some(SPAN)), "a query cannot span what is kept");

    let has_metadata = store["store"] == "tsdb" && store["schema"] == "v13";
    expect(has_metadata && limits["allow_structured_metadata"] == true, "structured metadata is refused");
    let size = text(&limits["max_line_size"]).strip_suffix("KB").and_then(|size| size.parse::<u64>().ok());
    expect(size.is_some_and(|size| size * 1024 > longest), "a line may be longer than it takes");
    expect(limits["max_line_size_truncate"] == false, "a longer line would be cut");
    let is_patient = limits["reject_old_samples"] == true && hours("reject_old_samples_max_age") >= Some(OLDEST);
    expect(is_patient, "what a collector held back for less than a week is refused");
    let series = limits["max_query_series"].as_u64();
    expect(series.is_some_and(|series| SERIES.contains(&series)), "a query by address fails when there are many");
    problems
}
