//! Who asks: from the session's cookie, for every request; and extractors that let in whom they should.

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_session::{Session, SessionExt as _};
use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpMessage as _, HttpRequest};
use audit_actix::Actor;
use service_kit::files::random_text;
use service_kit::users::User;

use crate::error::ApiError;
use crate::service::Service;

/// What a session holds: the user's name, a name for the session itself that opens nothing, and
const USER: &str = "user";
const NUMBER: &str = "number";
/// The hash of the password that opened it: another password ends the sessions of the one before.
const CREDENTIAL: &str = "credential";

/// A user who is logged in.
pub struct Caller(User);

/// Whoever asks: a [`Caller`], or nobody who is logged in.
pub struct Visitor(pub Option<Caller>);

/// A [`Caller`] whose role is that of an administrator.
pub struct Admin(Caller);

impl Caller {
    /// The user's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether the user may change what belongs to others.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.0.is_admin()
    }
}

impl Admin {
    /// The administrator's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.name()
    }
}

/// Makes the session the user's, under a new key: one that was known before opens nothing. Gives the actor that it is.
pub(crate) fn log_in(session: &Session, user: &User) -> Result<Actor, Error> {
    let number = random_text(12);
    session.renew();
    session.insert(USER, &user.name)?;
    session.insert(NUMBER, &number)?;
    session.insert(CREDENTIAL, &user.password_hash)?;
    Ok(user.actor().session(number))
}

/// A middleware that finds the session's user, whose role is asked from the database each time. Records of requests to
/// handlers without an annotation, and of those that nobody serves, name the user too.
pub(crate) async fn identify<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if let Some(user) = find(&request).await? {
        let number = request.get_session().get::<String>(NUMBER).ok().flatten();
        let actor: Actor = match number {
            Some(number) => user.actor().session(number),
            None => user.actor(),
        };
        let mut extensions = request.extensions_mut();
        extensions.insert(actor);
        extensions.insert(user);
    }
    next.call(request).await
}

async fn find(request: &ServiceRequest) -> Result<Option<User>, ApiError> {
    let Some(name) = request.get_session().get::<String>(USER).ok().flatten() else { return Ok(None) };
    let service = request.app_data::<Data<Service>>().expect("the service is part of the application").clone();
    let credential = request.get_session().get::<String>(CREDENTIAL).ok().flatten();
    let user = service.user(name).await?;
    Ok(user.filter(|user| credential.as_ref() == Some(&user.password_hash)))
}

fn caller(request: &HttpRequest) -> Option<Caller> {
    request.extensions().get::<User>().cloned().map(Caller)
}

impl FromRequest for Visitor {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(caller(request))))
    }
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(caller(request).ok_or_else(|| ApiError::NotLoggedIn.before_handler()))
    }
}

impl FromRequest for Admin {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match caller(request) {
            Some(caller) if caller.is_admin() => Ok(Self(caller)),
            Some(_) => Err(ApiError::Forbidden.before_handler()),
            None => Err(ApiError::NotLoggedIn.before_handler()),
        })
    }
}
