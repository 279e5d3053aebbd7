//! A handler inside the exchange of its request, so that what it asks for is known before its guards run.

use std::sync::Once;
use std::time::Duration;

use audit_core::exchange::{Refusal, Start, WiredHandling, unrecorded};
use audit_core::{Endpoint, Scope, Scoped};
use rocket::futures::TryFutureExt as _;
use rocket::http::Status;
use rocket::outcome::Outcome as _Outcome;
use rocket::route::{BoxFuture, Handler, Outcome};
use rocket::tokio::time::timeout;
use rocket::{Data, Request};

use crate::__private::{installed_auditor, installed_for_uncovered, say};
use crate::head::{declared_length, with_head};
use crate::slot::{Attached, RouteMark, Slot, resolve_actor};

/// How much of a body Rocket lets one look at.
const LOOK: usize = 512;
/// How long a handler waits for a body that short.
const PATIENCE: Duration = Duration::from_secs(1);

/// A route's handler, and its endpoint where it is known.
///
/// Its alignment is its mark, for a route's handler cannot be asked for its type.
#[derive(Clone)]
#[repr(align(256))]
pub(crate) struct Wrapped {
    pub(crate) handler: Box<dyn Handler>,
    pub(crate) endpoint: Option<&'static Endpoint>,
}

#[rocket::async_trait]
impl Handler for Wrapped {
    async fn handle<'r>(&self, request: &'r Request<'_>, mut data: Data<'r>) -> Outcome<'r> {
        let Some(attached) = request.rocket().state::<Attached>() else {
            if let Some(endpoint) = self.endpoint.filter(|endpoint| endpoint.exemption().is_none()) {
                if installed_auditor().is_some_and(|auditor| auditor.is_strict(endpoint)) {
                    return refused_without_fairing(endpoint);
                }
                // What it does is recorded as that of a job, if anything can.
                let _auditor = installed_for_uncovered(endpoint, "AuditFairing", "none is attached");
            }
            return self.handler.handle(request, data).await;
        };
        let slot = Slot::of(request);
        let Some(scope) = slot.scope() else {
            return Scoped::unrecorded(unrecorded(|| self.handler.handle(request, data))).await;
        };
        let (told, has_body, refusal) = {
            let mut slotted = slot.lock();
            let told = std::mem::replace(&mut slotted.route, request.route().map(RouteMark::of));
            (told, slotted.has_body, slotted.refusal)
        };
        // Another fairing gave the request a method again for which there is a route.
        if let Some(refusal) = refusal {
            return _Outcome::Error(status_of(refusal));
        }
        match self.endpoint {
            Some(endpoint) => with_head(request, request.route(), has_body, |head| scope.wire(endpoint, head)),
            None if told == request.route().map(RouteMark::of) => {}
            None => with_head(request, request.route(), has_body, |head| scope.came_elsewhere(head)),
        }
        resolve_actor(request, attached, &scope);
        if look(request, &mut data, slot, &scope).await.is_err() {
            return _Outcome::Error(Status::BadRequest);
        }
        self.call(scope, request, data).await
    }
}

impl Wrapped {
    fn call<'h, 'r: 'h>(
        &'h self,
        scope: Scope,
        request: &'r Request<'_>,
        data: Data<'r>,
    ) -> BoxFuture<'h, Outcome<'r>> {
        let call = Call { handler: &*self.handler, request, data };
        Box::pin(WiredHandling::new(scope, call).unwrap_or_else(move |refusal| {
            // A catcher may make anything of it.
            Slot::of(request).lock().refusal = Some(refusal);
            _Outcome::Error(status_of(refusal))
        }))
    }
}

/// Without a fairing nobody could hold an answer back.
fn refused_without_fairing<'r>(endpoint: &Endpoint) -> Outcome<'r> {
    static TOLD: Once = Once::new();
    TOLD.call_once(|| {
        say(format_args!(
            "{} asks for strict delivery, and no AuditFairing is attached: such requests are refused with 503",
            endpoint.handler()
        ));
    });
    _Outcome::Error(Status::ServiceUnavailable)
}

/// The status in the place of an answer that cannot be on record.
pub(crate) fn status_of(refusal: Refusal) -> Status {
    Status::from_code(refusal.status()).unwrap_or(Status::ServiceUnavailable)
}

/// The client broke its body off before the handler, which would take what came for the whole.
struct BrokenOff;

/// Looks at the body, once, if it is short enough to be seen whole.
async fn look(request: &Request<'_>, data: &mut Data<'_>, slot: &Slot, scope: &Scope) -> Result<(), BrokenOff> {
    let (has_body, broken_before) = {
        let mut slotted = slot.lock();
        if std::mem::replace(&mut slotted.body_seen, true) {
            return Ok(());
        }
        (slotted.has_body, slotted.broken_off)
    };
    let tap = scope.request_tap();
    let declared = declared_length(request);
    let is_short = declared.is_some_and(|length| length <= LOOK);
    // Rocket has read the first bytes itself: what is there is looked at without waiting.
    if !data.peek_complete() && !is_short {
        if has_body {
            tap.unobserved();
        }
        return Ok(());
    }
    let Ok(body) = timeout(PATIENCE, data.peek(LOOK)).await else {
        tap.unobserved();
        return Ok(());
    };
    let length = body.len();
    if length > 0 {
        tap.push(body);
    }
    slot.lock().looked_at = length;
    if broken_before {
        return Ok(());
    }
    if data.peek_complete() || declared == Some(length) {
        tap.complete();
        return Ok(());
    }
    // Rocket keeps the transport's error to itself.
    tap.client_gone();
    Err(BrokenOff)
}

/// A handler's call that begins once it is admitted.
struct Call<'h, 'r, 's> {
    handler: &'h dyn Handler,
    request: &'r Request<'s>,
    data: Data<'r>,
}

impl<'h, 'r: 'h, 's: 'h> Start for Call<'h, 'r, 's> {
    type Future = BoxFuture<'h, Outcome<'r>>;

    fn start(self) -> Self::Future {
        self.handler.handle(self.request, self.data)
    }
}
