//! A program that lists a plugin in `Cargo.toml` and expects it, but does not name it: this one, for it names the layers
//! alone.

use std::ffi::OsString;

use geo_layers_plugin_layers as _;

#[test]
fn a_plugin_that_nobody_names_is_missed_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let lookup = |name: &str| match name {
        "DATA_DIR" => Some(OsString::from(folder.path().join("data"))),
        // An address of no machine (RFC 5737): if the crate were not missed, this would end it.
        "HOST" => Some("192.0.2.1".into()),
        _ => None,
    };
    let expected = ["geo_layers_plugin_layers", "geo_layers_plugin_survey"];
    let error = actix_web::rt::System::new().block_on(geo_layers_core::run(lookup, &expected)).unwrap_err();
    assert_eq!(
        service_kit::chain(&error),
        "no handler of crate `geo_layers_plugin_survey` is linked: nothing in the program names it \
         (`use geo_layers_plugin_survey as _;` does), or it has none"
    );
    // Nobody was made a user.
    assert!(!folder.path().join("data/initial-passwords").exists());
}
