//! What a GraphQL query says about its variables: `login(password: $p)` makes `p` secret, whatever it is called.

use super::recall::Recall;

/// So many variables are remembered at most: the query is the client's.
const MAX_BOUND: usize = 64;

/// Adds to `bound` the variables that `query` gives to arguments and fields with secret names.
pub(super) fn bound(recall: &mut Recall<'_>, query: &str, bound: &mut Vec<String>) {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut before = "";
    for (index, part) in query.split('$').enumerate() {
        // `password: $p`; the name ends what stands before the sign.
        let named = before.trim_end().strip_suffix(':').map(str::trim_end);
        let start = named.map(|named| named.trim_end_matches(is_name).len());
        let argument = named.zip(start).and_then(|(named, start)| named.get(start..)).unwrap_or_default();
        let variable = part.get(..part.find(|letter| !is_name(letter)).unwrap_or(part.len())).unwrap_or_default();
        before = part;
        let is_secret = index > 0 && !argument.is_empty() && recall.of(argument).class.is_sensitive();
        if is_secret && !variable.is_empty() && bound.len() < MAX_BOUND && !bound.iter().any(|known| known == variable)
        {
            bound.push(variable.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::names::Names;

    fn of(query: &str) -> Vec<String> {
        let names = Names::new(&[], &[]);
        let mut found = Vec::new();
        bound(&mut Recall::new(&names), query, &mut found);
        found
    }

    #[test]
    fn variables_of_secret_arguments_are_bound() {
        assert_eq!(of("mutation L($p:String!){login(password:$p){id}}"), ["p"]);
        assert_eq!(of("m($a: X, $b: Y) { f(in: {pin : $a, name: $b, apiKey:$c, pin:$a}) }"), ["a", "c"]);
        assert!(of("$").is_empty() && of("password:$").is_empty() && of("{a(b:$c)}").is_empty() && of("").is_empty());
    }

    #[test]
    fn not_more_are_remembered_than_the_bound() {
        let query: String = (0..2 * MAX_BOUND).map(|number| format!("pin:$v{number} ")).collect();
        assert_eq!(of(&query).len(), MAX_BOUND);
    }
}
