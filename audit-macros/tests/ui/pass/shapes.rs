//! Every kind of function with a body.

#![deny(warnings, unused_qualifications, missing_docs)]
#![forbid(unsafe_code)]

use std::fmt::{self, Display};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use audit_core::audited;

fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("nothing here waits"),
    }
}

fn is_send<T: Send>(value: T) -> T {
    value
}

#[derive(Debug, PartialEq)]
struct Failure;

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failure")
    }
}

#[audited("free.unit")]
async fn unit() {}

#[audited("free.unit_sync")]
fn unit_sync() {}

#[audited("free.question")]
async fn question(text: &str) -> Result<u8, std::num::ParseIntError> {
    let parsed = text.parse::<u8>()?;
    if parsed > 100 {
        return Ok(100);
    }
    Ok(parsed)
}

#[audited("free.question_sync")]
fn question_sync(text: &str) -> Result<u8, std::num::ParseIntError> {
    let parsed = text.parse::<u8>()?;
    if parsed > 100 {
        return Ok(100);
    }
    Ok(parsed)
}

// Only the annotation of the return type tells what `into` and `collect` make.
#[audited("free.inferred")]
async fn inferred(flag: bool) -> Result<Vec<u64>, Box<dyn std::error::Error + Send + Sync>> {
    if flag {
        return Err("said".into());
    }
    Ok((0_u32..3).map(u64::from).collect())
}

#[audited("free.early")]
async fn early(flag: bool) -> Option<u8> {
    if flag {
        return None;
    }
    Some(1)
}

#[audited("free.borrowed")]
async fn borrowed<'a>(first: &'a str, _second: &str) -> &'a str {
    first
}

#[audited("free.elided", target = "text/{text}")]
async fn elided(text: &str) -> &str {
    text.trim()
}

#[audited("free.anonymous")]
async fn anonymous(text: &str) -> std::borrow::Cow<'_, str> {
    text.into()
}

#[audited("free.reborrowed")]
fn reborrowed(values: &mut Vec<u8>) -> &mut u8 {
    values.push(1);
    &mut values[0]
}

#[audited("free.generic", target = "{value}")]
async fn generic<T, U, const N: usize>(value: T, items: [U; N]) -> (T, usize)
where
    T: Clone + Display + Send,
    U: Send,
{
    (value.clone(), items.len())
}

#[audited("free.argument")]
async fn argument(text: impl Into<String> + Send) -> String {
    text.into()
}

#[audited("free.opaque")]
async fn opaque() -> impl Display {
    "opaque"
}

#[audited("free.opaque_sync")]
fn opaque_sync(count: usize) -> impl Iterator<Item = usize> {
    0..count
}

#[audited("free.nested")]
async fn nested(flag: bool) -> Result<impl Display, Failure> {
    if flag {
        return Err(Failure);
    }
    Ok("nested")
}

#[audited("free.nested_sync")]
fn nested_sync(flag: bool) -> Result<(impl Display, Vec<u8>), Failure> {
    if flag {
        return Err(Failure);
    }
    Ok(("nested", Vec::new()))
}

macro_rules! displayed {
    ($inner:ty) => { Result<impl Display, $inner> };
}

#[audited("free.by_macro")]
async fn by_macro() -> displayed![Failure] {
    Ok::<_, Failure>("by macro")
}

macro_rules! written {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($argument:ident: $of:ty) -> $returned:ty $body:block) => {
        $(#[$meta])*
        $vis async fn $name($argument: $of) -> $returned $body
    };
}

written! {
    #[audited("free.fragments", target = "number/{id}")]
    fn fragments(id: u8) -> Result<impl Display, Failure> {
        if id == 0 {
            return Err(Failure);
        }
        Ok(id)
    }
}

#[audited("free.never")]
async fn never() -> ! {
    loop {
        std::future::pending::<()>().await;
    }
}

#[audited("free.never_sync")]
fn never_sync() -> ! {
    panic!("never")
}

#[audited("free.uninhabited")]
async fn uninhabited() -> std::convert::Infallible {
    std::future::pending().await
}

#[audited("free.uninhabited_sync")]
fn uninhabited_sync() -> Result<std::convert::Infallible, Failure> {
    Err(Failure)
}

#[audited("free.panics")]
async fn panics() -> Result<u8, Failure> {
    panic!("never")
}

#[audited("free.changed")]
async fn changed(mut values: Vec<u8>, (mut count, _): (u8, u8)) -> Vec<u8> {
    count += 1;
    values.push(count);
    values
}

#[audited("free.unused")]
async fn unused(_: u8, _text: String) {}

#[audited("free.recursive")]
fn recursive(depth: u8) -> u8 {
    if depth == 0 { 0 } else { 1 + recursive(depth - 1) }
}

#[audited("free.blocks")]
async fn blocks(flag: bool) -> &'static str {
    match flag {
        true => "yes",
        false => "no",
    }
}

// Not `Send`, and need not be.
#[audited("free.local")]
async fn local(count: std::rc::Rc<u8>) -> u8 {
    std::future::ready(()).await;
    *count
}

// Watched until the future ends, not until the function does.
#[audited("free.future")]
fn future(text: &str) -> impl Future<Output = Result<String, Failure>> + Send {
    let text = text.to_owned();
    async move {
        if text.is_empty() {
            return Err(Failure);
        }
        Ok(text)
    }
}

#[audited("free.boxed")]
fn boxed(text: &str) -> std::pin::Pin<Box<dyn Future<Output = Result<String, Failure>> + Send + '_>> {
    Box::pin(async move {
        if text.is_empty() {
            return Err(Failure);
        }
        Ok(text.into())
    })
}

struct Service<T> {
    id: u32,
    value: T,
}

impl<T: Clone + Display + Send + Sync> Service<T> {
    const NAME: &'static str = "service";

    #[audited("service.shared", target = "service/{self.id}")]
    async fn shared(&self, other: u32) -> Result<T, Failure> {
        if other == self.id { Ok(self.value.clone()) } else { Err(Failure) }
    }

    #[audited("service.unique", target = "service/{self.id}/{value}")]
    async fn unique(&mut self, value: T) -> &mut T {
        self.value = value;
        &mut self.value
    }

    #[audited("service.unique_sync", target = "service/{self.id}/{value}")]
    fn unique_sync(&mut self, value: T) -> &mut T {
        self.value = value;
        &mut self.value
    }

    #[audited("service.consumed", target = "service/{self.id}")]
    async fn consumed(self) -> (T, Self)
    where
        T: Copy,
    {
        (self.value, Self { id: 0, ..self })
    }

    #[audited("service.consumed_mut")]
    fn consumed_mut(mut self) -> Self {
        self.id += 1;
        self
    }

    #[audited("service.by_box")]
    fn by_box(self: Box<Self>) -> T {
        self.value
    }

    #[audited("service.associated")]
    async fn associated() -> &'static str {
        Self::NAME
    }
}

trait Create {
    type Made;

    fn create(&self, name: String) -> impl Future<Output = Result<Self::Made, Failure>> + Send;

    #[audited("create.default")]
    fn provided(&self) -> usize {
        size_of::<Self::Made>()
    }
}

impl<T: Display + Send + Sync> Create for Service<T> {
    type Made = u64;

    #[audited("service.create", target = "service/{name}")]
    async fn create(&self, name: String) -> Result<Self::Made, Failure> {
        if name.is_empty() {
            return Err(Failure);
        }
        Ok(u64::from(self.id))
    }
}

fn main() {
    ready(is_send(unit()));
    unit_sync();
    assert_eq!(ready(is_send(question("200"))), Ok(100));
    assert!(ready(question("x")).is_err());
    assert_eq!(question_sync("7"), Ok(7));
    assert_eq!(ready(is_send(inferred(false))).map_err(|error| error.to_string()), Ok(vec![0, 1, 2]));
    assert_eq!(ready(inferred(true)).map_err(|error| error.to_string()), Err("said".to_owned()));
    assert_eq!(ready(early(true)), None);
    assert_eq!(ready(early(false)), Some(1));
    assert_eq!(ready(borrowed("a", &String::from("b"))), "a");
    assert_eq!(ready(is_send(elided(" a "))), "a");
    assert_eq!(ready(anonymous("a")), "a");
    let mut values = vec![5];
    *reborrowed(&mut values) += 1;
    assert_eq!(values, [6, 1]);
    assert_eq!(ready(is_send(generic("a", [1, 2]))), ("a", 2));
    assert_eq!(ready(is_send(argument("a"))), "a");
    assert_eq!(ready(opaque()).to_string(), "opaque");
    assert_eq!(opaque_sync(2).sum::<usize>(), 1);
    assert_eq!(ready(is_send(nested(false))).map(|shown| shown.to_string()), Ok("nested".to_owned()));
    assert!(nested_sync(true).is_err());
    assert!(ready(by_macro()).is_ok());
    assert!(ready(is_send(fragments(0))).is_err());
    let _ = (is_send(never()), is_send(uninhabited()), is_send(panics()));
    assert!(uninhabited_sync().is_err());
    assert!(std::panic::catch_unwind(|| never_sync()).is_err());
    assert_eq!(ready(changed(vec![1], (1, 0))), [1, 2]);
    ready(unused(1, String::new()));
    assert_eq!(recursive(3), 3);
    assert_eq!(ready(blocks(true)), "yes");
    assert_eq!(ready(local(std::rc::Rc::new(4))), 4);
    assert_eq!(ready(is_send(future(""))), Err(Failure));
    assert_eq!(ready(is_send(boxed("a"))), Ok("a".to_owned()));

    let mut service = Service { id: 1, value: "a" };
    assert_eq!(ready(is_send(service.shared(1))), Ok("a"));
    assert_eq!(*ready(is_send(service.unique("b"))), "b");
    assert_eq!(*service.unique_sync("c"), "c");
    assert_eq!(ready(is_send(service.create("x".to_owned()))), Ok(1));
    assert_eq!(service.provided(), 8);
    assert_eq!(Box::new(service.consumed_mut()).by_box(), "c");
    assert_eq!(ready(Service { id: 1, value: 2 }.consumed()).1.id, 0);
    assert_eq!(ready(Service::<u8>::associated()), "service");
}
