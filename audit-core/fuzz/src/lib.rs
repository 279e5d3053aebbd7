//! The checks of the fuzz targets, each for one input; they panic if something does not hold.

#[path = "../../tests/fuzz/checks/mod.rs"]
mod checks;

#[path = "../../tests/support/mod.rs"]
mod support;

/// JSON that is built from the input.
pub fn json(input: &[u8]) {
    checks::json(input);
}

/// A form that is built from the input.
pub fn form(input: &[u8]) {
    checks::form(input);
}

/// A multipart body that is built from the input.
pub fn multipart(input: &[u8]) {
    checks::multipart(input);
}

/// A request whose body is the input.
pub fn bytes(input: &[u8]) {
    checks::bytes(input);
}
