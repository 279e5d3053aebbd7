//! What an echo server is told by its environment.

use std::error::Error;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use audit_core::{Auditor, Output};

/// See [the list](super#settings).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// `HOST`.
    pub host: String,
    /// `PORT`.
    pub port: u16,
    /// `DATA_DIR`.
    pub data_dir: Option<PathBuf>,
    /// `BARE=1`.
    pub bare: bool,
    /// `LAYER_TWICE=1`.
    pub layer_twice: bool,
    /// `DRAIN_MS`.
    pub drain: Option<Duration>,
    /// `TIMEOUT_OUTSIDE_MS`.
    pub timeout_outside: Option<Duration>,
}

/// The variable of this name is no number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no number")]
pub struct NoNumber(&'static str);

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    /// When what should be a number is none.
    pub fn from_env() -> Result<Self, NoNumber> {
        Self::read(|name| std::env::var_os(name))
    }

    fn read(lookup: impl Fn(&str) -> Option<OsString>) -> Result<Self, NoNumber> {
        let text = |name| lookup(name).map(|value| value.to_string_lossy().into_owned());
        let number = |name: &'static str| {
            let value = text(name).map(|value| value.parse::<u64>());
            value.transpose().map_err(|_| NoNumber(name))
        };
        let port = number("PORT")?.unwrap_or(8080);
        Ok(Self {
            host: text("HOST").unwrap_or_else(|| "127.0.0.1".to_owned()),
            port: u16::try_from(port).map_err(|_| NoNumber("PORT"))?,
            data_dir: lookup("DATA_DIR").map(PathBuf::from),
            bare: text("BARE").is_some_and(|value| value == "1"),
            layer_twice: text("LAYER_TWICE").is_some_and(|value| value == "1"),
            drain: number("DRAIN_MS")?.map(Duration::from_millis),
            timeout_outside: number("TIMEOUT_OUTSIDE_MS")?.map(Duration::from_millis),
        })
    }

    /// The auditor of the service of this name; none when it is to be bare.
    ///
    /// # Errors
    /// When the folder for the log cannot be made, and when `AUDIT_*` cannot be read.
    pub fn auditor(&self, service: &str) -> Result<Option<Auditor>, Box<dyn Error>> {
        if self.bare {
            return Ok(None);
        }
        let mut builder = Auditor::builder().service(service);
        if let Some(folder) = &self.data_dir {
            std::fs::create_dir_all(folder)?;
            builder = builder.output(Output::File(folder.join("audit.jsonl")));
        }
        Ok(Some(builder.env().build()?))
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn what_is_no_number_is_named() {
        let read = |name: &'static str, value: &'static str| {
            Settings::read(move |asked| (asked == name).then(|| value.into())).map_err(|error| error.to_string())
        };
        assert_eq!(read("PORT", "x").err().as_deref(), Some("PORT is no number"));
        assert_eq!(read("PORT", "65536").err().as_deref(), Some("PORT is no number"));
        assert_eq!(read("DRAIN_MS", "-1").err().as_deref(), Some("DRAIN_MS is no number"));
        assert_eq!(read("PORT", "0").map(|settings| settings.port), Ok(0));
        assert_eq!(read("BARE", "0").map(|settings| settings.bare), Ok(false));
    }
}
