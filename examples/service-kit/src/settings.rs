//! What the environment says, read so that everything that is wrong is told at once.

use std::ffi::OsString;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;

use crate::users::{NewUser, parse_users};

/// A setting that cannot be used. What may be secret is not in its text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// The value is not one of those that it may have.
    #[error("{name} is {value:?}; expected {expected}")]
    Value {
        /// The variable.
        name: &'static str,
        /// What it is set to.
        value: String,
        /// What it may be set to.
        expected: &'static str,
    },
    /// The value is wrong and may be secret.
    #[error("{name} {problem}; expected {expected}")]
    Secret {
        /// The variable.
        name: &'static str,
        /// What is wrong with it.
        problem: String,
        /// What it may be set to.
        expected: &'static str,
    },
}

/// Reads variables one after the other, and remembers what was wrong. One that is empty or blank counts as unset, for
/// compose files pass on unset variables as empty ones.
pub struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<OsString>,
    errors: Vec<SettingError>,
}

impl<'a> Reader<'a> {
    /// `lookup` is asked for each variable by its name.
    #[must_use]
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<OsString>) -> Self {
        Self { lookup, errors: Vec::new() }
    }

    /// A variable's text, if it is set.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        match (self.lookup)(name)?.into_string() {
            Ok(text) => Some(text).filter(|text| !text.trim().is_empty()),
            Err(_) => {
                let (problem, expected) = ("is not text".to_owned(), "UTF-8");
                self.errors.push(SettingError::Secret { name, problem, expected });
                None
            }
        }
    }

    /// What a variable's text is read as, or what it is where it is unset or wrong.
    pub fn read<T>(
        &mut self,
        name: &'static str,
        expected: &'static str,
        default: T,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> T {
        let Some(value) = self.text(name) else { return default };
        parse(&value).unwrap_or_else(|| {
            self.errors.push(SettingError::Value { name, value, expected });
            default
        })
    }

    /// As [`read`](Self::read), of a value that may be secret; `parse` says what is wrong with it.
    pub fn read_secret<T>(
        &mut self,
        name: &'static str,
        expected: &'static str,
        parse: impl FnOnce(String) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.text(name)?;
        parse(value).map_err(|problem| self.errors.push(SettingError::Secret { name, problem, expected })).ok()
    }

    /// The addresses of `HOST` (127.0.0.1), with `PORT` (8080).
    pub fn addresses(&mut self) -> Vec<SocketAddr> {
        let expected = "a number from 0 to 65535, 0 for any that is free";
        let port = self.read("PORT", expected, 8080, |port| port.trim().parse().ok());
        let local = SocketAddr::from(([127, 0, 0, 1], port));
        self.read("HOST", "an address, or a name that resolves to one", vec![local], |host| resolve(host, port))
    }

    /// `DATA_DIR` (`data`).
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        let is_set = |path: &OsString| !path.to_string_lossy().trim().is_empty();
        (self.lookup)("DATA_DIR").filter(is_set).map_or_else(|| "data".into(), PathBuf::from)
    }

    /// The users that a variable lists.
    pub fn users(&mut self, name: &'static str) -> Option<Vec<NewUser>> {
        let expected = "name:password:role, separated by commas, such as ana:a password:admin";
        self.read_secret(name, expected, |users| parse_users(&users))
    }

    /// What was read.
    ///
    /// # Errors
    /// Everything that was wrong, in the order in which it was read.
    pub fn finish<T>(self, settings: T) -> Result<T, Vec<SettingError>> {
        if self.errors.is_empty() { Ok(settings) } else { Err(self.errors) }
    }
}

/// The addresses of a host, which may be an address itself, an IPv6 one in brackets or without.
fn resolve(host: &str, port: u16) -> Option<Vec<SocketAddr>> {
    let bare = host.trim().trim_start_matches('[').trim_end_matches(']');
    let addresses = (bare, port).to_socket_addrs().map(Iterator::collect::<Vec<_>>).ok()?;
    (!addresses.is_empty()).then_some(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_may_be_an_address_in_any_form() {
        for (host, expected) in
            [("127.0.0.1", "127.0.0.1:80"), (" ::1 ", "[::1]:80"), ("[::1]", "[::1]:80"), ("0.0.0.0", "0.0.0.0:80")]
        {
            assert_eq!(resolve(host, 80), Some(vec![expected.parse().unwrap()]), "{host}");
        }
        assert_eq!(resolve("no host", 80), None);
    }

    #[test]
    #[cfg(unix)]
    fn what_is_not_text_is_told_and_not_shown() {
        let lookup = |_: &str| Some(std::os::unix::ffi::OsStringExt::from_vec(b"hush\xff".to_vec()));
        let mut reader = Reader::new(&lookup);
        assert_eq!(reader.text("KEY"), None);
        let told: Vec<_> = reader.finish(()).unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(told, ["KEY is not text; expected UTF-8"]);
    }
}
