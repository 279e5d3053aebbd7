//! What is asked for.

mod text;

use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::ops::{Bound, RangeBounds};
use std::time::{Duration, SystemTime};

use audit_core::{Line, Outcome};

use crate::columns::Columns;

/// Which records a query returns: those for which everything that was set holds. An empty filter returns all.
///
/// - Texts compare byte for byte with what the record says, case included.
/// - A record that does not have a field is never found by a filter on it.
/// - Of an event with several phases (strict delivery), what its latest phase says counts, and what that leaves out as an
///   earlier one said. An intent alone has the outcome `unknown`. The time is that of the first phase.
/// - `user`, `action`, `target`, the time range and `event_id` are served by an index; the rest is looked for among
///   the records which those leave, a bounded number at a time (see [`Store::query`](crate::Store::query)).
///
/// # Examples
/// ```
/// use audit_store::Filter;
///
/// let filter = Filter::new().user("ana").action("layer.delete").status(400..);
/// // The same from a query string or a command line, where everything is text:
/// let same = Filter::new().set("user", "ana")?.set("action", "layer.delete")?.set("status", "400-")?;
/// assert_eq!(filter, same);
/// # Ok::<(), audit_store::FilterError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[must_use]
pub struct Filter {
    pub(crate) user: Option<String>,
    pub(crate) action: Option<String>,
    pub(crate) outcome: Option<Outcome>,
    /// First and last, both included.
    pub(crate) status: (Option<u16>, Option<u16>),
    pub(crate) method: Option<String>,
    pub(crate) path_prefix: Option<String>,
    pub(crate) route: Option<String>,
    pub(crate) ip: Option<IpAddr>,
    pub(crate) target: Option<String>,
    /// Microseconds since the epoch, included.
    pub(crate) since: Option<i64>,
    /// Microseconds since the epoch, excluded.
    pub(crate) until: Option<i64>,
    /// Lower case, as records have it.
    pub(crate) event_id: Option<String>,
}

impl Filter {
    /// The empty filter, which every record passes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whose records: `user`, exactly.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// Which action, exactly.
    pub fn action(mut self, action: impl Into<String>) -> Self {
        self.action = Some(action.into());
        self
    }

    /// What the action came to.
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = Some(outcome);
        self
    }

    /// Which status codes: `404..=404`, `400..500`, `500..`. Records without a status are in no range but `..`.
    pub fn status(mut self, range: impl RangeBounds<u16>) -> Self {
        let min = match range.start_bound() {
            Bound::Included(&first) => Some(first),
            Bound::Excluded(&before) => Some(before.saturating_add(1)),
            Bound::Unbounded => None,
        };
        let max = match range.end_bound() {
            Bound::Included(&last) => Some(last),
            Bound::Excluded(&after) => Some(after.saturating_sub(1)),
            Bound::Unbounded => None,
        };
        self.status = (min, max);
        self
    }

    /// Which HTTP method, as received: methods are case-sensitive.
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// How the path begins, byte for byte: `/api/v1` finds `/api/v1/layers` and `/api/v10`. Nothing in it is a
    /// wildcard.
    pub fn path_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.path_prefix = Some(prefix.into());
        self
    }

    /// Which route, by its template, exactly: `/layers/{name}`.
    pub fn route(mut self, route: impl Into<String>) -> Self {
        self.route = Some(route.into());
        self
    }

    /// Which client address.
    pub fn ip(mut self, ip: IpAddr) -> Self {
        self.ip = Some(ip.to_canonical());
        self
    }

    /// On what: a type (`layer`), or a type and an id (`layer/rivers`; everything after the first `/` is the id).
    pub fn target(mut self, target: impl Into<String>) -> Self {
        self.target = Some(target.into());
        self
    }

    /// From when on, included. Records without a time are in no range.
    pub fn since(mut self, since: SystemTime) -> Self {
        self.since = Some(micros_at_or_after(since));
        self
    }

    /// Until when, excluded.
    pub fn until(mut self, until: SystemTime) -> Self {
        self.until = Some(micros_at_or_after(until));
        self
    }

    /// The records of one event, by its UUID in hyphenated form.
    pub fn event_id(mut self, event_id: impl Into<String>) -> Self {
        let mut event_id = event_id.into();
        event_id.make_ascii_lowercase();
        self.event_id = Some(event_id);
        self
    }

    /// Checks what cannot be checked while the filter is being built. [`Store::query`](crate::Store::query) does so
    /// too; a service can call it before it hands the query to a blocking task.
    ///
    /// # Errors
    /// When a value is one that no record can have, or a range holds nothing. The error names the filter.
    pub fn validate(&self) -> Result<(), FilterError> {
        let not_empty: [(&'static str, &Option<String>); 5] = [
            ("user", &self.user),
            ("action", &self.action),
            ("method", &self.method),
            ("path", &self.path_prefix),
            ("route", &self.route),
        ];
        for (name, value) in not_empty {
            if value.as_deref() == Some("") {
                return Err(FilterError::value(name, "", "a text that is not empty"));
            }
        }
        if let (Some(min), Some(max)) = self.status
            && min > max
        {
            return Err(FilterError::value(
                "status",
                &format!("{min}-{max}"),
                "a first status that is not above the last",
            ));
        }
        if let Some(target) = &self.target
            && split_target(target).is_none()
        {
            return Err(FilterError::value("target", target, "a type, or a type and an id: layer or layer/rivers"));
        }
        if let (Some(since), Some(until)) = (self.since, self.until)
            && since >= until
        {
            return Err(FilterError::EmptyTimeRange);
        }
        if let Some(event_id) = &self.event_id
            && !is_uuid(event_id)
        {
            return Err(FilterError::value(
                "event_id",
                event_id,
                "a UUID such as 0193b3a1-7c5e-7d43-9f00-5e0c1a2b3c4d",
            ));
        }
        Ok(())
    }

    /// Whether a record passes: what a store that holds this record alone would say. It does not
    /// [`validate`](Self::validate).
    #[must_use]
    pub fn matches(&self, line: &Line) -> bool {
        let record = Columns::of(line);
        let equal = |wanted: Option<&str>, found: &Option<String>| {
            wanted.is_none_or(|wanted| found.as_deref().is_some_and(|found| found == wanted))
        };
        let bounded = |min: Option<i64>, max: Option<i64>, found: Option<i64>| {
            (min.is_none() && max.is_none())
                || found.is_some_and(|found| min.is_none_or(|min| found >= min) && max.is_none_or(|max| found <= max))
        };
        let (status, until) = (record.status.map(i64::from), self.until.map(|until| until.saturating_sub(1)));
        let prefix = self.path_prefix.as_deref();
        equal(self.user.as_deref(), &record.user)
            && equal(self.action.as_deref(), &record.action)
            && equal(self.outcome.map(|outcome| outcome.as_str()), &record.outcome)
            && bounded(self.status.0.map(i64::from), self.status.1.map(i64::from), status)
            && equal(self.method.as_deref(), &record.method)
            && prefix.is_none_or(|prefix| record.path.as_deref().is_some_and(|path| path.starts_with(prefix)))
            && equal(self.route.as_deref(), &record.route)
            && self.ip.is_none_or(|ip| equal(Some(&ip.to_string()), &record.ip))
            && self.target.as_deref().is_none_or(|target| {
                split_target(target)
                    .is_some_and(|(kind, id)| equal(Some(kind), &record.target_type) && equal(id, &record.target_id))
            })
            && bounded(self.since, until, record.time)
            && equal(self.event_id.as_deref(), &record.event_id)
    }

    /// The target's type and, if the filter has one, its id.
    pub(crate) fn target_parts(&self) -> Option<(&str, Option<&str>)> {
        split_target(self.target.as_deref()?)
    }

    /// A number that tells this filter from others, the same in every process of this version: FNV-1a.
    pub(crate) fn fingerprint(&self) -> u64 {
        struct Fnv(u64);
        impl Hasher for Fnv {
            fn write(&mut self, bytes: &[u8]) {
                for &byte in bytes {
                    self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
                }
            }
            fn finish(&self) -> u64 {
                self.0
            }
        }
        let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
        self.hash(&mut hasher);
        hasher.finish()
    }
}

/// Why a filter was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// There is no such filter.
    #[error("there is no filter {name:?}; expected one of {names}", names = Filter::NAMES.join(", "))]
    Unknown {
        /// What was asked for, at most a hundred characters of it.
        name: String,
    },
    /// The value is one that no record can have.
    #[error("filter {name} is {value:?}; expected {expected}")]
    Value {
        /// The filter's name.
        name: &'static str,
        /// What it was set to, at most a hundred characters of it.
        value: String,
        /// What it may be set to.
        expected: String,
    },
    /// `since` is not before `until`.
    #[error("filter since is not before filter until: no record can be in that range")]
    EmptyTimeRange,
}

impl FilterError {
    fn value(name: &'static str, value: &str, expected: impl Into<String>) -> Self {
        Self::Value { name, value: shortened(value), expected: expected.into() }
    }

    fn unknown(name: &str) -> Self {
        Self::Unknown { name: shortened(name) }
    }
}

/// What a message quotes of something that a client sent.
fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}

fn split_target(target: &str) -> Option<(&str, Option<&str>)> {
    let (kind, id) = match target.split_once('/') {
        Some((kind, id)) => (kind, Some(id)),
        None => (target, None),
    };
    (!kind.is_empty() && id != Some("")).then_some((kind, id))
}

fn is_uuid(text: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    text.split('-').map(str::len).eq(lengths) && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

/// The first whole microsecond that is not before `time`: a record, which has whole microseconds, is at or after the
/// one exactly if it is at or after the other.
fn micros_at_or_after(time: SystemTime) -> i64 {
    let whole = |duration: Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => whole(after.saturating_add(Duration::from_nanos(999))),
        Err(before) => -whole(before.duration()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_up_on_both_sides_of_the_epoch() {
        let at = |nanos: i64| match u64::try_from(nanos) {
            Ok(after) => SystemTime::UNIX_EPOCH + Duration::from_nanos(after),
            Err(_) => SystemTime::UNIX_EPOCH - Duration::from_nanos(nanos.unsigned_abs()),
        };
        for (nanos, micros) in [(0, 0), (1, 1), (1_000, 1), (1_001, 2), (-1, 0), (-1_000, -1), (-1_999, -1)] {
            assert_eq!(micros_at_or_after(at(nanos)), micros, "{nanos}");
        }
    }

    #[test]
    fn every_field_tells_filters_apart() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
        let filters = [
            Filter::new(),
            Filter::new().user("a"),
            Filter::new().action("a"),
            Filter::new().user("ab"),
            Filter::new().outcome(Outcome::Denied),
            Filter::new().outcome(Outcome::Failed),
            Filter::new().status(400..),
            Filter::new().status(..=400),
            Filter::new().method("a"),
            Filter::new().path_prefix("a"),
            Filter::new().route("a"),
            Filter::new().ip(IpAddr::from([127, 0, 0, 1])),
            Filter::new().target("a"),
            Filter::new().since(at),
            Filter::new().until(at),
            Filter::new().event_id("a"),
        ];
        let mut seen: Vec<u64> = filters.iter().map(Filter::fingerprint).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), filters.len());
        assert_eq!(Filter::new().user("a").fingerprint(), Filter::new().user("a").fingerprint());
    }
}
