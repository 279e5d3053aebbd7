//! A disk in memory on which any call can fail, the process can end at any call, and the power can be cut: what was not
//! synced is then there, or cut off, or NUL bytes, and a name that was not synced is the old one or the new one.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::journal::disk::{Disk, Handle, Open, Stat};

/// What goes wrong at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It fails this once; a write puts half of its bytes first.
    Once,
    /// Those of it and the calls after it fail whose bit is set.
    Some(u64),
    /// It and whatever else would need room fails, so many times.
    Full(u32),
    /// The process ends within it.
    End,
}

#[derive(Debug, Default, Clone)]
pub(super) struct World {
    pub(super) files: Vec<Contents>,
    pub(super) names: BTreeMap<PathBuf, usize>,
    /// As the directory was synced.
    pub(super) synced_names: BTreeMap<PathBuf, usize>,
    /// A sync of the directory failed over what these names are now: no later one writes that.
    pub(super) lost_names: BTreeSet<PathBuf>,
    pub(super) calls: u32,
    pub(super) fault: Option<(u32, Fault)>,
    /// After so many syncs of the directory, so many fail.
    pub(super) directory_fault: Option<(u32, u32)>,
    pub(super) ended: bool,
    /// The next renaming to it fails.
    pub(super) refused_name: Option<PathBuf>,
    /// Of a write no more than so many bytes are taken, and every other is interrupted.
    pub(super) trickle: Option<usize>,
    /// Nothing can be changed.
    pub(super) is_read_only: bool,
    pub(super) no_new_files: bool,
    /// How long a file may grow.
    pub(super) limit: Option<usize>,
}

#[derive(Debug, Default, Clone)]
pub(super) struct Contents {
    pub(super) bytes: Vec<u8>,
    pub(super) synced: usize,
    /// A sync failed over these bytes: no later one writes them.
    pub(super) lost: Option<(usize, usize)>,
    /// What it held before it was truncated, until that is synced.
    pub(super) taken_back: Option<Vec<u8>>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Memory(pub(super) Arc<Mutex<World>>);

#[derive(Debug)]
struct Opened(Memory, usize);

/// How a call may go on: at all, or after half of it.
enum Goes {
    Well,
    Half(io::Error),
}

impl Memory {
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    pub(super) fn failing(fault: Option<(u32, Fault)>) -> Self {
        Self(Arc::new(Mutex::new(World { fault, ..World::default() })))
    }
}

impl World {
    fn call(&mut self, needs_room: bool) -> Goes {
        self.calls += 1;
        let failed = |kind: io::ErrorKind| Goes::Half(io::Error::new(kind, "injected"));
        if self.ended {
            return failed(io::ErrorKind::Other);
        }
        if self.is_read_only && needs_room {
            return failed(io::ErrorKind::ReadOnlyFilesystem);
        }
        match self.fault {
            Some((at, Fault::Once)) if self.calls == at => failed(io::ErrorKind::Other),
            Some((at, Fault::Some(calls)))
                if self.calls.checked_sub(at).is_some_and(|n| n < 64 && calls >> n & 1 == 1) =>
            {
                failed(io::ErrorKind::Other)
            }
            Some((at, Fault::Full(times))) if needs_room && (at..at + times).contains(&self.calls) => {
                failed(io::ErrorKind::StorageFull)
            }
            Some((at, Fault::End)) if self.calls == at => {
                self.ended = true;
                failed(io::ErrorKind::Other)
            }
            _ => Goes::Well,
        }
    }

    /// A call that is done or not.
    fn whole(&mut self, needs_room: bool) -> io::Result<()> {
        match self.call(needs_room) {
            Goes::Well => Ok(()),
            Goes::Half(error) => Err(error),
        }
    }

    fn stat(&self, file: usize) -> Stat {
        Stat {
            id: (0, file as u64),
            is_file: true,
            length: self.files[file].bytes.len() as u64,
            links: self.names.values().filter(|it| **it == file).count() as u64,
            mode: 0o600,
            group: 0,
        }
    }

    /// Starts anew after the process ended: everything it did is there.
    pub(super) fn restart(&mut self) {
        (self.fault, self.directory_fault, self.ended) = (None, None, false);
    }

    /// Starts anew after the power was cut. `draw` decides what became of what was not synced.
    pub(super) fn restart_after_cut(&mut self, mut draw: impl FnMut(usize) -> usize) {
        for file in &mut self.files {
            if let Some(before) = file.taken_back.take().filter(|_| draw(2) == 0) {
                file.bytes = before;
            }
            let unsynced = file.bytes.len() - file.synced.min(file.bytes.len());
            let length = file.bytes.len() - unsynced + draw(unsynced + 1);
            file.bytes.truncate(length);
            let (start, end) = file.lost.take().unwrap_or_default();
            let holes = [(start.min(length), end.min(length)), {
                let from = length - draw(length.saturating_sub(file.synced) + 1);
                (from, (from + draw(64)).min(length))
            }];
            for (start, end) in holes {
                file.bytes[start..end].fill(0);
            }
            file.synced = length;
        }
        // Names change in order, each at once with the one it replaces; here all or nothing of what was not synced.
        if draw(2) == 0 {
            self.names = self.synced_names.clone();
        } else {
            self.names = self.durable_names();
        }
        self.synced_names = self.names.clone();
        self.lost_names.clear();
        self.restart();
    }

    /// What the names are on the disk once all is written that can be.
    fn durable_names(&self) -> BTreeMap<PathBuf, usize> {
        let is_lost = |path: &PathBuf| self.lost_names.contains(path);
        let kept = self.names.iter().filter(|(path, _)| !is_lost(path));
        let old = self.synced_names.iter().filter(|(path, _)| is_lost(path));
        kept.chain(old).map(|(path, file)| (path.clone(), *file)).collect()
    }

    /// These names are written anew.
    fn touch(&mut self, paths: &[&Path]) {
        self.lost_names.retain(|lost| !paths.contains(&&**lost));
    }
}

impl Disk for Memory {
    fn open(&self, path: &Path, how: Open) -> io::Result<Box<dyn Handle>> {
        let mut world = self.world();
        world.whole(how == Open::New)?;
        if world.no_new_files && how == Open::New {
            return Err(io::Error::other("injected"));
        }
        let file = match (world.names.get(path).copied(), how) {
            (Some(_), Open::New) => return Err(io::ErrorKind::AlreadyExists.into()),
            (None, _) if how != Open::New => return Err(io::ErrorKind::NotFound.into()),
            (Some(file), _) => file,
            (None, _) => {
                world.files.push(Contents::default());
                let file = world.files.len() - 1;
                world.names.insert(path.to_owned(), file);
                world.touch(&[path]);
                file
            }
        };
        Ok(Box::new(Opened(self.clone(), file)))
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        let mut world = self.world();
        world.whole(false)?;
        let file = world.names.get(path).copied().ok_or(io::ErrorKind::NotFound)?;
        Ok(world.stat(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.whole(true)?;
        if world.refused_name.take_if(|name| name == to).is_some() {
            return Err(io::Error::other("injected"));
        }
        let file = world.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        world.names.insert(to.to_owned(), file);
        world.touch(&[from, to]);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.whole(false)?;
        world.touch(&[path]);
        world.names.remove(path).map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn list(&self, _: &Path) -> io::Result<Vec<OsString>> {
        let mut world = self.world();
        world.whole(false)?;
        Ok(world.names.keys().map(|path| path.file_name().unwrap().to_owned()).collect())
    }

    fn sync_directory(&self, _: &Path) -> io::Result<()> {
        let mut world = self.world();
        let mut goes = world.whole(true);
        world.directory_fault = match world.directory_fault {
            Some((0, 0)) | None => None,
            Some((0, failing)) => {
                goes = Err(io::Error::other("injected"));
                Some((0, failing - 1))
            }
            Some((skipped, failing)) => Some((skipped - 1, failing)),
        };
        if goes.is_ok() {
            world.synced_names = world.durable_names();
        } else if !world.ended {
            // The system takes the entries for clean now. A later sync has nothing to write, and says that all is well.
            let is_changed = |path: &&PathBuf| world.names.get(*path) != world.synced_names.get(*path);
            let changed: BTreeSet<PathBuf> =
                world.names.keys().chain(world.synced_names.keys()).filter(is_changed).cloned().collect();
            world.lost_names.extend(changed);
        }
        goes
    }
}

impl Handle for Opened {
    fn stat(&self) -> io::Result<Stat> {
        let mut world = self.0.world();
        world.whole(false)?;
        Ok(world.stat(self.1))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut world = self.0.world();
        match world.call(true) {
            Goes::Well if world.trickle.is_some() && world.calls.is_multiple_of(2) => {
                Err(io::ErrorKind::Interrupted.into())
            }
            // Nothing promises that a write takes everything.
            Goes::Well => {
                let room =
                    world.limit.map_or(usize::MAX, |limit| limit.saturating_sub(world.files[self.1].bytes.len()));
                if room == 0 {
                    return Err(io::ErrorKind::FileTooLarge.into());
                }
                let count = bytes.len().min(world.trickle.unwrap_or(100_000)).min(room);
                world.files[self.1].bytes.extend_from_slice(&bytes[..count]);
                Ok(count)
            }
            Goes::Half(error) if world.calls.is_multiple_of(2) => Err(error),
            Goes::Half(error) => {
                // A process that has ended writes no more.
                let is_first = |(at, fault): (u32, Fault)| at == world.calls || matches!(fault, Fault::Some(_));
                let half = if world.fault.is_some_and(is_first) { bytes.len() / 2 } else { 0 };
                world.files[self.1].bytes.extend_from_slice(&bytes[..half]);
                // The error comes at the next write, as systems do it, unless nothing was written.
                if half == 0 || world.ended {
                    return Err(error);
                }
                let next = world.calls + 1;
                world.fault = world.fault.map(|(at, fault)| match fault {
                    Fault::Some(_) => (at, fault),
                    fault => (next, fault),
                });
                Ok(half)
            }
        }
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let mut world = self.0.world();
        world.whole(false)?;
        let bytes = &world.files[self.1].bytes;
        let rest = bytes.get(usize::try_from(offset).unwrap()..).unwrap_or_default();
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let mut world = self.0.world();
        world.whole(false)?;
        let length = usize::try_from(length).unwrap();
        let file = &mut world.files[self.1];
        let before = file.bytes.clone();
        file.taken_back.get_or_insert(before);
        file.bytes.truncate(length);
        file.synced = file.synced.min(length);
        file.lost = file.lost.map(|(start, end)| (start.min(length), end.min(length)));
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut world = self.0.world();
        let goes = world.whole(true);
        let file = &mut world.files[self.1];
        if goes.is_err() {
            // The system takes the pages for clean now. A later sync has nothing to write, and says that all is well.
            let start = file.lost.map_or(file.synced, |(start, _)| start);
            file.lost = Some((start, file.bytes.len()));
        } else {
            file.synced = file.bytes.len();
            file.taken_back = None;
        }
        goes
    }

    fn let_in_as(&self, _: &Stat) -> io::Result<()> {
        self.0.world().whole(false)
    }
}
