//! The scenarios, in the order of what they are about.

mod clock;
mod echo;
mod followers;
mod full;
mod inject;
mod kill;
mod power;
mod rotate;
mod small;
mod stalled;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use crate::machine;
use crate::options::Options;
use crate::table::{Row, Verdict};

type Played = Result<Vec<Row>, Box<dyn Error>>;

struct Scenario {
    name: &'static str,
    what: &'static str,
    /// Programs, or files, and the Debian packages that they are in.
    needs: &'static [(&'static str, &'static str)],
    needs_root: bool,
    play: fn(&Stage) -> Played,
}

const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "kill",
        what: "kill -9 at random moments, on each adapter",
        needs: &[],
        needs_root: false,
        play: kill::play,
    },
    Scenario {
        name: "power",
        what: "power cuts: an ext4 shut down without flushing its log",
        needs: &[("mkfs.ext4", "e2fsprogs"), ("cc", "gcc")],
        needs_root: true,
        play: power::play,
    },
    Scenario {
        name: "full",
        what: "a disk that gets full and is freed again",
        needs: &[],
        needs_root: true,
        play: full::play,
    },
    Scenario {
        name: "inject",
        what: "EIO and SIGKILL at every call that touches the journal",
        needs: &[("strace", "strace")],
        needs_root: false,
        play: inject::play,
    },
    Scenario {
        name: "rotate",
        what: "rotations by name, by word and by size; truncation by somebody else",
        needs: &[],
        needs_root: false,
        play: rotate::play,
    },
    Scenario {
        name: "followers",
        what: "a store that lags, is locked, is deleted and rebuilt",
        needs: &[],
        needs_root: false,
        play: followers::play,
    },
    Scenario {
        name: "stall",
        what: "a log on stdout that nobody reads",
        needs: &[],
        needs_root: false,
        play: stalled::play,
    },
    Scenario {
        name: "clock",
        what: "the wall clock steps back a day",
        needs: &[(machine::FAKETIME, "faketime")],
        needs_root: false,
        play: clock::play,
    },
    Scenario {
        name: "small",
        what: "limits, a read-only disk, a closed stdout, a second process, a replaced file",
        needs: &[("mkfs.ext4", "e2fsprogs"), ("prlimit", "util-linux")],
        needs_root: false,
        play: small::play,
    },
];

/// What a scenario has to play on.
pub(crate) struct Stage {
    scale: f64,
    /// A folder of its own.
    folder: PathBuf,
    seed: std::cell::Cell<u64>,
}

impl Stage {
    /// So many times, as far as the scale has it.
    fn times(&self, count: u32) -> u32 {
        let scaled = (f64::from(count) * self.scale).ceil();
        (1..=count.saturating_mul(100)).rev().find(|count| f64::from(*count) <= scaled).unwrap_or(1)
    }

    /// A random time between two (xorshift: nothing depends on how good it is).
    fn moment(&self, from_ms: u64, to_ms: u64) -> Duration {
        let mut seed = self.seed.get();
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        self.seed.set(seed);
        Duration::from_millis(from_ms + seed % (to_ms - from_ms))
    }

    fn folder(&self, name: &str) -> Result<PathBuf, Box<dyn Error>> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    }
}

/// The programs that were built beside this one.
fn built(name: &str) -> Result<PathBuf, Box<dyn Error>> {
    let me = std::env::current_exe()?;
    let folder = me.parent().unwrap_or(Path::new("."));
    let places = [folder.join("examples").join(name), folder.join(name)];
    places
        .into_iter()
        .find(|path| path.is_file())
        .ok_or_else(|| format!("{name} is not built: cargo xtask faults does").into())
}

fn usage() -> ExitCode {
    eprintln!("usage: cargo xtask faults [--list] [--scale N] [--seed N] [SCENARIO ..]");
    ExitCode::from(2)
}

pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let Ok(options) = Options::parse(arguments) else { return usage() };
    if options.words.iter().any(|word| word == "--list") {
        SCENARIOS.iter().for_each(|scenario| println!("{:10} {}", scenario.name, scenario.what));
        return ExitCode::SUCCESS;
    }
    let (Ok(scale), Ok(seed)) = (options.number("scale"), options.number("seed")) else { return usage() };
    if options.words.iter().any(|word| !SCENARIOS.iter().any(|scenario| scenario.name == word)) {
        return usage();
    }
    if machine::is_root() && !machine::is_apart() {
        return match machine::apart(arguments).and_then(|mut command| Ok(command.status()?)) {
            Ok(status) if status.success() => ExitCode::SUCCESS,
            Ok(_) => ExitCode::FAILURE,
            Err(error) => {
                eprintln!("no namespaces of its own (util-linux): {error}");
                ExitCode::FAILURE
            }
        };
    }
    let chosen = SCENARIOS
        .iter()
        .filter(|scenario| options.words.is_empty() || options.words.iter().any(|word| word == scenario.name));
    let clock = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |now| now.as_secs());
    let seed: u64 = seed.unwrap_or_else(clock);
    println!("seed {seed}, scale {}, load of the machine {}", scale.unwrap_or(1.0), load_average());
    let rows: Vec<Row> = chosen.flat_map(|scenario| play(scenario, scale.unwrap_or(1.0), seed)).collect();
    println!("\nscenario | promised | seen\n--- | --- | ---");
    rows.iter().for_each(|row| println!("{row}"));
    let broken = rows.iter().filter(|row| row.verdict == Verdict::Broken).count();
    let skipped = rows.iter().filter(|row| row.verdict == Verdict::Skipped).count();
    println!("{} promises, {broken} broken, {skipped} skipped; load of the machine {}", rows.len(), load_average());
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

fn play(scenario: &Scenario, scale: f64, seed: u64) -> Vec<Row> {
    if scenario.needs_root && !machine::is_root() {
        return vec![Row::skipped(scenario.name, "it mounts, for which it would have to be root")];
    }
    if let Some(missing) = scenario.needs.iter().find_map(|(program, package)| machine::need(program, package).err()) {
        return vec![Row::skipped(scenario.name, &missing)];
    }
    eprintln!("== {}: {}", scenario.name, scenario.what);
    let began = std::time::Instant::now();
    let played = tempfile::Builder::new().prefix("audit-faults-").tempdir().map_err(Into::into).and_then(|folder| {
        let stage = Stage { scale, folder: folder.path().to_owned(), seed: std::cell::Cell::new(seed | 1) };
        (scenario.play)(&stage)
    });
    let rows = played.unwrap_or_else(|error| vec![Row::failed(scenario.name, &error)]);
    rows.iter().for_each(|row| eprintln!("{row}"));
    eprintln!("== {} took {} s", scenario.name, began.elapsed().as_secs());
    rows
}
