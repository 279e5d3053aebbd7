//! The quickstart does what the README shows.

#[test]
fn it_leaves_the_record_of_the_readme() {
    service_kit::testing::quickstart::leaves_the_record_of_the_readme(
        env!("CARGO_BIN_EXE_quickstart-rocket"),
        "rocket",
    );
}
