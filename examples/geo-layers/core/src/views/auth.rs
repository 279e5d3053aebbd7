//! Logging in and out.

use actix_session::Session;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Form};
use actix_web::{Error, HttpResponse};
use audit_actix::{Outcome, audited, data, set_actor, set_outcome};
use maud::html;
use serde::Deserialize;
use service_kit::passwords::Password;
use service_kit::users::{NAME_CHARS, Verdict};

use super::page::page;
use crate::error::ApiError;
use crate::identity;
use crate::service::Service;

#[derive(Deserialize)]
pub(crate) struct Credentials {
    username: String,
    password: Password,
}

pub(crate) async fn form(service: Data<Service>) -> HttpResponse {
    let content = html! {
        form method="post" {
            label { "User " input name="username" autocomplete="username" autofocus; }
            label { "Password " input name="password" type="password" autocomplete="current-password"; }
            button { "Log in" }
        }
    };
    page(&service, "Log in", &content)
}

/// A name and a password become a session. The record tells apart what the client may not.
#[audited(action = "auth.login")]
pub(crate) async fn log_in(
    service: Data<Service>,
    session: Session,
    Form(Credentials { username, password }): Form<Credentials>,
) -> Result<HttpResponse, Error> {
    let claimed: String = username.chars().take(NAME_CHARS).collect();
    let reason = match service.check(username, password).await? {
        Verdict::Right(user) => {
            set_actor(identity::log_in(&session, &user)?);
            return Ok(to_home(&service));
        }
        Verdict::NoSuchUser => "there is no such user",
        Verdict::WrongPassword => "the password is wrong",
    };
    data("username", claimed);
    set_outcome(Outcome::Denied, reason);
    Err(ApiError::WrongCredentials.into())
}

#[audited(action = "auth.logout")]
pub(crate) async fn log_out(service: Data<Service>, session: Session) -> HttpResponse {
    session.purge();
    to_home(&service)
}

fn to_home(service: &Service) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, format!("{}/core/", service.prefix()))).finish()
}
