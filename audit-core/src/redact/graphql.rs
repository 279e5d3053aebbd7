//! What a GraphQL query says about its variables: `login(password: $p)` makes `p` secret, whatever it is called.

use std::hash::{DefaultHasher, Hash, Hasher};

/// So many variables are remembered: the query is the client's. Of a query that binds more, every variable is secret.
const MAX_BOUND: usize = 64;

/// The variables that queries give to arguments and fields whose names are secret.
#[derive(Debug, Default)]
pub(super) struct Bound {
    /// By hash, with the depth of the object that has the query; nothing stands for every variable.
    variables: Vec<(usize, Option<u64>)>,
}

impl Bound {
    pub(super) fn is_empty(&self) -> bool {
        self.variables.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.variables.clear();
    }

    /// Forgets what was found deeper than so many open lists and objects.
    pub(super) fn close(&mut self, open: usize) {
        self.variables.retain(|(depth, _)| *depth <= open);
    }

    /// Whether a query in the object at this depth binds this variable.
    pub(super) fn holds(&self, depth: usize, variable: u64) -> bool {
        self.variables.iter().any(|(at, bound)| *at == depth && bound.is_none_or(|bound| bound == variable))
    }

    /// Whether a query in the object at this depth binds any variable.
    pub(super) fn holds_any(&self, depth: usize) -> bool {
        self.variables.iter().any(|(at, _)| *at == depth)
    }

    /// A query that cannot be read may bind every variable.
    pub(super) fn all(&mut self, depth: usize) {
        self.add(depth, None);
    }

    fn add(&mut self, depth: usize, variable: Option<u64>) {
        let known = |variable| self.variables.contains(&(depth, variable));
        if known(None) || known(variable) {
            return;
        }
        let variable = variable.filter(|_| self.variables.len() < MAX_BOUND);
        self.variables.push((depth, variable));
    }

    /// Notes what a query in the object at this depth binds.
    pub(super) fn read(&mut self, depth: usize, query: &str, is_secret: &mut dyn FnMut(&str) -> bool) {
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let mut before = "";
        for (index, part) in query.split('$').enumerate() {
            // `password: $p`; the name ends what stands before the sign.
            let named = before.trim_end().strip_suffix(':').map(str::trim_end);
            let start = named.map(|named| named.trim_end_matches(is_name).len());
            let argument = named.zip(start).and_then(|(named, start)| named.get(start..)).unwrap_or_default();
            let variable = part.get(..part.find(|letter| !is_name(letter)).unwrap_or(part.len())).unwrap_or_default();
            before = part;
            if index > 0 && !argument.is_empty() && !variable.is_empty() && is_secret(argument) {
                self.add(depth, Some(hash(variable)));
            }
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

    fn of(query: &str) -> Bound {
        let names = Names::new(&[], &[]);
        let mut bound = Bound::default();
        bound.read(3, query, &mut |name| names.classify(name).is_sensitive());
        bound
    }

    #[test]
    fn variables_of_secret_arguments_are_bound() {
        let hashes =
            |variables: &[&str]| -> Vec<_> { variables.iter().map(|variable| (3, Some(hash(variable)))).collect() };
        assert_eq!(of("mutation L($p:String!){login(password:$p){id}}").variables, hashes(&["p"]));
        let bound = of("m($a: X, $b: Y) { f(in: {pin : $a, name: $b, apiKey:$c, pin:$a}) }");
        assert_eq!(bound.variables, hashes(&["a", "c"]));
        assert!(bound.holds(3, hash("c")) && !bound.holds(3, hash("b")) && !bound.holds(2, hash("c")));
        for query in ["$", "password:$", "{a(b:$c)}", ""] {
            assert!(of(query).variables.is_empty(), "{query}");
        }
    }

    #[test]
    fn a_query_that_binds_more_than_are_remembered_binds_all() {
        let query = |count: usize| -> String { (0..count).map(|number| format!("pin:$v{number} ")).collect() };
        assert!(!of(&query(MAX_BOUND)).holds(3, hash("w")));
        let mut bound = of(&query(2 * MAX_BOUND));
        assert!(bound.holds(3, hash("w")) && !bound.holds(2, hash("w")));
        assert_eq!(bound.variables.len(), MAX_BOUND + 1);
        bound.read(4, "pin:$a", &mut |_| true);
        assert!(bound.holds(4, hash("w")));
        bound.close(3);
        assert!(bound.holds(3, hash("w")) && !bound.holds(4, hash("a")));
    }
}
