//! Identifiers of events: UUIDs of version 7 (RFC 9562, section 5.7).

use std::cell::RefCell;

use jiff::Timestamp;
use uuid::{Builder, Uuid};

/// How much chance is asked of the system at once: a call for each identifier is a fifth of what a small event costs. A
/// generator of `rand`'s would cost less still, but cannot be asked while a thread's own variables are dropped, where
/// events are recorded too.
const STORE: usize = 512;
/// How much of it an identifier takes.
const TAKEN: usize = 8;

thread_local! {
    // A process that forks, and goes on recording in its child, would have the same in both; but its child has none of the
    // threads that write records.
    static CHANCE: RefCell<Store> = const { RefCell::new(Store { bytes: [0; STORE], left: 0 }) };
}

struct Store {
    bytes: [u8; STORE],
    left: usize,
}

impl Store {
    fn take(&mut self) -> Option<[u8; TAKEN]> {
        if self.left < TAKEN {
            getrandom::fill(&mut self.bytes).ok()?;
            self.left = STORE;
        }
        self.left -= TAKEN;
        self.bytes.get(self.left..)?.first_chunk().copied()
    }
}

/// An identifier for what began at `at`: its time to a quarter of a microsecond, by which identifiers sort (section 6.2,
/// method 3), and 62 bits of chance.
pub(crate) fn of(at: Timestamp) -> Uuid {
    let chance = CHANCE.try_with(|store| store.try_borrow_mut().ok()?.take()).ok().flatten();
    let (Ok(millis), Some(chance)) = (u64::try_from(at.as_millisecond()), chance) else { return Uuid::now_v7() };
    let nanos = u64::try_from(at.subsec_nanosecond()).unwrap_or(0) % 1_000_000;
    let [.., high, low] = (nanos * 4096 / 1_000_000).to_be_bytes();
    let mut bytes = [high, low, 0, 0, 0, 0, 0, 0, 0, 0];
    bytes[2..].copy_from_slice(&chance);
    Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn they_sort_by_time_and_no_two_are_the_same() {
        let start: Timestamp = "2026-11-26T12:00:00.123456789Z".parse().unwrap();
        let times = (0..1000).map(|step| start + jiff::SignedDuration::from_nanos(step * 250));
        let mut ids: Vec<Uuid> = times.map(of).collect();
        assert!(ids.is_sorted_by(|earlier, later| earlier.as_bytes()[..8] <= later.as_bytes()[..8]));
        assert!(ids.iter().all(|id| id.get_version_num() == 7 && id.get_variant() == uuid::Variant::RFC4122));
        let (seconds, nanos) = ids[0].get_timestamp().unwrap().to_unix();
        assert_eq!((seconds, nanos), (start.as_second().unsigned_abs(), 123_000_000));

        let others = (0..8).map(|_| std::thread::spawn(move || (0..1000).map(|_| of(start)).collect::<Vec<_>>()));
        ids.extend(others.collect::<Vec<_>>().into_iter().flat_map(|thread| thread.join().unwrap()));
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 9000);
        // Behind the variant's two bits each bit is by chance.
        let tails = ids.iter().map(|id| id.as_u64_pair().1 << 2);
        assert_eq!((tails.clone().fold(0, |a, b| a | b), tails.fold(u64::MAX, |a, b| a & b)), (u64::MAX << 2, 0));
    }

    #[test]
    fn before_1970_too_each_has_one() {
        assert_eq!(of(Timestamp::MIN).get_version_num(), 7);
    }
}
