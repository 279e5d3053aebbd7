//! What names say, remembered for the length of one document where finding it out is dear: a name of ASCII is judged
//! faster than it would be looked up; one that must be folded is not, and comes again in every row.

use std::collections::HashMap;

use super::class::Class;
use super::names::Names;
use super::shapes;

/// How many names are remembered, and how long they may be: the document is the client's.
const MAX_NAMES: usize = 1024;
const MAX_NAME: usize = 64;

/// What is known of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) class: Class,
    /// Whether it names a geometry.
    pub(super) geometry: bool,
    /// Whether the name itself holds nothing to hide.
    pub(super) is_clean: bool,
    /// Whether an allow-list names it; true where there is none.
    pub(super) listed: bool,
}

#[derive(Debug)]
pub(super) struct Recall<'a> {
    names: &'a Names,
    known: HashMap<String, Known>,
}

impl<'a> Recall<'a> {
    pub(super) fn new(names: &'a Names) -> Self {
        Self { names, known: HashMap::new() }
    }

    pub(super) fn names(&self) -> &'a Names {
        self.names
    }

    pub(super) fn of(&mut self, name: &str) -> Known {
        if name.len() > MAX_NAME || name.is_ascii() {
            return self.find_out(name);
        }
        if let Some(&known) = self.known.get(name) {
            return known;
        }
        let known = self.find_out(name);
        if self.known.len() < MAX_NAMES {
            self.known.insert(name.to_owned(), known);
        }
        known
    }

    fn find_out(&self, name: &str) -> Known {
        let (class, geometry) = self.names.classify_with_geometry(name);
        Known { class, geometry, is_clean: shapes::is_clean(self.names, name), listed: self.names.is_listed(name) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_what_was_found() {
        let names = Names::new(&[], &[]);
        let mut recall = Recall::new(&names);
        for _ in 0..2 {
            assert_eq!(
                recall.of("the_geom"),
                Known { class: Class::Plain, geometry: true, is_clean: true, listed: true }
            );
            assert_eq!(recall.of("pin"), Known { class: Class::Secret, geometry: false, is_clean: true, listed: true });
            assert_eq!(
                recall.of("contraseña"),
                Known { class: Class::Secret, geometry: false, is_clean: true, listed: true }
            );
            assert!(!recall.of("password=x").is_clean);
        }
    }

    #[test]
    fn memory_is_bounded() {
        let names = Names::new(&[], &[]);
        let mut recall = Recall::new(&names);
        for number in 0..3 * MAX_NAMES {
            recall.of(&format!("ñ{number}"));
        }
        recall.of(&"ñ".repeat(MAX_NAME + 1));
        assert_eq!(recall.known.len(), MAX_NAMES);
    }
}
