//! What each way allocates for a body, once it is warm.
//!
//! A build of its own: the allocator that counts moves what it makes longer, where the system's often grows it in
//! place, and times taken with it would be the peers' loss.

use allocation_counter::{AllocationInfo, measure};

use crate::Failed;
use crate::payload::{Payload, Sizes};
use crate::ways;

const WARM_UP: usize = 3;

/// Prints how often memory was asked for, how much, and how much of it was held at once.
pub(crate) fn run() -> Result<(), Failed> {
    println!("allocations a body, after {WARM_UP} to warm up; bytes in all, and the most that were held at once");
    for payload in Payload::all(Sizes::Real) {
        println!("\n{}, {} bytes", payload.name, payload.body.len());
        for mut way in ways::all() {
            let counted = count(way.as_mut(), &payload)?;
            println!(
                "  {:<16} {:>8} {:>12} {:>12}",
                way.name(),
                counted.count_total,
                counted.bytes_total,
                counted.bytes_max
            );
        }
    }
    Ok(())
}

/// That counting works, and that ours asks for nothing: a tree takes memory, a copy into a buffer that is there takes
/// none.
pub(crate) fn check() -> Result<(), Failed> {
    for payload in Payload::all(Sizes::Small) {
        for mut way in ways::all() {
            let (name, counted) = (way.name(), count(way.as_mut(), &payload)?.count_total);
            if name == "Value" && counted == 0 || (name == "memcpy" || name == "ours") && counted > 0 {
                let what = format!("{counted} allocations were counted");
                return Err(Failed::Output { way: name, payload: payload.name.to_owned(), what });
            }
        }
    }
    Ok(())
}

fn count(way: &mut dyn ways::Way, payload: &Payload) -> Result<AllocationInfo, Failed> {
    for _ in 0..WARM_UP {
        way.redact(payload)?;
    }
    let mut done = Ok(());
    let counted = measure(|| done = way.redact(payload).map(drop));
    done.map(|()| counted)
}
