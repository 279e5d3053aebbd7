//! The fairing, and the second one that sees answers.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

use audit_core::exchange::{AUDIT_ID, Exchange, Refusal, ResponseHead, Watch};
use audit_core::{Actor, Auditor};
use rocket::fairing::{Fairing, Info, Kind, Result};
use rocket::http::{Method, Status};
use rocket::{Build, Data, Request, Response, Rocket, async_trait};

use crate::__private::in_use;
use crate::body::Watched;
use crate::handler::status_of;
use crate::head::{Beginning, Lines, with_head};
use crate::routes::NotStrict;
use crate::routing;
use crate::slot::{Attached, RouteMark, Slot, resolve_actor, settle_actor};

/// Audits every request. Attached twice, the later one counts.
#[derive(Clone)]
pub struct AuditFairing(Attached);

impl fmt::Debug for AuditFairing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditFairing").field("enabled", &self.0.auditor.is_enabled()).finish_non_exhaustive()
    }
}

impl AuditFairing {
    /// A fairing that records through `auditor`.
    #[must_use]
    pub fn new(auditor: Auditor) -> Self {
        in_use("rocket");
        Self(Attached { auditor, find_actor: None })
    }

    /// Gives the rule that finds the actor of a request, such as in its cache. It is asked as the request comes, before
    /// the handler, and with the answer.
    ///
    /// ```
    /// # use audit_rocket::{Actor, AuditFairing, Auditor, Output};
    /// # struct Claims { subject: String }
    /// # let auditor = Auditor::builder().output(Output::None).build().unwrap();
    /// let fairing = AuditFairing::new(auditor).actor_from(|request| {
    ///     let claims: &Option<Claims> = request.local_cache(|| None);
    ///     claims.as_ref().map(|claims| Actor::user(&claims.subject))
    /// });
    /// ```
    #[must_use]
    pub fn actor_from(self, find: impl Fn(&Request<'_>) -> Option<Actor> + Send + Sync + 'static) -> Self {
        Self(Attached { find_actor: Some(Arc::new(find)), ..self.0 })
    }
}

#[async_trait]
impl Fairing for AuditFairing {
    fn info(&self) -> Info {
        Info { name: "audit", kind: Kind::Ignite | Kind::Request | Kind::Singleton }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> Result {
        // Attached now, it comes behind every fairing that the application attached, and sees the answer they leave.
        Ok(rocket.manage(self.0.clone()).attach(Answers))
    }

    async fn on_request(&self, request: &mut Request<'_>, data: &mut Data<'_>) {
        if !self.0.auditor.is_enabled() {
            return;
        }
        let beginning = Beginning::of(request, data);
        let seen = &*request;
        let begin = |route| with_head(seen, route, beginning.has_body, |head| self.0.auditor.begin(head));
        let begun = match &*routing::fitting(seen) {
            [] => begin(None).map(|exchange| (None, exchange)),
            routes => routes.iter().find_map(|route| Some((Some(*route), begin(Some(route))?))),
        };
        let Some((route, mut exchange)) = begun else { return };
        let scope = exchange.scope();
        if beginning.client_left {
            scope.request_tap().client_gone();
        }
        resolve_actor(seen, &self.0, &scope);
        let admitted = poll_fn(|context| exchange.poll_admission(context)).await;
        let mut slotted = Slot::of(seen).lock();
        slotted.exchange = Some(exchange);
        slotted.scope = Some(scope);
        slotted.route = route.map(RouteMark::of);
        slotted.has_body = beginning.has_body;
        slotted.broken_off = beginning.broken_off;
        slotted.refusal = admitted.err();
        drop(slotted);
        if admitted.is_err() {
            // A fairing cannot answer. No handler is mounted for this, so that none runs; the answer is put right later.
            request.set_method(Method::Trace);
        }
    }
}

/// Sees answers.
struct Answers;

#[async_trait]
impl Fairing for Answers {
    fn info(&self) -> Info {
        Info { name: "audit: answers", kind: Kind::Ignite | Kind::Response | Kind::Singleton }
    }

    /// By now every fairing that the application attached has mounted what it mounts.
    async fn on_ignite(&self, rocket: Rocket<Build>) -> Result {
        let told = match rocket.state() {
            Some(Attached { auditor, .. }) => crate::routes::tell(&rocket, auditor),
            None => Ok(()),
        };
        match told {
            Ok(()) => Ok(rocket),
            Err(NotStrict) => Err(rocket),
        }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let Some(attached) = request.rocket().state::<Attached>() else { return };
        let slot = Slot::of(request);
        let (exchange, told, has_body, body_seen, refusal) = {
            let mut slotted = slot.lock();
            (slotted.exchange.take(), slotted.route, slotted.has_body, slotted.body_seen, slotted.refusal)
        };
        if let Some(refusal) = refusal {
            if let Some(exchange) = exchange {
                refuse(response, refusal, slot, exchange);
            }
            return;
        }
        let size = response.body_mut().size().await;
        let Some(mut exchange) = exchange else {
            // What a stream does is not a job of its own.
            if response.body().is_some() && size.is_none() {
                watch(response, size, Watch::Unrecorded);
            }
            return;
        };
        let scope = exchange.scope();
        if told != request.route().map(RouteMark::of) {
            with_head(request, request.route(), has_body, |head| scope.came_elsewhere(head));
        }
        if has_body && !body_seen {
            scope.request_tap().unobserved();
        }
        settle_actor(request, attached, &scope);
        let status = if is_upgraded(request, response) { Status::SwitchingProtocols } else { response.status() };
        let id = {
            let headers = Lines::of(response.headers());
            let mut head = ResponseHead::new(status.code, &headers);
            head.exact_length = size.and_then(|size| u64::try_from(size).ok());
            head.ended = response.body().is_none();
            head.asks_for_end = true;
            exchange.respond(&head)
        };
        if let Some(id) = id {
            response.set_raw_header(AUDIT_ID, id);
        }
        if let Err(refusal) = poll_fn(|context| exchange.poll_commit(context)).await {
            return refuse(response, refusal, slot, exchange);
        }
        if status == Status::SwitchingProtocols {
            // What passes from now on is no part of the answer, and Rocket keeps the request as long as it does.
            return drop(exchange);
        }
        let has_no_body = response.body().is_none()
            || request.method() == Method::Head
            || matches!(status, Status::NoContent | Status::NotModified);
        if has_no_body {
            // Rocket reads nothing of it: the record is written when it lets go of the request.
            slot.lock().exchange = Some(exchange);
        } else {
            watch(response, size, Watch::Recorded(exchange));
        }
    }
}

/// Puts the refusal in the answer's place. Its record is written when Rocket lets go of the request.
fn refuse(response: &mut Response<'_>, refusal: Refusal, slot: &Slot, mut exchange: Exchange) {
    let answer = Response::build().status(status_of(refusal)).finalize();
    let left = std::mem::replace(response, answer);
    exchange.enter(|| drop(left));
    exchange.note_refusal(refusal);
    slot.lock().exchange = Some(exchange);
}

/// Puts a watch around the answer's body.
fn watch(response: &mut Response<'_>, size: Option<usize>, watch: Watch) {
    let body = response.body_mut().take();
    let chunk = body.max_chunk_size();
    let watched = Watched::new(body, watch);
    match size {
        Some(size) => response.set_sized_body(size, watched),
        None => response.set_streamed_body(watched),
    }
    response.set_max_chunk_size(chunk);
}

/// Whether Rocket will hand the connection over: the request asks for a protocol that the answer has.
fn is_upgraded(request: &Request<'_>, response: &mut Response<'_>) -> bool {
    let asked = request.headers().get("upgrade").flat_map(|line| line.split(','));
    asked.map(str::trim).any(|protocol| response.upgrade(protocol).is_some())
}
