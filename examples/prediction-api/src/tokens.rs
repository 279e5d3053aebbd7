//! Access tokens: JSON Web Tokens (RFC 7519) signed with HS256.

use std::time::Duration;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode, get_current_timestamp};
use serde::{Deserialize, Serialize};

/// Who issues the tokens, and for whom: this service, both.
const ISSUER: &str = "prediction-api";
/// How long a token is good for.
const LIFETIME: Duration = Duration::from_secs(60 * 60);
/// What clocks may differ by.
const LEEWAY: Duration = Duration::from_secs(30);
/// The fewest bytes a key may have: as many as SHA-256 gives (RFC 7518, section 3.2).
pub(crate) const KEY_BYTES: usize = 32;

/// Issues tokens and checks them.
pub(crate) struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

/// What a token says. It carries no role: that is asked from the database.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'static str,
    aud: &'static str,
    /// The user's name.
    sub: &'a str,
    iat: u64,
    nbf: u64,
    exp: u64,
}

/// What is read of a token once all its claims were checked.
#[derive(Deserialize)]
struct Subject {
    sub: String,
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("there is no bearer token")]
    Missing,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not valid yet")]
    TooEarly,
    #[error("the token is from or for somebody else")]
    Foreign,
    #[error("the token is not one of ours")]
    Invalid,
}

impl Tokens {
    pub(crate) fn new(key: &str) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = LEEWAY.as_secs();
        validation.validate_nbf = true;
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        Self {
            encoding: EncodingKey::from_secret(key.as_bytes()),
            decoding: DecodingKey::from_secret(key.as_bytes()),
            validation,
        }
    }

    /// A token for the user of this name, from now on.
    pub(crate) fn issue(&self, user: &str) -> Result<String, TokenError> {
        let now = get_current_timestamp();
        let claims = Claims { iss: ISSUER, aud: ISSUER, sub: user, iat: now, nbf: now, exp: now + LIFETIME.as_secs() };
        encode(&Header::new(Algorithm::HS256), &claims, &self.encoding).map_err(|_| TokenError::Invalid)
    }

    /// The name of the user for whom a token was issued: its signature, algorithm, issuer, audience and times are
    /// right.
    pub(crate) fn verify(&self, token: &str) -> Result<String, TokenError> {
        let claims = decode::<Subject>(token, &self.decoding, &self.validation);
        claims.map(|token| token.claims.sub).map_err(|error| match error.kind() {
            ErrorKind::ExpiredSignature => TokenError::Expired,
            ErrorKind::ImmatureSignature => TokenError::TooEarly,
            ErrorKind::InvalidIssuer | ErrorKind::InvalidAudience => TokenError::Foreign,
            _ => TokenError::Invalid,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    /// A token that is right but for what `change` does to it.
    fn token(algorithm: Algorithm, key: &str, change: impl FnOnce(&mut Value)) -> String {
        let now = get_current_timestamp();
        let mut claims =
            json!({"iss": ISSUER, "aud": ISSUER, "sub": "ana", "iat": now, "nbf": now - 1, "exp": now + 60});
        change(&mut claims);
        encode(&Header::new(algorithm), &claims, &EncodingKey::from_secret(key.as_bytes())).unwrap()
    }

    #[test]
    fn a_token_names_its_user() {
        let tokens = Tokens::new(KEY);
        assert_eq!(tokens.verify(&tokens.issue("ana").unwrap()), Ok("ana".to_owned()));
        assert_eq!(tokens.verify(&token(Algorithm::HS256, KEY, |_| {})), Ok("ana".to_owned()));
    }

    #[test]
    fn every_claim_is_checked() {
        let tokens = Tokens::new(KEY);
        let verify = |change: fn(&mut Value)| tokens.verify(&token(Algorithm::HS256, KEY, change));
        assert_eq!(verify(|claims| claims["exp"] = json!(get_current_timestamp() - 31)), Err(TokenError::Expired));
        assert_eq!(verify(|claims| claims["nbf"] = json!(get_current_timestamp() + 40)), Err(TokenError::TooEarly));
        assert_eq!(verify(|claims| claims["iss"] = json!("other")), Err(TokenError::Foreign));
        assert_eq!(verify(|claims| claims["aud"] = json!("other")), Err(TokenError::Foreign));
        assert!(verify(|claims| claims["exp"] = json!(get_current_timestamp() - 15)).is_ok());
        assert!(verify(|claims| claims["nbf"] = json!(get_current_timestamp() + 15)).is_ok());
    }

    #[test]
    fn every_claim_is_required() {
        let tokens = Tokens::new(KEY);
        for claim in ["exp", "nbf", "iss", "aud", "sub"] {
            let absent = token(Algorithm::HS256, KEY, |claims| {
                claims.as_object_mut().unwrap().remove(claim);
            });
            let of_another_type = token(Algorithm::HS256, KEY, |claims| claims[claim] = json!({}));
            for token in [absent, of_another_type] {
                assert_eq!(tokens.verify(&token), Err(TokenError::Invalid), "{claim}");
            }
        }
    }

    #[test]
    fn another_key_another_algorithm_and_no_signature_are_refused() {
        let tokens = Tokens::new(KEY);
        assert_eq!(tokens.verify(&token(Algorithm::HS384, KEY, |_| {})), Err(TokenError::Invalid));
        assert_eq!(tokens.verify(&token(Algorithm::HS256, &KEY.replace('0', "1"), |_| {})), Err(TokenError::Invalid));
        let good = token(Algorithm::HS256, KEY, |_| {});
        let (_, rest) = good.split_once('.').unwrap();
        let (claims, _) = rest.split_once('.').unwrap();
        // {"alg":"none","typ":"JWT"}
        let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.");
        for bad in [unsigned.as_str(), "", "x", "a.b.c"] {
            assert_eq!(tokens.verify(bad), Err(TokenError::Invalid), "{bad}");
        }
    }
}
