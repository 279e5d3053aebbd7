//! Nothing: see the test of this crate.
