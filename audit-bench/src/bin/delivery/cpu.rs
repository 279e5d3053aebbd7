//! The processor's time of this process.

use std::time::Duration;

/// User's and system's time of all threads so far.
pub(crate) fn time() -> Duration {
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF);
    usage.map_or(Duration::ZERO, |usage| {
        let of = |time: nix::sys::time::TimeVal| {
            let (seconds, micros) = (time.tv_sec(), time.tv_usec());
            Duration::from_secs(seconds.unsigned_abs()) + Duration::from_micros(micros.unsigned_abs())
        };
        of(usage.user_time()) + of(usage.system_time())
    })
}
