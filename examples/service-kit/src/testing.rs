//! A service's program, run by its tests: on a free port, told apart by what it says on stderr.

pub mod quickstart;

use std::io::{BufRead as _, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long a debug build may take until it listens.
const START: Duration = Duration::from_secs(30);
/// How long anything else may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The program, running; killed when dropped.
pub struct Program {
    child: Child,
    stdout: Lines,
    stderr: Lines,
    address: String,
}

/// How the program ended.
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// All that it wrote there.
    pub stdout: String,
    /// All that it said, line by line.
    pub stderr: Vec<String>,
}

/// What one of its outputs has had so far.
struct Lines {
    coming: Receiver<String>,
    had: Vec<String>,
}

impl Lines {
    fn of(output: impl Read + Send + 'static) -> Self {
        let (lines, coming) = channel();
        let output = BufReader::new(output);
        thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| lines.send(line)));
        Self { coming, had: Vec::new() }
    }

    /// The next line for which something holds, from those that were not looked at yet.
    fn wait(&mut self, patience: Duration, holds: impl Fn(&str) -> bool) -> Option<String> {
        let deadline = Instant::now() + patience;
        loop {
            let line = self.coming.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()?;
            self.had.push(line.clone());
            if holds(&line) {
                return Some(line);
            }
        }
    }

    fn rest(mut self) -> Vec<String> {
        self.had.extend(self.coming.iter());
        self.had
    }
}

/// Runs a program that should not start, and waits for its end.
///
/// # Panics
/// When it does not end in time, or says what is not text.
pub fn refused(command: &mut Command) -> Ended {
    Program::spawn(command).ends()
}

impl Program {
    /// Starts the program and waits until it says where it listens: `listening on http://…`.
    ///
    /// # Panics
    /// When it does not in time.
    pub fn start(command: &mut Command) -> Self {
        let mut program = Self::spawn(command);
        let line = program.hears("listening on http://", START);
        program.address = line.trim_start_matches("listening on http://").to_owned();
        program
    }

    /// Starts a program that says nothing of it with a free port as its variable `PORT`, and waits until it listens there.
    ///
    /// # Panics
    /// When it does not in time.
    pub fn start_on_port(command: &mut Command) -> Self {
        let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
        let address = free.expect("a port is free");
        let mut program = Self::spawn(command.env("PORT", address.port().to_string()));
        program.address = address.to_string();
        let deadline = Instant::now() + START;
        while TcpStream::connect(address).is_err() {
            let ended = program.child.try_wait().expect("it is a child of this process");
            assert!(ended.is_none() && Instant::now() < deadline, "it does not listen at {address}: {ended:?}");
            thread::sleep(Duration::from_millis(1));
        }
        program
    }

    fn spawn(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program can be run");
        let stdout = Lines::of(child.stdout.take().expect("it is piped"));
        let stderr = Lines::of(child.stderr.take().expect("it is piped"));
        Self { child, stdout, stderr, address: String::new() }
    }

    /// Where it listens, such as `127.0.0.1:41234`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Waits for a line that begins so on stderr.
    ///
    /// # Panics
    /// When none comes in time.
    pub fn hears(&mut self, beginning: &str, patience: Duration) -> String {
        let line = self.stderr.wait(patience, |line| line.starts_with(beginning));
        line.unwrap_or_else(|| panic!("nothing begins with {beginning:?} in {patience:?}: {:#?}", self.said()))
    }

    /// What was said on stderr until the last line that was waited for.
    #[must_use]
    pub fn said(&self) -> &[String] {
        &self.stderr.had
    }

    /// Waits for a line on stdout, from those that were not looked at yet.
    pub fn writes(&mut self, patience: Duration, holds: impl Fn(&str) -> bool) -> Option<String> {
        self.stdout.wait(patience, holds)
    }

    /// Sends a signal, `TERM` or `INT`.
    ///
    /// # Panics
    /// When it cannot be sent.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().is_ok_and(|status| status.success()), "{kill}");
    }

    /// Waits for the end.
    ///
    /// # Panics
    /// When it does not come in time.
    #[must_use]
    pub fn ends(mut self) -> Ended {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it is a child of this process") {
                break status;
            }
            assert!(Instant::now() < deadline, "the program goes on");
            thread::yield_now();
        };
        let taken = |lines: &mut Lines| {
            let (_, nothing) = channel();
            std::mem::replace(lines, Lines { coming: nothing, had: Vec::new() }).rest()
        };
        let stdout = taken(&mut self.stdout).into_iter().map(|line| line + "\n").collect();
        Ended { status, stdout, stderr: taken(&mut self.stderr) }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            self.child.kill().expect("it is a child of this process");
            self.child.wait().expect("it is a child of this process");
        }
    }
}

/// Waits until something is so.
///
/// # Panics
/// When it is not in time.
pub async fn until(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "it is not so in {PATIENCE:?}");
        tokio::task::yield_now().await;
    }
}

/// A file's permissions.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn mode(path: &Path) -> u32 {
    path.metadata().expect("it is there").permissions().mode() & 0o777
}
