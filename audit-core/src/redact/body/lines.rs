//! Bodies of one JSON document a line, written as a list of them.

use super::content_type::Reason;
use super::without_mark;
use crate::redact::document::{Document, Place, Refusal};
use crate::redact::names::Names;
use crate::redact::page::Page;

/// Where in such a body the last piece ended.
#[derive(Default)]
pub(in crate::redact) struct Lines {
    begun: bool,
    /// How long the page was before the line that is open, if anything stands in it.
    line: Option<usize>,
}

impl Lines {
    pub(super) fn feed(
        &mut self,
        names: &Names,
        page: &mut Page,
        document: &mut Document,
        text: &str,
    ) -> Result<(), Reason> {
        let mut rest = self.begin(page, text);
        while let Some((line, next)) = rest.split_once('\n') {
            self.part(names, page, document, line)?;
            self.end_line(page, document)?;
            rest = next;
        }
        self.part(names, page, document, rest)
    }

    fn begin<'t>(&mut self, page: &mut Page, text: &'t str) -> &'t str {
        if std::mem::replace(&mut self.begun, true) {
            return text;
        }
        page.out.push(b'[');
        without_mark(text)
    }

    /// A part of a line.
    fn part(&mut self, names: &Names, page: &mut Page, document: &mut Document, part: &str) -> Result<(), Reason> {
        if self.line.is_none() {
            // Only what JSON takes for white space: more of the line may be to come.
            if part.trim_matches([' ', '\t', '\r']).is_empty() {
                return Ok(());
            }
            self.line = Some(page.out.len());
            if page.has_room(0) {
                page.comma();
            }
            document.begin(page, Place { listed: !names.has_allow_list(), ..Place::default() });
        }
        Ok(document.feed(names, page, part)?)
    }

    fn end_line(&mut self, page: &mut Page, document: &mut Document) -> Result<(), Reason> {
        match self.line.take() {
            Some(_) => Ok(document.end(page, true)?),
            None => Ok(()),
        }
    }

    pub(super) fn end(&mut self, page: &mut Page, document: &mut Document, complete: bool) -> Result<(), Reason> {
        let Some(before) = self.line.take() else {
            return self.close(page, complete);
        };
        match document.end(page, complete) {
            // Nothing of the last line is complete.
            Err(Refusal::Empty) => page.out.truncate(before),
            other => other?,
        }
        self.close(page, complete)
    }

    fn close(&mut self, page: &mut Page, complete: bool) -> Result<(), Reason> {
        self.begin(page, "");
        if complete && !page.is_cut() {
            page.out.push(b']');
        }
        Ok(())
    }
}
