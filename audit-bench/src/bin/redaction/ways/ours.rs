//! `Redactor::body`, in chunks, as an adapter calls it.

use std::sync::Arc;

use audit_core::redact::{BodyKind, Redactor};

use super::{CHUNK, LINE, Shown, Way};
use crate::Failed;
use crate::payload::Payload;

/// How much of a body is looked at unless `AUDIT_MAX_BODY_BYTES` says otherwise: more than any of the payloads.
const CAPTURE: usize = 1 << 20;

#[derive(Default)]
pub(super) struct Ours {
    redactor: Arc<Redactor>,
}

impl Way for Ours {
    fn name(&self) -> &'static str {
        "ours"
    }

    fn redact(&mut self, payload: &Payload) -> Result<Shown<'_>, Failed> {
        let kind = BodyKind::new(Some(payload.content_type), None);
        let mut scanner = self.redactor.body(kind, payload.mode, CAPTURE, LINE);
        payload.body.as_bytes().chunks(CHUNK).for_each(|chunk| scanner.push(chunk));
        scanner.finish(true).map(Shown::Ours).ok_or_else(|| Failed::Output {
            way: self.name(),
            payload: payload.name.to_owned(),
            what: "it kept nothing".to_owned(),
        })
    }
}
