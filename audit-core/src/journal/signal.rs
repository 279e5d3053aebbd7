//! Files that may not grow any more (`RLIMIT_FSIZE`).

/// In this thread a write beyond the process's limit on files fails, and kills nobody: the signal that would is blocked.
#[cfg(unix)]
pub(crate) fn block_file_size_signal() {
    use nix::sys::signal::{SigSet, Signal};
    let signals = SigSet::from_iter([Signal::SIGXFSZ]);
    // It fails for signals that do not exist, and this one does.
    signals.thread_block().unwrap_or(());
}

#[cfg(not(unix))]
pub(crate) fn block_file_size_signal() {}
