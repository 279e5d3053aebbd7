//! Whether the wall clock, by which records are dated, was set.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

/// What the wall clock may differ from the monotonic one before it is told.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(1);

/// The two clocks at the last look.
#[derive(Debug)]
pub(super) struct Clock {
    wall: Timestamp,
    monotonic: Instant,
}

/// The wall clock was set, or the machine slept.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// What it would have shown.
    pub(super) before: Timestamp,
    /// What it showed.
    pub(super) after: Timestamp,
    pub(super) milliseconds: i64,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self { wall: Timestamp::now(), monotonic: Instant::now() }
    }

    /// What happened to the wall clock since the last look.
    pub(super) fn look(&mut self) -> Option<Step> {
        self.look_at(Timestamp::now(), Instant::now())
    }

    /// As if the wall clock had been set by so much since.
    #[cfg(test)]
    pub(super) fn set_by(&mut self, by: SignedDuration) {
        self.wall -= by;
    }

    fn look_at(&mut self, wall: Timestamp, monotonic: Instant) -> Option<Step> {
        let elapsed = monotonic.saturating_duration_since(self.monotonic);
        let before = self.wall.saturating_add(SignedDuration::try_from(elapsed).unwrap_or(SignedDuration::MAX));
        *self = Self { wall, monotonic };
        let before = before.ok()?;
        let step = wall.duration_since(before);
        (step.abs() > TOLERANCE).then(|| Step {
            before,
            after: wall,
            milliseconds: i64::try_from(step.as_millis()).unwrap_or(i64::MAX),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_step_of_more_than_a_second_is_told_once() {
        let mut clock = Clock::new();
        let (wall, monotonic) = (clock.wall, clock.monotonic);
        let wall_at = |seconds: i64| wall + SignedDuration::from_secs(seconds);
        let at = |seconds: u64| monotonic + Duration::from_secs(seconds);
        assert_eq!(clock.look_at(wall_at(3_600), at(3_600)), None, "time goes by");
        assert_eq!(clock.look_at(wall_at(3_602), at(3_601)), None, "a second is nothing");
        let forward = clock.look_at(wall_at(3_612), at(3_602)).expect("nine seconds are");
        assert_eq!((forward.before, forward.after, forward.milliseconds), (wall_at(3_603), wall_at(3_612), 9_000));
        assert_eq!(clock.look_at(wall_at(3_613), at(3_603)), None);
        assert_eq!(clock.look_at(wall_at(10), at(3_604)).map(|step| step.milliseconds), Some(-3_604_000));
    }
}
