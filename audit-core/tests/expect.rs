//! `expect_endpoints` and `expect_modules`, where everything is linked. Where it is not: `tests/linked`.

use audit_core::{Auditor, BuildError, Builder, Output, audit_exempt, audited};

mod layers {
    #[super::audited("layer.create")]
    pub(super) fn create() {}

    pub(super) mod inner {
        #[audit_core::audited("layer.read")]
        pub(in super::super) fn read() {}
    }
}

mod health {
    #[super::audit_exempt(reason = "a probe")]
    pub(super) fn probe() {}
}

#[audited("layer.drop")]
fn drop_layer() {}

fn builder() -> Builder {
    Auditor::builder().output(Output::None)
}

fn refused(builder: Builder) -> String {
    builder.build().expect_err("it is refused").to_string()
}

#[test]
fn the_count_is_of_audited_handlers_and_exact() {
    assert!(builder().expect_endpoints(3).build().is_ok());
    let error = refused(builder().expect_endpoints(4));
    assert_eq!(
        error,
        "expected 4 functions that carry #[audited], mounted or not, but 3 are linked: layer.create, layer.drop, \
         layer.read; a crate that nothing in the program names is not linked, and its handlers are not (`use the_crate \
         as _;` names it)"
    );
    let error = refused(builder().expect_endpoints(2));
    assert_eq!(
        error,
        "expected 2 functions that carry #[audited], mounted or not, but 3 are linked: layer.create, layer.drop, \
         layer.read; if all of them are meant, expect so many"
    );
    // A wrong binary is wrong whether or not it records anything.
    assert!(builder().enabled(false).expect_endpoints(4).build().is_err());
    layers::create();
    layers::inner::read();
    health::probe();
    drop_layer();
}

#[test]
fn what_is_no_path_of_a_module_is_told() {
    assert_eq!(
        refused(builder().expect_modules(["expect", "crate::layers"])),
        "expect_modules was given \"crate::layers\"; expected a crate or a module in it, such as plugin_layers or \
         plugin_layers::handlers"
    );
}

#[test]
fn modules_are_expected_by_path() {
    let all = ["expect", "expect::layers", "expect::layers::inner", "expect::health"];
    assert!(builder().expect_modules(all).build().is_ok());
    let builder = |enabled| builder().enabled(enabled);
    for enabled in [true, false] {
        let error = builder(enabled).expect_modules(["my-plugin", "my_plugin::layers", "expect::layer"]);
        let error = error.expect_modules(["expect"]).build().expect_err("two are missing");
        let BuildError::NotLinked { crates, modules } = &error else { panic!("{error:?}") };
        assert_eq!(
            (crates.as_slice(), modules.as_slice()),
            (&["my_plugin".to_owned()][..], &["expect::layer".to_owned()][..])
        );
        assert_eq!(
            error.to_string(),
            "no handler of crate `my_plugin` is linked: nothing in the program names it (`use my_plugin as _;` does), or \
             it has none; no handler of module `expect::layer` is linked: other handlers of its crate are, so the module \
             has none"
        );
    }
}

#[test]
fn a_missing_crate_is_told_before_the_count_that_it_makes_wrong() {
    let error = refused(builder().expect_endpoints(7).expect_modules(["plugin"]));
    assert!(error.starts_with("no handler of crate `plugin` is linked"), "{error}");
}
