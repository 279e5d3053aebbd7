//! Whatever bytes a client sends, the way that requests take: each makes one good line.

use std::num::NonZeroUsize;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::task::{Context, Waker};

use audit_core::exchange::{RequestHead, ResponseHead};
use audit_core::redact::{Hide, Rules};
use audit_core::testing::MemorySink;
use audit_core::{Auditor, Mode, Output};

use super::draw::Draw;
use crate::support::strict::check_line;
use crate::support::{Lines, timeless};

const KINDS: &[&str] = &[
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=B",
    "application/x-ndjson",
    "application/geo+json",
    "text/plain",
    "application/json; charset=latin1",
    "",
];

/// An auditor and what it wrote.
struct Setup {
    auditor: Auditor,
    sink: MemorySink,
    line_bytes: usize,
}

impl Setup {
    fn new(mode: Mode, line_bytes: usize, rules: Rules) -> Self {
        let sink = MemorySink::new();
        let builder = Auditor::builder().output(Output::None).sink(sink.clone()).mode(mode).redact(rules).include("/");
        let builder = builder.max_line_bytes(line_bytes).record_response_headers().record_response_bodies();
        Self { auditor: builder.build().expect("the settings are good"), sink, line_bytes }
    }
}

/// Made once, for each has threads of its own. One at a time: what a sink holds is of one request.
static SETUPS: LazyLock<Mutex<Vec<Setup>>> = LazyLock::new(|| {
    let keeping = Rules::new().keep_only(["note", "a"]).value_pattern("[0-9]{16}").name_pattern("^x_");
    Mutex::new(vec![
        Setup::new(Mode::Compact, 16_384, Rules::new()),
        Setup::new(Mode::Full, 16_384, Rules::new()),
        Setup::new(Mode::Compact, 2_048, Rules::new()),
        Setup::new(Mode::Full, 2_048, Rules::new().hide(Hide::Removed)),
        Setup::new(Mode::Basic, 2_048, Rules::new()),
        Setup::new(Mode::Full, 4_096, keeping),
    ])
});

/// The target `bytes`.
pub(crate) fn bytes(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let setups = SETUPS.lock().unwrap_or_else(PoisonError::into_inner);
    let setup = &setups[draw.below(setups.len())];
    let request = Request::draw(&mut draw);
    let whole = request.line(setup, NonZeroUsize::MAX);
    let pieces = request.line(setup, request.piece);
    if let (Some(whole), Some(pieces)) = (whole, pieces) {
        assert_eq!(timeless(&whole), timeless(&pieces));
    }
}

struct Request<'a> {
    kind: Vec<u8>,
    encoding: &'static str,
    path: String,
    query: String,
    header: String,
    error: String,
    is_answer: bool,
    is_complete: bool,
    piece: NonZeroUsize,
    body: &'a [u8],
}

impl<'a> Request<'a> {
    fn draw(draw: &mut Draw<'a>) -> Self {
        let known = draw.below(KINDS.len() + 1);
        Self {
            kind: KINDS.get(known).map_or_else(|| draw.text().into_bytes(), |kind| kind.as_bytes().to_vec()),
            encoding: draw.pick(&["", "", "", "", "", "", "", "gzip"]),
            is_answer: draw.once_in(8),
            is_complete: !draw.once_in(4),
            piece: NonZeroUsize::MIN.saturating_add(draw.below(64)),
            path: if draw.once_in(8) { format!("/{}", draw.text()) } else { "/api/things".to_owned() },
            query: if draw.once_in(8) { draw.text() } else { String::new() },
            header: if draw.once_in(8) { draw.text() } else { String::new() },
            error: if draw.once_in(8) { draw.text() } else { String::new() },
            body: draw.rest(),
        }
    }

    /// The line of the request, whose body comes in such pieces; nothing if it had to be cut, for how much then fits
    /// depends on how long it took.
    fn line(&self, setup: &Setup, piece: NonZeroUsize) -> Option<String> {
        let headers = [
            ("content-type", &*self.kind),
            ("content-encoding", self.encoding.as_bytes()),
            ("user-agent", self.header.as_bytes()),
            ("cookie", self.header.as_bytes()),
        ];
        let headers = Lines(&headers);
        let mut head = RequestHead::new("test", "POST", &self.path, &headers);
        head.query = Some(&*self.query).filter(|query| !query.is_empty());
        let mut exchange = setup.auditor.begin(&head).expect("every path is included");
        while exchange.poll_admission(&mut Context::from_waker(Waker::noop())).is_pending() {
            std::thread::yield_now();
        }
        let tap = exchange.request_tap();
        if !self.is_answer {
            self.body.chunks(piece.get()).for_each(|piece| tap.push(piece));
        }
        if self.is_complete {
            tap.complete();
        }
        exchange.respond(&ResponseHead::new(200, &headers));
        if self.is_answer {
            self.body.chunks(piece.get()).for_each(|piece| exchange.sent(piece));
        }
        if !self.error.is_empty() {
            exchange.note_error(&self.error);
        }
        if self.is_complete {
            exchange.complete();
        }
        drop(exchange);
        drop(tap);
        assert_eq!(setup.sink.wait_for(1).len(), 1);
        let line = setup.sink.lines().remove(0);
        setup.sink.clear();
        let record = check_line(&line, setup.line_bytes);
        record.get("truncated").is_none().then(|| line.json().to_owned())
    }
}
