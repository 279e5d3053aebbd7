//! What the environment says, but for `AUDIT_*`, which the auditor reads itself.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use service_kit::settings::{Reader, SettingError};
use service_kit::users::NewUser;

/// Settings that were read and are right.
pub(crate) struct Settings {
    /// The addresses of `HOST`, with `PORT`; all of them are listened on.
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) data_dir: PathBuf,
    /// `GVSIGOL_PATH` with a leading slash and without one at its end: where the pages are.
    pub(crate) prefix: String,
    /// `None`: made at the first start, with passwords that nobody knows yet.
    pub(crate) users: Option<Vec<NewUser>>,
    /// Whether browsers send the session's cookie over HTTPS only.
    pub(crate) secure_cookies: bool,
}

impl Settings {
    /// Reads the settings from `lookup`, which is asked for each variable by its name. One that is empty or blank
    /// counts as unset, for compose files pass on unset variables as empty ones.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first thing.
    pub(crate) fn read(lookup: impl Fn(&str) -> Option<OsString>) -> Result<Self, Vec<SettingError>> {
        let mut reader = Reader::new(&lookup);
        let prefix = "segments of letters, digits, _ and -, such as gvsigonline, the first not api";
        let settings = Self {
            addresses: reader.addresses(),
            data_dir: reader.data_dir(),
            prefix: reader.read("GVSIGOL_PATH", prefix, "/gvsigonline".to_owned(), read_prefix),
            users: reader.users("GEO_LAYERS_USERS"),
            secure_cookies: reader.read("SECURE_COOKIES", "true or false", false, read_boolean),
        };
        reader.finish(settings)
    }
}

/// As the gvSIG setting has it, without slashes, or with them.
fn read_prefix(value: &str) -> Option<String> {
    let inner = value.trim().trim_matches('/');
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let is_segment = |segment: &str| !segment.is_empty() && segment.bytes().all(is_letter);
    // What is under `api/` is audited as such; pages are not.
    let is_free = inner.split('/').next() != Some("api");
    (is_free && inner.split('/').all(is_segment)).then(|| format!("/{inner}"))
}

/// As the `AUDIT_*` settings have it.
fn read_boolean(value: &str) -> Option<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
        let lookup = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
        Settings::read(lookup).map_err(|errors| errors.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn without_variables_there_are_defaults() {
        for variables in [&[][..], &[("HOST", ""), ("PORT", " "), ("GVSIGOL_PATH", ""), ("GEO_LAYERS_USERS", "")]] {
            let settings = read(variables).unwrap();
            assert_eq!(settings.addresses, ["127.0.0.1:8080".parse().unwrap()]);
            assert_eq!(settings.data_dir, PathBuf::from("data"));
            assert_eq!(settings.prefix, "/gvsigonline");
            assert!(settings.users.is_none() && !settings.secure_cookies);
        }
    }

    #[test]
    fn the_prefix_may_have_slashes_around_it() {
        for given in ["maps/es", "/maps/es", " /maps/es/ "] {
            assert_eq!(read(&[("GVSIGOL_PATH", given)]).unwrap().prefix, "/maps/es", "{given}");
        }
    }

    #[test]
    fn pages_do_not_stand_in_the_apis_place() {
        assert!(read(&[("GVSIGOL_PATH", "api/v1")]).is_err());
        assert_eq!(read(&[("GVSIGOL_PATH", "apis")]).unwrap().prefix, "/apis");
    }

    #[test]
    fn booleans_are_as_elsewhere() {
        for (value, expected) in [("True", true), ("on", true), ("0", false), (" no ", false)] {
            assert_eq!(read(&[("SECURE_COOKIES", value)]).unwrap().secure_cookies, expected, "{value}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_all_of_it_and_no_secret_is() {
        let found = read(&[
            ("HOST", "no host"),
            ("PORT", "http"),
            ("GVSIGOL_PATH", "maps//{x}"),
            ("GEO_LAYERS_USERS", "ana:hush"),
            ("SECURE_COOKIES", "perhaps"),
        ]);
        assert_eq!(
            found.err().unwrap(),
            [
                r#"PORT is "http"; expected a number from 0 to 65535, 0 for any that is free"#,
                r#"HOST is "no host"; expected an address, or a name that resolves to one"#,
                r#"GVSIGOL_PATH is "maps//{x}"; expected segments of letters, digits, _ and -, such as gvsigonline, the first not api"#,
                "GEO_LAYERS_USERS has only one colon in entry 1; expected name:password:role, separated by commas, \
                 such as ana:a password:admin",
                r#"SECURE_COOKIES is "perhaps"; expected true or false"#,
            ]
        );
    }
}
