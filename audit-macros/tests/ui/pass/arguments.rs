//! Every argument, and every pattern whose names a target may use.

#![deny(warnings)]
#![forbid(unsafe_code)]

use audit_core as my_audit;
use audit_core::{audit_exempt, audited};

mod renamed {
    pub(crate) use audit_core as inner;
}

struct Path<T>(T);

struct Page {
    from: u32,
    limit: u32,
}

struct User {
    name: String,
    pair: (u8, u8),
}

#[audited]
fn without() {}

#[audited()]
fn empty() {}

#[audited("bare.string")]
fn bare() {}

#[audited("bare.comma", mode = "basic",)]
fn bare_comma() {}

#[audited(mode = "compact", action = "last.first", delivery = "best_effort")]
fn any_order() {}

#[audited(mode = "full", delivery = "buffered")]
fn no_action() {}

#[audited("layer-group.re_index2", delivery = "strict")]
fn strict() {}

#[audited("names.redact", redact("iban", notes, r#type, "x-ref",))]
fn redacted() {}

#[audited("names.both", keep(id, "display name"), redact(type))]
fn kept() {}

#[audited("audit.read", target = "report")]
fn type_only() {}

#[audited("crate.renamed", crate = my_audit, target = "x/{id}")]
fn renamed_crate(id: u8) -> u8 {
    id
}

#[audited("crate.nested", crate = crate::renamed::inner)]
fn nested_crate() {}

#[audited("crate.absolute", crate = ::audit_core)]
fn absolute_crate() {}

#[audit_exempt(reason = "a probe", crate = my_audit)]
async fn exempt() -> &'static str {
    "ok"
}

#[audited("p.one", target = "layer/{name}")]
async fn wrapped(Path(name): Path<String>) -> String {
    name
}

#[audited("p.two", target = "layer/{a}/{b}/{a}")]
async fn tuple(Path((a, b)): Path<(String, u8)>, mut count: u8) -> String {
    count += b;
    format!("{a}{count}")
}

#[audited("p.struct", target = "page/{from}-{most}")]
fn fields(Page { from, limit: most }: Page) -> u32 {
    from + most
}

#[audited("p.field", target = "user/{user.name}/{user.pair.1}/{r#type}/{type}")]
fn member(user: &User, r#type: &str) -> usize {
    user.name.len() + usize::from(user.pair.1) + r#type.len()
}

#[audited("p.slice", target = "slice/{first}/{whole.from}")]
fn slice([first, _rest @ ..]: [u8; 3], ref whole @ Page { .. }: Page) -> u32 {
    u32::from(first) + whole.limit
}

// The body may hide an argument by another of its name.
#[audited("p.shadow", target = "layer/{name}")]
async fn shadowed(name: u8) -> String {
    let name = format!("{name}!");
    name
}

macro_rules! handler {
    ($name:ident, $argument:ident) => {
        #[audited("by.macro", target = "layer/{id}")]
        fn $name(id: u8, $argument: u8) -> u8 {
            id + $argument
        }
    };
}

handler!(first, other);
handler!(second, other);

fn main() {
    (without(), empty(), bare(), bare_comma(), any_order(), no_action(), strict(), type_only());
    (redacted(), kept());
    (nested_crate(), absolute_crate());
    drop((exempt(), wrapped(Path("a".to_owned())), tuple(Path(("a".to_owned(), 1)), 1), shadowed(1)));
    assert_eq!(renamed_crate(1), 1);
    assert_eq!(fields(Page { from: 1, limit: 2 }), 3);
    assert_eq!(member(&User { name: "ab".to_owned(), pair: (1, 2) }, "c"), 5);
    assert_eq!(slice([1, 2, 3], Page { from: 1, limit: 2 }), 3);
    assert_eq!(first(1, 2) + second(3, 4), 10);
}
