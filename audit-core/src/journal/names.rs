//! The files of a journal: `PATH` and what stands beside it, all beginning with its name and a dot.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Endings of files beside a journal that hold no segment.
pub(super) const NO_SEGMENTS: [&str; 7] = [".lock", ".torn", ".position", ".next", ".tmp", ".gz", ".zst"];

/// `PATH.end`.
pub(super) fn beside(journal: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(journal);
    name.push(".");
    name.push(end);
    name.into()
}

/// The name of a segment that begins with this seq, once it is no longer the active one.
pub(super) fn rotated(journal: &Path, first: u64) -> PathBuf {
    beside(journal, &format!("{first:020}"))
}

/// Of segments that begin with one seq, which was named later: by the number that `free` put behind [`rotated`], and the one
/// at the journal's path last. `None` for names that are not ours.
pub(super) fn generation(journal: &Path, path: &Path) -> Option<u64> {
    if path == journal {
        return Some(u64::MAX);
    }
    let own = journal.file_name()?.as_encoded_bytes();
    let name = path.file_name()?.as_encoded_bytes();
    let rest = name.strip_prefix(own)?.strip_prefix(b".")?;
    let (first, number) = rest.split_at_checked(20)?;
    if !first.iter().all(u8::is_ascii_digit) {
        return None;
    }
    match number.strip_prefix(b".") {
        None => number.is_empty().then_some(0),
        Some(number) => std::str::from_utf8(number).ok()?.parse::<u32>().ok().map(u64::from),
    }
}

/// The first of `PATH.end`, `PATH.1.end`, `PATH.2.end` … that `is_free`; with an empty `end` the numbers come last.
pub(super) fn free(base: &Path, end: &str, is_free: impl Fn(&Path) -> bool) -> PathBuf {
    let with = |number: Option<u32>| {
        let mut name = OsString::from(base);
        if let Some(number) = number {
            name.push(format!(".{number}"));
        }
        name.push(end);
        PathBuf::from(name)
    };
    std::iter::once(None).chain((1..).map(Some)).map(with).find(|path| is_free(path)).expect("some number is free")
}

/// Whether a file of this name beside the journal may be a segment of it that is not the active one.
pub(super) fn may_be_segment(journal: &Path, name: &OsStr) -> bool {
    let Some(own) = journal.file_name() else { return false };
    let (own, name) = (own.as_encoded_bytes(), name.as_encoded_bytes());
    let rest = name.strip_prefix(own).and_then(|rest| rest.strip_prefix(b"."));
    rest.is_some() && !NO_SEGMENTS.iter().any(|end| name.ends_with(end.as_bytes()))
}

/// Whether a file of this name belongs to another journal whose name begins with this one's: `web.canary.1` to `web.canary`,
/// which has a lock of its own.
pub(super) fn is_of_another(journal: &Path, name: &OsStr, exists: impl Fn(&Path) -> bool) -> bool {
    let Some(own) = journal.file_name() else { return false };
    let (own, name) = (own.to_string_lossy(), name.to_string_lossy());
    let Some(rest) = name.strip_prefix(&*own) else { return false };
    // Its own lock is behind the first dot.
    let ends = rest.match_indices('.').map(|(at, _)| own.len() + at).skip(1).chain([name.len()]);
    let mut others = ends.filter_map(|end| name.get(..end)).filter(|other| *other != &*own);
    others.any(|other| exists(&journal.with_file_name(format!("{other}.lock"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_journal_may_have_a_longer_name() {
        let journal = Path::new("/log/web");
        let exists = |path: &Path| [Path::new("/log/web.lock"), Path::new("/log/web.canary.lock")].contains(&path);
        for (name, is) in [
            ("web", false),
            ("web.1", false),
            ("web.00000000000000000007", false),
            ("web.canary", true),
            ("web.canary.1", true),
            ("web.canaries", false),
        ] {
            assert_eq!(is_of_another(journal, OsStr::new(name), exists), is, "{name}");
        }
    }

    #[test]
    fn names_of_segments() {
        let journal = Path::new("/log/audit.jsonl");
        assert_eq!(rotated(journal, 7), Path::new("/log/audit.jsonl.00000000000000000007"));
        for (name, is) in [
            ("audit.jsonl.00000000000000000007", true),
            ("audit.jsonl.1", true),
            ("audit.jsonl.2026-11-26", true),
            ("audit.jsonl", false),
            ("audit.jsonl.1.gz", false),
            ("audit.jsonl.lock", false),
            ("audit.jsonl.7.torn", false),
            ("audit.jsonl.sqlite.position", false),
            ("audit.jsonl2", false),
            ("other.jsonl.1", false),
        ] {
            assert_eq!(may_be_segment(journal, OsStr::new(name)), is, "{name}");
        }
    }

    #[test]
    fn names_of_ours_tell_which_segment_is_the_later_one() {
        let journal = Path::new("/log/audit.jsonl");
        let of = |name: &str| generation(journal, &Path::new("/log").join(name));
        let names = ["audit.jsonl.00000000000000000007", "audit.jsonl.00000000000000000007.2", "audit.jsonl"];
        assert!(names.map(of).is_sorted_by(|one, other| one.is_some() && one < other));
        for name in
            ["audit.jsonl.1", "audit.jsonl.00000000000000000007-1", "audit.jsonl.00000000000000000007.x", "other"]
        {
            assert_eq!(of(name), None, "{name}");
        }
    }

    #[test]
    fn a_name_that_is_taken_is_not_given_again() {
        let base = Path::new("/log/a.7");
        let taken = ["/log/a.7", "/log/a.7.1"].map(Path::new);
        assert_eq!(free(base, "", |path| !taken.contains(&path)), Path::new("/log/a.7.2"));
        let taken = [Path::new("/log/a.7.torn")];
        assert_eq!(free(base, ".torn", |path| !taken.contains(&path)), Path::new("/log/a.7.1.torn"));
    }
}
