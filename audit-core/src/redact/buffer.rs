//! Bytes whose memory is used again: what is redacted for one request is soon written and forgotten.

use std::cell::RefCell;
use std::fmt;
use std::ops::Deref;

/// How many buffers a thread keeps, and how large ones: more than a request needs, and than a record holds by default.
const KEPT: usize = 16;
const LARGEST: usize = 64 * 1024;

thread_local! {
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// JSON, as bytes. They go back to a small store of their thread when they are dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Json(Vec<u8>);

impl Json {
    /// An empty one, with memory of one that was dropped, if there is any.
    pub(crate) fn new() -> Self {
        // A thread that ends, and so has nothing left, allocates.
        Self(SPARE.try_with(|spare| spare.borrow_mut().pop()).ok().flatten().unwrap_or_default())
    }

    /// The bytes, for somebody who keeps them.
    #[must_use]
    pub fn into_vec(mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }

    /// The bytes as text, which JSON is.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Default for Json {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Json {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<const N: usize> PartialEq<&[u8; N]> for Json {
    fn eq(&self, other: &&[u8; N]) -> bool {
        self.0 == **other
    }
}

impl From<Vec<u8>> for Json {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl Drop for Json {
    fn drop(&mut self) {
        if self.0.capacity() == 0 || self.0.capacity() > LARGEST {
            return;
        }
        let mut bytes = std::mem::take(&mut self.0);
        bytes.clear();
        // A thread that ends keeps nothing.
        _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() < KEPT {
                spare.push(bytes);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_and_what_stood_in_it_is_not_seen() {
        std::thread::spawn(|| {
            let first = Json::from(b"{\"a\":1}".to_vec());
            let place = first.as_ptr();
            drop(first);
            let second = Json::new();
            assert_eq!((second.as_ptr(), second.len()), (place, 0));
            assert_ne!(Json::new().as_ptr(), place);
        })
        .join()
        .unwrap();
    }

    #[test]
    fn what_is_kept_is_bounded() {
        std::thread::spawn(|| {
            let many: Vec<Json> = (0..2 * KEPT).map(|_| Json::from(Vec::with_capacity(100))).collect();
            drop(Json::from(Vec::with_capacity(LARGEST + 1)));
            drop(many);
            assert_eq!(SPARE.with(|spare| spare.borrow().len()), KEPT);
            assert!(SPARE.with(|spare| spare.borrow().iter().all(|bytes| bytes.capacity() <= LARGEST)));
        })
        .join()
        .unwrap();
    }
}
