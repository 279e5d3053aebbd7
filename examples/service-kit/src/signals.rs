//! The signals that ask a service to stop, and the one that asks for new log files.

use std::io;
use std::process::exit;

use crate::say;

/// Listens from the moment it is made; until then a signal ends the process.
pub struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// The name of the next signal.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    /// The name of the next signal.
    pub async fn next(&mut self) -> &'static str {
        match tokio::signal::ctrl_c().await {
            Ok(()) => "Ctrl-C",
            // There is none to wait for.
            Err(_) => std::future::pending().await,
        }
    }
}

/// Calls `reopen` at each `SIGHUP`, as whoever rotates logs sends it. Does nothing where there is no such signal.
///
/// # Errors
/// When the system refuses.
///
/// # Panics
/// Outside of a Tokio runtime.
pub fn at_each_hangup(reopen: impl Fn() + Send + 'static) -> io::Result<()> {
    #[cfg(unix)]
    {
        let mut hangups = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?;
        tokio::spawn(async move {
            while hangups.recv().await.is_some() {
                reopen();
            }
        });
    }
    #[cfg(not(unix))]
    drop(reopen);
    Ok(())
}

impl Signals {
    /// From now on, the next signal ends the process at once, with exit code 1.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn end_at_the_next(mut self) {
        tokio::spawn(async move {
            let signal = self.next().await;
            say(format_args!("{signal}: ending at once; records that were not written yet are lost"));
            exit(1);
        });
    }
}
