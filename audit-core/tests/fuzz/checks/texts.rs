//! What a reader may find in a text, however it is wrapped: as it is, as JSON, and as part of a URL.

use std::fmt;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Every text of JSON, also of keys that stand twice, and what each of them holds.
#[derive(Debug, Default)]
pub(super) struct Texts(Vec<String>);

impl Texts {
    /// What a text holds.
    pub(super) fn of(text: &str) -> Self {
        let mut texts = Self::default();
        texts.add(text.to_owned());
        texts
    }

    pub(super) fn hold(&self, part: &str) -> bool {
        self.0.iter().any(|text| text.contains(part))
    }

    fn add(&mut self, text: String) {
        if let Ok(Self(inner)) = serde_json::from_str(text.trim_start_matches('\u{feff}')) {
            self.0.extend(inner);
        }
        if text.contains('%') {
            self.0.push(percent_decode_str(&text).decode_utf8_lossy().into_owned());
        }
        self.0.push(text);
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Texts;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }
            fn visit_bool<E: Error>(self, _: bool) -> Result<Texts, E> {
                Ok(Texts::default())
            }
            fn visit_i64<E: Error>(self, _: i64) -> Result<Texts, E> {
                Ok(Texts::default())
            }
            fn visit_u64<E: Error>(self, _: u64) -> Result<Texts, E> {
                Ok(Texts::default())
            }
            fn visit_f64<E: Error>(self, _: f64) -> Result<Texts, E> {
                Ok(Texts::default())
            }
            fn visit_unit<E: Error>(self) -> Result<Texts, E> {
                Ok(Texts::default())
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts::of(text))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Texts, A::Error> {
                let mut texts = Texts::default();
                while let Some(Texts(inner)) = seq.next_element()? {
                    texts.0.extend(inner);
                }
                Ok(texts)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
                let mut texts = Texts::default();
                while let Some((key, Texts(inner))) = map.next_entry()? {
                    texts.add(key);
                    texts.0.extend(inner);
                }
                Ok(texts)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}
