//! serde without a tree: what the parser finds goes straight to the writer, but for the values of secret names.
//!
//! In compact mode it drops the values of `coordinates`: whether they belong to a geometry may only be told behind
//! them.

use std::cell::Cell;
use std::fmt;

use audit_core::Mode;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, Serialize, SerializeMap, SerializeSeq, Serializer};

use super::secret_names::SecretNames;
use super::{FILTERED, GEOMETRY_FILTERED, Shown, Way};
use crate::Failed;
use crate::payload::Payload;

pub(super) struct Filter {
    names: SecretNames,
    out: Vec<u8>,
}

impl Default for Filter {
    fn default() -> Self {
        Self { names: SecretNames::set(), out: Vec::new() }
    }
}

impl Way for Filter {
    fn name(&self) -> &'static str {
        "serde-filter"
    }

    fn redact(&mut self, payload: &Payload) -> Result<Shown<'_>, Failed> {
        let failed = |source| Failed::Json { way: "serde-filter", payload: payload.name.to_owned(), source };
        self.out.clear();
        let rules = Rules { names: &self.names, mode: payload.mode };
        let mut parser = serde_json::Deserializer::from_slice(payload.body.as_bytes());
        let mut writer = serde_json::Serializer::new(&mut self.out);
        Passed::new(&mut parser, rules).serialize(&mut writer).map_err(failed)?;
        parser.end().map_err(failed)?;
        Ok(Shown::Peer(&self.out))
    }
}

#[derive(Clone, Copy)]
struct Rules<'n> {
    names: &'n SecretNames,
    mode: Mode,
}

impl Rules<'_> {
    /// What stands in the place of a value of this name.
    fn instead(self, name: &str) -> Option<&'static str> {
        if self.names.contain(name) {
            Some(FILTERED)
        } else if self.mode == Mode::Compact && name == "coordinates" {
            Some(GEOMETRY_FILTERED)
        } else {
            None
        }
    }
}

/// A value that is parsed as it is written, once.
struct Passed<'n, D> {
    parser: Cell<Option<D>>,
    rules: Rules<'n>,
}

impl<'n, D> Passed<'n, D> {
    fn new(parser: D, rules: Rules<'n>) -> Self {
        Self { parser: Cell::new(Some(parser)), rules }
    }
}

impl<'de, D: Deserializer<'de>> Serialize for Passed<'_, D> {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        let parser = self.parser.take().ok_or_else(|| S::Error::custom("a value was written twice"))?;
        parser.deserialize_any(Write { writer, rules: self.rules }).map_err(S::Error::custom)
    }
}

/// Writes what it is shown.
struct Write<'n, S> {
    writer: S,
    rules: Rules<'n>,
}

impl<'de, S: Serializer> Visitor<'de> for Write<'_, S> {
    type Value = S::Ok;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<S::Ok, E> {
        self.writer.serialize_unit().map_err(E::custom)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<S::Ok, E> {
        self.writer.serialize_bool(value).map_err(E::custom)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<S::Ok, E> {
        self.writer.serialize_u64(value).map_err(E::custom)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<S::Ok, E> {
        self.writer.serialize_i64(value).map_err(E::custom)
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<S::Ok, E> {
        self.writer.serialize_f64(value).map_err(E::custom)
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<S::Ok, E> {
        self.writer.serialize_str(value).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<S::Ok, A::Error> {
        let mut list = self.writer.serialize_seq(items.size_hint()).map_err(A::Error::custom)?;
        while items.next_element_seed(Item { list: &mut list, rules: self.rules })?.is_some() {}
        list.end().map_err(A::Error::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<S::Ok, A::Error> {
        let mut object = self.writer.serialize_map(members.size_hint()).map_err(A::Error::custom)?;
        while let Some(instead) = members.next_key_seed(Name { object: &mut object, rules: self.rules })? {
            match instead {
                Some(instead) => {
                    members.next_value::<IgnoredAny>()?;
                    object.serialize_value(instead).map_err(A::Error::custom)?;
                }
                None => members.next_value_seed(Member { object: &mut object, rules: self.rules })?,
            }
        }
        object.end().map_err(A::Error::custom)
    }
}

struct Item<'w, 'n, W> {
    list: &'w mut W,
    rules: Rules<'n>,
}

impl<'de, W: SerializeSeq> DeserializeSeed<'de> for Item<'_, '_, W> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        self.list.serialize_element(&Passed::new(parser, self.rules)).map_err(D::Error::custom)
    }
}

struct Member<'w, 'n, W> {
    object: &'w mut W,
    rules: Rules<'n>,
}

impl<'de, W: SerializeMap> DeserializeSeed<'de> for Member<'_, '_, W> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        self.object.serialize_value(&Passed::new(parser, self.rules)).map_err(D::Error::custom)
    }
}

/// Writes a name, and tells what is to stand in the place of its value.
struct Name<'w, 'n, W> {
    object: &'w mut W,
    rules: Rules<'n>,
}

impl<'de, W: SerializeMap> DeserializeSeed<'de> for Name<'_, '_, W> {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<Self::Value, D::Error> {
        parser.deserialize_str(self)
    }
}

impl<'de, W: SerializeMap> Visitor<'de> for Name<'_, '_, W> {
    type Value = Option<&'static str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
        self.object.serialize_key(name).map_err(E::custom)?;
        Ok(self.rules.instead(name))
    }
}
