//! Everything that must hold before a change lands, in one command.

mod chromium;

use std::process::ExitCode;

use crate::steps::{self, Step, step};

const STEPS: &[Step] = &[
    step("formatting", &["fmt", "--all", "--check"]),
    step("lints", &["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]),
    step("core without its features", &["clippy", "-p", "audit-core", "--no-default-features", "--", "-D", "warnings"]),
    step("rocket without JSON", &["clippy", "-p", "audit-rocket", "--no-default-features", "--", "-D", "warnings"]),
    Step {
        folder: "audit-core/fuzz",
        ..step("fuzz targets, without libFuzzer", &["clippy", "--no-default-features", "--", "-D", "warnings"])
    },
    Step {
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
        ..step("docs", &["doc", "--workspace", "--no-deps", "--all-features"])
    },
    step("tests", &["test", "--workspace", "--all-features", "--no-fail-fast"]),
    Step {
        folder: "audit-axum/tests/no-tracing",
        ..step("tests with tracing switched off at compile time", &["test"])
    },
    Step { folder: "audit-core/tests/linked", ..step("which crates' handlers are linked", &["test"]) },
];

pub(crate) fn run() -> ExitCode {
    chromium::provide();
    steps::run(STEPS)
}

#[cfg(test)]
mod tests {
    use crate::steps::root;

    /// What the README shows must be what runs.
    #[test]
    fn the_readme_shows_the_quickstarts_as_they_are() {
        let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
        for framework in ["axum", "actix", "rocket"] {
            let file = format!("examples/quickstart-{framework}/src/main.rs");
            let quickstart = std::fs::read_to_string(root().join(&file)).unwrap();
            let (_about, code) = quickstart.split_once("\n\n").unwrap();
            assert!(readme.contains(code.trim_end()), "README.md and {file} differ");
            assert!(quickstart.lines().count() < 60, "{file} is no quickstart any more");
        }
    }
}
