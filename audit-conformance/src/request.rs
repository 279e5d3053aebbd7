//! A request as its bytes.

/// A request with an identifier of its own.
#[derive(Debug, Clone)]
pub struct Request {
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) target: String,
    lines: Vec<(String, String)>,
    body: Option<Body>,
    keep: bool,
}

#[derive(Debug, Clone)]
enum Body {
    Sized(Vec<u8>),
    /// A length that is declared, and what is sent of it.
    Declared(usize, Vec<u8>),
    Chunked(Vec<Vec<u8>>),
    /// Chunks of which the last one is not there yet.
    Begun(Vec<u8>),
}

impl Request {
    /// A request whose `x-request-id` is `id`; it closes its connection.
    #[must_use]
    pub fn new(id: String, method: &str, target: &str) -> Self {
        Self { id, method: method.to_owned(), target: target.to_owned(), lines: Vec::new(), body: None, keep: false }
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.lines.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn accepts_json(self) -> Self {
        self.header("accept", "application/json")
    }

    /// Without `connection: close`.
    #[must_use]
    pub fn keep(mut self) -> Self {
        self.keep = true;
        self
    }

    /// With a body and its length.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(Body::Sized(body.into()));
        self
    }

    pub(crate) fn json(self, body: &str) -> Self {
        self.header("content-type", "application/json").body(body)
    }

    /// Declares more than it sends; the rest may follow.
    #[must_use]
    pub fn declared(mut self, length: usize, begin: impl Into<Vec<u8>>) -> Self {
        self.body = Some(Body::Declared(length, begin.into()));
        self
    }

    /// With a body in chunks.
    #[must_use]
    pub fn chunked(mut self, chunks: impl IntoIterator<Item = Vec<u8>>) -> Self {
        self.body = Some(Body::Chunked(chunks.into_iter().collect()));
        self
    }

    /// Sends a first chunk; others may follow.
    #[must_use]
    pub fn begun(mut self, chunk: impl Into<Vec<u8>>) -> Self {
        self.body = Some(Body::Begun(chunk.into()));
        self
    }

    /// The head as HTTP/2 has it.
    pub(crate) fn head(&self) -> http::Request<()> {
        let uri = format!("http://test{}", self.target);
        let head = http::Request::builder().method(self.method.as_str()).uri(uri).header("x-request-id", &self.id);
        let head = self.lines.iter().fold(head, |head, (name, value)| head.header(name, value));
        head.body(()).expect("it is a request")
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let Self { id, method, target, lines, body, keep } = self;
        let mut head = format!("{method} {target} HTTP/1.1\r\nhost: test\r\nx-request-id: {id}\r\n");
        lines.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
        if !keep {
            head.push_str("connection: close\r\n");
        }
        let mut rest = Vec::new();
        match body {
            None => {}
            Some(Body::Sized(body)) => {
                head.push_str(&format!("content-length: {}\r\n", body.len()));
                rest.extend(body);
            }
            Some(Body::Declared(length, begin)) => {
                head.push_str(&format!("content-length: {length}\r\n"));
                rest.extend(begin);
            }
            Some(Body::Chunked(chunks)) => {
                head.push_str("transfer-encoding: chunked\r\n");
                chunks.iter().for_each(|piece| rest.extend(chunk(piece)));
                rest.extend(chunk(b""));
            }
            Some(Body::Begun(first)) => {
                head.push_str("transfer-encoding: chunked\r\n");
                rest.extend(chunk(first));
            }
        }
        head.push_str("\r\n");
        [head.into_bytes(), rest].concat()
    }
}

/// A chunk as it is sent; an empty one is the last.
fn chunk(piece: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat()
}

#[cfg(test)]
mod tests {
    use super::Request;

    #[test]
    fn a_request_is_its_bytes() {
        let request = Request::new("a-1".into(), "POST", "/x").header("accept", "text/html");
        let head = "POST /x HTTP/1.1\r\nhost: test\r\nx-request-id: a-1\r\naccept: text/html\r\n";
        let text = |request: &Request| String::from_utf8(request.bytes()).unwrap();
        assert_eq!(text(&request), format!("{head}connection: close\r\n\r\n"));
        let request = request.keep();
        assert_eq!(text(&request.clone().body("abc")), format!("{head}content-length: 3\r\n\r\nabc"));
        assert_eq!(text(&request.clone().declared(9, "abc")), format!("{head}content-length: 9\r\n\r\nabc"));
        let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n");
        assert_eq!(text(&request.clone().begun("abc")), chunked);
        assert_eq!(text(&request.chunked([b"abc".to_vec()])), format!("{chunked}0\r\n\r\n"));
    }
}
