//! Routes whose handlers run inside their request's exchange.

use std::sync::{Mutex, PoisonError};

use audit_core::registry::{find_by_type_name, template};
use audit_core::{Auditor, Endpoint};
use rocket::config::LogLevel;
use rocket::http::Method;
use rocket::{Build, Rocket, Route};

use crate::__private::{all_routes_told, endpoints, mounted, say, unannotated};
use crate::handler::Wrapped;

/// Makes routes audited: `routes![create, read].audited()`.
pub trait AuditedRoutes {
    /// Puts each handler inside its request's exchange, annotated or not: an annotated one is then known before its
    /// guards run, and what any of them adds to the record finds it.
    #[must_use]
    fn audited(self) -> Vec<Route>;
}

impl AuditedRoutes for Vec<Route> {
    fn audited(self) -> Vec<Route> {
        self.into_iter().map(|route| wrap(route, None)).collect()
    }
}

/// Rocket's `routes!`, audited: as `rocket::routes![…].audited()`, but a handler is recognised by its type, whatever the
/// order of its attributes.
///
/// ```
/// use audit_rocket::audited;
/// use rocket::get;
///
/// #[get("/layers")]
/// #[audited(action = "layer.list")]
/// fn list_layers() -> &'static str {
///     "rivers"
/// }
///
/// assert_eq!(audit_rocket::routes![list_layers].len(), 1);
/// ```
#[macro_export]
macro_rules! routes {
    ($($(:: $root:ident ::)? $($part:ident)::+),* $(,)?) => {
        ::std::vec::Vec::<$crate::__private::Route>::from([$($crate::__private::audited_route(
            $(:: $root ::)? $($part)::+ {}.into_route(),
            $crate::__private::type_name_of(&$(:: $root ::)? $($part)::+),
        )),*])
    };
}

/// For [`routes!`].
#[doc(hidden)]
#[must_use]
pub fn audited_route(route: Route, handler: &str) -> Route {
    let endpoint = find_by_type_name(handler);
    if let Some(endpoint) = endpoint {
        let made = (RouteName::of(&route), endpoint);
        let mut known = KNOWN_BY_TYPE.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.contains(&made) {
            known.push(made);
        }
    }
    wrap(route, endpoint)
}

/// What a route and its copies that are mounted somewhere have in common.
#[derive(PartialEq)]
struct RouteName {
    function: Option<String>,
    method: Method,
    path: String,
}

impl RouteName {
    fn of(route: &Route) -> Self {
        let path = route.uri.unmounted_origin.path().to_string();
        Self { function: route.name.as_deref().map(str::to_owned), method: route.method, path }
    }
}

/// The endpoints of routes that [`routes!`] made, for a mounted route cannot be asked for its own. For the listing only.
static KNOWN_BY_TYPE: Mutex<Vec<(RouteName, &'static Endpoint)>> = Mutex::new(Vec::new());

/// The endpoint of a route that [`routes!`] made, unless it has made such a route of several handlers.
fn by_type(route: &Route) -> Option<&'static Endpoint> {
    let name = RouteName::of(route);
    let known = KNOWN_BY_TYPE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut fitting = known.iter().filter(|(known, _)| *known == name).map(|(_, endpoint)| *endpoint);
    let first = fitting.next()?;
    fitting.all(|other| other.same_as(first)).then_some(first)
}

fn wrap(mut route: Route, known: Option<&'static Endpoint>) -> Route {
    if is_wrapped(&route) {
        return route;
    }
    let endpoint = known.or_else(|| find(&route));
    route.handler = Box::new(Wrapped { handler: route.handler, endpoint });
    route
}

/// A handler does not tell its type, only how it lies in memory: as no other one does.
fn is_wrapped(route: &Route) -> bool {
    align_of_val(&*route.handler) == align_of::<Wrapped>()
}

/// The endpoint whose function, method and path are the route's, if there is exactly one.
fn find(route: &Route) -> Option<&'static Endpoint> {
    let path = template(route.uri.unmounted_origin.path().as_str());
    let mut fitting = named_as(route).filter(|endpoint| {
        endpoint.mounts().iter().any(|(method, raw)| *method == route.method.as_str() && template(raw) == path)
    });
    fitting.next().filter(|_| fitting.next().is_none())
}

/// Every endpoint whose function is called as the route's handler.
fn named_as(route: &Route) -> impl Iterator<Item = &'static Endpoint> {
    let name = route.name.as_deref();
    endpoints().iter().copied().filter(move |endpoint| Some(endpoint.function()) == name)
}

/// What is known of a mounted route's handler.
enum Known {
    Annotated(&'static Endpoint),
    /// It is one of several, of which only the name is known.
    OneOf(Vec<&'static Endpoint>),
    Plain,
}

impl Known {
    fn of(route: &Route) -> Self {
        if let Some(endpoint) = by_type(route).or_else(|| find(route)) {
            return Self::Annotated(endpoint);
        }
        // Of a handler whose attributes stand the other way round only the name is known.
        let named: Vec<_> = named_as(route).filter(|endpoint| endpoint.mounts().is_empty()).collect();
        match named[..] {
            [] => Self::Plain,
            [endpoint] => Self::Annotated(endpoint),
            _ => Self::OneOf(named),
        }
    }

    fn endpoints(&self) -> &[&'static Endpoint] {
        match self {
            Self::Annotated(endpoint) => std::slice::from_ref(endpoint),
            Self::OneOf(endpoints) => endpoints,
            Self::Plain => &[],
        }
    }
}

/// Something that is mounted as it is asks for strict delivery, which nobody could keep.
pub(crate) struct NotStrict;

/// Tells the listing what is mounted, and people what looks audited and is not.
///
/// # Errors
/// When a handler that asks for strict delivery is mounted as it is: nothing could keep it from running.
pub(crate) fn tell(rocket: &Rocket<Build>, auditor: &Auditor) -> Result<(), NotStrict> {
    let mut is_certain = true;
    let mut verdict = Ok(());
    for route in rocket.routes() {
        let (method, path) = (route.method.as_str(), template(route.uri.path()));
        let known = Known::of(route);
        match &known {
            Known::Annotated(endpoint) => mounted(endpoint, method, &path),
            Known::OneOf(_) => is_certain = false,
            Known::Plain => unannotated(method, &path, route.name.as_deref()),
        }
        let audited = || known.endpoints().iter().filter(|endpoint| endpoint.exemption().is_none());
        let names: Vec<_> =
            audited().map(|endpoint| format!("{} ({})", endpoint.handler(), endpoint.location())).collect();
        if names.is_empty() || is_wrapped(route) {
            continue;
        }
        let names = names.join(" or ");
        if audited().any(|endpoint| auditor.is_strict(endpoint)) {
            verdict = Err(NotStrict);
            say(format_args!(
                "{names} asks for strict delivery and is mounted at {method} {path} as it is, where nobody can keep that: \
                 Rocket does not start; mount it with routes![…].audited()",
            ));
        } else {
            say(format_args!(
                "{names} is mounted at {method} {path} as it is: what it does is not part of its requests' records; \
                 mount it with routes![…].audited()",
            ));
        }
    }
    if is_certain {
        all_routes_told("rocket");
    }
    if auditor.writes_to_stdout() && rocket_logs_to_stdout(rocket) {
        say(format_args!(
            "records and Rocket's log share standard output, where no machine can tell them apart: set log_level = \"off\", \
             install a logger of your own before rocket::build(), or send the records elsewhere (AUDIT_LOG_PATH)"
        ));
    }
    verdict
}

/// Whether Rocket's own logger is the installed one, which writes to standard output.
///
/// It does not say its name. It is a type without a size, and it alone takes Rocket's launch messages, and no others,
/// above the level that is set.
fn rocket_logs_to_stdout(rocket: &Rocket<Build>) -> bool {
    use rocket::log::private::{Level, LevelFilter, Metadata, logger, max_level};

    let config = rocket.figment().extract_inner::<LogLevel>("log_level");
    if config.is_ok_and(|level| level == LogLevel::Off) {
        return false;
    }
    let takes = |target| logger().enabled(&Metadata::builder().level(Level::Trace).target(target).build());
    let takes_others = max_level() < LevelFilter::Trace && takes("audit_rocket");
    size_of_val(logger()) == 0 && takes("rocket::launch") && !takes_others
}
