//! Many requests of each kind that ends badly, and many at once: none is missing, none is double, none is completed
//! whose last byte the framework did not take, and none holds what is another's. Where a framework runs on for a client
//! that left, it may have taken the last byte without having sent it: then either end is the truth, and a completed record
//! counts all bytes of the answer.
//!
//! `CONFORMANCE_SCALE` multiplies how many.

use serde_json::json;

use super::{disconnects, panics, streams};
use crate::case::{Case, Expect, Framework};
use crate::client::Leave;
use crate::talk::Talk;

/// How many of each kind.
const TIMES: usize = 100;
const AT_ONCE: usize = 2000;
const TOGETHER: usize = 100;

fn cut_handlers(name: &'static str, how: Leave, times: usize) -> Case {
    let case = Case::new(name, "Clients that leave while their handlers wait.", move |talk| {
        for index in 0..times {
            disconnects::leaves_before_the_head(talk, how, index);
        }
    })
    .each_leaves(times, &disconnects::before_the_head());
    let for_nobody = || disconnects::for_nobody(times);
    match how {
        Leave::Fin => case.but(Framework::Actix, disconnects::HALF_CLOSED, for_nobody()).but(
            Framework::Rocket,
            disconnects::RUNS_ON,
            for_nobody(),
        ),
        Leave::Rst => case.but(Framework::Rocket, disconnects::RUNS_ON, for_nobody()),
    }
}

/// All are in their handlers before the first may go on.
fn at_once(talk: &mut Talk, times: usize) {
    let gate = talk.gate("all");
    let mut clients = Vec::new();
    // As many at a time as any queue of new connections holds.
    for first in (0..times).step_by(TOGETHER) {
        let ids = first..times.min(first + TOGETHER);
        for id in ids.clone() {
            let request = talk.request("GET", &format!("/own/{id}/{gate}"));
            let mut client = talk.connect();
            client.send(&request);
            clients.push(client);
        }
        talk.arrived(&gate, ids.len());
    }
    talk.open(&gate, times);
    for (id, client) in clients.into_iter().enumerate() {
        client.rest().expect("an answer").is(200, &format!("{id}\n"));
    }
}

pub(super) fn cases(scale: usize) -> Vec<Case> {
    let times = TIMES * scale;
    let own = Case::new("load.at_once", "2,000 requests at once, each with its own.", |talk| at_once(talk, AT_ONCE));
    let own = (0..AT_ONCE).fold(own, |case, id| {
        case.leaves(json!({"action": "own.read", "completion": "completed", "data": {"own": id.to_string()}}))
    });
    vec![
        cut_handlers("load.cut_fin", Leave::Fin, times),
        cut_handlers("load.cut_rst", Leave::Rst, times),
        Case::new("load.cut_answers", "Clients that leave in the middle of answers, in both ways.", move |talk| {
            for index in 0..times {
                streams::cuts(talk, if index % 2 == 0 { Leave::Fin } else { Leave::Rst });
            }
        })
        .each_leaves(times, &streams::cut()),
        Case::new("load.panics", "Panics.", move |talk| {
            for _ in 0..times {
                let request = talk.request("GET", "/panic");
                talk.send_for_any(&request);
            }
        })
        .panics(times)
        .each_leaves(times, &panics::panicked("panic.trigger", "this route panics on purpose"))
        .but(
            Framework::Rocket,
            panics::CAUGHT,
            Expect::Records(vec![
                panics::caught(panics::panicked("panic.trigger", "this route panics on purpose"));
                times
            ]),
        ),
        own,
    ]
}
