//! Passwords and their Argon2id hashes.

use argon2::password_hash::Error;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};

use crate::files::random_text;

/// A password as somebody typed it. It cannot be printed.
#[derive(Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(transparent)]
pub struct Password(String);

/// A password could not be hashed or compared, which says nothing about whether it is right.
#[derive(Debug, thiserror::Error)]
#[error("cannot {attempted} a password")]
pub struct HashError {
    attempted: &'static str,
    source: Error,
}

impl Password {
    /// A password, as it was typed.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// One that nobody guesses: 24 letters and digits, 142 bits.
    pub fn random() -> Self {
        Self(random_text(24))
    }

    /// Whether nothing was typed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text, to be handed to the user once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// A salted hash, in PHC form. **It takes its time**: an async caller uses a blocking task.
    ///
    /// # Errors
    /// When the system gives no random salt.
    pub fn hash(&self) -> Result<String, HashError> {
        let hash = Argon2::default().hash_password(self.0.as_bytes());
        hash.map(|hash| hash.to_string()).map_err(|source| HashError { attempted: "hash", source })
    }

    /// Whether `hash` was made of this password. **It takes its time**: an async caller uses a blocking task.
    ///
    /// # Errors
    /// When `hash` is none in PHC form: that says nothing about the password.
    pub fn matches(&self, hash: &str) -> Result<bool, HashError> {
        match Argon2::default().verify_password(self.0.as_bytes(), hash) {
            Ok(()) => Ok(true),
            Err(Error::PasswordInvalid) => Ok(false),
            Err(source) => Err(HashError { attempted: "check", source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_matches_its_password_and_no_other() {
        let password = Password::new("correcto-caballo");
        let hash = password.hash().unwrap();
        assert!(hash.starts_with("$argon2id$v=19$"), "{hash}");
        assert!(password.matches(&hash).unwrap());
        assert!(!Password::new("correcto-caballO").matches(&hash).unwrap());
        assert_ne!(password.hash().unwrap(), hash);
    }

    #[test]
    fn a_broken_hash_is_an_error_and_not_a_wrong_password() {
        assert!(Password::new("x").matches("$argon2id$broken").is_err());
    }
}
