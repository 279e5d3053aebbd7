//! What redaction works with, used again for the next value.
//!
//! Between two values nothing of the first is seen: the store of a thread keeps memory, and what short names said and
//! short texts that may be such.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

use super::Reader;
use super::characters::Characters;
use super::content_type::Reason;
use crate::redact::document::Document;
use crate::redact::page::Page;
use crate::vocabulary::Mode;

/// How many a thread keeps: two bodies and what is redacted beside them.
const KEPT: usize = 4;

thread_local! {
    #[expect(clippy::vec_box, reason = "a scanner moves, its tools do not")]
    static SPARE: RefCell<Vec<Box<Tools>>> = const { RefCell::new(Vec::new()) };
}

/// A page and what writes onto it.
#[derive(Default)]
pub(in crate::redact) struct Tools {
    pub(in crate::redact) page: Page,
    pub(in crate::redact) document: Document,
    pub(super) characters: Characters,
    pub(super) reader: Reader,
    /// As declared.
    pub(super) content_type: String,
    pub(super) has_type: bool,
}

impl Default for Reader {
    fn default() -> Self {
        Self::Withheld(Reason::NotObserved)
    }
}

/// The tools for one value; a thread has them again when it is done.
pub(in crate::redact) struct Work(Option<Box<Tools>>);

impl Work {
    pub(in crate::redact) fn begin(mode: Mode, limit: usize, held: usize, removes: bool) -> Self {
        let spare = SPARE.try_with(|spare| spare.borrow_mut().pop()).ok().flatten();
        let mut tools = spare.unwrap_or_default();
        tools.page.begin(mode, limit, held, removes);
        Self(Some(tools))
    }
}

impl Deref for Work {
    type Target = Tools;

    fn deref(&self) -> &Tools {
        self.0.as_ref().expect("only dropping takes them")
    }
}

impl DerefMut for Work {
    fn deref_mut(&mut self) -> &mut Tools {
        self.0.as_mut().expect("only dropping takes them")
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let Some(mut tools) = self.0.take() else { return };
        tools.reader = Reader::default();
        tools.characters = Characters::default();
        tools.content_type.clear();
        tools.has_type = false;
        tools.page.forget();
        tools.document.forget();
        // A thread that ends keeps nothing.
        _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() < KEPT {
                spare.push(tools);
            }
        });
    }
}

impl Tools {
    /// How many bytes of the body, and of what is written of it, are held.
    pub(super) fn held(&self) -> usize {
        let of_reader = match &self.reader {
            Reader::Form(pairs) => pairs.held(),
            Reader::Multipart(multipart) => multipart.held(),
            Reader::Json { .. } | Reader::Lines(_) | Reader::Withheld(_) => 0,
        };
        self.page.out.len() + self.document.held() + of_reader
    }
}
