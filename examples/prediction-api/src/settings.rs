//! What the environment says, but for `AUDIT_*`, which the auditor reads itself.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use reqwest::Url;
use service_kit::settings::{Reader, SettingError};
use service_kit::users::NewUser;

use crate::cors::Origins;
use crate::limits::RateLimits;
use crate::tokens::KEY_BYTES;

/// Settings that were read and are right.
pub(crate) struct Settings {
    /// The addresses of `HOST`, with `PORT`; the first that can be listened on is.
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) data_dir: PathBuf,
    /// `None`: generated, and kept in `DATA_DIR`.
    pub(crate) jwt_key: Option<String>,
    /// `None`: made at the first start, with passwords that nobody knows yet.
    pub(crate) users: Option<Vec<NewUser>>,
    pub(crate) rate_limits: RateLimits,
    /// `None`: pages of other origins may not use the API.
    pub(crate) origins: Option<Origins>,
    /// `None`: no model is trained.
    pub(crate) mlflow: Option<Url>,
    /// `None`: no alert is sent.
    pub(crate) slack: Option<Url>,
}

impl Settings {
    /// Reads the settings from `lookup`, which is asked for each variable by its name. One that is empty or blank
    /// counts as unset, for compose files pass on unset variables as empty ones.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first thing.
    pub(crate) fn read(lookup: impl Fn(&str) -> Option<OsString>) -> Result<Self, Vec<SettingError>> {
        let mut reader = Reader::new(&lookup);
        let settings = Self {
            addresses: reader.addresses(),
            data_dir: reader.data_dir(),
            jwt_key: reader.read_secret(JWT_KEY, EXPECTED_KEY, check_key),
            users: reader.users("PREDICTION_API_USERS"),
            rate_limits: reader.read("RATE_LIMITS", RateLimits::EXPECTED, RateLimits::default(), RateLimits::read),
            origins: reader.read("CORS_ALLOWED_ORIGINS", Origins::EXPECTED, None, |text| Origins::read(text).map(Some)),
            mlflow: reader.read_secret("MLFLOW_TRACKING_URI", EXPECTED_URL, read_url),
            slack: reader.read_secret("SLACK_WEBHOOK_URL", EXPECTED_URL, read_url),
        };
        reader.finish(settings)
    }
}

const JWT_KEY: &str = "JWT_SECRET_KEY";
const EXPECTED_KEY: &str = "32 or more, or none to have one generated";
const EXPECTED_URL: &str = "http:// or https://, a host and a path, nothing after them";

/// The key that was generated once, if it still is one.
pub(crate) fn kept_key(key: String) -> Result<String, SettingError> {
    let wrong = |problem| SettingError::Secret { name: JWT_KEY, problem, expected: EXPECTED_KEY };
    check_key(key).map_err(wrong)
}

/// A webhook is a secret, and an address may hold a password: neither is repeated.
fn read_url(value: String) -> Result<Url, String> {
    let url = Url::parse(value.trim()).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
    // A tracking server's own page has `/#/` in its address.
    let url = url.filter(|url| url.query().is_none() && url.fragment().is_none());
    url.ok_or_else(|| "is no such address".to_owned())
}

/// Says of a key that is too short how long it is, and nothing else.
fn check_key(key: String) -> Result<String, String> {
    if key.len() >= KEY_BYTES { Ok(key) } else { Err(format!("has {} bytes", key.len())) }
}

#[cfg(test)]
mod tests {
    use service_kit::passwords::Password;

    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
        let lookup = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
        Settings::read(lookup).map_err(|errors| errors.iter().map(ToString::to_string).collect())
    }

    fn errors(variables: &[(&str, &str)]) -> Vec<String> {
        read(variables).err().unwrap_or_default()
    }

    #[test]
    fn without_variables_there_are_defaults() {
        for variables in [&[][..], &[("HOST", ""), ("PORT", " "), ("DATA_DIR", ""), ("JWT_SECRET_KEY", "")]] {
            let settings = read(variables).unwrap();
            assert_eq!(settings.addresses, ["127.0.0.1:8080".parse().unwrap()]);
            assert_eq!(settings.data_dir, PathBuf::from("data"));
            assert!(settings.jwt_key.is_none() && settings.users.is_none());
            assert_eq!(settings.rate_limits, RateLimits::read("200/day,50/hour,v1:100/day,v2:150/day").unwrap());
            assert!(settings.origins.is_none() && settings.mlflow.is_none() && settings.slack.is_none());
        }
    }

    #[test]
    fn variables_are_read() {
        let key = "k".repeat(32);
        let settings = read(&[
            ("HOST", "[::1]"),
            ("PORT", "0"),
            ("DATA_DIR", "/srv/data"),
            ("JWT_SECRET_KEY", &key),
            ("PREDICTION_API_USERS", "ana:p:w :admin, bo bo:x:user,"),
            ("RATE_LIMITS", "off"),
            ("CORS_ALLOWED_ORIGINS", "*"),
            ("MLFLOW_TRACKING_URI", " http://localhost:5000/ "),
            ("SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/T0/B0/x"),
        ])
        .unwrap();
        assert_eq!(settings.addresses, ["[::1]:0".parse().unwrap()]);
        assert_eq!(settings.data_dir, PathBuf::from("/srv/data"));
        assert_eq!(settings.jwt_key, Some(key));
        assert_eq!(Some(settings.rate_limits), RateLimits::read("off"));
        assert_eq!(settings.origins, Some(Origins::Any));
        assert_eq!(settings.mlflow.unwrap().as_str(), "http://localhost:5000/");
        assert_eq!(settings.slack.unwrap().host_str(), Some("hooks.slack.com"));
        let user = |name: &str, password, role: &str| NewUser {
            name: name.to_owned(),
            password: Password::new(password),
            role: role.to_owned(),
        };
        assert_eq!(settings.users, Some(vec![user("ana", "p:w ", "admin"), user("bo bo", "x", "user")]));
    }

    #[test]
    fn what_is_wrong_is_named_all_of_it_and_no_secret_is() {
        let found = errors(&[
            ("HOST", "no host"),
            ("PORT", "65536"),
            ("JWT_SECRET_KEY", "hush-hush"),
            ("PREDICTION_API_USERS", "ana:hush:admin,bo-hush"),
            ("RATE_LIMITS", "200 per day"),
            ("CORS_ALLOWED_ORIGINS", "app.example"),
            ("MLFLOW_TRACKING_URI", "http://user:hush@localhost:5000/#/experiments"),
            ("SLACK_WEBHOOK_URL", "hooks.slack.com/services/hush"),
        ]);
        assert_eq!(
            found,
            [
                r#"PORT is "65536"; expected a number from 0 to 65535, 0 for any that is free"#,
                r#"HOST is "no host"; expected an address, or a name that resolves to one"#,
                "JWT_SECRET_KEY has 9 bytes; expected 32 or more, or none to have one generated",
                "PREDICTION_API_USERS has no colon in entry 2; expected name:password:role, separated by commas, \
                 such as ana:a password:admin",
                r#"RATE_LIMITS is "200 per day"; expected off, or limits such as 200/day,50/hour,v1:100/day,v2:150/day"#,
                r#"CORS_ALLOWED_ORIGINS is "app.example"; expected *, or origins such as https://app.example,http://localhost:3000"#,
                "MLFLOW_TRACKING_URI is no such address; expected http:// or https://, a host and a path, nothing after them",
                "SLACK_WEBHOOK_URL is no such address; expected http:// or https://, a host and a path, nothing after them",
            ]
        );
    }

    #[test]
    fn users_that_could_not_be_told_apart_or_log_in_are_refused() {
        let long = format!("{}:x:user", "n".repeat(81));
        for (users, problem) in [
            ("ana:x:user,ana:y:user", "a name for the second time in entry 2"),
            (":x:user", "a name that is empty"),
            (&long, "too long in entry 1"),
            ("anonymous:x:user", "a name that stands for nobody"),
            ("ana::user", "an empty password"),
            ("ana:x:", "a role that is not"),
            ("ana:x:Admin", "a role that is not"),
            ("ana:x", "only one colon"),
            (",", "no entry"),
        ] {
            let found = errors(&[("PREDICTION_API_USERS", users)]);
            assert!(found.len() == 1 && found[0].contains(problem), "{users}: {found:?}");
        }
    }
}
