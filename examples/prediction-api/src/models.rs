//! The models that are served: version 1 as it is embedded, version 2 as it was trained last.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use prediction_model::{Predictor, Version, WeightsError};

use crate::files::{FileError, read_bytes_if_there, write_private_file};

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
}

impl Models {
    /// Loads version 2 from `file` if it is there, and what is embedded otherwise.
    pub(crate) fn open(file: PathBuf) -> Result<Self, ModelsError> {
        let v2 = match read_bytes_if_there(&file)? {
            Some(bytes) => Predictor::from_bytes(Version::V2, &bytes)
                .map_err(|source| ModelsError::Weights { path: file.clone(), source })?,
            None => Predictor::load(Version::V2),
        };
        Ok(Self { v1: Arc::new(Predictor::load(Version::V1)), v2: RwLock::new(Arc::new(v2)), file })
    }

    pub(crate) fn get(&self, version: Version) -> Arc<Predictor> {
        match version {
            Version::V1 => Arc::clone(&self.v1),
            Version::V2 => Arc::clone(&self.v2.read().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    /// Keeps and serves a version 2 that does at least as well on the held-out digits as the one that is served.
    /// Whether it does. Blocks on the disk.
    pub(crate) fn deploy(&self, new: Predictor) -> Result<bool, FileError> {
        if new.held_out_accuracy().correct < self.get(Version::V2).held_out_accuracy().correct {
            return Ok(false);
        }
        // First: what is served after a restart is what is served now.
        write_private_file(&self.file, &new.to_bytes())?;
        *self.v2.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use prediction_model::{Training, dataset, train_v2};

    use super::*;

    #[test]
    fn only_a_model_that_does_as_well_is_deployed_and_then_it_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model-v2.bin");
        let models = Models::open(file.clone()).unwrap();
        let untrained = train_v2(&[], Training { epochs: 0, seed: 1 });
        assert!(!models.deploy(untrained.clone()).unwrap());
        assert!(!file.exists());
        assert_eq!(*models.get(Version::V2), Predictor::load(Version::V2));

        // Worse than the embedded one, but better than what is served here.
        write_private_file(&file, &untrained.to_bytes()).unwrap();
        let models = Models::open(file.clone()).unwrap();
        assert_eq!(*models.get(Version::V2), untrained);
        let trained = train_v2(dataset::training(), Training { epochs: 2, seed: 1 });
        assert!(models.deploy(trained.clone()).unwrap());
        assert_eq!(*models.get(Version::V2), trained);
        assert_eq!(*Models::open(file).unwrap().get(Version::V2), trained);
    }

    #[test]
    fn a_damaged_model_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model-v2.bin");
        write_private_file(&file, b"DGTW").unwrap();
        assert!(matches!(Models::open(file), Err(ModelsError::Weights { .. })));
    }
}
