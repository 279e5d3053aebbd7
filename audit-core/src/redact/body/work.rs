//! What redaction works with, used again for the next value.

use super::Reader;
use super::characters::Characters;
use super::content_type::Reason;
use crate::redact::Fragment;
use crate::redact::document::Document;
use crate::redact::page::Page;
use crate::vocabulary::Mode;

/// A page and what writes onto it.
#[derive(Debug)]
pub(in crate::redact) struct Work {
    pub(in crate::redact) page: Page,
    pub(in crate::redact) document: Document,
    pub(super) characters: Characters,
    pub(super) reader: Reader,
    /// As declared.
    pub(super) content_type: String,
    pub(super) has_type: bool,
}

impl Work {
    pub(in crate::redact) fn begin(mode: Mode, limit: usize, held: usize, removes: bool) -> Self {
        let mut work = Self {
            page: Page::default(),
            document: Document::default(),
            characters: Characters::default(),
            reader: Reader::Withheld(Reason::NotObserved),
            content_type: String::new(),
            has_type: false,
        };
        work.page.begin(mode, limit, held, removes);
        work
    }

    /// How many bytes of the body, and of what is written of it, are held.
    pub(super) fn held(&self) -> usize {
        let of_reader = match &self.reader {
            Reader::Form(pairs) => pairs.held(),
            Reader::Multipart(multipart) => multipart.held(),
            Reader::Json { .. } | Reader::Lines(_) | Reader::Withheld(_) => 0,
        };
        self.page.out.len() + self.document.held() + of_reader
    }

    /// What is on the page, cut to `limit`; `cut` says that what it was made from was cut already.
    pub(in crate::redact) fn fragment(&mut self, limit: usize, cut: bool, original_bytes: u64) -> Fragment {
        self.page.fragment(limit, cut, original_bytes)
    }
}
