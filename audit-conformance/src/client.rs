//! A client that can do, and leave, whatever a case wants it to.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use socket2::{Domain, SockRef, Socket, Type};

use crate::answer::{Answer, find};
use crate::request::Request;

/// How long anything may take before a case fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// How a client leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// It closes its socket in order.
    Fin,
    /// It resets the connection.
    Rst,
}

/// What went over a connection.
#[derive(Debug, Default)]
pub struct Tape {
    /// Identifier and method of each request, in order.
    pub(crate) sent: Vec<(String, String)>,
    /// Every byte that came.
    pub received: Vec<u8>,
    /// How many of the bytes the case has looked at. Of a connection that the client left, the rest is chance.
    pub(crate) seen: usize,
    /// The server ended it.
    pub(crate) closed: bool,
    /// How its bodies were cut into chunks is chance.
    pub(crate) unchunked: bool,
}

/// One connection.
pub struct Client {
    stream: TcpStream,
    tape: Arc<Mutex<Tape>>,
    /// Where the next answer begins.
    next: usize,
    answered: usize,
}

impl Client {
    /// Opens a connection that is taped.
    ///
    /// # Panics
    /// When nobody listens there. All that goes wrong later panics, too.
    pub fn connect(address: SocketAddr, tape: Arc<Mutex<Tape>>) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        Self::of(stream, tape)
    }

    /// With little room in the kernel for what goes either way.
    pub(crate) fn narrow(address: SocketAddr, tape: Arc<Mutex<Tape>>) -> Self {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).expect("a socket");
        socket.set_recv_buffer_size(32 * 1024).expect("a size");
        socket.set_send_buffer_size(32 * 1024).expect("a size");
        socket.connect(&address.into()).expect("the server listens");
        Self::of(socket.into(), tape)
    }

    fn of(stream: TcpStream, tape: Arc<Mutex<Tape>>) -> Self {
        stream.set_nodelay(true).expect("the socket is open");
        stream.set_read_timeout(Some(PATIENCE)).expect("it is not zero");
        stream.set_write_timeout(Some(PATIENCE)).expect("it is not zero");
        Self { stream, tape, next: 0, answered: 0 }
    }

    fn tape(&self) -> MutexGuard<'_, Tape> {
        self.tape.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request.
    pub fn send(&mut self, request: &Request) {
        self.expects(request);
        self.write(&request.bytes());
    }

    /// Several at once.
    pub(crate) fn send_all(&mut self, requests: &[Request]) {
        requests.iter().for_each(|request| self.expects(request));
        self.write(&requests.iter().flat_map(Request::bytes).collect::<Vec<_>>());
    }

    /// Says that the server passes on what it reads, so that its chunks are as chance cuts them.
    pub(crate) fn takes_any_chunks(self) -> Self {
        self.tape().unchunked = true;
        self
    }

    /// Sends while it reads, for the server may answer, or break off, before it has everything.
    pub(crate) fn send_and_rest(mut self, request: &Request) -> Option<Answer> {
        self.expects(request);
        let mut writing = self.stream.try_clone().expect("a descriptor");
        let bytes = request.bytes();
        std::thread::scope(|scope| {
            // A server that breaks off tells so by its answer, or by none.
            scope.spawn(move || drop(writing.write_all(&bytes)));
            self.rest()
        })
    }

    /// Notes that an answer to this request is to come.
    pub(crate) fn expects(&mut self, request: &Request) {
        self.tape().sent.push((request.id.clone(), request.method.clone()));
    }

    /// Sends bytes.
    #[track_caller]
    pub fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server reads");
    }

    /// Writes until nothing more is taken; gives how much that was.
    pub(crate) fn write_until_stalled(&mut self, limit: u64) -> u64 {
        let piece = [b'x'; 16 * 1024];
        self.stream.set_nonblocking(true).expect("the socket is open");
        let (mut written, mut unchanged) = (0, 0);
        let deadline = Instant::now() + PATIENCE;
        while unchanged < 100 && written < limit {
            assert!(Instant::now() < deadline, "the writer is never stopped: {written} bytes");
            match self.stream.write(&piece) {
                Ok(length) => {
                    written += length as u64;
                    unchanged = 0;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    unchanged += 1;
                    std::thread::sleep(Duration::from_millis(2));
                }
                Err(error) => panic!("the connection broke after {written} bytes: {error}"),
            }
        }
        self.stream.set_nonblocking(false).expect("the socket is open");
        written
    }

    /// Reads what comes next; `false` at the end.
    fn read(&mut self) -> bool {
        let mut piece = [0; 64 * 1024];
        match self.stream.read(&mut piece) {
            // A reset after the answer is as good an end as any.
            Ok(0) => self.tape().closed = true,
            Ok(length) => self.tape().received.extend_from_slice(&piece[..length]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("nothing came in time after {:?}", String::from_utf8_lossy(&self.tape().received))
            }
            Err(_) => self.tape().closed = true,
        }
        !self.tape().closed
    }

    /// Reads until what came holds `needle`.
    #[track_caller]
    pub fn read_until(&mut self, needle: &str) {
        loop {
            let found = find(&self.tape().received, needle.as_bytes());
            if let Some(found) = found {
                let mut tape = self.tape();
                tape.seen = tape.seen.max(found + needle.len());
                return;
            }
            if !self.read() {
                let tape = self.tape();
                panic!("the answer ended before {needle:?}: {:?}", String::from_utf8_lossy(&tape.received));
            }
        }
    }

    /// Reads the next answer, and no more than it needs to.
    #[track_caller]
    pub fn answer(&mut self) -> Answer {
        loop {
            let answer = self.parse_next();
            match answer {
                Some(answer) if answer.whole => {
                    self.next += answer.end();
                    self.answered += 1;
                    let next = self.next;
                    let mut tape = self.tape();
                    tape.seen = tape.seen.max(next);
                    return answer;
                }
                _ if self.read() => {}
                // The last one may have been as long as the connection.
                Some(_) if self.parse_next().is_some_and(|answer| answer.whole) => {}
                _ => panic!("no whole answer: {:?}", String::from_utf8_lossy(&self.tape().received)),
            }
        }
    }

    fn parse_next(&self) -> Option<Answer> {
        let tape = self.tape();
        let method = tape.sent.get(self.answered).map_or("GET", |(_, method)| method);
        Answer::read(tape.received.get(self.next..)?, method, tape.closed)
    }

    /// Reads to the end of the connection, however it ends; gives the next answer, as much of it as came.
    pub fn rest(mut self) -> Option<Answer> {
        while self.read() {}
        let answer = self.parse_next();
        let mut tape = self.tape();
        tape.seen = tape.received.len();
        drop(tape);
        answer
    }

    /// Says that nothing more will be sent, and goes on listening.
    pub fn half_close(&mut self) {
        self.stream.shutdown(Shutdown::Write).expect("the socket is open");
    }

    /// Goes away.
    pub fn leave(self, how: Leave) {
        if how == Leave::Rst {
            SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).expect("the socket is open");
        }
    }
}
