//! Where the log goes, and the file's path once `{instance}` is filled in.

use std::path::{Path, PathBuf};

use super::value::boolean;
use super::{SettingError, Settings};

const SETTING: &str = "AUDIT_LOG_PATH";
const INSTANCE: &str = "{instance}";

/// Where records are logged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Output {
    /// One line a record on standard output.
    #[default]
    Stdout,
    /// One line a record in this file, whose path may hold `{instance}`.
    File(PathBuf),
    /// No log, only the sinks that code added. No environment variable can say this.
    None,
}

impl Settings {
    /// The output with `{instance}` replaced by `AUDIT_INSTANCE`.
    ///
    /// # Errors
    /// When the path is not that of a file, holds braces other than `{instance}`, or holds `{instance}` while no
    /// instance is set or the instance cannot stand in a path.
    pub(crate) fn resolved_output(&self) -> Result<Output, SettingError> {
        let Output::File(path) = &self.output else { return Ok(self.output.clone()) };
        let refuse = |advice: &'static str| Err(SettingError::new(SETTING, path, advice));
        if let Some(advice) = no_file(path) {
            return refuse(advice);
        }
        // A path that is not text can only come from code, which can fill in the instance itself.
        let Some(text) = path.to_str() else { return Ok(Output::File(path.clone())) };
        if text.replace(INSTANCE, "").contains(['{', '}']) {
            return refuse("expected no braces but {instance}");
        }
        if !text.contains(INSTANCE) {
            return Ok(Output::File(path.clone()));
        }
        match self.instance.as_deref() {
            None => refuse("expected AUDIT_INSTANCE to be set, for {instance} stands for it"),
            // Otherwise the name of an instance could choose another directory.
            Some(instance)
                if instance.is_empty()
                    || instance == "."
                    || instance == ".."
                    || instance.contains(['/', '\\', '\0']) =>
            {
                let advice = "expected a name that can stand in a path, for AUDIT_LOG_PATH has {instance}";
                Err(SettingError::new("AUDIT_INSTANCE", instance, advice))
            }
            Some(instance) => Ok(Output::File(text.replace(INSTANCE, instance).into())),
        }
    }
}

/// What is expected in place of a path that can hardly be that of a file.
///
/// The one that is meant after all can be written with its folder: `./off`.
fn no_file(path: &Path) -> Option<&'static str> {
    if !names_a_file(path) {
        return Some("expected stdout or the path of a file");
    }
    let text = path.to_str()?.to_ascii_lowercase();
    match text.as_str() {
        // Only code can say this; from the environment it is no path.
        "stdout" => Some("expected Output::Stdout, or ./stdout for a file of that name"),
        // stdout is opened by its name alone: these are links, which the log does not follow. stderr is for people.
        "-" | "stderr" | "/dev/stdout" | "/dev/stderr" => Some("expected stdout or the path of a file"),
        // There is one log; a sink can be added in code.
        list if list.starts_with("stdout,") => Some("expected stdout or the path of a file"),
        word if word == "none" || boolean(word).is_ok() => {
            Some("expected stdout or the path of a file; to audit nothing, set AUDIT_ENABLED to false")
        }
        _ if text == "~" || text.starts_with("~/") => {
            Some("expected stdout or the path of a file, without ~, which only a shell expands")
        }
        _ if text.starts_with("file:") || text.contains("://") => {
            Some("expected stdout or the path of a file, not a URL")
        }
        _ => None,
    }
}

fn names_a_file(path: &Path) -> bool {
    let bytes = path.as_os_str().as_encoded_bytes();
    // `file_name` looks past a trailing slash, and past `/.`; opening the file would not.
    let ends_in_directory = bytes.ends_with(b"/") || bytes.ends_with(b"/.") || bytes == b".";
    path.file_name().is_some() && !ends_in_directory && !bytes.iter().any(u8::is_ascii_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(path: &str, instance: Option<&str>) -> Result<Output, String> {
        let settings = Settings {
            output: Output::File(path.into()),
            instance: instance.map(str::to_owned),
            ..Settings::default()
        };
        settings.resolved_output().map_err(|error| error.to_string())
    }

    #[test]
    fn the_instance_is_filled_in() {
        let file = |path: &str| Ok(Output::File(path.into()));
        assert_eq!(resolve("/log/{instance}/audit-{instance}.log", Some("a1")), file("/log/a1/audit-a1.log"));
        for path in ["audit.log", "./-", "./stdout", "./off", "~audit/log", "off.log"] {
            assert_eq!(resolve(path, None), file(path));
        }
        assert_eq!(resolve("/log/audit.log", Some("a/b")), file("/log/audit.log"));
        for output in [Output::Stdout, Output::None] {
            let settings = Settings { output: output.clone(), ..Settings::default() };
            assert_eq!(settings.resolved_output(), Ok(output));
        }
    }

    #[test]
    fn what_cannot_be_a_file_is_refused() {
        let not_a_file = "expected stdout or the path of a file";
        let cannot_stand = "expected a name that can stand in a path, for AUDIT_LOG_PATH has {instance}";
        for (path, instance, advice) in [
            ("", None, not_a_file),
            ("/", None, not_a_file),
            ("..", None, not_a_file),
            ("/log/..", None, not_a_file),
            ("/log/.", None, not_a_file),
            ("/log/", None, not_a_file),
            ("/log/a\nb", None, not_a_file),
            ("-", None, not_a_file),
            ("StdErr", None, not_a_file),
            ("/dev/stdout", None, not_a_file),
            ("stdout", None, "expected Output::Stdout, or ./stdout for a file of that name"),
            ("Off", None, "expected stdout or the path of a file; to audit nothing, set AUDIT_ENABLED to false"),
            ("~/audit.jsonl", None, "expected stdout or the path of a file, without ~, which only a shell expands"),
            ("file:///log/audit.jsonl", None, "expected stdout or the path of a file, not a URL"),
            ("/log/{host}.log", Some("a"), "expected no braces but {instance}"),
            ("/log/{instance.log", Some("a"), "expected no braces but {instance}"),
            ("/log/{instance}.log", None, "expected AUDIT_INSTANCE to be set, for {instance} stands for it"),
            ("/log/{instance}", Some(".."), cannot_stand),
            ("/log/{instance}.log", Some("../a"), cannot_stand),
            ("/log/{instance}.log", Some(""), cannot_stand),
        ] {
            let message = resolve(path, instance).expect_err(path);
            assert!(message.ends_with(advice), "{path}: {message}");
        }
    }
}
