//! Calls of the application's code whose panics concern nobody else.

use std::any::Any;
use std::fmt::{Display, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `run`; `None` if it panics. Nothing of the panic gets any further: what it carries is dropped here, and what
/// panics as it is dropped is forgotten.
pub(crate) fn caught<R>(run: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(run)).map_err(bury).ok()
}

/// A text of the application, or `None` if it refuses to be written or panics: nobody but the record asked for it.
pub(crate) fn text(of: &dyn Display) -> Option<String> {
    let written = caught(|| {
        let mut text = String::new();
        write!(text, "{of}").map(|()| text)
    });
    written?.ok()
}

fn bury(payload: Box<dyn Any + Send>) {
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(another);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            std::panic::panic_any(Self);
        }
    }

    #[test]
    fn a_payload_that_panics_as_it_is_dropped_goes_no_further() {
        assert_eq!(caught(|| 7), Some(7));
        assert_eq!(caught(|| panic!("as asked")), None::<u8>);
        assert_eq!(caught(|| std::panic::panic_any(Bomb)), None::<u8>);
    }
}
