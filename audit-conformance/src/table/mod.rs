//! The cases, by theme. What is expected is what the documentation promises, not what some code does.

mod actors;
mod answers;
mod bulk;
mod disconnects;
mod forwarding;
mod http2;
mod load;
mod modes;
mod nesting;
mod panics;
mod paths;
mod refusals;
mod shutdown;
mod spawning;
mod streams;
mod strict;
mod timeouts;
mod upgrade;
mod uploads;

use crate::case::Case;

pub(crate) use bulk::USUAL;

/// The cases of load are `scale` times as heavy; bodies of which there is much have so many MiB.
pub(crate) fn all(scale: usize, bulk: usize) -> Vec<Case> {
    [
        answers::cases(),
        refusals::cases(),
        panics::cases(),
        disconnects::cases(),
        uploads::cases(),
        streams::cases(),
        upgrade::cases(),
        http2::cases(),
        nesting::cases(),
        spawning::cases(),
        actors::cases(),
        modes::cases(),
        paths::cases(),
        forwarding::cases(),
        timeouts::cases(),
        shutdown::cases(),
        strict::cases(),
        load::cases(scale),
        bulk::cases(bulk),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_can_stand_in_a_request_id() {
        let mut names = HashSet::new();
        for case in super::all(1, 1) {
            assert!(names.insert(case.name), "{} twice", case.name);
            assert!(
                case.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte)),
                "{}",
                case.name
            );
            assert!(case.about.ends_with('.'), "{}", case.name);
        }
        assert!(names.len() >= 60, "{}", names.len());
    }
}
