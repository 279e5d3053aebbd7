//! What the echo servers share, one for each framework (`echo-axum` …): this page, and whatever names no framework.
//!
//! Each serves the routes below with the meaning that is written here, so that one table of cases fits all. Headers
//! that no row names are the framework's own affair, and so is the text of refusals that its extractors write.
//!
//! # Settings
//! [`Settings`] reads them: `HOST` (127.0.0.1), `PORT` (8080; 0 is any that is free), `DATA_DIR` (a log file
//! `audit.jsonl` in it; without it records go to stdout), all `AUDIT_*`, and:
//!
//! | variable | |
//! |---|---|
//! | `BARE=1` | no audit layer and no auditor: the very same routes, handlers and annotations |
//! | `LAYER_TWICE=1` | the layer is applied twice |
//! | `DRAIN_MS=N` | a stop waits at most so long for requests in flight, then calls `auditor.shutdown`; without it, as long as they take |
//! | `TIMEOUT_OUTSIDE_MS=N` | a timeout around the layer: 408 with an empty body, and the handler dropped. `echo-rocket` does not read it: nothing stands around a fairing |
//!
//! When it serves, it says `listening on http://ADDRESS` on stderr. SIGINT and SIGTERM stop it: no new connections,
//! requests in flight are served, the log is flushed.
//!
//! # Routes
//! `text` is `text/plain`, with a `content-length`. `wired` means that the route is known to lead to its handler
//! before extractors run. Everything is wired that is not said to be not annotated. Body limits are off. Where the
//! framework does not answer `HEAD` by its `GET` routes, `/status/{code}` and `/stream` have routes of their own for it.
//!
//! | route | action | what it does |
//! |---|---|---|
//! | `POST /echo` | `echo.send` | 200, the body as it comes, with its `content-type` |
//! | `POST /sink` | `sink.send` | reads and discards the body: 200 and its length as text. A body that breaks: 400 and the error's text |
//! | `POST /digest` | `digest.send` | reads the body and discards it: 200 and its [`Digest`]. A body that breaks: 400 `cut\n` |
//! | `GET /slow?ms=N` | `slow.read` | sleeps: 200 `slept N ms\n` |
//! | `GET /stream?chunks=N&ms=M` | `stream.read` | 200, chunked, `chunk I\n` each after a sleep |
//! | `GET /panic` | `panic.trigger` | panics: `this route panics on purpose` |
//! | `GET /status/{code}` | `status.read`, target `status/{code}` | that status and `CODE\n`; what is no status: 400 `not a status\n` |
//! | `GET /hold/{gate}` | `hold.read` | holds a [`Farewell`], comes to the [gate], waits: 200 `held\n` |
//! | `GET /hold-stream/{gate}` | `hold.stream` | 200, chunked: `first\n`, then comes to the gate and waits, then `second\n`. The stream holds a [`Farewell`] |
//! | `POST /gates/{gate}?times=N` | exempt | lets N (1) pass, now or later: 200 `open\n` |
//! | `GET /gates/{gate}?times=N` | exempt | waits until N (1) came that nobody waited for yet: 200 `came\n` |
//! | `POST /json` | `layer.create`, target `layer/{name}` | extracts `{"name": string}` and ignores other members; `data("length", bytes of the name)`; 201 and `{"name":"…"}` as JSON |
//! | `GET /items/{id}` | `item.read`, target `item/{id}` | `id` is a `u32` by an extractor, whose refusal is the framework's: 200 `item ID\n` |
//! | `GET /guarded` | `guarded.read` | an extractor or guard, not the handler: without `x-key` 401 `no key\n`; `x-key: brass` is right; any other 403 `not this key\n`, after `set_actor(Actor::user(the key))`. 200 `guarded\n` |
//! | `GET /redirect` | `redirect.read` | 303, `location: /status/200`, empty |
//! | `GET /empty` | `empty.read` | 204 |
//! | `POST /panic/{when}` | `panic.body` | panics `before` it reads the body, `during` (after its first chunk) or `after` the last: `panic WHEN reading`. Another `when`: 404 |
//! | `GET /panic-blocking` | `panic.blocking` | [`blocking::panics`]: a panic in a thread for blocking work that reaches the handler |
//! | `POST /panic-blocking/{when}` | `panic.blocking_body` | as `/panic/{when}`, by [`blocking::panics_when`] |
//! | `GET /panic-at-once` | `panic.at_once` | the handler is no async function, and panics where it is called: `this function panics on purpose` |
//! | `GET /panic-stream` | `panic.stream` | 200, chunked: `first\n`, and the stream's next poll panics: `the stream panics on purpose` |
//! | `GET /broken-stream` | `broken.stream` | 200, chunked: `first\n`, then an error: `the stream broke: password=hunter2` |
//! | `GET /sse` | `events.read` | 200 `text/event-stream`: `data: one\n\n`, `data: two\n\n`, `data: three\n\n`, end |
//! | `GET /ws` | `socket.open` | a WebSocket that sends each text message back until the client closes |
//! | `GET /nested` | `nested.run` | [`nested::run`]: 200 `nested\n` |
//! | `GET /spawned` | `spawned.run` | [`spawned::run`]: 200 `spawned\n` |
//! | `GET /actor` | `actor.read` | `x-actor: NAME`: a layer or guard inside the audit layer says `Actor::user(NAME)` before the handler, as is usual in the framework. `x-actor-in: NAME`: the handler calls `set_actor`. `x-actor-after: NAME`: the layer says so after the handler. 200 `actor\n` |
//! | `GET /timeout/inside/{gate}` | `timeout.inside` | as `/hold/{gate}`, under a timeout of 50 ms between the audit layer and the handler: 408, empty. In `echo-rocket`, where nothing stands there, the handler has the timeout within itself |
//! | `GET /on-error/{code}` | `on_error.read`, `on = "error"` | as `/status/{code}`, without a target |
//! | `GET /on-error-panic` | `on_error.panic`, `on = "error"` | as `/panic` |
//! | `GET /on-error-flood?bytes=N` | `on_error.flood`, `on = "error"` | as `/flood` |
//! | `GET /basic` | `basic.read`, `mode = "basic"` | 200 `basic\n` |
//! | `POST /basic` | `basic.send`, `mode = "basic"` | reads the body: 200 `basic\n` |
//! | `POST /full` | `full.send`, `mode = "full"` | reads the body: 200 `full\n` |
//! | `GET /plain/{x}` `/api/plain` `/app/{x}` `/app/static/{x}` | not annotated | 200 `plain\n` |
//! | `GET /health` | exempt | 200 `ok\n` |
//! | `POST /unread` | `unread.send` | does not read the body: 200 `unread\n` |
//! | `POST /slow-read/{gate}` | `slow_read.send` | reads a chunk, comes to the gate and waits, reads the rest: 200, its length and `\n`. A body that breaks: 400 `cut\n` |
//! | `GET /flood?bytes=N` | `flood.read` | 200, chunked: pieces from a [`flood::pieces`], without end or N bytes |
//! | `GET /flood-count` | exempt | 200, [`flood::produced`] and `\n` |
//! | `GET /own/{id}/{gate}` | `own.read` | [`own::note`], then 200 `ID\n` |
//!
//! All other paths: the framework's own 404. A method that a route does not have: the framework's own answer.
//!
//! [gate]: gates

pub mod blocking;
mod digest;
mod farewell;
pub mod flood;
pub mod gates;
pub mod nested;
pub mod own;
mod settings;
pub mod spawned;
mod stop;

pub use digest::Digest;
pub use farewell::Farewell;
pub use settings::{NoNumber, Settings};
pub use stop::asked_to_stop;

/// The key that `/guarded` lets pass.
pub const KEY: &str = "brass";
/// How long `/timeout/inside/{gate}` may take.
pub const TIMEOUT_INSIDE: std::time::Duration = std::time::Duration::from_millis(50);
/// What `/sse` sends.
pub const EVENTS: [&str; 3] = ["one", "two", "three"];
/// The error that ends `/broken-stream`.
pub const BROKEN: &str = "the stream broke: password=hunter2";
