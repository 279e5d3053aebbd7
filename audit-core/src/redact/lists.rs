//! That no word is missing from the lists on the page about redaction. That each of them does what its list says, the test
//! `redaction_page` shows.

const PAGE: &str = include_str!("../../../REDACTION.md");

/// Asserts that the page's list under this heading is of exactly these words, in their order.
#[track_caller]
pub(super) fn assert_listed<'w>(heading: &str, words: impl IntoIterator<Item = &'w str>) {
    let lists = PAGE.split_once("\n## The lists\n").expect("the page has them").1;
    let list = lists.split("\n### ").find_map(|list| list.strip_prefix(heading)?.strip_prefix("\n\n"));
    // The first paragraph says what the list is of.
    let (_, list) = list.and_then(|list| list.split_once("\n\n")).unwrap_or_else(|| panic!("no list {heading}"));
    let listed: Vec<&str> = list.split('`').skip(1).step_by(2).collect();
    assert_eq!(listed, words.into_iter().collect::<Vec<_>>(), "{heading}");
}
