//! `serde_json::Value`: parse, walk, write.

use audit_core::Mode;
use serde_json::Value;

use super::secret_names::SecretNames;
use super::{FILTERED, GEOMETRY_FILTERED, Shown, Way};
use crate::Failed;
use crate::payload::Payload;

pub(super) struct ByValue {
    name: &'static str,
    names: SecretNames,
    out: Vec<u8>,
}

impl ByValue {
    pub(super) fn with_a_set() -> Self {
        Self { name: "Value", names: SecretNames::set(), out: Vec::new() }
    }

    pub(super) fn with_a_list() -> Self {
        Self { name: "Value-contains", names: SecretNames::List, out: Vec::new() }
    }

    fn hide(&self, value: &mut Value, mode: Mode) {
        match value {
            Value::Object(members) if mode == Mode::Compact && is_geometry(members) => {
                *value = GEOMETRY_FILTERED.into();
            }
            Value::Object(members) => {
                for (name, value) in members {
                    if self.names.contain(name) {
                        *value = FILTERED.into();
                    } else {
                        self.hide(value, mode);
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.hide(item, mode)),
            _ => {}
        }
    }
}

fn is_geometry(members: &serde_json::Map<String, Value>) -> bool {
    members.contains_key("coordinates") && members.get("type").is_some_and(Value::is_string)
}

impl Way for ByValue {
    fn name(&self) -> &'static str {
        self.name
    }

    fn redact(&mut self, payload: &Payload) -> Result<Shown<'_>, Failed> {
        let failed = |source| Failed::Json { way: self.name, payload: payload.name.to_owned(), source };
        let mut value = serde_json::from_slice(payload.body.as_bytes()).map_err(failed)?;
        self.hide(&mut value, payload.mode);
        self.out.clear();
        serde_json::to_writer(&mut self.out, &value).map_err(failed)?;
        Ok(Shown::Peer(&self.out))
    }
}
