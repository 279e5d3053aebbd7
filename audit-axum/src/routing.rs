//! Method routers whose handlers are known: the counterparts of `axum::routing::{get, post, …}`.
//!
//! Each takes a handler that carries [`audited`](crate::audited) or [`audit_exempt`](crate::audit_exempt), and panics
//! where it is called when the handler carries neither: a route that only looks audited must not start.

use std::convert::Infallible;

use audit_core::Endpoint;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter};

use crate::__private::handler_to_wire;
use crate::wired::Wired;

/// A method router that knows its handlers' endpoints.
pub struct AuditedMethodRouter<S = ()> {
    pub(crate) router: MethodRouter<S, Infallible>,
    pub(crate) endpoints: Vec<(&'static str, &'static Endpoint)>,
}

macro_rules! methods {
    ($($name:ident $word:literal $filter:ident,)+) => {
        $(
            #[doc = concat!("Routes ", $word, " requests to an annotated handler.")]
            ///
            /// # Panics
            /// When the handler carries neither `#[audited]` nor `#[audit_exempt]`.
            #[track_caller]
            pub fn $name<H, T, S>(handler: H) -> AuditedMethodRouter<S>
            where
                H: Handler<T, S>,
                T: 'static,
                S: Clone + Send + Sync + 'static,
            {
                AuditedMethodRouter::new().$name(handler)
            }
        )+

        impl<S> AuditedMethodRouter<S>
        where
            S: Clone + Send + Sync + 'static,
        {
            $(
                #[doc = concat!("Adds an annotated handler for ", $word, " requests.")]
                ///
                /// # Panics
                /// When the handler carries neither `#[audited]` nor `#[audit_exempt]`.
                #[must_use]
                #[track_caller]
                pub fn $name<H, T>(self, handler: H) -> Self
                where
                    H: Handler<T, S>,
                    T: 'static,
                {
                    self.on($word, MethodFilter::$filter, handler)
                }
            )+
        }
    };
}

methods! {
    get "GET" GET,
    post "POST" POST,
    put "PUT" PUT,
    patch "PATCH" PATCH,
    delete "DELETE" DELETE,
    head "HEAD" HEAD,
    options "OPTIONS" OPTIONS,
}

impl<S> AuditedMethodRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    fn new() -> Self {
        Self { router: MethodRouter::new(), endpoints: Vec::new() }
    }

    #[track_caller]
    fn on<H, T>(mut self, method: &'static str, filter: MethodFilter, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let endpoint = handler_to_wire::<H>();
        self.endpoints.push((method, endpoint));
        self.router = self.router.on(filter, Wired { handler, endpoint });
        self
    }
}
