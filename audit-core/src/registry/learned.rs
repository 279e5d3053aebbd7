//! Which routes requests have shown, since the auditor was built.
//!
//! axum and actix-web do not tell which handler stands behind a plain route; a request that ran one does. What is
//! learned feeds the listing only: a request is recorded the same way whether or not there were others before it.
//!
//! At most [`LIMIT`] rows are kept, of the nine methods that RFC 9110, section 9, and RFC 5789 define, for a client writes
//! whatever method it likes. Once a route is known, a request costs a shared lock and a look-up, and no allocation.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use crate::notice::Once;
use crate::registry::Endpoint;

/// How many routes are learned; more are left out, which is said once.
const LIMIT: usize = 4096;

/// The methods of RFC 9110, section 9, and RFC 5789.
pub(crate) const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];

/// What requests have shown.
#[derive(Default)]
pub(crate) struct Learned {
    rows: RwLock<Rows>,
    full: Once,
}

#[derive(Default)]
struct Rows {
    /// Under the template; rarely more than one of each method, as where actix-web's guards tell handlers apart.
    by_template: HashMap<Box<str>, Vec<Seen>>,
    count: usize,
}

#[derive(Clone, Copy)]
struct Seen {
    method: &'static str,
    /// The handler that ran; `None` where no annotated one did.
    endpoint: Option<&'static Endpoint>,
}

/// A route that a request has shown.
pub(crate) struct LearnedRoute {
    pub(crate) method: &'static str,
    pub(crate) path: Box<str>,
    /// The handler that ran; `None` where no annotated one did.
    pub(crate) endpoint: Option<&'static Endpoint>,
}

impl Learned {
    /// Notes that a request for which the framework matched `template` ran this handler, or succeeded without any that
    /// is annotated.
    pub(crate) fn note(&self, method: &str, template: &str, endpoint: Option<&'static Endpoint>) {
        let Some(method) = METHODS.into_iter().find(|known| *known == method) else { return };
        let seen = Seen { method, endpoint };
        {
            let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
            if rows.holds(template, seen) {
                return;
            }
            if rows.count >= LIMIT {
                self.full.say(format_args!(
                    "requests have shown {LIMIT} routes; the listing leaves out those that come after them"
                ));
                return;
            }
        }
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        // Another request may have been first.
        if !rows.holds(template, seen) && rows.count < LIMIT {
            rows.by_template.entry(template.into()).or_default().push(seen);
            rows.count += 1;
        }
    }

    /// Every route so far, in no order.
    pub(crate) fn routes(&self) -> Vec<LearnedRoute> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        let mut routes = Vec::with_capacity(rows.count);
        for (path, seen) in &rows.by_template {
            for &Seen { method, endpoint } in seen {
                routes.push(LearnedRoute { method, path: path.clone(), endpoint });
            }
        }
        routes
    }
}

impl Rows {
    fn holds(&self, template: &str, seen: Seen) -> bool {
        self.by_template.get(template).is_some_and(|known| known.iter().any(|known| known.is(seen)))
    }
}

impl Seen {
    fn is(self, other: Self) -> bool {
        let same_handler = match (self.endpoint, other.endpoint) {
            // The address first: it is the same one but for copies of a function.
            (Some(one), Some(other)) => std::ptr::eq(one, other) || one.same_as(other),
            (None, None) => true,
            _ => false,
        };
        same_handler && self.method == other.method
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Declaration;

    fn endpoint(action: &'static str) -> &'static Endpoint {
        Box::leak(Box::new(Endpoint::new(Declaration::plain(action))))
    }

    fn told(learned: &Learned) -> Vec<(&'static str, String, Option<&'static str>)> {
        let row = |route: LearnedRoute| (route.method, route.path.into(), route.endpoint.map(Endpoint::action));
        let mut routes: Vec<_> = learned.routes().into_iter().map(row).collect();
        routes.sort();
        routes
    }

    #[test]
    fn a_route_is_learned_once_and_copies_of_a_handler_are_one() {
        let learned = Learned::default();
        for handler in [endpoint("a"), endpoint("a"), endpoint("b")] {
            learned.note("GET", "/a/{id}", Some(handler));
            learned.note("GET", "/a/{id}", Some(handler));
            learned.note("PUT", "/a/{id}", None);
        }
        let path = || "/a/{id}".to_owned();
        assert_eq!(told(&learned), [("GET", path(), Some("a")), ("GET", path(), Some("b")), ("PUT", path(), None)]);
    }

    #[test]
    fn a_method_that_a_client_made_up_is_not_learned() {
        let learned = Learned::default();
        for method in ["get", "BREW", "", "GET "] {
            learned.note(method, "/a", None);
        }
        assert!(told(&learned).is_empty());
    }

    #[test]
    fn what_is_learned_is_bounded() {
        let learned = Learned::default();
        for number in 0..=LIMIT {
            learned.note("GET", &format!("/{number}"), None);
        }
        assert_eq!(learned.routes().len(), LIMIT);
        learned.note("POST", "/0", None);
        assert_eq!(learned.routes().len(), LIMIT, "another method is another row");
    }
}
