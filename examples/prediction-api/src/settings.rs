//! What the environment says, but for `AUDIT_*`, which the auditor reads itself.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use reqwest::Url;
use service_kit::listen::{EXPECTED_HOST, EXPECTED_PORT, parse_port, resolve};
use service_kit::users::{EXPECTED_USERS, NewUser, parse_users};

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

impl Settings {
    /// Reads the settings from `lookup`, which is asked for each variable by its name. One that is empty or blank
    /// counts as unset, for compose files pass on unset variables as empty ones.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first thing.
    pub(crate) fn read(lookup: impl Fn(&str) -> Option<OsString>) -> Result<Self, Vec<SettingError>> {
        let mut errors = Vec::new();
        let text = |name: &'static str, errors: &mut Vec<SettingError>| match lookup(name)?.into_string() {
            Ok(text) => Some(text).filter(|text| !text.trim().is_empty()),
            Err(_) => {
                errors.push(SettingError::Secret { name, problem: "is not text".to_owned(), expected: "UTF-8" });
                None
            }
        };
        let host = text("HOST", &mut errors).unwrap_or_else(|| "127.0.0.1".to_owned());
        let port = text("PORT", &mut errors);
        let jwt_key = text("JWT_SECRET_KEY", &mut errors);
        let users = text("PREDICTION_API_USERS", &mut errors);
        let rate_limits = text("RATE_LIMITS", &mut errors);
        let origins = text("CORS_ALLOWED_ORIGINS", &mut errors);
        let mlflow = text("MLFLOW_TRACKING_URI", &mut errors);
        let slack = text("SLACK_WEBHOOK_URL", &mut errors);
        let data_dir = lookup("DATA_DIR").filter(|path| !path.is_empty()).map_or_else(|| "data".into(), PathBuf::from);

        let port = or_note(port.map_or(Ok(8080), |port| read_port(&port)), &mut errors);
        let addresses = or_note(read_host(&host, port.unwrap_or_default()), &mut errors);
        let jwt_key = or_note(jwt_key.map(check_key).transpose(), &mut errors);
        let users = or_note(users.map(|users| read_users(&users)).transpose(), &mut errors);
        let rate_limits = or_note(rate_limits.map(read_limits).transpose(), &mut errors).flatten();
        let origins = or_note(origins.map(read_origins).transpose(), &mut errors).flatten();
        let mlflow =
            or_note(mlflow.map(|url| read_url("MLFLOW_TRACKING_URI", &url)).transpose(), &mut errors).flatten();
        let slack = or_note(slack.map(|url| read_url("SLACK_WEBHOOK_URL", &url)).transpose(), &mut errors).flatten();
        match (addresses, jwt_key, users) {
            (Some(addresses), Some(jwt_key), Some(users)) if errors.is_empty() => Ok(Self {
                addresses,
                data_dir,
                jwt_key,
                users,
                rate_limits: rate_limits.unwrap_or_default(),
                origins,
                mlflow,
                slack,
            }),
            _ => Err(errors),
        }
    }
}

fn or_note<T>(result: Result<T, SettingError>, errors: &mut Vec<SettingError>) -> Option<T> {
    result.map_err(|error| errors.push(error)).ok()
}

fn read_port(value: &str) -> Result<u16, SettingError> {
    let wrong = || SettingError::Value { name: "PORT", value: value.to_owned(), expected: EXPECTED_PORT };
    parse_port(value).ok_or_else(wrong)
}

fn read_host(host: &str, port: u16) -> Result<Vec<SocketAddr>, SettingError> {
    let wrong = || SettingError::Value { name: "HOST", value: host.to_owned(), expected: EXPECTED_HOST };
    resolve(host, port).ok_or_else(wrong)
}

fn read_limits(value: String) -> Result<RateLimits, SettingError> {
    let read = RateLimits::read(&value);
    read.ok_or(SettingError::Value { name: "RATE_LIMITS", value, expected: RateLimits::EXPECTED })
}

fn read_origins(value: String) -> Result<Origins, SettingError> {
    let read = Origins::read(&value);
    read.ok_or(SettingError::Value { name: "CORS_ALLOWED_ORIGINS", value, expected: Origins::EXPECTED })
}

/// A webhook is a secret, and an address may hold a password: neither is repeated.
fn read_url(name: &'static str, value: &str) -> Result<Url, SettingError> {
    let url = Url::parse(value.trim()).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
    // A tracking server's own page has `/#/` in its address.
    let url = url.filter(|url| url.query().is_none() && url.fragment().is_none());
    url.ok_or_else(|| {
        let problem = "is no such address".to_owned();
        SettingError::Secret { name, problem, expected: "http:// or https://, a host and a path, nothing after them" }
    })
}

/// Says of a key that is too short how long it is, and nothing else.
pub(crate) fn check_key(key: String) -> Result<String, SettingError> {
    if key.len() >= KEY_BYTES {
        return Ok(key);
    }
    let problem = format!("has {} bytes", key.len());
    Err(SettingError::Secret { name: "JWT_SECRET_KEY", problem, expected: "32 or more, or none to have one generated" })
}

fn read_users(value: &str) -> Result<Vec<NewUser>, SettingError> {
    let expected = EXPECTED_USERS;
    parse_users(value).map_err(|problem| SettingError::Secret { name: "PREDICTION_API_USERS", problem, expected })
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
