//! One request and its answer, for what an adapter's own tests ask beside the table.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::answer::Answer;
use crate::client::{Client, Leave};
use crate::request::Request;

/// A request that was sent on a connection of its own, and whose answer is still to be read.
pub struct Asked(Client);

/// Sends a request with these header lines; a body that is not empty is sent with its length.
#[must_use]
pub fn ask(address: SocketAddr, method: &str, target: &str, lines: &[(&str, &str)], body: &str) -> Asked {
    let request = Request::new("asked".to_owned(), method, target);
    let request = lines.iter().fold(request, |request, (name, value)| request.header(name, value));
    let request = if body.is_empty() { request } else { request.body(body) };
    let mut client = Client::connect(address, Arc::default());
    client.send(&request);
    Asked(client)
}

impl Asked {
    /// Reads to the end of the connection; gives the answer, as much of it as came.
    #[must_use]
    pub fn answer(self) -> Option<Answer> {
        self.0.rest()
    }

    /// Closes the connection in order, without an answer.
    pub fn leave(self) {
        self.0.leave(Leave::Fin);
    }
}
