//! The server as another process, which is this program with another argument.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use tempfile::TempDir;

use crate::client::PATIENCE;
use crate::log::Log;
use crate::{SERVE, SERVER};

/// How many lines of its stderr are shown when a server fails.
const LINES: usize = 12;

/// A server that was started, and is killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    folder: Arc<TempDir>,
    said: Arc<Mutex<Vec<String>>>,
    listening: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts this program as a server and waits until it serves.
    pub(crate) fn start(settings: &[(&str, &str)], bare: bool) -> Result<Self, String> {
        Self::start_in(&Self::folder()?, settings, bare)
    }

    /// A folder for the log of one or more servers, one after another.
    pub(crate) fn folder() -> Result<Arc<TempDir>, String> {
        TempDir::new().map(Arc::new).map_err(|error| format!("no folder for a log: {error}"))
    }

    /// The same with a log that may be there.
    pub(crate) fn start_in(folder: &Arc<TempDir>, settings: &[(&str, &str)], bare: bool) -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|error| format!("this program is not known: {error}"))?;
        // What it is to ignore, a program can be told only by whoever starts it.
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(program);
        command.arg(SERVE).env(SERVER, "1").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        // Settings of whoever runs this must not reach the server.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AUDIT_")) {
            command.env_remove(name);
        }
        for name in ["LAYER_TWICE", "DRAIN_MS", "TIMEOUT_OUTSIDE_MS"] {
            command.env_remove(name);
        }
        command.env("HOST", "127.0.0.1").env("PORT", "0").env("DATA_DIR", folder.path()).env("RUST_BACKTRACE", "0");
        command.env("BARE", if bare { "1" } else { "0" }).envs(settings.iter().copied());
        let mut child = command.spawn().map_err(|error| format!("the server cannot be started: {error}"))?;
        let Some(stderr) = child.stderr.take() else { return Err("the server has no stderr".to_owned()) };
        let said = Arc::new(Mutex::new(Vec::new()));
        let (tell, address) = mpsc::channel();
        let told = Arc::clone(&said);
        let listening = std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if let Some(address) = line.strip_prefix("listening on http://").and_then(|text| text.parse().ok()) {
                    // Only the first one is waited for.
                    let _first = tell.send(address);
                }
                told.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let folder = Arc::clone(folder);
        let mut server = Self { child, address: nowhere, folder, said, listening: Some(listening) };
        match address.recv_timeout(PATIENCE) {
            Ok(address) => server.address = address,
            Err(_) => return Err(format!("the server does not listen: {}", server.said())),
        }
        Ok(server)
    }

    pub(crate) fn log(&self) -> Log {
        Log::new(self.log_path())
    }

    pub(crate) fn log_path(&self) -> PathBuf {
        self.folder.path().join("audit.jsonl")
    }

    /// The last that it said on stderr.
    pub(crate) fn said(&self) -> String {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said[said.len().saturating_sub(LINES)..].join("\n")
    }

    /// How many lines it said on stderr so far.
    pub(crate) fn lines(&self) -> usize {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// What it said of panics after so many lines: where, and the first line of what they say.
    pub(crate) fn panics(&self, from: usize) -> Vec<String> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        panics(said.get(from..).unwrap_or_default())
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Asks it to stop and waits until it has.
    pub(crate) fn stop(&mut self) -> Result<(), String> {
        // It may have been asked before, and be gone.
        let _asked = kill_process(self.pid(), Signal::TERM);
        let status = self.wait().ok_or_else(|| format!("the server does not stop: {}", self.said()))?;
        if let Some(listening) = self.listening.take() {
            drop(listening.join());
        }
        if status.success() { Ok(()) } else { Err(format!("the server ended with {status}: {}", self.said())) }
    }

    /// Ends it as a crash would: it does nothing more.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it was started");
    }

    fn wait(&mut self) -> Option<ExitStatus> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            if Instant::now() > deadline {
                return None;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Without the thread, whose name and number are chance. One whose second line is not there yet is left out.
fn panics(lines: &[String]) -> Vec<String> {
    let pairs = lines.windows(2).filter_map(|pair| {
        let (_, place) = pair[0].split_once("panicked at ")?;
        Some(format!("{place} {}", pair[1]))
    });
    pairs.collect()
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended, as a rule.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Lets no file of a server grow beyond `bytes`, or any file again.
pub(crate) fn limit_files(pid: Pid, bytes: Option<u64>) {
    prlimit(Some(pid), Resource::Fsize, Rlimit { current: bytes, maximum: None }).expect("the server is ours");
}

/// Asks a server to stop and waits until it takes no more connections.
pub(crate) fn begin_stop(pid: Pid, address: SocketAddr) {
    kill_process(pid, Signal::TERM).expect("the server runs");
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(address).is_ok() {
        assert!(Instant::now() < deadline, "the server goes on taking connections");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[cfg(test)]
mod tests {
    use super::panics;

    #[test]
    fn panics_are_told_from_what_else_is_said() {
        let lines = [
            "listening",
            "",
            "thread 'a' (7) panicked at src/x.rs:1:2:",
            "on purpose",
            "note: run with `RUST_BACKTRACE=1`",
            "thread 'b' (8) panicked at src/y.rs:3:4:",
            "again",
            "thread 'c' (9) panicked at src/z.rs:5:6:",
        ];
        let lines = lines.map(str::to_owned);
        assert_eq!(panics(&lines), ["src/x.rs:1:2: on purpose", "src/y.rs:3:4: again"]);
    }
}
