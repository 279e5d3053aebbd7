//! An adapter's echo server, and connections that put requests through it.

use std::error::Error;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::process::{PATIENCE, command};

/// A server that runs; dropped, it is killed.
pub(super) struct Echo {
    pub(super) child: Child,
    pub(super) address: SocketAddr,
}

impl Echo {
    /// Starts a server and waits until it listens.
    pub(super) fn start(program: &Path, settings: &[(&str, &str)], stdout: Stdio) -> Result<Self, Box<dyn Error>> {
        let mut command = command(program);
        command.env("HOST", "127.0.0.1").env("PORT", "0").env_remove("DATA_DIR").env("RUST_BACKTRACE", "0");
        command.envs(settings.iter().copied());
        let mut child = command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped()).spawn()?;
        let stderr = child.stderr.take().ok_or("it has a stderr")?;
        let (tell, address) = mpsc::channel();
        std::thread::spawn(move || {
            // Read to its end, or a server that says much would stop.
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if let Some(address) = line.strip_prefix("listening on http://").and_then(|text| text.parse().ok()) {
                    // Only the first one is waited for.
                    let _first = tell.send(address);
                }
            }
        });
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut echo = Self { child, address: nowhere };
        echo.address = address.recv_timeout(PATIENCE).map_err(|_| format!("{} does not listen", program.display()))?;
        Ok(echo)
    }

    pub(super) fn kill(&mut self) -> Result<(), Box<dyn Error>> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        // It has ended, as a rule.
        drop(self.kill());
    }
}

/// Sends requests one after the other until the server is gone; gives the events that heads of answers have named.
pub(super) fn connection(address: SocketAddr) -> Vec<String> {
    let mut acknowledged = Vec::new();
    // The end of the server ends it: that is what it is for.
    drop(requests(address, &mut acknowledged));
    acknowledged
}

fn requests(address: SocketAddr, acknowledged: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        (&stream).write_all(
            b"POST /sink HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nhello",
        )?;
        let (id, length) = head(&mut reader)?;
        acknowledged.extend(id);
        reader.by_ref().take(length).read_to_end(&mut Vec::new())?;
    }
}

/// Reads the head of an answer: the event that it names, and the length of its body.
pub(super) fn head(reader: &mut impl std::io::BufRead) -> Result<(Option<String>, u64), Box<dyn Error>> {
    let (mut id, mut length) = (None, None);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        // Half a line is what a server that was killed leaves.
        let line = line.strip_suffix("\r\n").ok_or("the answer is cut off")?;
        if line.is_empty() {
            return Ok((id, length.ok_or("a body without a length")?));
        }
        let Some((name, value)) = line.split_once(": ") else { continue };
        match name.to_ascii_lowercase().as_str() {
            "audit-id" => id = Some(value.to_owned()),
            "content-length" => length = Some(value.parse()?),
            _ => {}
        }
    }
}
