//! The dense layer both models are made of.

use crate::random::Random;

/// `outputs` weighted sums of `inputs` values.
///
/// Sums run in index order and use no fused operation, so that a result is the same bytes on every platform.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layer {
    inputs: usize,
    /// One row of `inputs` weights per output.
    weights: Vec<f32>,
    biases: Vec<f32>,
}

impl Layer {
    pub(crate) fn zero(inputs: usize, outputs: usize) -> Layer {
        Layer { inputs, weights: vec![0.0; inputs * outputs], biases: vec![0.0; outputs] }
    }

    /// Weights drawn so that the sums keep the scale of the inputs (He et al., 2015, for rectified units).
    pub(crate) fn random(inputs: u16, outputs: u16, random: &mut Random) -> Layer {
        let bound = (6.0 / f32::from(inputs)).sqrt();
        let mut layer = Layer::zero(usize::from(inputs), usize::from(outputs));
        layer.weights.fill_with(|| random.between(-bound, bound));
        layer
    }

    /// The layer with these parts, or `None` when their sizes do not match.
    pub(crate) fn from_parts(inputs: usize, weights: Vec<f32>, biases: Vec<f32>) -> Option<Layer> {
        (inputs > 0 && inputs.checked_mul(biases.len()) == Some(weights.len())).then_some(Layer {
            inputs,
            weights,
            biases,
        })
    }

    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    pub(crate) fn outputs(&self) -> usize {
        self.biases.len()
    }

    pub(crate) fn weights(&self) -> &[f32] {
        &self.weights
    }

    pub(crate) fn biases(&self) -> &[f32] {
        &self.biases
    }

    pub(crate) fn forward(&self, input: &[f32]) -> Vec<f32> {
        let rows = self.weights.chunks_exact(self.inputs);
        rows.zip(&self.biases)
            .map(|(row, bias)| bias + row.iter().zip(input).map(|(w, x)| w * x).sum::<f32>())
            .collect()
    }

    /// The loss's gradient with respect to the inputs, from the one with respect to the outputs.
    pub(crate) fn backward(&self, gradient: &[f32]) -> Vec<f32> {
        let mut back = vec![0.0; self.inputs];
        for (row, g) in self.weights.chunks_exact(self.inputs).zip(gradient) {
            for (b, w) in back.iter_mut().zip(row) {
                *b += w * g;
            }
        }
        back
    }

    /// One step of gradient descent.
    pub(crate) fn descend(&mut self, input: &[f32], gradient: &[f32], rate: f32) {
        let rows = self.weights.chunks_exact_mut(self.inputs);
        for ((row, bias), g) in rows.zip(&mut self.biases).zip(gradient) {
            let step = rate * g;
            *bias -= step;
            for (w, x) in row.iter_mut().zip(input) {
                *w -= step * x;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer() -> Layer {
        Layer::from_parts(2, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], vec![0.5, 0.0, -0.5]).unwrap()
    }

    #[test]
    fn sums_rows_forward_and_columns_backward() {
        assert_eq!(layer().forward(&[1.0, 10.0]), [21.5, 43.0, 64.5]);
        assert_eq!(layer().backward(&[1.0, 10.0, 100.0]), [531.0, 642.0]);
    }

    #[test]
    fn descends_against_the_gradient() {
        let mut layer = layer();
        layer.descend(&[1.0, 2.0], &[1.0, 0.0, -1.0], 0.5);
        assert_eq!(layer.weights(), [0.5, 1.0, 3.0, 4.0, 5.5, 7.0]);
        assert_eq!(layer.biases(), [0.0, 0.0, 0.0]);
    }

    #[test]
    fn refuses_parts_of_the_wrong_size() {
        assert_eq!(Layer::from_parts(2, vec![0.0; 5], vec![0.0; 3]), None);
        assert_eq!(Layer::from_parts(0, vec![], vec![0.0; 3]), None);
    }
}
