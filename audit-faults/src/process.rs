//! The load as a process of its own, which can be killed.

use std::error::Error;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take before a scenario fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Tries until something holds.
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) -> Result<(), Box<dyn Error>> {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        if Instant::now() > deadline {
            return Err(format!("in vain: {what}").into());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// A command without the settings of whoever runs this.
pub(crate) fn command(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(program.as_ref());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AUDIT_")) {
        command.env_remove(name);
    }
    command
}

/// How a load is started.
pub(crate) struct Start {
    pub(crate) journal: PathBuf,
    pub(crate) delivery: &'static str,
    pub(crate) threads: usize,
    /// More arguments of the load.
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(&'static str, String)>,
    /// A program and its arguments that the load is started by.
    pub(crate) by: Vec<String>,
}

impl Start {
    pub(crate) fn new(journal: &Path, delivery: &'static str, threads: usize) -> Self {
        let (arguments, environment, by) = (Vec::new(), Vec::new(), Vec::new());
        Self { journal: journal.to_owned(), delivery, threads, arguments, environment, by }
    }

    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.arguments.extend([format!("--{name}"), value.to_string()]);
        self
    }

    pub(crate) fn set(mut self, name: &'static str, value: impl ToString) -> Self {
        self.environment.push((name, value.to_string()));
        self
    }

    pub(crate) fn by(mut self, by: Vec<String>) -> Self {
        self.by = by;
        self
    }

    pub(crate) fn run(self) -> Result<Load, Box<dyn Error>> {
        let me = std::env::current_exe()?;
        let mut command = match self.by.split_first() {
            None => command(me),
            Some((program, rest)) => {
                let mut command = command(program);
                command.args(rest).arg(me);
                command
            }
        };
        command.arg("load").args(["--threads", &self.threads.to_string()]).arg("--journal").arg(&self.journal);
        command.args(&self.arguments).env("AUDIT_DELIVERY", self.delivery).envs(self.environment);
        Load::spawn(command)
    }
}

/// A load that runs. It is killed when this is dropped.
pub(crate) struct Load {
    child: Child,
    commands: Option<ChildStdin>,
    acknowledged: Arc<Mutex<Vec<String>>>,
    answers: Receiver<Value>,
    listening: Option<JoinHandle<()>>,
    said: tempfile::NamedTempFile,
}

impl Load {
    fn spawn(mut command: Command) -> Result<Self, Box<dyn Error>> {
        let said = tempfile::NamedTempFile::new()?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(File::create(said.path())?);
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().ok_or("it has an output")?;
        let acknowledged = Arc::new(Mutex::new(Vec::new()));
        let (answer, answers) = mpsc::channel();
        let heard = Arc::clone(&acknowledged);
        let listening = std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some(id) = line.strip_prefix("ack ") {
                    heard.lock().unwrap_or_else(PoisonError::into_inner).push(id.to_owned());
                } else if let Ok(value) = serde_json::from_str(&line) {
                    // Nobody may be waiting for it any more.
                    drop(answer.send(value));
                }
            }
        });
        let commands = child.stdin.take();
        Ok(Self { child, commands, acknowledged, answers, listening: Some(listening), said })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it said on stderr.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(self.said.path()).unwrap_or_default()
    }

    /// How many requests were acknowledged so far.
    pub(crate) fn count(&self) -> usize {
        self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Kills it, and gives what it acknowledged before `count` requests had been, and afterwards.
    pub(crate) fn kill_after(&mut self, count: usize) -> Result<(Vec<String>, Vec<String>), Box<dyn Error>> {
        let mut before = self.kill()?;
        let after = before.split_off(count.min(before.len()));
        Ok((before, after))
    }

    /// The thread of this name, once it is there.
    pub(crate) fn thread(&self, name: &str) -> Result<u32, Box<dyn Error>> {
        let named = || {
            let threads = std::fs::read_dir(format!("/proc/{}/task", self.id())).ok()?;
            threads.flatten().find_map(|thread| {
                let is_named =
                    std::fs::read_to_string(thread.path().join("comm")).is_ok_and(|comm| comm.trim() == name);
                thread.file_name().to_str()?.parse().ok().filter(|_| is_named)
            })
        };
        wait_until("the thread to come up", || named().is_some())?;
        named().ok_or_else(|| "the thread is gone".into())
    }

    /// Tells it something that it does not answer.
    pub(crate) fn tell(&mut self, what: &str) -> Result<(), Box<dyn Error>> {
        Ok(writeln!(self.commands.as_mut().ok_or("it was stopped")?, "{what}")?)
    }

    /// Waits for what it says by itself.
    pub(crate) fn hear(&mut self) -> Result<Value, Box<dyn Error>> {
        self.answers
            .recv_timeout(PATIENCE)
            .map_err(|error| format!("it says nothing ({error}): {}", self.said()).into())
    }

    pub(crate) fn ask(&mut self, what: &str) -> Result<Value, Box<dyn Error>> {
        let commands = self.commands.as_mut().ok_or("it was stopped")?;
        writeln!(commands, "{what}")?;
        self.answers
            .recv_timeout(PATIENCE)
            .map_err(|error| format!("no answer to {what} ({error}): {}", self.said()).into())
    }

    /// Waits until so many requests were acknowledged.
    pub(crate) fn wait_for(&mut self, count: usize) -> Result<(), Box<dyn Error>> {
        let what = format!("{count} acknowledged requests");
        wait_until(&what, || self.count() >= count || self.child.try_wait().is_ok_and(|ended| ended.is_some()))?;
        if self.count() >= count { Ok(()) } else { Err(format!("it ended before {what}: {}", self.said()).into()) }
    }

    /// Waits until it has made all of its requests, or is gone.
    pub(crate) fn wait_done(&mut self) -> Result<(), Box<dyn Error>> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            match self.ask("stats") {
                Ok(stats) if stats["counts"]["is_done"] != true => std::thread::sleep(Duration::from_millis(1)),
                _ => return Ok(()),
            }
        }
        Err("it does not come to its end".into())
    }

    /// Kills it, and gives everything that it acknowledged.
    pub(crate) fn kill(&mut self) -> Result<Vec<String>, Box<dyn Error>> {
        self.child.kill()?;
        self.ended()
    }

    /// Waits until it is gone by itself.
    pub(crate) fn ended(&mut self) -> Result<Vec<String>, Box<dyn Error>> {
        self.commands = None;
        wait_until("the load ends", || self.child.try_wait().is_ok_and(|ended| ended.is_some()))?;
        if let Some(listening) = self.listening.take() {
            drop(listening.join());
        }
        Ok(std::mem::take(&mut *self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Asks it to stop; gives its last word and everything that it acknowledged.
    pub(crate) fn stop(&mut self) -> Result<(Value, Vec<String>), Box<dyn Error>> {
        let report = self.ask("stop")?;
        Ok((report, self.ended()?))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        // It has ended, as a rule.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
