//! Version 1: multinomial logistic regression on the 64 cells.

use crate::dataset::{CLASSES, Sample};
use crate::digit::{CELLS, Digit};
use crate::layer::Layer;
use crate::predictor::Training;
use crate::random::Random;

/// One weighted sum per digit, turned into probabilities.
#[derive(Clone, Debug, PartialEq)]
pub struct Softmax {
    layer: Layer,
}

/// What the committed `weights/v1.bin` was trained with.
pub const TRAINING: Training = Training { epochs: 30, seed: 1 };

const FIRST_RATE: f32 = 0.1;

impl Softmax {
    /// Trains on `samples` by stochastic gradient descent, the rate falling linearly to zero.
    #[must_use]
    pub fn train(samples: &[Sample], training: Training) -> Softmax {
        let mut random = Random::new(training.seed);
        let mut layer = Layer::zero(CELLS, CLASSES);
        let mut order: Vec<&Sample> = samples.iter().collect();
        for rate in training.rates(FIRST_RATE) {
            random.shuffle(&mut order);
            for sample in &order {
                let input = sample.image.scaled();
                let gradient = loss_gradient(&layer.forward(&input), sample.label);
                layer.descend(&input, &gradient, rate);
            }
        }
        Softmax { layer }
    }

    /// The probability of each digit, 0 to 9. They add up to 1.
    #[must_use]
    pub fn probabilities(&self, image: &Digit) -> Vec<f32> {
        probabilities(&self.layer.forward(&image.scaled()))
    }

    pub(crate) fn layers(&self) -> [&Layer; 1] {
        [&self.layer]
    }

    /// `None` when the layers are not those of this model.
    pub(crate) fn from_layers(layers: Vec<Layer>) -> Option<Softmax> {
        let [layer] = <[Layer; 1]>::try_from(layers).ok()?;
        (layer.inputs() == CELLS && layer.outputs() == CLASSES).then_some(Softmax { layer })
    }
}

/// Probabilities from the sums of an output layer.
pub(crate) fn probabilities(sums: &[f32]) -> Vec<f32> {
    // Relative to the largest sum no exponent is positive, so nothing overflows and the total is at least 1.
    let largest = sums.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = sums.iter().map(|sum| exp(sum - largest)).collect();
    let total: f32 = powers.iter().sum();
    powers.into_iter().map(|power| power / total).collect()
}

/// Gradient of the cross-entropy loss with respect to the sums: the probabilities, less 1 at the right answer.
pub(crate) fn loss_gradient(sums: &[f32], label: u8) -> Vec<f32> {
    let mut gradient = probabilities(sums);
    if let Some(right) = gradient.get_mut(usize::from(label)) {
        *right -= 1.0;
    }
    gradient
}

/// e to the power of `x`, for `x` up to zero.
///
/// `f32::exp` is the platform's own and may differ in the last bit between platforms, which training would carry into
/// the weights. This is e^(x/1024) by its series, then ten times squared.
fn exp(x: f32) -> f32 {
    // Below -80 the result is less than 1e-34 and counts as nothing beside the largest, which is 1.
    let y = f64::from(x.max(-80.0)) / 1024.0;
    let mut power = 1.0 + y * (1.0 + y / 2.0 * (1.0 + y / 3.0 * (1.0 + y / 4.0)));
    for _ in 0..10 {
        power *= power;
    }
    #[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is meant")]
    let rounded = power as f32;
    rounded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_exponential_agrees_with_the_platforms() {
        for step in 0..800_u16 {
            let x = -f32::from(step) / 10.0;
            let relative = (exp(x) - x.exp()).abs() / x.exp();
            assert!(relative < 1e-4 && (x < -20.0 || relative < 1e-6), "exp({x}) is off by {relative}");
        }
    }

    #[test]
    fn probabilities_add_up_to_one_even_for_huge_sums() {
        let found = probabilities(&[1e30, 0.0, -1e30, 1e30]);
        assert!((found.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{found:?}");
        assert!((found[0] - 0.5).abs() < 1e-6 && found[1] < 1e-30, "{found:?}");
    }

    #[test]
    fn the_gradient_is_that_of_the_loss() {
        let sums = [0.3, -1.2, 2.0];
        let loss = |sums: &[f32]| -probabilities(sums)[1].ln();
        for (index, gradient) in loss_gradient(&sums, 1).into_iter().enumerate() {
            let (mut up, mut down) = (sums, sums);
            up[index] += 0.01;
            down[index] -= 0.01;
            let slope = (loss(&up) - loss(&down)) / 0.02;
            assert!((slope - gradient).abs() < 1e-3, "index {index}: {gradient}, but the slope is {slope}");
        }
    }
}
