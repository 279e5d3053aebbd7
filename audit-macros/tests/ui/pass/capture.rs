//! Every form of a captured field and of an actor, on every kind of function.

#![deny(warnings, unused_qualifications, missing_docs)]
#![forbid(unsafe_code)]

use std::fmt::{Debug, Display};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use audit_core as my_audit;
use audit_core::{Actor, AsActor, audit_exempt, audited};

fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("nothing here waits"),
    }
}

fn is_send<T: Send>(value: T) -> T {
    value
}

struct Path<T>(T);

#[derive(Debug, Clone)]
struct Filter(u8);

struct User {
    name: String,
    pair: (u8, (u8, u8)),
}

impl AsActor for User {
    fn as_actor(&self) -> Option<Actor> {
        Some(Actor::user(&self.name))
    }
}

const LIMIT: usize = 3;

#[audited("c.forms", capture(
    id, filter, user.name, user.pair.1.0, n = items.len(), "dotted.key" = id + 1, sum = id as usize + LIMIT, %name,
    shown = %id, ?items, debugged = ?(id, &filter), r#type, nested.key = items.first().copied().unwrap_or_default(),
))]
async fn forms(Path(id): Path<u8>, filter: Filter, user: User, items: Vec<u8>, name: &str, r#type: u8) -> usize {
    drop((filter, user));
    items.len() + usize::from(id) + name.len() + usize::from(r#type)
}

#[audited(capture(id,), actor = user)]
fn synchronous(id: u8, user: User) -> String {
    let User { name, .. } = user;
    format!("{name}{id}")
}

// Only read: the body may change and take what was captured.
#[audited("c.changed", capture(values, n = values.len()), actor = "fixed")]
fn changed(values: &mut Vec<u8>) -> &mut u8 {
    values.push(1);
    &mut values[0]
}

#[audited("c.generic", capture(debug, shown = %shown, both), actor = actor)]
async fn generic<D: Debug + Send, S: Display + Send, B: Debug + Display + Send>(
    debug: D,
    shown: S,
    both: B,
    actor: impl AsActor + Send,
) -> (D, S, B) {
    drop(actor);
    (debug, shown, both)
}

#[audited("c.local", capture(count), actor = Some(Actor::system("local")))]
async fn local(count: std::rc::Rc<u8>) -> u8 {
    std::future::ready(()).await;
    *count
}

#[audited("c.actor", actor = user.as_ref().map(|user| Actor::user(&user.name).role("admin")))]
async fn computed(user: Option<Arc<User>>) -> bool {
    user.is_some()
}

#[audited("c.renamed", crate = my_audit, capture(id, ?id_too), actor = name)]
fn renamed(id: u8, id_too: u8, name: &String) -> usize {
    usize::from(id + id_too) + name.len()
}

#[audited("c.boxed", capture(text), actor = text)]
fn boxed(text: &str) -> std::pin::Pin<Box<dyn Future<Output = usize> + Send + '_>> {
    Box::pin(async move { text.len() })
}

#[audited("c.unused", capture(only_captured))]
fn unused(only_captured: u8) {}

#[audited("c.on", on = "error", route = "GET /layers/{id}")]
fn on_error() {}

#[audited("c.on", on = "success", route = "PURGE /files/{*rest}")]
fn on_success() {}

#[audited("c.on", on = "always", route = "GET /{{literal}}/v-{version}")]
fn always() {}

#[audit_exempt(reason = "a probe", route = "GET /health")]
fn health() {}

macro_rules! handler {
    ($name:ident, $argument:ident, $value:expr) => {
        #[audited("by.macro", capture($argument, id, sum = $value + id, value = $value), actor = $value.to_string())]
        fn $name(id: u8, $argument: u8) -> u8 {
            id + $argument
        }
    };
}

handler!(first, other, 1 + 2);

#[async_trait]
trait Layers {
    async fn create(&self, name: String) -> usize;
    async fn remove(&mut self, name: &str) -> usize;
}

#[async_trait]
impl Layers for User {
    #[audited("layers.create", capture(self.name, name, n = self.pair.0), actor = self)]
    async fn create(&self, name: String) -> usize {
        name.len()
    }

    #[audited("layers.remove", capture(name), actor = self.name)]
    async fn remove(&mut self, name: &str) -> usize {
        self.name.push_str(name);
        self.name.len()
    }
}

impl User {
    #[audited("user.own", capture(self.pair, kept = Self::KEPT), actor = self)]
    async fn own(self) -> String {
        self.name
    }

    const KEPT: u8 = 1;
}

fn user() -> User {
    User { name: "ana".to_owned(), pair: (1, (2, 3)) }
}

fn main() {
    assert_eq!(ready(is_send(forms(Path(1), Filter(2), user(), vec![3], "ab", 4))), 8);
    assert_eq!(synchronous(1, user()), "ana1");
    assert_eq!(*changed(&mut vec![5]), 5);
    assert_eq!(ready(is_send(generic(Filter(1), 'c', "both", "ana"))).1, 'c');
    assert_eq!(ready(local(std::rc::Rc::new(4))), 4);
    assert!(!ready(is_send(computed(None))));
    assert_eq!(renamed(1, 2, &"abc".to_owned()), 6);
    assert_eq!(ready(is_send(boxed("abc"))), 3);
    unused(1);
    (on_error(), on_success(), always(), health());
    assert_eq!(first(1, 2), 3);
    let mut user = user();
    assert_eq!(ready(is_send(user.create("ab".to_owned()))), 2);
    assert_eq!(ready(is_send(user.remove("ab"))), 5);
    assert_eq!(ready(is_send(user.own())), "anaab");
}
