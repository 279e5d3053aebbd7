//! The models that are served: version 1 as it is embedded, version 2 as it was trained last.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use prediction_model::{Predictor, Version, WeightsError};
use service_kit::files::{FileError, StagedFile, read_bytes_if_there, stage_private_file};

/// Both models.
pub(crate) struct Models {
    v1: Arc<Predictor>,
    v2: RwLock<Arc<Predictor>>,
    /// Where a version 2 that was trained here is kept.
    file: PathBuf,
}

/// Why the models could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum ModelsError {
    /// The file that holds version 2.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file holds something else.
    #[error("cannot load {}; without it, the embedded model is served", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: WeightsError,
    },
    /// The file holds weights that nobody deployed here.
    #[error(
        "cannot serve {}: it predicts {found} held-out digits right, the embedded model {embedded}; without it, that one \
         is served",
        path.display()
    )]
    Worse {
        /// The file.
        path: PathBuf,
        /// How many digits its model predicts right.
        found: usize,
        /// How many the embedded one does.
        embedded: usize,
    },
}

/// A version 2 that is on the disk, and not served yet.
pub(crate) struct Candidate {
    predictor: Predictor,
    file: StagedFile,
}

impl Models {
    /// Loads version 2 from `file` if it is there, and what is embedded otherwise.
    pub(crate) fn open(file: PathBuf) -> Result<Self, ModelsError> {
        let mut v2 = Predictor::load(Version::V2);
        if let Some(bytes) = read_bytes_if_there(&file)? {
            let kept = Predictor::from_bytes(Version::V2, &bytes)
                .map_err(|source| ModelsError::Weights { path: file.clone(), source })?;
            // What was deployed was never worse: this was changed since.
            let (found, embedded) = (right(&kept), right(&v2));
            if found < embedded {
                return Err(ModelsError::Worse { path: file, found, embedded });
            }
            v2 = kept;
        }
        Ok(Self { v1: Arc::new(Predictor::load(Version::V1)), v2: RwLock::new(Arc::new(v2)), file })
    }

    pub(crate) fn get(&self, version: Version) -> Arc<Predictor> {
        match version {
            Version::V1 => Arc::clone(&self.v1),
            Version::V2 => Arc::clone(&self.v2.read().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    /// Keeps a version 2 that does at least as well on the held-out digits as the one that is served; `None` for one
    /// that does worse. Blocks on the disk.
    pub(crate) fn prepare(&self, new: Predictor) -> Result<Option<Candidate>, FileError> {
        if right(&new) < right(&self.get(Version::V2)) {
            return Ok(None);
        }
        let file = stage_private_file(&self.file, &new.to_bytes())?;
        Ok(Some(Candidate { predictor: new, file }))
    }

    /// Serves it. Blocks on the disk.
    pub(crate) fn deploy(&self, candidate: Candidate) -> Result<(), FileError> {
        // First: what is served after a restart is what is served now.
        candidate.file.take_its_place()?;
        *self.v2.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(candidate.predictor);
        Ok(())
    }
}

fn right(predictor: &Predictor) -> usize {
    predictor.held_out_accuracy().correct
}

#[cfg(test)]
mod tests {
    use prediction_model::{Training, train_v2};

    use super::*;
    use service_kit::files::write_private_file;

    #[test]
    fn only_a_model_that_does_as_well_is_deployed_and_then_it_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model-v2.bin");
        let untrained = train_v2(&[], Training { epochs: 0, seed: 1 });
        let embedded = Predictor::load(Version::V2);
        let models = Models::open(file.clone()).unwrap();
        assert!(models.prepare(untrained.clone()).unwrap().is_none());
        assert_eq!(*models.get(Version::V2), embedded);

        *models.v2.write().unwrap() = Arc::new(untrained.clone());
        let candidate = models.prepare(embedded.clone()).unwrap().unwrap();
        assert!(!file.exists() && *models.get(Version::V2) == untrained, "it is only prepared");
        models.deploy(candidate).unwrap();
        assert!(file.exists());
        assert_eq!(*models.get(Version::V2), embedded);
        assert_eq!(*Models::open(file).unwrap().get(Version::V2), embedded);
    }

    #[test]
    fn a_model_that_nobody_deployed_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model-v2.bin");
        write_private_file(&file, b"DGTW").unwrap();
        assert!(matches!(Models::open(file.clone()), Err(ModelsError::Weights { .. })));
        let untrained = train_v2(&[], Training { epochs: 0, seed: 1 });
        write_private_file(&file, &untrained.to_bytes()).unwrap();
        assert!(matches!(Models::open(file), Err(ModelsError::Worse { .. })));
    }
}
