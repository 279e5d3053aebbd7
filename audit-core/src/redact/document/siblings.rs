//! What the members of an object say about each other: `{"name": "token", "value": "x"}` is as secret as
//! `{"token": "x"}`.

use crate::redact::class::Class;

/// Keys (letters only, lower case) whose value names the field that their siblings are about.
const NAMING: &[&str] = &[
    "name",
    "key",
    "k",
    "field",
    "fieldname",
    "param",
    "parameter",
    "property",
    "prop",
    "attribute",
    "attr",
    "header",
    "headername",
    "variable",
    "var",
    "setting",
    "option",
    "path",
    "kind",
    "keyname",
    "column",
    "parameterkey",
    "parametername",
    "paramname",
    "optionname",
    "settingname",
    "settingkey",
    "attributename",
    "propertyname",
    "variablename",
    "columnname",
    "configkey",
    "configname",
];

/// Keys whose value may do so; they often mean something else.
const HINTING: &[&str] = &["type", "id", "label", "title"];

/// Keys whose value belongs to the field that a sibling names.
const VALUED: &[&str] = &[
    "value",
    "values",
    "val",
    "v",
    "old",
    "new",
    "oldvalue",
    "newvalue",
    "oldval",
    "newval",
    "before",
    "after",
    "default",
    "defaultvalue",
    "current",
    "currentvalue",
    "previous",
    "previousvalue",
    "original",
    "rawvalue",
    "stringvalue",
    "parametervalue",
    "paramvalue",
    "optionvalue",
    "settingvalue",
    "attributevalue",
    "fieldvalue",
    "headervalue",
    "propertyvalue",
    "variablevalue",
    "columnvalue",
    "configvalue",
    "lhs",
    "rhs",
];

/// Keys whose value may do so: only where the name is beyond doubt.
const PERHAPS_VALUED: &[&str] =
    &["data", "stringdata", "text", "content", "contents", "input", "answer", "raw", "from", "to"];

/// What a key says about the value that follows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::redact) enum Role {
    #[default]
    None,
    /// Its value names what the siblings are about.
    Naming,
    /// It may do so.
    Hinting,
    /// `type`, which may hint at a field or name a geometry.
    Type,
    /// `query`, which may be GraphQL.
    Query,
    /// `variables`, which such a query may bind.
    Variables,
    Coordinates,
    Geometries,
    /// Its value belongs to the field that a sibling names.
    Valued,
    /// It may do so.
    PerhapsValued,
}

impl Role {
    pub(in crate::redact) fn of(key: &str) -> Self {
        match key {
            "type" => Self::Type,
            "query" => Self::Query,
            "variables" => Self::Variables,
            "coordinates" => Self::Coordinates,
            "geometries" => Self::Geometries,
            _ => {
                let letters = Letters::of(key);
                if letters.is_one_of(NAMING) {
                    Self::Naming
                } else if letters.is_one_of(HINTING) {
                    Self::Hinting
                } else if letters.is_one_of(VALUED) {
                    Self::Valued
                } else if letters.is_one_of(PERHAPS_VALUED) {
                    Self::PerhapsValued
                } else {
                    Self::None
                }
            }
        }
    }

    /// Whether a text says something about its siblings.
    #[inline]
    pub(super) fn tells(self) -> bool {
        matches!(self, Self::Naming | Self::Hinting | Self::Type | Self::Query)
    }

    /// Whether a text or a number says nothing about its siblings, nor they about it.
    pub(in crate::redact) fn is_mute(self) -> bool {
        matches!(self, Self::None | Self::Variables | Self::Coordinates | Self::Geometries)
    }

    /// Whether the value may belong to a field that a sibling names.
    #[inline]
    pub(super) fn is_valued(self) -> bool {
        matches!(self, Self::Valued | Self::PerhapsValued)
    }

    /// The class of a value, given that of the name that a sibling surely gives and of that which one may give.
    #[inline]
    pub(super) fn class_under(self, named: Class, hinted: Class) -> Class {
        match self {
            Self::Valued | Self::PerhapsValued if named.is_sensitive() => named,
            Self::Valued => hinted,
            _ => Class::Plain,
        }
    }
}

/// The letters of a short key, in lower case; nothing of a long one, which is on none of the lists.
struct Letters {
    bytes: [u8; LONGEST],
    length: usize,
}

/// How long a key with all its separators may be.
const LONGEST: usize = 20;

impl Letters {
    fn of(key: &str) -> Self {
        let mut letters = Self { bytes: [0; LONGEST], length: 0 };
        let short = Some(key).filter(|key| key.len() <= LONGEST).unwrap_or_default();
        for byte in short.bytes().filter(|byte| !matches!(byte, b'_' | b'-' | b' ')) {
            letters.bytes[letters.length] = byte.to_ascii_lowercase();
            letters.length += 1;
        }
        letters
    }

    fn is_one_of(&self, list: &[&str]) -> bool {
        let letters = self.bytes.get(..self.length).unwrap_or_default();
        list.iter().any(|known| known.as_bytes() == letters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::lists::assert_listed;

    #[test]
    fn the_page_lists_every_key() {
        assert_listed("Keys that hold a name", NAMING.iter().copied());
        assert_listed("Keys that may hold a name", HINTING.iter().copied());
        assert_listed("Keys that hold its value", VALUED.iter().copied());
        assert_listed("Keys that may hold its value", PERHAPS_VALUED.iter().copied());
    }
}
