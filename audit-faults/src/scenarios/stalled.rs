//! A log on stdout that nobody reads.

use std::error::Error;
use std::io::{BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::process::{command, wait_until};
use crate::scenarios::echo::{Echo, head};
use crate::scenarios::full::figure;
use crate::scenarios::{Played, Stage, built};
use crate::table::Row;

const CONNECTIONS: usize = 256;
const BODY: usize = 1 << 20;
const QUEUE: u64 = 8 << 20;
/// What is held of a body: what a record may show (`AUDIT_MAX_LINE_BYTES`), and one text of four times that.
const CAP: u64 = 5 * 16_384;
const BESIDES: u64 = 32 << 20;

pub(super) fn play(stage: &Stage) -> Played {
    let mut rows = vec![memory(stage)?];
    rows.extend(beside(stage)?);
    Ok(rows)
}

fn memory(stage: &Stage) -> Result<Row, Box<dyn Error>> {
    let rounds = stage.times(4);
    let Flooded { above: ours, made, told } = flooded(rounds, "0")?;
    let Flooded { above: bare, .. } = flooded(rounds, "1")?;
    // What the server itself takes for so many bodies is not ours.
    let more = ours.saturating_sub(bare);
    let bound = QUEUE + CONNECTIONS as u64 * CAP + BESIDES;
    let mib = |bytes: u64| bytes >> 20;
    let seen = format!(
        "{} MiB above idle, without the layer {}: {} more, {} allowed; {made} requests, {} written and {} told as dropped",
        mib(ours),
        mib(bare),
        mib(more),
        mib(bound),
        told.0,
        told.1
    );
    let promised =
        "memory above idle at most that without the layer + queue + connections x cap + 32 MiB; every drop is counted";
    Ok(Row::new("stall: 256 connections, 1 MiB bodies", promised, seen, more <= bound && told.0 + told.1 == made))
}

/// What became of many bodies.
struct Flooded {
    /// Memory above idle.
    above: u64,
    made: u64,
    /// Records written, and told as missing.
    told: (u64, u64),
}

/// Sends bodies to a server whose stdout is not read.
fn flooded(rounds: u32, bare: &str) -> Result<Flooded, Box<dyn Error>> {
    let settings = [("AUDIT_DELIVERY", "best_effort"), ("AUDIT_MODE", "full"), ("BARE", bare)];
    let mut echo = Echo::start(&built("echo-axum")?, &settings, Stdio::piped())?;
    let stdout = echo.child.stdout.take().ok_or("it has a stdout")?;
    let idle = memory_of(&echo.child, "VmRSS")?;
    let body = Arc::new(body());
    let barrier = Arc::new(Barrier::new(CONNECTIONS));
    let sending: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (body, barrier, address) = (Arc::clone(&body), Arc::clone(&barrier), echo.address);
            std::thread::spawn(move || upload(address, &body, &barrier, rounds).map_err(|error| error.to_string()))
        })
        .collect();
    for thread in sending {
        thread.join().map_err(|_| "a connection panicked")??;
    }
    let peak = memory_of(&echo.child, "VmHWM")?;
    let reading = std::thread::spawn(move || read_log(stdout));
    kill_process(Pid::from_child(&echo.child), Signal::TERM)?;
    wait_until("the server to stop", || echo.child.try_wait().is_ok_and(|ended| ended.is_some()))?;
    let told = reading.join().map_err(|_| "the reader panicked")?.map_err(|error| error.to_string())?;
    Ok(Flooded { above: peak.saturating_sub(idle), made: CONNECTIONS as u64 * u64::from(rounds), told })
}

/// JSON of many short texts.
fn body() -> Vec<u8> {
    let mut body = br#"{"texts":["#.to_vec();
    while body.len() < BODY - 20 {
        body.extend_from_slice(br#""0123456789","#);
    }
    body.extend_from_slice(br#""end"]}"#);
    body
}

/// Every connection holds half a body before any sends the rest.
fn upload(
    address: SocketAddr,
    body: &[u8],
    barrier: &Barrier,
    rounds: u32,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let (first, rest) = body.split_at(body.len() / 2);
    for _ in 0..rounds {
        let head_lines = format!(
            "POST /sink HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        (&stream).write_all(head_lines.as_bytes())?;
        (&stream).write_all(first)?;
        barrier.wait();
        (&stream).write_all(rest)?;
        let (_, length) = head(&mut reader).map_err(|error| error.to_string())?;
        reader.by_ref().take(length).read_to_end(&mut Vec::new())?;
    }
    Ok(())
}

fn read_log(mut stdout: ChildStdout) -> Result<(u64, u64), Box<dyn Error + Send + Sync>> {
    let mut text = String::new();
    stdout.read_to_string(&mut text)?;
    let (mut events, mut missing) = (0, 0);
    for line in text.lines() {
        let record: Value = serde_json::from_str(line)?;
        match record["action"].as_str() {
            Some("audit.gap") => missing += record["data"]["count"].as_u64().unwrap_or(0),
            Some(action) if action.starts_with("audit.") => {}
            _ => events += 1,
        }
    }
    Ok((events, missing))
}

/// What the kernel says of a process's memory, in bytes.
fn memory_of(child: &Child, what: &str) -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()))?;
    let line = status.lines().find(|line| line.starts_with(what)).ok_or("the kernel says nothing of it")?;
    let number = line.split_whitespace().nth(1).ok_or("it has a number")?;
    Ok(number.parse::<u64>()? * 1024)
}

fn beside(stage: &Stage) -> Played {
    let (read, stalled) = (logged(stage, Stdio::null(), "read")?, logged(stage, Stdio::piped(), "stalled")?);
    let at = |said: &Said, part: &str| said.stats["beside_ms"][part].as_f64().unwrap_or(f64::NAN);
    let latency = |said: &Said| ["p50", "p99", "max"].map(|part| format!("{part} {:.2}", at(said, part))).join(", ");
    let lost = figure(&stalled.report["sinks"][1], "lost");
    let seen = format!("ms: {}; without the stall: {}", latency(&stalled), latency(&read));
    let is_kept = lost == 0 && at(&stalled, "p99") < at(&read, "p99").max(1.0) * 5.0;
    let mut rows = vec![Row::new("stall: a sink beside the log", "gets its records as without it", seen, is_kept)];
    let made = stalled.report["counts"]["made"].as_u64().unwrap_or(0);
    let [accepted, written, dropped, failed, queued] =
        ["accepted", "written", "dropped", "failed", "queued"].map(|name| figure(&stalled.report, name));
    let seen = format!(
        "{made} requests: {written} written, {dropped} dropped, {failed} failed, {queued} queued; shutdown after {} ms of \
         10,000",
        stalled.took.as_millis()
    );
    let adds_up = accepted == written + dropped + failed + queued && accepted == made && dropped > 0;
    let is_kept = adds_up && stalled.took < Duration::from_secs(11);
    let promised = "drops are counted exactly; the shutdown ends at its deadline";
    rows.push(Row::new("stall: best_effort, and shutdown while stalled", promised, seen, is_kept));
    Ok(rows)
}

struct Said {
    stats: Value,
    report: Value,
    took: Duration,
}

/// A load whose log is stdout.
fn logged(stage: &Stage, stdout: Stdio, name: &str) -> Result<Said, Box<dyn Error>> {
    let path = stage.folder.join(name);
    let mut command = command(std::env::current_exe()?);
    command.args(["load", "--threads", "4", "--pause", "500", "--beside", "1", "--say"]).arg(&path);
    command.env("AUDIT_DELIVERY", "best_effort").env("AUDIT_QUEUE_BYTES", "500000");
    let mut child = command.stdin(Stdio::piped()).stdout(stdout).spawn()?;
    let mut commands = child.stdin.take().ok_or("it has an input")?;
    std::thread::sleep(Duration::from_secs(u64::from(stage.times(5))));
    writeln!(commands, "stats")?;
    wait_until("its figures", || said(&path).len() == 1)?;
    let asked = Instant::now();
    writeln!(commands, "stop")?;
    wait_until("its end", || child.try_wait().is_ok_and(|ended| ended.is_some()))?;
    let took = asked.elapsed();
    let mut said = said(&path).into_iter();
    let (stats, report) = said.next().zip(said.next()).ok_or("it said nothing")?;
    Ok(Said { stats, report, took })
}

fn said(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
