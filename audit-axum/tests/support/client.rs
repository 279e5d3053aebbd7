//! A client that can leave whenever a test wants it to.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Answer, PATIENCE};

/// How a client leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// It closes its socket in order.
    Fin,
    /// It resets the connection.
    Rst,
}

pub const LEAVES: [Leave; 2] = [Leave::Fin, Leave::Rst];

/// One connection.
pub struct Client {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("the socket is open");
        Self { stream, read: Vec::new() }
    }

    /// Connects and sends.
    pub async fn sending(address: SocketAddr, bytes: impl AsRef<[u8]>) -> Self {
        let mut client = Self::connect(address).await;
        client.send(bytes).await;
        client
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).await.expect("the server reads");
    }

    pub async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await
    }

    /// Reads until what came holds `needle`; gives all that came.
    pub async fn read_until(&mut self, needle: &str) -> Vec<u8> {
        let reading = async {
            while !contains(&self.read, needle.as_bytes()) {
                let mut piece = [0; 4096];
                let length = self.stream.read(&mut piece).await.expect("the server answers");
                assert!(length > 0, "the answer ended before {needle:?}: {}", String::from_utf8_lossy(&self.read));
                self.read.extend_from_slice(&piece[..length]);
            }
            self.read.clone()
        };
        tokio::time::timeout(PATIENCE, reading).await.expect("an answer in time")
    }

    /// Reads one answer with a `content-length` and keeps the connection.
    pub async fn one(&mut self) -> std::io::Result<Answer> {
        let reading = async {
            loop {
                if let Some(end) = find(&self.read, b"\r\n\r\n") {
                    let head = Answer { raw: self.read[..end + 4].to_vec() };
                    let length: usize =
                        head.header("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
                    let whole = end + 4 + length;
                    if self.read.len() >= whole {
                        let raw = self.read.drain(..whole).collect();
                        return Ok(Answer { raw });
                    }
                }
                let mut piece = [0; 4096];
                match self.stream.read(&mut piece).await? {
                    0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                    length => self.read.extend_from_slice(&piece[..length]),
                }
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.expect("an answer in time")
    }

    /// Reads whatever comes next, if anything does.
    pub async fn read_some(&mut self) {
        let mut piece = [0; 256];
        let reading = tokio::time::timeout(PATIENCE, self.stream.read(&mut piece)).await;
        // An end is as good as a piece to somebody who is about to leave.
        let _end = reading.expect("something in time");
    }

    /// Reads to the end of the connection, however it ends.
    pub async fn rest(mut self) -> Answer {
        let mut raw = std::mem::take(&mut self.read);
        // A reset after the answer is as good an end as any.
        let _end = tokio::time::timeout(PATIENCE, self.stream.read_to_end(&mut raw)).await.expect("an end in time");
        Answer { raw }
    }

    /// Says that nothing more will be sent, and goes on listening.
    pub async fn half_close(&mut self) {
        self.stream.shutdown().await.expect("the socket is open");
    }

    pub fn leave(self, how: Leave) {
        if how == Leave::Rst {
            self.stream.set_zero_linger().expect("the socket is open");
        }
    }
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    find(bytes, needle).is_some()
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}
