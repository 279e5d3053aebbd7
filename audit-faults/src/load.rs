//! The load: threads that put requests through an auditor and tell which of them were acknowledged.
//!
//! On stdout a line for each acknowledged request, `ack EVENT_ID`, written once the head of its answer may leave; on
//! stdin it is told `stats`, `reopen` and `stop`, and answers with a line of JSON.

use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, Write as _};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use audit_core::exchange::{Exchange, Headers, RequestHead, ResponseHead};
use audit_core::{Auditor, Line, Output, Sink, WriteError};
use audit_store::Store;
use futures_executor::block_on;
use serde_json::{Value, json};

use crate::options::Options;

/// How long the end may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// No header lines.
struct NoLines;

impl Headers for NoLines {
    fn for_each<'a>(&'a self, _: &mut dyn FnMut(&'a str, &'a [u8])) {}

    fn get(&self, _: &str) -> Option<&[u8]> {
        None
    }
}

/// What became of the requests.
#[derive(Default)]
struct Counts {
    made: AtomicU64,
    acknowledged: AtomicU64,
    refused: AtomicU64,
    /// The longest that a request took, in microseconds, since it was last asked for.
    longest: AtomicU64,
}

/// How long records took to a sink beside the log.
#[derive(Clone, Default)]
struct Beside(Arc<Mutex<Vec<f64>>>);

impl Sink for Beside {
    fn name(&self) -> &str {
        "beside"
    }

    fn write(&mut self, batch: &[Line]) -> Result<(), WriteError> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for line in batch {
            // The request's path says when it was made.
            let text = String::from_utf8_lossy(line.bytes()).into_owned();
            let made = text.split_once("/api/at/").and_then(|(_, rest)| rest.split_once('"'));
            if let Some(made) = made.and_then(|(made, _)| made.parse::<f64>().ok()) {
                taken.push(now - made / 1e6);
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        Ok(())
    }

    fn shutdown(&mut self) -> Result<(), WriteError> {
        Ok(())
    }
}

struct Load {
    auditor: Auditor,
    counts: Counts,
    stopping: AtomicBool,
    /// How many requests may still be made.
    left: AtomicU64,
    pause: Duration,
    say: File,
    acknowledges: bool,
}

/// Runs until it is told to stop, or its stdin ends.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    match Options::parse(arguments).and_then(|options| serve(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// What a disk keeps of a program that does nothing but append a number, sync, and tell it.
fn bare(path: &str) -> Result<(), Box<dyn Error>> {
    let mut file = OpenOptions::new().append(true).create_new(true).open(path)?;
    let mut say = File::from(rustix::io::dup(rustix::stdio::stdout())?);
    for number in 0_u64.. {
        writeln!(file, "{{\"seq\":{},\"event_id\":\"{number}\"}}", number + 1)?;
        file.sync_data()?;
        writeln!(say, "ack {number}")?;
    }
    Ok(())
}

fn serve(options: &Options) -> Result<(), Box<dyn Error>> {
    if let (Some(path), Some(_)) = (options.text("journal"), options.text("bare")) {
        return bare(path);
    }
    let output = options.text("journal").map_or(Output::Stdout, |path| Output::File(path.into()));
    let beside = Beside::default();
    let mut builder = Auditor::builder().output(output).env();
    if let Some(path) = options.text("store") {
        builder = builder.sink(Store::open(path)?.sink());
    }
    if options.text("beside").is_some() {
        builder = builder.sink(beside.clone());
    }
    let say = match options.text("say") {
        // Stdout is the log's.
        Some(path) => OpenOptions::new().append(true).create(true).open(path)?,
        None => File::from(rustix::io::dup(rustix::stdio::stdout())?),
    };
    let load = Load {
        auditor: builder.build()?,
        counts: Counts::default(),
        stopping: AtomicBool::new(false),
        left: AtomicU64::new(options.number("records")?.unwrap_or(u64::MAX)),
        pause: Duration::from_micros(options.number("pause")?.unwrap_or(0)),
        say,
        acknowledges: options.text("say").is_none(),
    };
    if options.text("wait").is_some() {
        // Whoever watches this has to find its threads first.
        load.tell(&json!({"ready": true}));
        let mut go = String::new();
        std::io::stdin().lock().read_line(&mut go)?;
    }
    let threads: usize = options.number("threads")?.unwrap_or(1);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| load.work());
        }
        load.listen(&beside);
        load.stopping.store(true, Ordering::SeqCst);
    });
    let report = load.auditor.shutdown(PATIENCE);
    load.tell(
        &json!({"stopped": report.in_time, "lost": report.lost(), "sinks": report.sinks, "counts": load.counts()}),
    );
    Ok(())
}

impl Load {
    fn listen(&self, beside: &Beside) {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            match line.as_str() {
                "stats" => {
                    let mut taken = std::mem::take(&mut *beside.0.lock().unwrap_or_else(PoisonError::into_inner));
                    taken.sort_by(f64::total_cmp);
                    let at = |part: usize| taken.get(taken.len().saturating_sub(1) * part / 100).map(|s| s * 1e3);
                    let stats = json!({"sinks": self.auditor.stats().sinks, "counts": self.counts(),
                        "beside_ms": {"p50": at(50), "p99": at(99), "max": at(100)}});
                    self.tell(&stats);
                }
                "reopen" => {
                    self.auditor.reopen();
                    self.tell(&json!({"reopened": true}));
                }
                _ => return,
            }
        }
    }

    fn counts(&self) -> Value {
        let get = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
        let Counts { made, acknowledged, refused, longest } = &self.counts;
        json!({"made": get(made), "acknowledged": get(acknowledged), "refused": get(refused),
            "longest_us": longest.swap(0, Ordering::SeqCst), "is_done": get(&self.left) == 0})
    }

    fn tell(&self, value: &Value) {
        // Whoever does not listen any more has what it wanted.
        drop((&self.say).write_all(format!("{value}\n").as_bytes()));
    }

    fn work(&self) {
        let may_go_on = || {
            let take = |left: u64| left.checked_sub(1);
            !self.stopping.load(Ordering::SeqCst)
                && self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok()
        };
        while may_go_on() {
            let began = Instant::now();
            let acknowledged = self.request();
            self.counts.made.fetch_add(1, Ordering::SeqCst);
            let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.counts.longest.fetch_max(took, Ordering::SeqCst);
            match acknowledged {
                Some(id) => {
                    if self.acknowledges {
                        // One write, which a pipe takes as a whole.
                        drop((&self.say).write_all(format!("ack {id}\n").as_bytes()));
                    }
                    self.counts.acknowledged.fetch_add(1, Ordering::SeqCst);
                }
                None => drop(self.counts.refused.fetch_add(1, Ordering::SeqCst)),
            }
            if !self.pause.is_zero() {
                std::thread::sleep(self.pause);
            }
        }
    }

    /// A request as an adapter watches it; its identifier if the head may name it.
    fn request(&self) -> Option<String> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let path = format!("/api/at/{}", now.as_micros());
        let mut exchange = self.auditor.begin(&RequestHead::new("load", "GET", &path, &NoLines))?;
        let admitted = block_on(std::future::poll_fn(|cx| exchange.poll_admission(cx)));
        if admitted.is_err() {
            return answer(exchange, 503);
        }
        let id = exchange.respond(&ResponseHead::new(200, &NoLines));
        if block_on(std::future::poll_fn(|cx| exchange.poll_commit(cx))).is_err() {
            return None;
        }
        exchange.complete();
        drop(exchange);
        id
    }
}

fn answer(mut exchange: Exchange, status: u16) -> Option<String> {
    exchange.respond(&ResponseHead::new(status, &NoLines));
    exchange.complete();
    None
}
