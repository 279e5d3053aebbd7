//! A browser for the test that opens the documentation page.
//!
//! Nothing is installed unless there is none, and only where that is sure to be wanted: by root, on a system with
//! `apt-get`, which is what a container of CI is. Failing to is said and is no failure by itself; the test then skips.

use std::io;
use std::process::{Command, Output, Stdio};

/// Names a browser that is not on `PATH`.
const VARIABLE: &str = "CHROMIUM";
/// Where else the test looks: examples/prediction-api/tests/docs/browser.rs has the same names.
const NAMES: &[&str] = &["chromium", "chromium-browser", "google-chrome", "chrome"];

/// Sees to it that there is a browser, or says what is to be done.
pub(crate) fn provide() {
    if std::env::var_os(VARIABLE).is_some() || NAMES.iter().any(|name| on_path(name)) {
        return;
    }
    if !(is_root() && on_path("apt-get")) {
        println!(
            "no Chromium, which opens the documentation page: install it (apt-get install chromium, dnf install \
             chromium, brew install --cask chromium) or let {VARIABLE} name one"
        );
        return;
    }
    println!("== installing Chromium, which opens the documentation page: apt-get install chromium");
    let update: &[&str] = &["update"];
    let install: &[&str] = &["install", "-y", "--no-install-recommends", "chromium"];
    for arguments in [update, install] {
        if let Err(reason) = apt_get(arguments) {
            println!("cannot install Chromium: apt-get {}: {reason}", arguments.join(" "));
            return;
        }
    }
}

fn on_path(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").stderr(Stdio::null()).output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn apt_get(arguments: &[&str]) -> Result<(), String> {
    let mut command = Command::new("apt-get");
    // Another apt-get, such as the system's own at boot, is waited for; a mirror that does not answer is not.
    command.args(["-qq", "-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::http::Timeout=30"]).args(arguments);
    command.env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    outcome(command.output())
}

/// Of all that a failed command said, the last line, which says most.
fn outcome(ran: io::Result<Output>) -> Result<(), String> {
    let output = ran.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let said = stderr.lines().rfind(|line| !line.trim().is_empty());
    Err(said.map_or_else(|| output.status.to_string(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{on_path, outcome};

    fn shell(script: &str) -> Result<(), String> {
        outcome(Command::new("sh").args(["-c", script]).output())
    }

    #[test]
    fn a_failed_command_gives_its_last_words() {
        assert_eq!(
            shell("echo W: slow >&2; echo 'E: no network' >&2; echo >&2; exit 100"),
            Err("E: no network".into())
        );
        assert_eq!(shell("exit 100"), Err("exit status: 100".into()));
        assert_eq!(shell("echo 'W: slow' >&2"), Ok(()));
        assert!(outcome(Command::new("/nowhere/apt-get").output()).is_err());
    }

    #[test]
    fn a_program_is_found_by_its_name() {
        assert!(on_path("sh"));
        assert!(!on_path("no-program-has-this-name"));
    }
}
