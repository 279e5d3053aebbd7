//! Why a journal is not opened, or not read.

use std::io;
use std::path::PathBuf;

/// Why a journal could not be opened.
#[derive(Debug)]
pub(crate) enum OpenError {
    /// Another process writes it.
    InUse,
    /// It holds something that is no log.
    Foreign,
    Io(io::Error),
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Why a journal cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// There is no such file, and no segment of it.
    #[error("there is no journal {path}")]
    Missing {
        /// The journal's file.
        path: PathBuf,
    },
    /// The file holds something, but no record.
    #[error("{path} is no journal: it holds no record")]
    NotAJournal {
        /// The journal's file.
        path: PathBuf,
    },
    /// The folder that holds the segments cannot be listed.
    #[error("cannot list {path}")]
    List {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A segment cannot be opened.
    #[error("cannot open {path}")]
    Open {
        /// The segment's file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A segment cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The segment's file, by the name that it had when it was opened.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}
