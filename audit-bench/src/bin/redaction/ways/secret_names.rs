//! The peers' rule: a list of names, whatever their case.

use std::collections::HashSet;

const NAMES: [&str; 12] = [
    "password",
    "passwd",
    "secret",
    "client_secret",
    "token",
    "access_token",
    "refresh_token",
    "api_key",
    "apikey",
    "authorization",
    "cookie",
    "credit_card",
];

/// As long as the longest of them.
const LONGEST: usize = 13;

/// How a name is looked up in the list.
pub(super) enum SecretNames {
    /// The whole name, hashed, without an allocation: as fast as it gets, and blind to `user_password`.
    Set(HashSet<&'static [u8]>),
    /// Each name of the list is looked for inside it, as people write it.
    List,
}

impl SecretNames {
    pub(super) fn set() -> Self {
        Self::Set(NAMES.iter().map(|name| name.as_bytes()).collect())
    }

    pub(super) fn contain(&self, name: &str) -> bool {
        match self {
            Self::Set(names) => {
                let mut folded = [0; LONGEST];
                let Some(folded) = folded.get_mut(..name.len()) else { return false };
                folded.copy_from_slice(name.as_bytes());
                folded.make_ascii_lowercase();
                names.contains(&*folded)
            }
            Self::List => {
                let name = name.to_lowercase();
                NAMES.iter().any(|secret| name.contains(secret))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case() {
        assert_eq!(NAMES.iter().map(|name| name.len()).max(), Some(LONGEST));
        for names in [SecretNames::set(), SecretNames::List] {
            assert!(names.contain("Client_Secret") && names.contain("token"));
            assert!(!names.contain("name") && !names.contain("a_name_longer_than_any_in_the_list"));
        }
        assert!(SecretNames::List.contain("user_password"));
    }
}
