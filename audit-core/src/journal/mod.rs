//! The journal: a configured file, append-only, in segments, with one writer. What it holds is the truth that
//! followers are fed from.

mod head;

pub(crate) use head::Head;
