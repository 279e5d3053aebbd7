//! The names of fields that are kept, where everything else is hidden.

use std::collections::HashSet;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Names as whole names, in any spelling: `layerName` is `layer_name`, and `name` is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AllowList {
    names: HashSet<String>,
}

impl AllowList {
    pub(super) fn new<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> Self {
        Self { names: names.into_iter().map(|name| folded(name.as_ref())).collect() }
    }

    /// What both lists name.
    pub(super) fn narrowed(&self, by: &Self) -> Self {
        Self { names: self.names.intersection(&by.names).cloned().collect() }
    }

    /// Whether a name, as received, is one of the list's, or stands under one as forms write it: `user[name]` and
    /// `user.name` are `name` under `user`.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.names.contains(&folded(name))
            || name.contains(['[', '.'])
                && name
                    .split(['[', ']', '.'])
                    .filter(|part| !part.is_empty())
                    .any(|part| self.names.contains(&folded(part)))
    }
}

/// Letters and digits, in lower case and without marks; a name that has none is as it is.
fn folded(name: &str) -> String {
    let keep = |letter: &char| letter.is_alphanumeric();
    let folded: String = if name.is_ascii() {
        name.chars().filter(keep).map(|letter| letter.to_ascii_lowercase()).collect()
    } else {
        let letters = name.nfkd().filter(|letter| !is_combining_mark(*letter));
        letters.filter(keep).flat_map(char::to_lowercase).collect()
    };
    if folded.is_empty() { name.to_owned() } else { folded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_whole_names_in_any_spelling() {
        let list = AllowList::new(["layer_name", "id", "Año"]);
        for name in ["layer_name", "layerName", "LAYER-NAME", "layer name", "id", "ID", "ano", "año"] {
            assert!(list.holds(name), "{name}");
        }
        for name in ["name", "layer", "id2", "layer_name_2", "identity", "", "_", "layer_name#2"] {
            assert!(!list.holds(name), "{name}");
        }
    }

    #[test]
    fn what_forms_nest_stands_under_what_it_is_nested_in() {
        let list = AllowList::new(["id", "filter", "tags"]);
        for name in ["user[id]", "user.id", "filter[name]", "tags[]", "tags[0][text]", "[id]"] {
            assert!(list.holds(name), "{name}");
        }
        assert!(!list.holds("user[name]") && !list.holds("identity[x]"));
    }

    #[test]
    fn a_name_without_letters_is_as_it_is() {
        let list = AllowList::new(["$"]);
        assert!(list.holds("$") && !list.holds("_") && !list.holds(""));
        assert!(!AllowList::new(Vec::<&str>::new()).holds("x"));
    }

    #[test]
    fn what_two_lists_keep_is_on_both() {
        let both = AllowList::new(["id", "layerName"]).narrowed(&AllowList::new(["layer_name", "title"]));
        assert!(both.holds("layer_name") && !both.holds("id") && !both.holds("title"));
    }
}
