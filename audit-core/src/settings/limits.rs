//! What a setting may be, whether code or the environment gave it.

use std::fmt::Display;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::value::{boolean, is_token, not_a_network};
use super::{Output, SettingError, Settings};
use crate::redact::{Redactor, has_word};
use crate::vocabulary::Delivery;

/// Loki refuses lines of more than 256 KiB by default; below 2 KiB the main fields would not fit.
const LINE_BYTES: RangeInclusive<usize> = 2_048..=262_144;
const BODY_BYTES: RangeInclusive<usize> = 0..=64 << 20;
const QUEUE_BYTES: RangeInclusive<usize> = 64 << 10..=1 << 30;
/// A queue that holds fewer lines than this makes nearly every request wait for the writer.
const QUEUE_LINES: usize = 4;
/// A segment that holds fewer lines than this is hardly begun before the next.
const SEGMENT_LINES: u64 = 4;
/// One segment is written, and one can go.
const JOURNAL_SEGMENTS: u64 = 2;
const QUEUE_TIMEOUT_MAX: Duration = Duration::from_secs(600);
const NAME_CHARS: usize = 256;
/// What shows that a name is several, JSON, or a pattern: it would be taken for other words than were meant.
const NOT_IN_FIELDS: [char; 16] = ['"', '\'', '`', '{', '}', '<', '>', '(', ')', '*', '?', '|', '\\', '^', ',', ';'];
/// Headers that hold no client's address. Of some the client chooses the value: a `Host` could pass for an address.
const NO_ADDRESSES: [&str; 13] = [
    "connection",
    "date",
    "host",
    "origin",
    "referer",
    "traceparent",
    "user-agent",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-request-id",
];

impl Settings {
    /// Checks what holds wherever a value came from, and refuses what is not built yet.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first.
    pub(crate) fn validate(&self) -> Result<(), Vec<SettingError>> {
        let mut errors = Vec::new();
        self.check_sizes(&mut errors);
        self.check_journal(&mut errors);
        self.check_paths(&mut errors);
        self.check_names(&mut errors);
        self.check_sensitive(&mut errors);
        self.check_proxies(&mut errors);
        if self.delivery == Delivery::Strict && !matches!(self.output, crate::Output::File(_)) {
            let advice = "it needs a journal: expected AUDIT_LOG_PATH to be a file, or best_effort or buffered";
            errors.push(SettingError::new("AUDIT_DELIVERY", self.delivery.as_str(), advice));
        }
        errors.extend(self.resolved_output().err());
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    fn check_sizes(&self, errors: &mut Vec<SettingError>) {
        let line_is_right = within(errors, "AUDIT_MAX_LINE_BYTES", self.max_line_bytes, LINE_BYTES);
        within(errors, "AUDIT_MAX_BODY_BYTES", self.max_body_bytes, BODY_BYTES);
        let queue_is_right = within(errors, "AUDIT_QUEUE_BYTES", self.queue_bytes, QUEUE_BYTES);
        if line_is_right && queue_is_right && self.queue_bytes < QUEUE_LINES * self.max_line_bytes {
            let advice =
                format!("expected at least {QUEUE_LINES} times AUDIT_MAX_LINE_BYTES, which is {}", self.max_line_bytes);
            errors.push(SettingError::new("AUDIT_QUEUE_BYTES", self.queue_bytes.to_string(), advice));
        }
        let most = QUEUE_TIMEOUT_MAX.as_millis();
        let advice = if self.queue_timeout.as_millis() > most {
            Some(format!("expected 0 to {most}"))
        } else if self.delivery == Delivery::Strict && !self.leaves_time() {
            Some(format!("expected 1 to {most}, for strict delivery waits so long for the journal"))
        } else {
            None
        };
        if let Some(advice) = advice {
            errors.push(SettingError::new(
                "AUDIT_QUEUE_TIMEOUT_MS",
                self.queue_timeout.as_millis().to_string(),
                advice,
            ));
        }
    }

    /// Whether a request has time to wait for the journal.
    pub(crate) fn leaves_time(&self) -> bool {
        self.queue_timeout.as_millis() > 0
    }

    fn check_journal(&self, errors: &mut Vec<SettingError>) {
        let line = self.max_line_bytes as u64;
        let rotate = self.rotate_bytes.map(|bytes| {
            let advice = (bytes < SEGMENT_LINES.saturating_mul(line))
                .then(|| format!("expected at least {SEGMENT_LINES} times AUDIT_MAX_LINE_BYTES, which is {line}"));
            ("AUDIT_ROTATE_BYTES", bytes.to_string(), advice)
        });
        let keep = self.rotate_keep.map(|count| {
            let advice = (count == 0).then(|| "expected how many segments to keep, at least 1".to_owned());
            ("AUDIT_ROTATE_KEEP", count.to_string(), advice)
        });
        let max = self.journal_max_bytes.map(|bytes| {
            let advice = match self.rotate_bytes {
                None => Some("expected AUDIT_ROTATE_BYTES to be set, for what goes are whole segments".to_owned()),
                Some(rotate) if bytes < JOURNAL_SEGMENTS.saturating_mul(rotate) => {
                    Some(format!("expected at least {JOURNAL_SEGMENTS} times AUDIT_ROTATE_BYTES, which is {rotate}"))
                }
                Some(_) => None,
            };
            ("AUDIT_JOURNAL_MAX_BYTES", bytes.to_string(), advice)
        });
        let is_file = matches!(self.output, Output::File(_));
        for (name, value, advice) in [rotate, keep, max].into_iter().flatten() {
            let no_file = || (!is_file).then(|| "expected off, for AUDIT_LOG_PATH is no file".to_owned());
            errors.extend(advice.or_else(no_file).map(|advice| SettingError::new(name, value, advice)));
        }
    }

    fn check_paths(&self, errors: &mut Vec<SettingError>) {
        let path =
            "expected paths that begin with / and have no empty, . , .. or * segment; a path covers all below it";
        for (name, paths) in
            [("AUDIT_EXCLUDE_PATHS", &self.exclude_paths), ("AUDIT_INCLUDE_PATHS", &self.include_paths)]
        {
            every(errors, name, paths, path, is_path);
            every(errors, name, paths, "expected each path by itself", |path| !is_many(path));
        }
        // An audit trail is switched off by the setting that says so, and on stderr; not by a list.
        let all = "expected paths below /; to audit nothing, set AUDIT_ENABLED to false";
        every(errors, "AUDIT_EXCLUDE_PATHS", &self.exclude_paths, all, |path| path != "/");
        if let Some(prefix) = &self.path_prefix
            && (prefix.is_empty()
                || is_many(prefix)
                || !is_path(&format!("/{}", prefix.strip_prefix('/').unwrap_or(prefix))))
        {
            let advice = "expected one path such as /app, without empty, . , .. or * segments";
            errors.push(SettingError::new("AUDIT_PATH_PREFIX", prefix, advice));
        }
    }

    fn check_names(&self, errors: &mut Vec<SettingError>) {
        let advice = format!("expected 1 to {NAME_CHARS} characters, not only blanks and no control characters");
        for (name, value) in [
            ("AUDIT_SERVICE", &self.service),
            ("AUDIT_ENVIRONMENT", &self.environment),
            ("AUDIT_INSTANCE", &self.instance),
        ] {
            if let Some(value) = value
                && !is_name(value)
            {
                errors.push(SettingError::new(name, value, advice.clone()));
            }
        }
    }

    fn check_sensitive(&self, errors: &mut Vec<SettingError>) {
        let field = "expected names with a letter, each by itself, without quotes, braces or wildcards";
        every(errors, "AUDIT_SENSITIVE_FIELDS", &self.sensitive_fields, field, is_field_name);
        let header = "expected names of headers, with a letter";
        every(errors, "AUDIT_SENSITIVE_HEADERS", &self.sensitive_headers, header, is_header_name);
    }

    fn check_proxies(&self, errors: &mut Vec<SettingError>) {
        let networks: Vec<String> = self.trusted_proxies.iter().map(ToString::to_string).collect();
        for (network, text) in self.trusted_proxies.iter().zip(&networks) {
            if let Some(expected) = not_a_network(network) {
                errors.push(SettingError::in_list("AUDIT_TRUSTED_PROXIES", &networks, text, &expected));
            }
        }
        let header = self.proxy_header.to_ascii_lowercase();
        let is_value = header.parse::<IpAddr>().is_ok() || boolean(&header).is_ok() || header == "none";
        let advice = if !is_token(&header) || is_value {
            "expected a header's name, such as x-forwarded-for"
        } else if header.starts_with("http_") || header == "x_forwarded_for" || header == "x_real_ip" {
            "expected a header's name as it is sent, such as x-forwarded-for"
        } else if Redactor::default().is_sensitive_header(&header) {
            "expected a header that holds addresses, not credentials"
        } else if header.starts_with("content-") || header.starts_with("accept") || NO_ADDRESSES.contains(&&*header) {
            "expected a header in which a proxy names the client's address"
        } else {
            return;
        };
        errors.push(SettingError::new("AUDIT_PROXY_HEADER", &self.proxy_header, advice));
    }
}

fn within<T: PartialOrd + Display>(
    errors: &mut Vec<SettingError>,
    name: &'static str,
    value: T,
    range: RangeInclusive<T>,
) -> bool {
    let inside = range.contains(&value);
    if !inside {
        errors.push(SettingError::new(
            name,
            value.to_string(),
            format!("expected {} to {}", range.start(), range.end()),
        ));
    }
    inside
}

fn every(
    errors: &mut Vec<SettingError>,
    name: &'static str,
    list: &[String],
    expected: &str,
    is_right: impl Fn(&str) -> bool,
) {
    errors.extend(
        list.iter()
            .filter(|element| !is_right(element))
            .map(|element| SettingError::in_list(name, list, element, expected)),
    );
}

/// Whether words can be told by this name: one without a word in it would hide nothing.
pub(crate) fn is_field_name(name: &str) -> bool {
    is_name(name) && !name.contains(NOT_IN_FIELDS) && has_word(name)
}

/// Whether a field can be called so: a list or a pattern would keep nothing that was meant.
pub(crate) fn is_kept_name(name: &str) -> bool {
    is_name(name) && !name.contains(NOT_IN_FIELDS) && name.contains(char::is_alphanumeric)
}

/// Whether words can be told by this name of a header.
pub(crate) fn is_header_name(name: &str) -> bool {
    is_token(name) && has_word(name)
}

fn is_name(text: &str) -> bool {
    let is_blank = text.chars().all(char::is_whitespace);
    !is_blank && text.chars().count() <= NAME_CHARS && !text.chars().any(char::is_control)
}

/// Whether this is a list of paths where one is expected, as code that passes a variable on would give it.
fn is_many(path: &str) -> bool {
    [",/", ";/"].iter().any(|between| path.contains(between))
}

/// Whether a pattern can match: one that no request's path could ever begin with is a mistake that nobody would notice.
fn is_path(text: &str) -> bool {
    let Some(below) = text.strip_prefix('/') else { return false };
    let below = below.strip_suffix('/').unwrap_or(below);
    let segments_are_right = below.is_empty() && text == "/"
        || below.split('/').all(|segment| !matches!(segment, "" | "." | ".." | "*" | "**"));
    segments_are_right && !text.contains(['?', '#']) && !text.chars().any(|c| c.is_control() || c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(settings: &Settings) -> Vec<String> {
        settings.validate().err().unwrap_or_default().iter().map(SettingError::to_string).collect()
    }

    fn with(change: impl FnOnce(&mut Settings)) -> Vec<String> {
        let mut settings = Settings::default();
        change(&mut settings);
        messages(&settings)
    }

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(messages(&Settings::default()), [""; 0]);
    }

    #[test]
    fn sizes_have_bounds() {
        const MIB: usize = 1 << 20;
        type Row = (usize, fn(&mut Settings, usize), &'static str);
        let line: fn(&mut Settings, usize) = |settings, n| settings.max_line_bytes = n;
        let body: fn(&mut Settings, usize) = |settings, n| settings.max_body_bytes = n;
        let queue: fn(&mut Settings, usize) = |settings, n| settings.queue_bytes = n;
        let rows: [Row; 12] = [
            (2_047, line, r#"AUDIT_MAX_LINE_BYTES is "2047"; expected 2048 to 262144"#),
            (2_048, line, ""),
            (262_144, line, ""),
            (262_145, line, r#"AUDIT_MAX_LINE_BYTES is "262145"; expected 2048 to 262144"#),
            (0, body, ""),
            (64 * MIB, body, ""),
            (64 * MIB + 1, body, r#"AUDIT_MAX_BODY_BYTES is "67108865"; expected 0 to 67108864"#),
            (65_535, queue, r#"AUDIT_QUEUE_BYTES is "65535"; expected 65536 to 1073741824"#),
            (65_536, queue, ""),
            (1_024 * MIB, queue, ""),
            (1_024 * MIB + 1, queue, r#"AUDIT_QUEUE_BYTES is "1073741825"; expected 65536 to 1073741824"#),
            (usize::MAX, line, r#"AUDIT_MAX_LINE_BYTES is "18446744073709551615"; expected 2048 to 262144"#),
        ];
        for (value, set, expected) in rows {
            let found = with(|settings| set(settings, value));
            assert_eq!(found.concat(), expected, "{value}");
        }
        let found = with(|settings| {
            settings.queue_bytes = 131_071;
            settings.max_line_bytes = 32_768;
        });
        assert_eq!(
            found,
            [r#"AUDIT_QUEUE_BYTES is "131071"; expected at least 4 times AUDIT_MAX_LINE_BYTES, which is 32768"#]
        );
        assert_eq!(with(|settings| settings.queue_timeout = Duration::from_millis(600_000)), [""; 0]);
        assert_eq!(
            with(|settings| settings.queue_timeout = Duration::from_millis(600_001)),
            [r#"AUDIT_QUEUE_TIMEOUT_MS is "600001"; expected 0 to 600000"#]
        );
    }

    #[test]
    fn a_journal_has_bounds() {
        let with = |rotate, keep, max| {
            with(|settings| {
                settings.output = Output::File("audit.jsonl".into());
                (settings.rotate_bytes, settings.rotate_keep, settings.journal_max_bytes) = (rotate, keep, max);
            })
            .concat()
        };
        let line = "expected at least 4 times AUDIT_MAX_LINE_BYTES, which is 16384";
        for (rotate, keep, max, expected) in [
            (None, Some(1), None, String::new()),
            (Some(65_536), None, Some(131_072), String::new()),
            (Some(65_535), None, None, format!(r#"AUDIT_ROTATE_BYTES is "65535"; {line}"#)),
            (None, Some(0), None, r#"AUDIT_ROTATE_KEEP is "0"; expected how many segments to keep, at least 1"#.into()),
            (
                Some(65_536),
                None,
                Some(131_071),
                r#"AUDIT_JOURNAL_MAX_BYTES is "131071"; expected at least 2 times AUDIT_ROTATE_BYTES, which is 65536"#
                    .into(),
            ),
        ] {
            assert_eq!(with(rotate, keep, max), expected);
        }
    }

    #[test]
    fn paths_that_could_never_match_are_refused() {
        for path in
            ["/health", "/health/", "/a/{id}/b", "/a/<id>", "/a/{*rest}", "/.well-known", "/a.b", "/swagger.json"]
        {
            assert!(is_path(path), "{path}");
        }
        for path in
            ["", "health", "//", "/a//b", "/a//", "/a/../b", "/.", "/a/*", "/a/**/b", "/a?b", "/a b", "/a#b", "/a\n"]
        {
            assert!(!is_path(path), "{path}");
        }
        let found = with(|settings| {
            settings.exclude_paths = vec!["/ok".into(), "health".into()];
            settings.include_paths = vec!["/".into(), "/x/*".into()];
        });
        let expected =
            "expected paths that begin with / and have no empty, . , .. or * segment; a path covers all below it";
        assert_eq!(
            found,
            [
                format!(r#"AUDIT_EXCLUDE_PATHS is "/ok,health"; {expected}, not "health""#),
                format!(r#"AUDIT_INCLUDE_PATHS is "/,/x/*"; {expected}, not "/x/*""#),
            ]
        );
    }

    #[test]
    fn excluding_everything_is_refused() {
        assert_eq!(
            with(|settings| settings.exclude_paths = vec!["/".into()]),
            [r#"AUDIT_EXCLUDE_PATHS is "/"; expected paths below /; to audit nothing, set AUDIT_ENABLED to false"#]
        );
    }

    #[test]
    fn the_prefix_is_a_path_with_or_without_its_slash() {
        for prefix in ["/", "/app", "app", "/app/", "a/b"] {
            assert_eq!(with(|settings| settings.path_prefix = Some(prefix.into())), [""; 0], "{prefix}");
        }
        for prefix in ["", "//", "a//b", "/..", "a b"] {
            assert_eq!(with(|settings| settings.path_prefix = Some(prefix.into())).len(), 1, "{prefix}");
        }
    }

    #[test]
    fn names_have_bounds() {
        let set = |value: &str| with(|settings| settings.service = Some(value.into())).len();
        assert_eq!(
            (set("geo api"), set(&"ä".repeat(256)), set(&"ä".repeat(257)), set(""), set("a\tb")),
            (0, 0, 1, 1, 1)
        );
        let found = with(|settings| {
            settings.environment = Some("\n".into());
            settings.instance = Some(String::new());
            settings.sensitive_fields = vec!["mi_campo".into(), "__".into()];
            settings.sensitive_headers = vec!["x y".into(), "--".into()];
            settings.proxy_header = "x:".into();
        });
        let names: Vec<_> = found.iter().filter_map(|message| message.split(' ').next()).collect();
        let expected = [
            "AUDIT_ENVIRONMENT",
            "AUDIT_INSTANCE",
            "AUDIT_SENSITIVE_FIELDS",
            "AUDIT_SENSITIVE_HEADERS",
            "AUDIT_SENSITIVE_HEADERS",
            "AUDIT_PROXY_HEADER",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn what_cannot_be_promised_or_opened_is_refused() {
        assert_eq!(
            with(|settings| settings.delivery = Delivery::Strict),
            [
                r#"AUDIT_DELIVERY is "strict"; it needs a journal: expected AUDIT_LOG_PATH to be a file, or best_effort or buffered"#
            ]
        );
        assert_eq!(
            with(|settings| settings.output = Output::File("/".into())),
            [r#"AUDIT_LOG_PATH is "/"; expected stdout or the path of a file"#]
        );
    }
}
