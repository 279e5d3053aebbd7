//! A head's header lines, walked once: what a framework keeps them in is a map, and each walk of it costs as much as ten
//! looks at a list.

use crate::exchange::Headers;

/// Borrowed lines, in order.
pub(crate) struct Lines<'a>(Vec<(&'a str, &'a [u8])>);

impl<'a> Lines<'a> {
    pub(crate) fn of(headers: &'a dyn Headers) -> Self {
        /// More than a browser sends.
        const TYPICAL: usize = 24;
        let mut lines = Vec::with_capacity(TYPICAL);
        headers.for_each(&mut |name, value| lines.push((name, value)));
        Self(lines)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        self.0.iter().copied()
    }

    /// The first line of this lower-case name.
    pub(crate) fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Every line of this lower-case name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.iter().filter(move |(known, _)| *known == name).map(|(_, value)| value)
    }

    /// All lines but the first of this name: that one has a key of its own. Another one is as odd as any header.
    pub(crate) fn without_first(&self, name: &str) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        let mut passed = false;
        self.iter().filter(move |(known, _)| {
            let is_first = !passed && *known == name;
            passed |= is_first;
            !is_first
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_of_a_name_has_a_key_of_its_own() {
        let lines = Lines(vec![("a", b"1"), ("agent", b"2"), ("b", b"3"), ("agent", b"4")]);
        let rest: Vec<_> = lines.without_first("agent").collect();
        assert_eq!(rest, [("a", &b"1"[..]), ("b", b"3"), ("agent", b"4")]);
        assert_eq!(lines.get("agent"), Some(&b"2"[..]));
        assert_eq!(lines.all("agent").collect::<Vec<_>>(), [b"2", b"4"]);
        assert_eq!(lines.without_first("none").count(), 4);
    }
}
