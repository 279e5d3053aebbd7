//! sonic-rs: parse with SIMD, walk, write.
//!
//! It recurses without a bound, so that a body of brackets ends the process (0.5.10: 20 KB on a stack of 2 MiB).
//! Whoever gives it bodies from outside looks at their depth first, which costs a pass of its own.

use audit_core::Mode;
use sonic_rs::{JsonContainerTrait, JsonValueMutTrait, JsonValueTrait, Value};

use super::secret_names::SecretNames;
use super::{FILTERED, GEOMETRY_FILTERED, Shown, Way};
use crate::Failed;
use crate::payload::Payload;

/// As deep as serde_json goes.
const DEPTH: usize = 128;

pub(super) struct Sonic {
    name: &'static str,
    is_bounded: bool,
    names: SecretNames,
    out: Vec<u8>,
}

impl Sonic {
    pub(super) fn bounded() -> Self {
        Self { name: "sonic-rs", is_bounded: true, names: SecretNames::set(), out: Vec::new() }
    }

    /// Only for bodies that one made oneself.
    pub(super) fn unbounded() -> Self {
        Self { name: "sonic-unbounded", is_bounded: false, ..Self::bounded() }
    }

    fn hide(&self, value: &mut Value, mode: Mode) {
        if mode == Mode::Compact && is_geometry(value) {
            *value = Value::from_static_str(GEOMETRY_FILTERED);
        } else if let Some(members) = value.as_object_mut() {
            for (name, value) in members.iter_mut() {
                if self.names.contain(name) {
                    *value = Value::from_static_str(FILTERED);
                } else {
                    self.hide(value, mode);
                }
            }
        } else if holds_object(value)
            && let Some(items) = value.as_array_mut()
        {
            items.iter_mut().for_each(|item| self.hide(item, mode));
        }
    }
}

/// Whether a list has anything to hide: to take it for changing copies it, which coordinates are spared.
fn holds_object(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().any(|item| item.is_object() || holds_object(item)))
}

fn is_geometry(value: &Value) -> bool {
    value.as_object().is_some_and(|members| {
        members.contains_key(&"coordinates") && members.get(&"type").is_some_and(JsonValueTrait::is_str)
    })
}

/// Whether no bracket outside a string is deeper than the bound.
fn is_shallow(body: &[u8]) -> bool {
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for byte in body {
        if in_string {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' if depth == DEPTH => return false,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

impl Way for Sonic {
    fn name(&self) -> &'static str {
        self.name
    }

    fn redact(&mut self, payload: &Payload) -> Result<Shown<'_>, Failed> {
        let failed = |source| Failed::Sonic { way: self.name, payload: payload.name.to_owned(), source };
        if self.is_bounded && !is_shallow(payload.body.as_bytes()) {
            return Err(Failed::TooDeep { way: self.name, payload: payload.name.to_owned() });
        }
        let mut value = sonic_rs::from_slice(payload.body.as_bytes()).map_err(failed)?;
        self.hide(&mut value, payload.mode);
        self.out.clear();
        sonic_rs::to_writer(&mut self.out, &value).map_err(failed)?;
        Ok(Shown::Peer(&self.out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_bounded_outside_strings() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(is_shallow(nested(128).as_bytes()));
        assert!(!is_shallow(nested(129).as_bytes()));
        assert!(is_shallow(format!(r#"["a\"{}"]"#, "[".repeat(1000)).as_bytes()));
    }
}
