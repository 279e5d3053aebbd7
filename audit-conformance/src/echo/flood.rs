//! More bytes than a client can take.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

/// How long a piece is.
pub const PIECE: usize = 16 * 1024;

static PRODUCED: AtomicU64 = AtomicU64::new(0);

/// Pieces without end, or so many that they hold `bytes` bytes; the last one may be shorter. Each is counted when it
/// is taken from the iterator.
pub fn pieces(bytes: Option<u64>) -> impl Iterator<Item = Bytes> + Send + 'static {
    let piece = Bytes::from_static(&[b'x'; PIECE]);
    let mut left = bytes;
    std::iter::from_fn(move || {
        let length = left.map_or(PIECE, |left| usize::try_from(left).map_or(PIECE, |left| left.min(PIECE)));
        if length == 0 {
            return None;
        }
        let taken = length as u64;
        left = left.map(|left| left - taken);
        PRODUCED.fetch_add(taken, Ordering::Relaxed);
        Some(piece.slice(..length))
    })
}

/// How many bytes all floods of this process have produced.
#[must_use]
pub fn produced() -> u64 {
    PRODUCED.load(Ordering::Relaxed)
}
