//! What delivery costs: `delivery [buffered|tasks|threads] [SECONDS] [FOLDER]`, in one process, its ways by turns.
//!
//! - **`buffered`**: the processor's time a record takes from its encoded line to the log file, all threads: a run with a
//!   file less one that encodes only. Beside it, what a plain buffered writer behind a mutex takes for the same bytes.
//! - **`strict`**: commits a second (an exchange has two) with 1, 64 and 256 exchanges in flight: each in a task of an
//!   executor, as a service has them, then each on a thread of its own. Beside it, bare group commit: as many of the same
//!   that hand bytes of a record's length to one thread, which writes and calls `fdatasync`. Both go to the same folder.
//!
//! Times of a busy machine are not worth much; the ratios are of turns that follow each other, and their median.

#[cfg(unix)]
mod buffered;
#[cfg(unix)]
mod cpu;
#[cfg(unix)]
mod strict;

use std::process::ExitCode;

#[cfg(not(unix))]
fn main() -> ExitCode {
    eprintln!("skipped: a process's time is asked for as Unix tells it");
    ExitCode::SUCCESS
}

/// What can be measured alone.
#[cfg(unix)]
const PARTS: [&str; 3] = ["buffered", "tasks", "threads"];

#[cfg(unix)]
fn main() -> ExitCode {
    use std::path::PathBuf;
    use std::time::Duration;

    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_part = |word: &String| PARTS.contains(&word.as_str());
    let part = arguments.first().is_some_and(is_part).then(|| arguments.remove(0));
    let is_asked = |name: &str| part.as_ref().is_none_or(|part| part == name);
    let seconds = arguments.first().map_or(Ok(1.0), |text| text.parse::<f64>());
    let (Ok(seconds), true) = (seconds, arguments.len() <= 2) else {
        eprintln!("usage: delivery [{}] [SECONDS A TURN] [FOLDER]", PARTS.join("|"));
        return ExitCode::from(2);
    };
    let folder = arguments.get(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = folder.join(format!("audit-bench-delivery-{}", std::process::id()));
    let done = std::fs::create_dir_all(&folder).map_err(Into::into).and_then(|()| {
        if is_asked("buffered") {
            buffered::run(&folder)?;
        }
        strict::run(&folder, Duration::from_secs_f64(seconds.clamp(0.05, 600.0)), is_asked)
    });
    let removed = std::fs::remove_dir_all(&folder);
    match done.and_then(|()| removed.map_err(Into::into)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// What went wrong, in words.
#[cfg(unix)]
type Failed = Box<dyn std::error::Error>;

/// The median.
#[cfg(unix)]
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
