//! A trained model of either version, and how well it does.

use std::fmt;

use crate::dataset::{self, Sample};
use crate::digit::Digit;
use crate::mlp::Mlp;
use crate::softmax::Softmax;
use crate::weights::{self, WeightsError};

/// The two models, `v1` and `v2` when displayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// Softmax regression on the cells: [`Softmax`].
    V1,
    /// A hidden layer, trained on distorted copies: [`Mlp`]. The better one.
    V2,
}

/// The digit a model takes an image for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// 0 to 9.
    pub digit: u8,
    /// The model's confidence, from 0.1 (any digit as likely) to 1.
    pub probability: f32,
}

/// How many samples a model predicted as labelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accuracy {
    /// Samples predicted as labelled.
    pub correct: usize,
    /// Samples predicted.
    pub total: usize,
}

/// For how long, and from where, training runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Training {
    /// How often every sample is seen. The time training takes is proportional to it.
    pub epochs: u16,
    /// What every random choice follows from.
    pub seed: u64,
}

/// A trained model, ready to predict.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictor(Model);

#[derive(Clone, Debug, PartialEq)]
enum Model {
    V1(Softmax),
    V2(Mlp),
}

/// A [`Version::V1`] trained on `samples`. [`softmax::TRAINING`](crate::softmax::TRAINING) gives the embedded one.
#[must_use]
pub fn train_v1(samples: &[Sample], training: Training) -> Predictor {
    Predictor(Model::V1(Softmax::train(samples, training)))
}

/// A [`Version::V2`] trained on `samples`. [`mlp::TRAINING`](crate::mlp::TRAINING) gives the embedded one.
#[must_use]
pub fn train_v2(samples: &[Sample], training: Training) -> Predictor {
    Predictor(Model::V2(Mlp::train(samples, training)))
}

impl Predictor {
    /// The model of this crate, from the weights embedded in the program.
    #[must_use]
    pub fn load(version: Version) -> Predictor {
        let bytes: &[u8] = match version {
            Version::V1 => include_bytes!("../weights/v1.bin"),
            Version::V2 => include_bytes!("../weights/v2.bin"),
        };
        Predictor::from_bytes(version, bytes).expect("the embedded weights are read by this file's tests")
    }

    /// The model whose weights [`Predictor::to_bytes`] has written.
    ///
    /// # Errors
    ///
    /// [`WeightsError`] when the bytes are damaged or are those of the other version.
    pub fn from_bytes(version: Version, bytes: &[u8]) -> Result<Predictor, WeightsError> {
        let layers = weights::from_bytes(bytes)?;
        let model = match version {
            Version::V1 => Softmax::from_layers(layers).map(Model::V1),
            Version::V2 => Mlp::from_layers(layers).map(Model::V2),
        };
        model.map(Predictor).ok_or(WeightsError::Layers)
    }

    /// The weights, in the format of [`weights`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match &self.0 {
            Model::V1(softmax) => weights::to_bytes(&softmax.layers()),
            Model::V2(mlp) => weights::to_bytes(&mlp.layers()),
        }
    }

    /// Which of the two models this is.
    #[must_use]
    pub fn version(&self) -> Version {
        match self.0 {
            Model::V1(_) => Version::V1,
            Model::V2(_) => Version::V2,
        }
    }

    /// The most probable digit, the lower one of two that are equally so.
    #[must_use]
    pub fn predict(&self, image: &Digit) -> Prediction {
        let probabilities = match &self.0 {
            Model::V1(softmax) => softmax.probabilities(image),
            Model::V2(mlp) => mlp.probabilities(image),
        };
        let candidates = (0..).zip(probabilities).map(|(digit, probability)| Prediction { digit, probability });
        let better = |best: Prediction, next: Prediction| if next.probability > best.probability { next } else { best };
        candidates.reduce(better).expect("both models have ten outputs")
    }

    /// How well the model does on the samples it was not trained on, found by predicting each of them.
    #[must_use]
    pub fn held_out_accuracy(&self) -> Accuracy {
        self.accuracy(dataset::held_out())
    }

    /// How well the model does on `samples`.
    #[must_use]
    pub fn accuracy(&self, samples: &[Sample]) -> Accuracy {
        let correct = samples.iter().filter(|sample| self.predict(&sample.image).digit == sample.label).count();
        Accuracy { correct, total: samples.len() }
    }
}

impl Training {
    /// The learning rate of each epoch, falling evenly from `first` towards zero.
    pub(crate) fn rates(self, first: f32) -> impl Iterator<Item = f32> {
        (0..self.epochs).map(move |epoch| first * (1.0 - f32::from(epoch) / f32::from(self.epochs)))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Version::V1 => "v1",
            Version::V2 => "v2",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_weights_are_read_and_written_back_unchanged() {
        let v1 = Predictor::load(Version::V1);
        let v2 = Predictor::load(Version::V2);
        assert_eq!((v1.version(), v2.version()), (Version::V1, Version::V2));
        assert_eq!(v1.to_bytes(), include_bytes!("../weights/v1.bin"));
        assert_eq!(v2.to_bytes(), include_bytes!("../weights/v2.bin"));
    }

    #[test]
    fn weights_of_the_other_version_are_refused() {
        let v1 = Predictor::load(Version::V1).to_bytes();
        let v2 = Predictor::load(Version::V2).to_bytes();
        assert_eq!(Predictor::from_bytes(Version::V2, &v1), Err(WeightsError::Layers));
        assert_eq!(Predictor::from_bytes(Version::V1, &v2), Err(WeightsError::Layers));
    }

    #[test]
    fn of_equally_probable_digits_the_lower_is_predicted() {
        let untrained = train_v1(&[], Training { epochs: 0, seed: 0 });
        assert_eq!(untrained.predict(&dataset::all()[7].image), Prediction { digit: 0, probability: 0.1 });
    }
}
