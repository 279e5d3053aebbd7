//! Filters from text, as query strings and command lines give them.

use std::ops::RangeInclusive;

use audit_core::Outcome;

use super::{Filter, FilterError};

/// The status codes that three digits can say.
const STATUSES: RangeInclusive<u16> = 100..=999;

impl Filter {
    /// The names that [`set`](Self::set) knows.
    pub const NAMES: &'static [&'static str] = &[
        "user", "action", "outcome", "status", "method", "path", "route", "ip", "target", "since", "until", "event_id",
    ];

    /// Sets one filter by its name, in place of what it was set to before.
    ///
    /// | name | value |
    /// |---|---|
    /// | `user` `action` `method` `route` | exactly what the record says |
    /// | `outcome` | `success` `denied` `rejected` `failed` `unknown` |
    /// | `status` | `404`, `400-499`, `4xx`, `500-`, `-399` |
    /// | `path` | how the path begins |
    /// | `ip` | an IPv4 or IPv6 address |
    /// | `target` | `layer` or `layer/rivers` |
    /// | `since` `until` | RFC 3339 with its offset: `2026-11-22T10:00:00Z`; since is included, until is not |
    /// | `event_id` | a UUID |
    ///
    /// # Errors
    /// When there is no such filter, or the value cannot be read; what only [`validate`](Self::validate) sees is said
    /// by the query.
    pub fn set(self, name: &str, value: &str) -> Result<Self, FilterError> {
        Ok(match name {
            "user" => self.user(value),
            "action" => self.action(value),
            "outcome" => {
                let expected = || FilterError::value("outcome", value, format!("one of {}", Outcome::WORDS.join(", ")));
                self.outcome(Outcome::from_word(value).ok_or_else(expected)?)
            }
            "status" => {
                let expected =
                    || FilterError::value("status", value, "a status or a range: 404, 400-499, 4xx, 500-, -399");
                let (min, max) = parse_status(value).ok_or_else(expected)?;
                Self { status: (min, max), ..self }
            }
            "method" => self.method(value),
            "path" => self.path_prefix(value),
            "route" => self.route(value),
            "ip" => self.ip(value.parse().map_err(|_| FilterError::value("ip", value, "an IPv4 or IPv6 address"))?),
            "target" => self.target(value),
            "since" => Self { since: Some(parse_time("since", value)?), ..self },
            "until" => Self { until: Some(parse_time("until", value)?), ..self },
            "event_id" => self.event_id(value),
            _ => return Err(FilterError::unknown(name)),
        })
    }
}

/// First and last status; at least one of them is there.
fn parse_status(text: &str) -> Option<(Option<u16>, Option<u16>)> {
    if let Some(class) = text.strip_suffix("xx") {
        let first = number(class, 1)? * 100;
        return STATUSES.contains(&first).then_some((Some(first), Some(first + 99)));
    }
    let side = |text: &str| match text {
        "" => Some(None),
        _ => number(text, 3).filter(|status| STATUSES.contains(status)).map(Some),
    };
    let (min, max) = match text.split_once('-') {
        Some((min, max)) => (side(min)?, side(max)?),
        None => (side(text)?, side(text)?),
    };
    (min.is_some() || max.is_some()).then_some((min, max))
}

/// A number of exactly so many digits.
fn number(text: &str, digits: usize) -> Option<u16> {
    (text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn parse_time(name: &'static str, text: &str) -> Result<i64, FilterError> {
    let time: jiff::Timestamp = text
        .parse()
        .map_err(|_| FilterError::value(name, text, "an RFC 3339 time with its offset: 2026-11-22T10:00:00Z"))?;
    // Rounded up, as `micros_at_or_after` does.
    let micros = time.as_nanosecond().div_euclid(1_000) + i128::from(time.as_nanosecond().rem_euclid(1_000) != 0);
    Ok(i64::try_from(micros).expect("a jiff timestamp has four decimal digits of years"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_read() {
        for (text, expected) in [
            ("404", Some((Some(404), Some(404)))),
            ("400-499", Some((Some(400), Some(499)))),
            ("4xx", Some((Some(400), Some(499)))),
            ("500-", Some((Some(500), None))),
            ("-399", Some((None, Some(399)))),
            ("", None),
            ("-", None),
            ("0xx", None),
            ("xx", None),
            ("4Xx", None),
            ("40", None),
            ("099", None),
            ("+04", None),
            ("4000", None),
            ("400-499-", None),
            ("all", None),
        ] {
            assert_eq!(parse_status(text), expected, "{text:?}");
        }
    }

    #[test]
    fn times_are_read_and_rounded_up() {
        assert_eq!(parse_time("since", "1970-01-01T00:00:01Z"), Ok(1_000_000));
        assert_eq!(parse_time("since", "1970-01-01T01:00:00+01:00"), Ok(0));
        assert_eq!(parse_time("since", "1970-01-01T00:00:00.000001001Z"), Ok(2));
        assert_eq!(parse_time("since", "1969-12-31T23:59:59.999999001Z"), Ok(0));
        for text in ["", "yesterday", "2026-11-22", "2026-11-22T10:00:00", "1795000000"] {
            assert!(parse_time("since", text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn every_name_is_known_and_no_other() {
        let value = |name: &str| match name {
            "outcome" => "success",
            "status" => "404",
            "ip" => "::1",
            "since" | "until" => "2026-11-22T10:00:00Z",
            "event_id" => "0193b3a1-7c5e-7d43-9f00-5e0c1a2b3c4d",
            _ => "x",
        };
        for name in Filter::NAMES {
            let filter = Filter::new().set(name, value(name)).unwrap();
            assert_ne!(filter, Filter::new(), "{name}");
            filter.validate().unwrap();
        }
        let error = Filter::new().set("users", "x").unwrap_err().to_string();
        assert!(error.starts_with(r#"there is no filter "users"; expected one of user, action"#), "{error}");
    }
}
