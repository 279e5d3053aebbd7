//! Which crates' handlers are in a program, in whatever profile this is built.

use std::process::Command;

/// Whether the program started, and what it printed.
fn app(arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_app")).args(arguments).output().expect("it runs");
    (output.status.success(), String::from_utf8(output.stdout).expect("it prints text"))
}

#[test]
fn a_crate_that_is_named_is_there_and_one_that_is_not_is_not() {
    let (started, linked) = app(&[]);
    assert!(started, "{linked}");
    let linked: Vec<&str> = linked.lines().collect();
    assert_eq!(linked, ["app.run", "named.create", "named.probe", "named.read", "named.update"]);
}

#[test]
fn what_is_expected_and_there_starts() {
    let (started, told) = app(&["--endpoints", "4", "--module", "app", "--module", "named::inner"]);
    assert!(started, "{told}");
}

#[test]
fn a_count_that_includes_the_missing_crate_stops_the_start() {
    let (started, told) = app(&["--endpoints", "5"]);
    assert!(!started);
    let expected = "expected 5 functions that carry #[audited], mounted or not, but 4 are linked: app.run, named.create, named.read, named.update; ";
    assert!(told.starts_with(expected), "{told}");
}

#[test]
fn the_missing_crate_by_name_stops_the_start() {
    let (started, told) = app(&["--module", "named", "--module", "unnamed"]);
    assert!(!started);
    let expected = "no handler of crate `unnamed` is linked: nothing in the program names it (`use unnamed as _;` does), \
                    or it has none\n";
    assert_eq!(told, expected);
}
