//! What an auditor is told: every setting with its default, read from `AUDIT_*`, checked before anything starts.
//!
//! Nothing fails later because of a setting: a value that cannot be read, is out of range, or asks for what is not
//! built yet stops the start, and all such values are reported together.

mod error;
mod limits;
mod output;
mod value;

use std::ffi::OsString;
use std::time::Duration;

use ipnet::IpNet;

pub use error::SettingError;
pub(crate) use limits::{is_field_name, is_header_name, is_kept_name};
pub use output::Output;
pub(crate) use value::is_token;

use crate::vocabulary::{Delivery, Mode};
use value::Read;

/// Every setting, each under the name of its `AUDIT_*` variable.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) enabled: bool,
    pub(crate) mode: Mode,
    /// `AUDIT_LOG_PATH`; the path is ready only in [`resolved_output`](Self::resolved_output).
    pub(crate) output: Output,
    pub(crate) auto_detect: bool,
    /// Names to filter besides the built-in ones.
    pub(crate) sensitive_fields: Vec<String>,
    /// Headers to filter besides the built-in ones.
    pub(crate) sensitive_headers: Vec<String>,
    /// Prefixes in whole segments, as is `include_paths`.
    pub(crate) exclude_paths: Vec<String>,
    pub(crate) include_paths: Vec<String>,
    /// It may lack its leading slash.
    pub(crate) path_prefix: Option<String>,
    pub(crate) max_line_bytes: usize,
    pub(crate) max_body_bytes: usize,
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// In any case.
    pub(crate) proxy_header: String,
    pub(crate) delivery: Delivery,
    pub(crate) queue_bytes: usize,
    /// `AUDIT_QUEUE_TIMEOUT_MS`.
    pub(crate) queue_timeout: Duration,
    /// How long a segment of the journal may grow; `None` for any length.
    pub(crate) rotate_bytes: Option<u64>,
    /// How many rotated segments are kept; `None` for all.
    pub(crate) rotate_keep: Option<usize>,
    pub(crate) journal_max_bytes: Option<u64>,
    pub(crate) service: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) instance: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enabled: true,
            mode: Mode::default(),
            output: Output::default(),
            auto_detect: true,
            sensitive_fields: Vec::new(),
            sensitive_headers: Vec::new(),
            exclude_paths: Vec::new(),
            include_paths: Vec::new(),
            path_prefix: None,
            max_line_bytes: 16_384,
            max_body_bytes: 1 << 20,
            trusted_proxies: Vec::new(),
            proxy_header: "x-forwarded-for".to_owned(),
            delivery: Delivery::default(),
            queue_bytes: 8 << 20,
            queue_timeout: Duration::from_secs(5),
            rotate_bytes: None,
            rotate_keep: None,
            journal_max_bytes: None,
            service: None,
            environment: None,
            instance: None,
        }
    }
}

impl Settings {
    /// Whether a variable of this name is read.
    pub(crate) fn is_known(name: &str) -> bool {
        let mut known = false;
        // `apply` asks for every name it knows; nothing is set by asking.
        let asked = Self::default().apply(&mut |asked| {
            known |= asked == name;
            None
        });
        known && asked.is_ok()
    }

    /// Reads every `AUDIT_*` setting from `lookup`, which is asked once for each name.
    ///
    /// A setting that is unset, empty or blank stays as it is, for compose files pass on unset variables as empty
    /// ones; to empty a list, set it to `[]`. What is set replaces what was there, except that sensitive names are
    /// added: the environment can ask for more to be filtered, never for less than the code did.
    ///
    /// # Errors
    /// Every value that cannot be read. Ranges are for [`validate`](Self::validate).
    pub(crate) fn apply(&mut self, lookup: &mut dyn FnMut(&str) -> Option<OsString>) -> Result<(), Vec<SettingError>> {
        let mut source = Source { lookup, errors: Vec::new() };
        source.set("AUDIT_ENABLED", value::boolean, &mut self.enabled);
        source.set("AUDIT_MODE", value::mode, &mut self.mode);
        source.set("AUDIT_LOG_PATH", value::output, &mut self.output);
        source.set("AUDIT_AUTO_DETECT", value::boolean, &mut self.auto_detect);
        source.add("AUDIT_SENSITIVE_FIELDS", &mut self.sensitive_fields);
        source.add("AUDIT_SENSITIVE_HEADERS", &mut self.sensitive_headers);
        source.set("AUDIT_EXCLUDE_PATHS", value::list, &mut self.exclude_paths);
        source.set("AUDIT_INCLUDE_PATHS", value::list, &mut self.include_paths);
        source.set("AUDIT_PATH_PREFIX", value::name, &mut self.path_prefix);
        source.set("AUDIT_MAX_LINE_BYTES", value::size, &mut self.max_line_bytes);
        source.set("AUDIT_MAX_BODY_BYTES", value::size, &mut self.max_body_bytes);
        source.set("AUDIT_TRUSTED_PROXIES", value::networks, &mut self.trusted_proxies);
        source.set("AUDIT_PROXY_HEADER", value::text, &mut self.proxy_header);
        source.set("AUDIT_DELIVERY", value::delivery, &mut self.delivery);
        source.set("AUDIT_QUEUE_BYTES", value::size, &mut self.queue_bytes);
        source.set("AUDIT_QUEUE_TIMEOUT_MS", value::milliseconds, &mut self.queue_timeout);
        source.set("AUDIT_ROTATE_BYTES", value::size_or_off, &mut self.rotate_bytes);
        source.set("AUDIT_ROTATE_KEEP", value::segments_or_off, &mut self.rotate_keep);
        source.set("AUDIT_JOURNAL_MAX_BYTES", value::size_or_off, &mut self.journal_max_bytes);
        source.set("AUDIT_SERVICE", value::name, &mut self.service);
        source.set("AUDIT_ENVIRONMENT", value::name, &mut self.environment);
        source.set("AUDIT_INSTANCE", value::name, &mut self.instance);
        source.refuse("AUDIT_CHAIN", "chaining is not built yet, expected off");
        if source.errors.is_empty() { Ok(()) } else { Err(source.errors) }
    }
}

/// Reads settings one after the other and remembers what was wrong.
struct Source<'a> {
    lookup: &'a mut dyn FnMut(&str) -> Option<OsString>,
    errors: Vec<SettingError>,
}

impl Source<'_> {
    fn read<T>(&mut self, name: &'static str, parse: impl FnOnce(&str) -> Read<T>) -> Option<T> {
        let value = (self.lookup)(name)?;
        let Some(text) = value.to_str().map(str::trim) else {
            self.errors.push(SettingError::new(name, &value, "expected UTF-8 text"));
            return None;
        };
        if text.is_empty() {
            return None;
        }
        if value::is_quoted(text) {
            self.errors.push(SettingError::new(name, text, "expected no quotes around the value"));
            return None;
        }
        parse(text).map_err(|advice| self.errors.push(SettingError::new(name, text, advice))).ok()
    }

    fn set<T>(&mut self, name: &'static str, parse: impl FnOnce(&str) -> Read<T>, setting: &mut T) {
        if let Some(value) = self.read(name, parse) {
            *setting = value;
        }
    }

    fn add(&mut self, name: &'static str, setting: &mut Vec<String>) {
        setting.extend(self.read(name, value::names).unwrap_or_default());
    }

    /// Refuses a setting that is not built yet, unless it says off.
    fn refuse(&mut self, name: &'static str, advice: &'static str) {
        self.read(name, |text| match value::boolean(text) {
            Ok(false) => Ok(()),
            _ => Err(advice.into()),
        });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn apply(settings: &mut Settings, variables: &[(&str, &str)]) -> Vec<String> {
        let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
        let result = settings.apply(&mut |name| variables.get(name).map(OsString::from));
        result.err().unwrap_or_default().iter().map(SettingError::to_string).collect()
    }

    #[test]
    fn every_setting_is_read() {
        let mut settings = Settings::default();
        let errors = apply(
            &mut settings,
            &[
                ("AUDIT_ENABLED", "False"),
                ("AUDIT_MODE", " full "),
                ("AUDIT_LOG_PATH", "/var/log/audit.log"),
                ("AUDIT_AUTO_DETECT", "0"),
                ("AUDIT_SENSITIVE_FIELDS", "a,b"),
                ("AUDIT_SENSITIVE_HEADERS", "x-c"),
                ("AUDIT_EXCLUDE_PATHS", r#"["/api/v1/swagger/", "/health"]"#),
                ("AUDIT_INCLUDE_PATHS", "/custom"),
                ("AUDIT_PATH_PREFIX", "gvsigonline"),
                ("AUDIT_MAX_LINE_BYTES", "32KiB"),
                ("AUDIT_MAX_BODY_BYTES", "0"),
                ("AUDIT_TRUSTED_PROXIES", "10.0.0.0/8"),
                ("AUDIT_PROXY_HEADER", "Forwarded"),
                ("AUDIT_DELIVERY", "best_effort"),
                ("AUDIT_QUEUE_BYTES", "1000000"),
                ("AUDIT_QUEUE_TIMEOUT_MS", "250"),
                ("AUDIT_SERVICE", "geo"),
                ("AUDIT_ENVIRONMENT", "test"),
                ("AUDIT_INSTANCE", "a1"),
                ("AUDIT_CHAIN", "Off"),
                ("AUDIT_ROTATE_BYTES", "1MiB"),
                ("AUDIT_ROTATE_KEEP", "7"),
                ("AUDIT_JOURNAL_MAX_BYTES", "1GiB"),
            ],
        );
        assert_eq!(errors, [""; 0]);
        let text = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect::<Vec<_>>();
        assert!(!settings.enabled);
        assert_eq!(settings.mode, Mode::Full);
        assert_eq!(settings.output, Output::File("/var/log/audit.log".into()));
        assert!(!settings.auto_detect);
        assert_eq!(settings.sensitive_fields, text(&["a", "b"]));
        assert_eq!(settings.sensitive_headers, text(&["x-c"]));
        assert_eq!(settings.exclude_paths, text(&["/api/v1/swagger/", "/health"]));
        assert_eq!(settings.include_paths, text(&["/custom"]));
        assert_eq!(settings.path_prefix.as_deref(), Some("gvsigonline"));
        assert_eq!(settings.max_line_bytes, 32_768);
        assert_eq!(settings.max_body_bytes, 0);
        assert_eq!(settings.trusted_proxies, ["10.0.0.0/8".parse().unwrap()]);
        assert_eq!(settings.proxy_header, "Forwarded");
        assert_eq!(settings.delivery, Delivery::BestEffort);
        assert_eq!(settings.queue_bytes, 1_000_000);
        assert_eq!(settings.queue_timeout, Duration::from_millis(250));
        assert_eq!(settings.service.as_deref(), Some("geo"));
        assert_eq!(settings.environment.as_deref(), Some("test"));
        assert_eq!(settings.instance.as_deref(), Some("a1"));
        assert_eq!((settings.rotate_bytes, settings.rotate_keep), (Some(1 << 20), Some(7)));
        assert_eq!(settings.journal_max_bytes, Some(1 << 30));
        assert_eq!(settings.validate(), Ok(()));
        let off = [("AUDIT_ROTATE_BYTES", "0"), ("AUDIT_ROTATE_KEEP", "off"), ("AUDIT_JOURNAL_MAX_BYTES", "No")];
        assert_eq!(apply(&mut settings, &off), [""; 0]);
        assert_eq!((settings.rotate_bytes, settings.rotate_keep, settings.journal_max_bytes), (None, None, None));
    }

    #[test]
    fn all_errors_are_reported_together() {
        let mut settings = Settings::default();
        let errors = apply(
            &mut settings,
            &[
                ("AUDIT_ENABLED", "maybe"),
                ("AUDIT_MODE", "verbose"),
                ("AUDIT_DELIVERY", "Buffered"),
                ("AUDIT_TRUSTED_PROXIES", "10.0.0.0/8,proxy"),
                ("AUDIT_ROTATE_BYTES", "1MB"),
                ("AUDIT_ROTATE_KEEP", "all"),
                ("AUDIT_JOURNAL_MAX_BYTES", "on"),
                ("AUDIT_CHAIN", "sha256"),
            ],
        );
        assert_eq!(
            errors,
            [
                r#"AUDIT_ENABLED is "maybe"; expected true, 1, yes or on, or false, 0, no or off"#,
                r#"AUDIT_MODE is "verbose"; expected basic, compact or full"#,
                r#"AUDIT_TRUSTED_PROXIES is "10.0.0.0/8,proxy"; expected addresses or networks, such as 10.0.0.0/8 or 2001:db8::1, not "proxy""#,
                r#"AUDIT_DELIVERY is "Buffered"; expected best_effort, buffered or strict"#,
                r#"AUDIT_ROTATE_BYTES is "1MB"; expected off or a number of bytes, such as 64MiB"#,
                r#"AUDIT_ROTATE_KEEP is "all"; expected off or how many segments to keep, at least 1"#,
                r#"AUDIT_JOURNAL_MAX_BYTES is "on"; expected off or a number of bytes, such as 64MiB"#,
                r#"AUDIT_CHAIN is "sha256"; chaining is not built yet, expected off"#,
            ]
        );
    }

    #[test]
    fn unset_and_blank_change_nothing() {
        let mut settings = Settings { mode: Mode::Full, service: Some("geo".into()), ..Settings::default() };
        let errors = apply(&mut settings, &[("AUDIT_MODE", ""), ("AUDIT_SERVICE", "  "), ("AUDIT_CHAIN", "")]);
        assert_eq!(errors, [""; 0]);
        assert_eq!((settings.mode, settings.service.as_deref()), (Mode::Full, Some("geo")));
    }

    #[test]
    fn lists_replace_but_sensitive_names_are_added() {
        let mut settings = Settings {
            exclude_paths: vec!["/health".into()],
            include_paths: vec!["/custom".into()],
            sensitive_fields: vec!["mine".into()],
            ..Settings::default()
        };
        let errors = apply(
            &mut settings,
            &[("AUDIT_EXCLUDE_PATHS", "/metrics"), ("AUDIT_INCLUDE_PATHS", "[]"), ("AUDIT_SENSITIVE_FIELDS", "theirs")],
        );
        assert_eq!(errors, [""; 0]);
        assert_eq!(settings.exclude_paths, ["/metrics"]);
        assert_eq!(settings.include_paths, [""; 0]);
        assert_eq!(settings.sensitive_fields, ["mine", "theirs"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_value_that_is_not_text_is_an_error() {
        use std::os::unix::ffi::OsStringExt as _;
        let mut lookup = |name: &str| (name == "AUDIT_LOG_PATH").then(|| OsString::from_vec(b"/log/\xff".to_vec()));
        let errors = Settings::default().apply(&mut lookup).unwrap_err();
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].to_string(), r#"AUDIT_LOG_PATH is "/log/\xff"; expected UTF-8 text"#);
    }
}
