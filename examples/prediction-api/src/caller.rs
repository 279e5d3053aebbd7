//! Who asks: extractors that let in whom they should, and name them to the record.

use audit_axum::{Actor, set_actor};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use service_kit::users::User;

use crate::app::App;
use crate::error::ApiError;
use crate::tokens::TokenError;

/// A user with a valid token. The record's actor from here on, whatever becomes of the request.
pub(crate) struct Caller(User);

/// A [`Caller`] whose role is that of an administrator.
pub(crate) struct Admin(Caller);

impl Caller {
    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }
}

impl Admin {
    /// As records name them.
    pub(crate) fn actor(&self) -> Actor {
        self.0.0.actor()
    }

    pub(crate) fn name(&self) -> &str {
        self.0.name()
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        identify(&parts.headers, app).await.map(Self).map_err(ApiError::before_handler)
    }
}

impl FromRequestParts<App> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, app).await?;
        if caller.0.is_admin() { Ok(Self(caller)) } else { Err(ApiError::Forbidden.before_handler()) }
    }
}

async fn identify(headers: &HeaderMap, app: &App) -> Result<User, ApiError> {
    let name = app.tokens().verify(bearer(headers)?)?;
    // The signature says that it is this name, even if nobody has it any more.
    set_actor(Actor::user(&name));
    let user = app.read({
        let app = app.clone();
        move || app.users().find(&name)
    });
    let user = user.await??.ok_or(ApiError::UnknownUser)?;
    set_actor(user.actor());
    Ok(user)
}

/// The token of `Authorization: Bearer …` (RFC 6750, section 2.1), if there is exactly one such header.
fn bearer(headers: &HeaderMap) -> Result<&str, TokenError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Err(TokenError::Missing),
        (Some(value), None) => value,
        (Some(_), Some(_)) => return Err(TokenError::Invalid),
    };
    let text = value.to_str().map_err(|_| TokenError::Invalid)?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim_matches(' ')),
        _ => Err(TokenError::Missing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_found() {
        let found = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::AUTHORIZATION, value.parse().unwrap());
            }
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(found(&["Bearer a.b.c"]), Ok("a.b.c".to_owned()));
        assert_eq!(found(&["bearer  a.b.c"]), Ok("a.b.c".to_owned()));
        assert_eq!(found(&[]), Err(TokenError::Missing));
        assert_eq!(found(&["Basic YTpi"]), Err(TokenError::Missing));
        assert_eq!(found(&["a.b.c"]), Err(TokenError::Missing));
        assert_eq!(found(&["Bearer a.b.c", "Bearer a.b.c"]), Err(TokenError::Invalid));
    }
}
