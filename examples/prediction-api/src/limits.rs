//! How often a client may ask: `RATE_LIMITS`, and the extractor that holds requests to it.
//!
//! Each route counts on its own, per client address. A limit is a bucket that is full at first and is refilled evenly:
//! of `50/hour`, 50 may come at once, and then one every 72 seconds: at most 99 in the first hour. A client takes some
//! 260 bytes until it has all its requests again, which after a single one is minutes. The limits of a request are asked in the order of
//! their periods, and the first that refuses ends it: what is refused by the hour does not use up the day.
//!
//! It is an extractor, and the first of each handler, rather than a layer around the routes: so a refused request is
//! recorded under the action that it was meant for.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use audit_axum::current;
use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath};
use axum::http::request::Parts;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::app::App;
use crate::error::ApiError;

/// The setting: which limits hold where. Nowhere, when all three are empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RateLimits {
    default: Vec<Limit>,
    v1: Vec<Limit>,
    v2: Vec<Limit>,
}

/// So many requests in such a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    requests: NonZeroU32,
    period: Period,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Period {
    Second,
    Minute,
    Hour,
    Day,
}

impl RateLimits {
    /// What may be written.
    pub(crate) const EXPECTED: &str = "off, or limits such as 200/day,50/hour,v1:100/day,v2:150/day";

    fn off() -> Self {
        Self { default: Vec::new(), v1: Vec::new(), v2: Vec::new() }
    }

    /// Reads `off`, or limits separated by commas; `v1:` and `v2:` before a limit make it one of that route, which
    /// then has no others. What is not named stays as it is by default. `None` when it cannot be read.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if text.trim().eq_ignore_ascii_case("off") {
            return Some(Self::off());
        }
        let mut read = Self::off();
        for entry in text.split(',').map(str::trim) {
            let (list, limit) = match entry.split_once(':') {
                None => (&mut read.default, entry),
                Some(("v1", limit)) => (&mut read.v1, limit),
                Some(("v2", limit)) => (&mut read.v2, limit),
                Some(_) => return None,
            };
            list.push(Limit::read(limit)?);
            list.sort_by_key(|limit| limit.period);
        }
        let Self { default, v1, v2 } = Self::default();
        let or = |list: Vec<Limit>, default| if list.is_empty() { default } else { list };
        Some(Self { default: or(read.default, default), v1: or(read.v1, v1), v2: or(read.v2, v2) })
    }
}

impl Default for RateLimits {
    /// Those of the Flask application.
    fn default() -> Self {
        let limit = |requests, period| Limit { requests: NonZeroU32::new(requests).expect("none is 0"), period };
        Self {
            default: vec![limit(50, Period::Hour), limit(200, Period::Day)],
            v1: vec![limit(100, Period::Day)],
            v2: vec![limit(150, Period::Day)],
        }
    }
}

impl Limit {
    fn read(text: &str) -> Option<Self> {
        let (requests, period) = text.trim().split_once('/')?;
        let period = match period.trim() {
            "second" => Period::Second,
            "minute" => Period::Minute,
            "hour" => Period::Hour,
            "day" => Period::Day,
            _ => return None,
        };
        Some(Self { requests: requests.trim().parse().ok()?, period })
    }

    fn quota(self) -> Quota {
        let period = Duration::from_secs(match self.period {
            Period::Second => 1,
            Period::Minute => 60,
            Period::Hour => 60 * 60,
            Period::Day => 24 * 60 * 60,
        });
        // More than one in a nanosecond is as good as no limit.
        let each = (period / self.requests.get()).max(Duration::from_nanos(1));
        Quota::with_period(each).expect("longer than nothing").allow_burst(self.requests)
    }

    /// As the client reads it.
    pub(crate) fn in_spanish(self) -> String {
        let period = match self.period {
            Period::Second => "segundo",
            Period::Minute => "minuto",
            Period::Hour => "hora",
            Period::Day => "día",
        };
        format!("{} por {period}", self.requests)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let period = match self.period {
            Period::Second => "a second",
            Period::Minute => "a minute",
            Period::Hour => "an hour",
            Period::Day => "a day",
        };
        write!(f, "{} requests {period}", self.requests)
    }
}

/// A route, and whoever asks for it.
type Key = (String, IpAddr);

/// Counts requests.
pub(crate) struct Limiter {
    default: Vec<Counter>,
    v1: Vec<Counter>,
    v2: Vec<Counter>,
    checks: AtomicU32,
}

struct Counter {
    limit: Limit,
    requests: DefaultKeyedRateLimiter<Key>,
}

/// A request that is one too many, and when to come again.
#[derive(Debug)]
pub(crate) struct TooMany {
    pub(crate) limit: Limit,
    pub(crate) wait: Duration,
}

impl Limiter {
    pub(crate) fn new(limits: RateLimits) -> Self {
        let counters = |limits: Vec<Limit>| {
            limits.into_iter().map(|limit| Counter { limit, requests: RateLimiter::keyed(limit.quota()) }).collect()
        };
        Self {
            default: counters(limits.default),
            v1: counters(limits.v1),
            v2: counters(limits.v2),
            checks: AtomicU32::new(0),
        }
    }

    fn check(&self, route: &str, client: IpAddr) -> Result<(), TooMany> {
        /// After so many requests, clients who have all their requests again are forgotten.
        const SWEEP: u32 = 1024;
        let counters = match route {
            "/api/v1/predict" => &self.v1,
            "/api/v2/predict" => &self.v2,
            _ => &self.default,
        };
        if self.checks.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            for counter in [&self.default, &self.v1, &self.v2].into_iter().flatten() {
                counter.requests.retain_recent();
            }
        }
        let key = (route.to_owned(), one_client(client));
        for counter in counters {
            counter.requests.check_key(&key).map_err(|refused| TooMany {
                limit: counter.limit,
                wait: refused.wait_time_from(DefaultClock::default().now()),
            })?;
        }
        Ok(())
    }
}

/// Whoever has an IPv6 address has all of its network's: 64 bits tell one client from another.
fn one_client(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        IpAddr::V4(_) => address,
    }
}

/// A request that was not one too many.
pub(crate) struct WithinLimits;

impl FromRequestParts<App> for WithinLimits {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        // As the record has it, behind trusted proxies too; where nothing is recorded, as the connection has it.
        let recorded = current().and_then(|scope| scope.client_address());
        let peer = || parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_canonical());
        let Some(client) = recorded.or_else(peer) else { return Ok(Self) };
        let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        match app.limiter().check(route, client) {
            Ok(()) => Ok(Self),
            Err(refused) => Err(ApiError::TooMany(refused).before_handler()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn allowed(limiter: &Limiter, route: &str, client: IpAddr) -> usize {
        (0..1000).take_while(|_| limiter.check(route, client).is_ok()).count()
    }

    #[test]
    fn limits_are_read() {
        let default = RateLimits::default();
        for (text, expected) in [
            ("200/day,50/hour", default.clone()),
            (" 50 / hour , 200/day , v2:150/day ", default.clone()),
            ("v1:100/day", default.clone()),
            ("OFF", RateLimits::off()),
            ("3/minute", RateLimits { default: vec![Limit::read("3/minute").unwrap()], ..default.clone() }),
            ("v2:1/second", RateLimits { v2: vec![Limit::read("1/second").unwrap()], ..default }),
        ] {
            assert_eq!(RateLimits::read(text), Some(expected), "{text}");
        }
        for bad in ["", "on", "200", "0/day", "-1/day", "200/week", "200 per day", "v3:1/day", "200/day,", "off,1/day"]
        {
            assert_eq!(RateLimits::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn each_route_and_each_client_counts_on_its_own() {
        let limiter = Limiter::new(RateLimits::read("7/day,5/hour,v1:3/day").unwrap());
        assert_eq!(allowed(&limiter, "/login", HERE), 5);
        assert_eq!(allowed(&limiter, "/feedback", HERE), 5);
        assert_eq!(allowed(&limiter, "/api/v1/predict", HERE), 3);
        assert_eq!(allowed(&limiter, "/api/v2/predict", HERE), 150);
        assert_eq!(allowed(&limiter, "/login", "203.0.113.7".parse().unwrap()), 5);
        assert_eq!(allowed(&limiter, "/login", "2001:db8::1".parse().unwrap()), 5);
        assert_eq!(allowed(&limiter, "/login", "2001:db8::2".parse().unwrap()), 0);
        let refused = limiter.check("/login", HERE).unwrap_err();
        assert_eq!(refused.limit.to_string(), "5 requests an hour");
        assert!(refused.wait > Duration::from_secs(700) && refused.wait <= Duration::from_secs(720));
    }

    #[test]
    fn without_limits_all_may() {
        assert_eq!(allowed(&Limiter::new(RateLimits::off()), "/login", HERE), 1000);
    }

    #[test]
    fn who_may_ask_again_as_often_as_ever_is_forgotten() {
        let limiter = Limiter::new(RateLimits::read("1000000000/second").unwrap());
        for client in 0..2048_u32 {
            limiter.check("/login", std::net::Ipv4Addr::from_bits(client).into()).unwrap();
        }
        assert!(limiter.default[0].requests.len() <= 1025, "{}", limiter.default[0].requests.len());
    }
}
