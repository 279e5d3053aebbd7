//! Methods that `#[async_trait]` has rewritten.

#![deny(warnings)]
#![forbid(unsafe_code)]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use audit_core::audited;

fn ready<F: Future + Send>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("nothing here waits"),
    }
}

#[async_trait]
trait Layers {
    async fn create(&self, name: String) -> Result<String, std::fmt::Error>;
    async fn remove(&mut self, name: &str);
    async fn consume(self: Box<Self>) -> u8;
    #[audited("layers.provided")]
    async fn provided(&self, text: &str) -> usize {
        text.len()
    }
}

struct Memory {
    id: u8,
}

#[async_trait]
impl Layers for Memory {
    #[audited("memory.create", target = "layer/{name}/{self.id}")]
    async fn create(&self, name: String) -> Result<String, std::fmt::Error> {
        if name.is_empty() {
            return Err(std::fmt::Error);
        }
        Ok(format!("{name}{}", self.id))
    }

    #[audited("memory.remove", target = "layer/{name}")]
    async fn remove(&mut self, name: &str) {
        self.id = u8::try_from(name.len()).unwrap_or(0);
    }

    #[audited("memory.consume", target = "memory/{self.id}")]
    async fn consume(self: Box<Self>) -> u8 {
        self.id
    }
}

fn main() {
    let mut memory = Memory { id: 1 };
    assert_eq!(ready(memory.create("a".to_owned())), Ok("a1".to_owned()));
    assert!(ready(memory.create(String::new())).is_err());
    ready(memory.remove("abc"));
    assert_eq!(ready(memory.provided("ab")), 2);
    assert_eq!(ready(Box::new(memory).consume()), 3);
}
