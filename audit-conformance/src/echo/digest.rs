//! What tells whether every byte of a body came, without holding it.

use std::fmt;

/// The length of what was added, and a sum over it (FNV-1a, 64 bits) that tells its bytes and their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest {
    length: u64,
    sum: u64,
}

impl Default for Digest {
    fn default() -> Self {
        Self { length: 0, sum: 0xcbf2_9ce4_8422_2325 }
    }
}

impl Digest {
    /// Adds a piece; how a body is cut into pieces makes no difference.
    pub fn add(&mut self, piece: &[u8]) {
        self.length += piece.len() as u64;
        self.sum = piece.iter().fold(self.sum, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3));
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:016x}", self.length, self.sum)
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;

    #[test]
    fn pieces_make_no_difference_and_bytes_do() {
        let of = |pieces: &[&[u8]]| {
            let mut digest = Digest::default();
            pieces.iter().for_each(|piece| digest.add(piece));
            digest.to_string()
        };
        // From the tables of FNV-1a.
        assert_eq!(of(&[b"foobar"]), "6 85944171f73967e8");
        assert_eq!(of(&[b"foo", b"", b"bar"]), of(&[b"foobar"]));
        assert_ne!(of(&[b"bar", b"foo"]), of(&[b"foobar"]));
    }
}
