//! What the scenarios need of the machine: root, tools, mounts.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Set in the process that has its own namespaces.
const APART: &str = "AUDIT_FAULTS_APART";

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether mounts and processes of this one vanish with it.
pub(crate) fn is_apart() -> bool {
    std::env::var_os(APART).is_some()
}

/// This program again, in namespaces of its own for mounts and processes.
pub(crate) fn apart(arguments: &[String]) -> Result<Command, Box<dyn Error>> {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    command.arg(std::env::current_exe()?).args(arguments).env(APART, "1");
    Ok(command)
}

/// Runs a command to its end; what it said is its error.
pub(crate) fn sh(program: &str, arguments: &[&str]) -> Result<String, Box<dyn Error>> {
    let done = Command::new(program).args(arguments).stdin(Stdio::null()).output()?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    Err(format!("{program} {}: {}", arguments.join(" "), said.trim()).into())
}

fn has(program: &str) -> bool {
    let asked = Command::new("sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

/// Where Debian puts it.
pub(crate) const FAKETIME: &str = if cfg!(target_arch = "aarch64") {
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1"
} else {
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
};

/// Looks for a program, or a file, and installs its package if that can be done; otherwise says which one is missing.
pub(crate) fn need(program: &str, package: &str) -> Result<(), String> {
    let is_there = || if program.starts_with('/') { Path::new(program).exists() } else { has(program) };
    if is_there() {
        return Ok(());
    }
    let apt =
        Command::new("apt-get").args(["install", "-y", package]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    match apt {
        Ok(status) if status.success() && is_there() => Ok(()),
        _ => Err(format!("missing: {program} (apt-get install {package})")),
    }
}

/// A mounted file system; dropped, it is unmounted.
pub(crate) struct Mount {
    pub(crate) at: PathBuf,
    is_mounted: bool,
}

impl Mount {
    pub(crate) fn tmpfs(at: &Path, size: &str) -> Result<Self, Box<dyn Error>> {
        std::fs::create_dir_all(at)?;
        sh("mount", &["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs", &at.to_string_lossy()])?;
        Ok(Self { at: at.to_owned(), is_mounted: true })
    }

    /// An image with a file system in it.
    pub(crate) fn image(image: &Path, at: &Path) -> Result<Self, Box<dyn Error>> {
        std::fs::create_dir_all(at)?;
        sh("mount", &["-o", "loop", &image.to_string_lossy(), &at.to_string_lossy()])?;
        Ok(Self { at: at.to_owned(), is_mounted: true })
    }

    pub(crate) fn unmount(mut self) -> Result<(), Box<dyn Error>> {
        sh("umount", &[&self.at.to_string_lossy()])?;
        self.is_mounted = false;
        Ok(())
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        if self.is_mounted {
            let at = self.at.to_string_lossy();
            let unmounted = sh("umount", &[&at]).or_else(|_| sh("umount", &["--lazy", &at]));
            if let Err(error) = unmounted {
                eprintln!("{error}");
            }
        }
    }
}

/// Makes the program that cuts the power of an ext4: it shuts the file system down without writing its log.
pub(crate) fn power_switch(folder: &Path) -> Result<PathBuf, Box<dyn Error>> {
    const SOURCE: &str = r#"
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
/* EXT4_IOC_SHUTDOWN and EXT4_GOING_FLAGS_NOLOGFLUSH, as in the kernel's fs/ext4/ext4.h. */
int main(int count, char **arguments) {
    uint32_t flags = 2;
    int folder = count == 2 ? open(arguments[1], O_RDONLY) : -1;
    if (folder < 0 || ioctl(folder, _IOR('X', 125, uint32_t), &flags)) {
        perror("shutdown");
        return 1;
    }
    return 0;
}
"#;
    let (source, program) = (folder.join("cut.c"), folder.join("cut"));
    std::fs::write(&source, SOURCE)?;
    sh("cc", &["-o", &program.to_string_lossy(), &source.to_string_lossy()])?;
    Ok(program)
}
