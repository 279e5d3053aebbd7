//! What was found out about names, remembered for the length of one document: the same few keys come again and again.

use std::collections::HashMap;

use super::names::{Class, Names};
use super::{geometry, shapes};

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
        if let Some(&known) = self.known.get(name) {
            return known;
        }
        let known = Known {
            class: self.names.classify(name),
            geometry: geometry::is_geometry_name(name),
            is_clean: shapes::sweep(self.names, name).1 == 0,
        };
        if self.known.len() < MAX_NAMES && name.len() <= MAX_NAME {
            self.known.insert(name.to_owned(), known);
        }
        known
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
            assert_eq!(recall.of("the_geom"), Known { class: Class::Plain, geometry: true, is_clean: true });
            assert_eq!(recall.of("pin"), Known { class: Class::Secret, geometry: false, is_clean: true });
            assert!(!recall.of("password=x").is_clean);
        }
    }

    #[test]
    fn memory_is_bounded() {
        let names = Names::new(&[], &[]);
        let mut recall = Recall::new(&names);
        for number in 0..3 * MAX_NAMES {
            recall.of(&format!("k{number}"));
        }
        recall.of(&"x".repeat(MAX_NAME + 1));
        assert_eq!(recall.known.len(), MAX_NAMES);
    }
}
