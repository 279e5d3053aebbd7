//! Version 2: one hidden layer, trained on distorted copies of the samples.

use crate::augment::distorted;
use crate::dataset::{CLASSES, Sample};
use crate::digit::{CELLS, Digit};
use crate::layer::Layer;
use crate::predictor::Training;
use crate::random::Random;
use crate::softmax::{loss_gradient, probabilities};

/// 64 cells, 64 rectified units, 10 digits.
#[derive(Clone, Debug, PartialEq)]
pub struct Mlp {
    hidden: Layer,
    output: Layer,
}

/// What the committed `weights/v2.bin` was trained with.
pub const TRAINING: Training = Training { epochs: 200, seed: 2 };

const UNITS: u16 = 64;
/// The learning rate of the first epoch; it falls evenly to nothing.
pub const FIRST_RATE: f32 = 0.05;

impl Mlp {
    /// Trains on `samples` by stochastic gradient descent, each sample distorted anew every time it is seen.
    #[must_use]
    pub fn train(samples: &[Sample], training: Training) -> Mlp {
        let mut random = Random::new(training.seed);
        let mut model =
            Mlp { hidden: Layer::random(64, UNITS, &mut random), output: Layer::random(UNITS, 10, &mut random) };
        let mut order: Vec<&Sample> = samples.iter().collect();
        for rate in training.rates(FIRST_RATE) {
            random.shuffle(&mut order);
            for sample in &order {
                model.learn(&distorted(&sample.image, &mut random).scaled(), sample.label, rate);
            }
        }
        model
    }

    fn learn(&mut self, input: &[f32], label: u8, rate: f32) {
        let hidden = rectified(self.hidden.forward(input));
        let output_gradient = loss_gradient(&self.output.forward(&hidden), label);
        let mut hidden_gradient = self.output.backward(&output_gradient);
        for (gradient, value) in hidden_gradient.iter_mut().zip(&hidden) {
            if *value <= 0.0 {
                *gradient = 0.0;
            }
        }
        self.output.descend(&hidden, &output_gradient, rate);
        self.hidden.descend(input, &hidden_gradient, rate);
    }

    /// The probability of each digit, 0 to 9. They add up to 1.
    #[must_use]
    pub fn probabilities(&self, image: &Digit) -> Vec<f32> {
        let hidden = rectified(self.hidden.forward(&image.scaled()));
        probabilities(&self.output.forward(&hidden))
    }

    pub(crate) fn layers(&self) -> [&Layer; 2] {
        [&self.hidden, &self.output]
    }

    /// `None` when the layers are not those of this model.
    pub(crate) fn from_layers(layers: Vec<Layer>) -> Option<Mlp> {
        let [hidden, output] = <[Layer; 2]>::try_from(layers).ok()?;
        let fits = hidden.inputs() == CELLS && hidden.outputs() == output.inputs() && output.outputs() == CLASSES;
        fits.then_some(Mlp { hidden, output })
    }
}

fn rectified(mut values: Vec<f32>) -> Vec<f32> {
    for value in &mut values {
        *value = value.max(0.0);
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_of_learning_follows_the_slope_of_the_loss() {
        let Sample { image, label } = crate::dataset::all()[0].clone();
        let untrained = Mlp::train(&[], TRAINING);
        let mut learned = untrained.clone();
        learned.learn(&image.scaled(), label, 1.0);
        // Of every hidden unit, silent ones too, the weight of a cell that holds ink.
        let cell = 3;
        for weight in (0..usize::from(UNITS)).map(|unit| unit * CELLS + cell) {
            let loss = |change: f32| {
                let mut weights = untrained.hidden.weights().to_vec();
                weights[weight] += change;
                let hidden = Layer::from_parts(CELLS, weights, untrained.hidden.biases().to_vec()).unwrap();
                -Mlp { hidden, ..untrained.clone() }.probabilities(&image)[usize::from(label)].ln()
            };
            let slope = (loss(0.005) - loss(-0.005)) / 0.01;
            let step = untrained.hidden.weights()[weight] - learned.hidden.weights()[weight];
            assert!((slope - step).abs() < 0.01, "weight {weight}: a step of {step} for a slope of {slope}");
        }
    }
}
