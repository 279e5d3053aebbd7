//! What a GraphQL query says about its variables: `login(password: $p)` makes `p` secret, whatever it is called.

use std::hash::{DefaultHasher, Hash, Hasher};

/// So many variables are told at most: the query is the client's.
const MAX_BOUND: usize = 64;

/// Tells the variables that `query` gives to arguments and fields whose names are secret.
pub(super) fn bound(is_secret: &mut dyn FnMut(&str) -> bool, query: &str, found: &mut dyn FnMut(&str)) {
    let mut count = 0;
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut before = "";
    for (index, part) in query.split('$').enumerate() {
        // `password: $p`; the name ends what stands before the sign.
        let named = before.trim_end().strip_suffix(':').map(str::trim_end);
        let start = named.map(|named| named.trim_end_matches(is_name).len());
        let argument = named.zip(start).and_then(|(named, start)| named.get(start..)).unwrap_or_default();
        let variable = part.get(..part.find(|letter| !is_name(letter)).unwrap_or(part.len())).unwrap_or_default();
        before = part;
        if index > 0 && !argument.is_empty() && !variable.is_empty() && count < MAX_BOUND && is_secret(argument) {
            found(variable);
            count += 1;
        }
    }
}

/// What stands for a variable's name. Two of one hash would both be hidden if one is to be.
pub(super) fn hash(variable: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    variable.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::names::Names;

    fn of(query: &str) -> Vec<String> {
        let names = Names::new(&[], &[]);
        let mut found = Vec::new();
        bound(&mut |name| names.classify(name).is_sensitive(), query, &mut |variable| found.push(variable.to_owned()));
        found
    }

    #[test]
    fn variables_of_secret_arguments_are_bound() {
        assert_eq!(of("mutation L($p:String!){login(password:$p){id}}"), ["p"]);
        assert_eq!(of("m($a: X, $b: Y) { f(in: {pin : $a, name: $b, apiKey:$c, pin:$a}) }"), ["a", "c", "a"]);
        assert!(of("$").is_empty() && of("password:$").is_empty() && of("{a(b:$c)}").is_empty() && of("").is_empty());
    }

    #[test]
    fn not_more_are_told_than_the_bound() {
        let query: String = (0..2 * MAX_BOUND).map(|number| format!("pin:$v{number} ")).collect();
        assert_eq!(of(&query).len(), MAX_BOUND);
    }
}
