//! Ours and the peers by turns.

use std::hint::black_box;
use std::time::Instant;

use serde_json::Value;

use crate::Failed;
use crate::payload::{CANARY, KEEPER, LATITUDE, Payload, Sizes};
use crate::table::{least, median, time};
use crate::ways::{self, LINE, Way};

/// How many batches of each way are timed.
pub(crate) const ROUNDS: usize = 100;

/// Which ways are compared with ours by the aims: the faster must be beaten by as much.
const COMPARED: [&str; 2] = ["Value", "Value-contains"];

/// The times of one way, in nanoseconds a body, a round each.
struct Lane {
    way: Box<dyn Way>,
    rounds: Vec<f64>,
}

/// Looks at every output once, and then times them.
pub(crate) fn run(sizes: Sizes, rounds: usize) -> Result<(), Failed> {
    check(sizes)?;
    println!(
        "{rounds} rounds, one batch of each way a round; times a body; x is a way's time over ours, the median of the \
         rounds (and of the fastest batches)"
    );
    let mut verdicts = Vec::new();
    for payload in Payload::all(sizes) {
        let mut lanes = measure(&payload, rounds)?;
        println!("\n{}, {} bytes, batches of {}", payload.name, payload.body.len(), payload.batch);
        println!("  {:<16} {:>10} {:>10} {:>8} {:>8} {:>8}", "", "least", "median", "MB/s", "x", "(least)");
        let mut seen = Vec::new();
        let ours = lanes.first().map(|lane| lane.rounds.clone()).unwrap_or_default();
        for Lane { way, rounds } in &mut lanes {
            let mut ratios: Vec<f64> = rounds.iter().zip(&ours).map(|(one, ours)| one / ours).collect();
            let (ratio, of_least) = (median(&mut ratios), least(rounds) / least(&ours));
            let (least, median) = (least(rounds), median(rounds));
            println!(
                "  {:<16} {:>10} {:>10} {:>8.0} {ratio:>8.2} {of_least:>8.2}",
                way.name(),
                time(least),
                time(median),
                payload.body.len() as f64 * 1e3 / median,
            );
            if COMPARED.contains(&way.name()) {
                seen.push(ratio);
            }
        }
        verdicts.push(verdict(&payload, &seen));
    }
    let missed = verdicts.iter().filter(|(_, is_met)| !is_met).count();
    let [fast, usual] = COMPARED;
    println!("\ntimes faster than {fast}, and than {usual}");
    println!("  {:<20} {:>7} {:>7} {:>14}", "", "wanted", "stretch", "seen");
    verdicts.iter().for_each(|(line, _)| println!("{line}"));
    println!("{missed} of {} aims missed", verdicts.len());
    Ok(())
}

/// A line of the table, and whether the aim is met.
fn verdict(payload: &Payload, seen: &[f64]) -> (String, bool) {
    let least = least(seen);
    let word = match least {
        least if least >= payload.stretch => "met, and the stretch",
        least if least >= payload.aim => "met",
        _ => "MISSED",
    };
    let seen: Vec<String> = seen.iter().map(|ratio| format!("{ratio:>7.2}")).collect();
    let line =
        format!("  {:<20} {:>7.1} {:>7.1} {}  {word}", payload.name, payload.aim, payload.stretch, seen.join(""));
    (line, least >= payload.aim)
}

fn measure(payload: &Payload, rounds: usize) -> Result<Vec<Lane>, Failed> {
    let mut lanes: Vec<Lane> =
        ways::all().into_iter().map(|way| Lane { way, rounds: Vec::with_capacity(rounds) }).collect();
    // The first round only warms up.
    for round in 0..=rounds {
        // Another begins each time, so that none always follows the same one.
        let count = lanes.len();
        for turn in 0..count {
            let lane = &mut lanes[(round + turn) % count];
            let started = Instant::now();
            again(lane.way.as_mut(), payload, payload.batch)?;
            if round > 0 {
                lane.rounds.push(started.elapsed().as_secs_f64() * 1e9 / f64::from(payload.batch));
            }
        }
    }
    Ok(lanes)
}

/// Looks at every way's output for every payload.
pub(crate) fn check(sizes: Sizes) -> Result<(), Failed> {
    for payload in Payload::all(sizes) {
        for way in &mut ways::all() {
            let (name, redacts) = (way.name(), way.redacts());
            let shown = way.redact(&payload)?;
            let failed = |what| Failed::Output { way: name, payload: payload.name.to_owned(), what };
            if redacts {
                look_at(shown.bytes(), &payload, name == "ours").map_err(failed)?;
            } else if shown.bytes() != payload.body.as_bytes() {
                return Err(failed("it is not the same".to_owned()));
            }
        }
    }
    Ok(())
}

/// What is wrong with an output, if anything is. One that may end at the line's bound need not hold every keeper.
fn look_at(shown: &[u8], payload: &Payload, is_bounded: bool) -> Result<(), String> {
    let text = std::str::from_utf8(shown).map_err(|error| error.to_string())?;
    serde_json::from_str::<Value>(text).map_err(|error| format!("not JSON: {error}"))?;
    if text.contains(CANARY) || !text.contains("[FILTERED]") {
        return Err("a secret was not hidden".to_owned());
    }
    if payload.drops_geometry && (text.contains(LATITUDE) || !text.contains("[GEOMETRY_FILTERED]")) {
        return Err("a geometry was not dropped".to_owned());
    }
    if is_bounded && text.len() > LINE {
        return Err(format!("{} bytes, more than {LINE}", text.len()));
    }
    let (kept, all) = (text.matches(KEEPER).count(), payload.body.matches(KEEPER).count());
    let is_cut = is_bounded && payload.body.len() > LINE;
    if kept == 0 || kept < all && !is_cut {
        return Err(format!("it kept {kept} of {all} harmless values"));
    }
    Ok(())
}

/// One way on one payload, as often as is asked for.
pub(crate) fn repeat(way: &str, payload: &str, count: u32) -> Result<(), Failed> {
    let (mut ways, payloads) = (ways::all(), Payload::all(Sizes::Real));
    let names = ways.iter().map(|way| way.name()).collect::<Vec<_>>().join(", ");
    let found = ways.iter_mut().find(|found| found.name() == way);
    let way = found.ok_or_else(|| Failed::Unknown { what: "way", name: way.to_owned(), expected: names })?;
    let names = payloads.iter().map(|payload| payload.name).collect::<Vec<_>>().join(", ");
    let found = payloads.iter().find(|found| found.name == payload);
    let payload =
        found.ok_or_else(|| Failed::Unknown { what: "payload", name: payload.to_owned(), expected: names })?;
    again(way.as_mut(), payload, count)
}

/// What a profiler is told to look at, by its name: `--toggle-collect=redaction::race::again`.
#[inline(never)]
fn again(way: &mut dyn Way, payload: &Payload, count: u32) -> Result<(), Failed> {
    for _ in 0..count {
        black_box(way.redact(black_box(payload))?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_that_void_a_figure() {
        let payloads = Payload::all(Sizes::Small);
        let (post, compact) = (&payloads[0], &payloads[5]);
        let wrong = |text: &str, payload| look_at(text.as_bytes(), payload, true).unwrap_err();
        assert!(look_at(br#"["[FILTERED]","keeper"]"#, post, true).is_ok());
        assert!(wrong(r#"["[FILTERED]","keeper"#, post).contains("not JSON"));
        assert!(wrong(r#"["[FILTERED]","keeper","canary"]"#, post).contains("secret"));
        assert!(wrong(r#"["keeper"]"#, post).contains("secret"));
        assert!(wrong(r#"["[FILTERED]"]"#, post).contains("0 of 1"));
        assert!(wrong(r#"["[FILTERED]","keeper"]"#, compact).contains("geometry"));
        assert!(wrong(r#"["[FILTERED]","[GEOMETRY_FILTERED]","keeper",41.5]"#, compact).contains("geometry"));
        let long = format!(r#"["[FILTERED]","keeper","{}"]"#, "x".repeat(LINE));
        assert!(wrong(&long, post).contains("more than"));
    }

    #[test]
    fn an_aim_is_met_or_missed() {
        let payload = &Payload::all(Sizes::Small)[0];
        assert!(!verdict(payload, &[9.0, 3.1]).1 && verdict(payload, &[3.1]).0.ends_with("MISSED"));
        assert!(verdict(payload, &[3.2]).1 && verdict(payload, &[9.0]).0.ends_with("stretch"));
    }
}
