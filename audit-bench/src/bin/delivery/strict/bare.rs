//! Bare group commit: bytes are handed in, and one thread writes and syncs them.

use std::fs::File;
use std::io::Write as _;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// About a record's length.
const RECORD: [u8; 500] = [b'x'; 500];

/// What waits to be written, and the word that something does.
#[derive(Default)]
pub(super) struct Log {
    batch: Mutex<Batch>,
    pub(super) work: Condvar,
}

/// Under one lock, as whoever waits for it on a thread needs it.
#[derive(Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    handed_in: u64,
    /// How many of the records stand on the disk.
    pub(super) synced: u64,
    stopped: bool,
}

impl Batch {
    /// Hands a record in; gives how many were, with it.
    pub(super) fn hand_in(&mut self) -> u64 {
        self.bytes.extend_from_slice(&RECORD);
        self.handed_in += 1;
        self.handed_in
    }
}

impl Log {
    pub(super) fn lock(&self) -> MutexGuard<'_, Batch> {
        self.batch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what there is and syncs it, over and over; tells how many records stand on the disk.
    pub(super) fn write(&self, mut file: File, synced: impl Fn(u64)) {
        let mut spare = Vec::new();
        loop {
            let mut batch = self.lock();
            while batch.bytes.is_empty() && !batch.stopped {
                batch = self.work.wait(batch).unwrap_or_else(PoisonError::into_inner);
            }
            if batch.bytes.is_empty() {
                return;
            }
            std::mem::swap(&mut batch.bytes, &mut spare);
            let until = batch.handed_in;
            drop(batch);
            if file.write_all(&spare).and_then(|()| file.sync_data()).is_err() {
                return;
            }
            spare.clear();
            synced(until);
        }
    }

    /// Lets the writer end once everything is written.
    pub(super) fn stop(&self) {
        self.lock().stopped = true;
        self.work.notify_one();
    }
}
