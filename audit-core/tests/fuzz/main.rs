//! The checks of the fuzz targets, on the inputs that fuzzing kept. `cargo xtask fuzz` looks for more.

mod checks;

#[path = "../support/mod.rs"]
mod support;

use std::path::Path;

/// Checks every seed of a target; each must be read, and there must be some.
fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let seeds = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut count = 0;
    for seed in seeds {
        let path = seed.expect("the folder can be read").path();
        let bytes = std::fs::read(&path).expect("the seed can be read");
        // Told only if the check fails.
        println!("{}", path.display());
        check(&bytes);
        count += 1;
    }
    assert!(count > 0, "no seeds in {}", folder.display());
}

#[test]
fn documents_keep_what_is_harmless_alone() {
    replay("json", checks::json);
}

#[test]
fn forms_keep_what_is_harmless_alone() {
    replay("form", checks::form);
}

#[test]
fn multipart_keeps_what_is_harmless_alone() {
    replay("multipart", checks::multipart);
}

#[test]
fn whatever_comes_makes_a_good_line() {
    replay("bytes", checks::bytes);
}
