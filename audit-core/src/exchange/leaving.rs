//! What a call gave, while it waits until it may leave.

use crate::exchange::{Refusal, Watch};

/// How what a call gave leaves.
pub enum Left<T> {
    /// As it is. The watch goes on with its body, if it has one.
    Given(T, Watch),
    /// Not at all: the refusal leaves in its place. There is nothing, if the call did not run; what there is the adapter
    /// drops inside the watch ([`Watch::enter`]), as a part of its request.
    Refused(Refusal, Option<T>, Watch),
}

impl<T> Left<T> {
    #[inline]
    pub(super) fn new(given: T, mut watch: Watch, verdict: Result<(), Refusal>) -> Self {
        match verdict {
            Ok(()) => {
                watch.head_leaves();
                Self::Given(given, watch)
            }
            Err(refusal) => Self::Refused(refusal, Some(given), watch),
        }
    }
}

/// What stands aside meanwhile. Dropped before it may leave, it is dropped as a part of its request.
pub(super) struct Leaving<T> {
    pub(super) given: Option<T>,
    pub(super) watch: Watch,
}

impl<T> Leaving<T> {
    pub(super) fn leave(mut self, verdict: Result<(), Refusal>) -> Left<T> {
        let given = self.given.take().expect("it stands aside until it leaves");
        Left::new(given, std::mem::replace(&mut self.watch, Watch::Elsewhere), verdict)
    }
}

impl<T> Drop for Leaving<T> {
    fn drop(&mut self) {
        let given = &mut self.given;
        self.watch.end(|| *given = None);
    }
}
