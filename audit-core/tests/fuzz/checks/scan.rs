//! Holds a body against what a redactor shows of it: in one piece and in many, whole and cut, with room and without.

use std::sync::{Arc, LazyLock};

use audit_core::Mode;
use audit_core::redact::{BodyKind, Fragment, Redactor};

use super::draw::Draw;
use super::texts::Texts;
use crate::support::canaries::{Body, CANARIES};
use crate::support::strict::Strict;

/// More than any body here takes.
const ROOM: usize = 1 << 20;

static REDACTOR: LazyLock<Arc<Redactor>> = LazyLock::new(Arc::default);

/// How a body is looked at.
pub(super) struct Look {
    pub(super) mode: Mode,
    piece: usize,
    /// How much of the body comes, if not all of it.
    cut: usize,
    little: usize,
}

impl Look {
    pub(super) fn draw(draw: &mut Draw<'_>) -> Self {
        Self {
            mode: draw.pick(&[Mode::Compact, Mode::Full]),
            piece: 1 + draw.below(64),
            cut: draw.number(),
            little: draw.number() % 1_024,
        }
    }

    fn scan(&self, kind: &str, body: &[u8], piece: usize, complete: bool, limit: usize) -> Option<Fragment> {
        let mut scanner = REDACTOR.body(BodyKind::new(Some(kind), None), self.mode, ROOM, limit);
        body.chunks(piece).for_each(|piece| scanner.push(piece));
        scanner.finish(complete)
    }

    /// What is shown of a body, which must be the same in pieces, and safe.
    fn shown(&self, kind: &str, body: &[u8], complete: bool, limit: usize) -> Option<Shown> {
        let whole = self.scan(kind, body, body.len().max(1), complete, limit);
        let pieces = self.scan(kind, body, self.piece, complete, limit);
        let told = || format!("{kind} in pieces of {}, {limit}: {}", self.piece, String::from_utf8_lossy(body));
        assert_eq!(whole, pieces, "{}", told());
        let fragment = whole?;
        assert!(fragment.json.len() <= limit.max(2), "{}", told());
        assert_eq!(fragment.original_bytes, body.len() as u64, "{}", told());
        assert!(complete || fragment.truncated, "{}", told());
        let json = String::from_utf8(fragment.json.to_vec()).unwrap_or_else(|error| panic!("{error}: {}", told()));
        assert!(!json.contains(['\n', '\r']), "{json} of {}", told());
        serde_json::from_str::<Strict>(&json).unwrap_or_else(|error| panic!("{error}: {json} of {}", told()));
        let texts = Texts::of(&json);
        for canary in CANARIES {
            assert!(!texts.hold(canary), "{canary} is in {json} of {}", told());
        }
        Some(Shown { json, texts, truncated: fragment.truncated })
    }

    /// Checks a body of this content type; what `gone` begins with must not come out either.
    pub(super) fn check(&self, kind: &str, body: &Body, gone: Option<&str>) {
        let bytes = body.text.as_bytes();
        if let Some(shown) = self.shown(kind, bytes, true, ROOM) {
            assert!(!shown.truncated, "{shown:?} of {}", body.text);
            for keeper in &body.keepers {
                assert!(shown.texts.hold(keeper), "{keeper} is lost: {} of {kind} {}", shown.json, body.text);
            }
            if let Some(gone) = gone {
                assert!(!shown.texts.hold(gone), "{gone} is in {} of {kind} {}", shown.json, body.text);
            }
        }
        self.shown(kind, bytes, true, self.little);
        let beginning = bytes.get(..self.cut % (bytes.len() + 1)).unwrap_or_default();
        self.shown(kind, beginning, false, ROOM);
        self.shown(kind, beginning, false, self.little);
    }
}

#[derive(Debug)]
struct Shown {
    json: String,
    texts: Texts,
    truncated: bool,
}
