//! The file format of weights: `DGTW`, the number of layers, then for each its size, weights and biases.
//!
//! All numbers are little-endian: the count and the sizes (inputs, outputs) `u32`, the rest `f32`. Reading never
//! allocates more than the file is long, and refuses a file that is longer or shorter than it says.

use crate::layer::Layer;

const MAGIC: [u8; 4] = *b"DGTW";

/// Why bytes are no weights of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The file starts with something else than `DGTW`.
    #[error("cannot read weights: the file does not start with DGTW")]
    Magic,
    /// The file ends early, or goes on after the last layer.
    #[error("cannot read weights: the file is not as long as its layers")]
    Length,
    /// A weight is infinite or not a number.
    #[error("cannot read weights: one of them is not finite")]
    NotFinite,
    /// The layers are not those of the model asked for.
    #[error("cannot read weights: the layers are not those of this version")]
    Layers,
}

/// The file that holds `layers`.
pub(crate) fn to_bytes(layers: &[&Layer]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    let mut put = |number: usize| {
        let number = u32::try_from(number).expect("the models are far smaller");
        bytes.extend(number.to_le_bytes());
    };
    put(layers.len());
    layers.iter().for_each(|layer| {
        put(layer.inputs());
        put(layer.outputs());
    });
    for layer in layers {
        bytes.extend(layer.weights().iter().chain(layer.biases()).flat_map(|value| value.to_le_bytes()));
    }
    bytes
}

/// The layers that a file holds.
pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Vec<Layer>, WeightsError> {
    let mut rest = bytes.strip_prefix(&MAGIC).ok_or(WeightsError::Magic)?;
    let count = number(&mut rest)?;
    let mut sizes = Vec::new();
    for _ in 0..count {
        sizes.push((number(&mut rest)?, number(&mut rest)?));
    }
    let mut layers = Vec::new();
    for (inputs, outputs) in sizes {
        let weights = floats(&mut rest, inputs.checked_mul(outputs).ok_or(WeightsError::Length)?)?;
        let biases = floats(&mut rest, outputs)?;
        layers.push(Layer::from_parts(inputs, weights, biases).ok_or(WeightsError::Layers)?);
    }
    if rest.is_empty() { Ok(layers) } else { Err(WeightsError::Length) }
}

fn number(rest: &mut &[u8]) -> Result<usize, WeightsError> {
    let (bytes, after) = rest.split_first_chunk().ok_or(WeightsError::Length)?;
    *rest = after;
    usize::try_from(u32::from_le_bytes(*bytes)).map_err(|_| WeightsError::Length)
}

fn floats(rest: &mut &[u8], count: usize) -> Result<Vec<f32>, WeightsError> {
    let length = count.checked_mul(4).ok_or(WeightsError::Length)?;
    let (bytes, after) = rest.split_at_checked(length).ok_or(WeightsError::Length)?;
    *rest = after;
    let (chunks, _) = bytes.as_chunks();
    let values: Vec<f32> = chunks.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect();
    if values.iter().all(|value| value.is_finite()) { Ok(values) } else { Err(WeightsError::NotFinite) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers() -> [Layer; 2] {
        let first = Layer::from_parts(2, vec![1.0, -2.0, 0.5, 4.0, 5.0, 6.0], vec![0.5, 0.0, -0.5]).unwrap();
        let second = Layer::from_parts(3, vec![7.0, 8.0, 9.0], vec![1.5]).unwrap();
        [first, second]
    }

    fn file() -> Vec<u8> {
        to_bytes(&layers().each_ref())
    }

    #[test]
    fn what_is_written_is_read_back() {
        assert_eq!(from_bytes(&file()).unwrap(), layers());
        assert_eq!(file().len(), 4 + 4 + 4 * 4 + 13 * 4);
    }

    #[test]
    fn a_file_cut_off_anywhere_or_followed_by_more_is_refused() {
        let mut file = file();
        for length in 0..file.len() {
            let expected = if length < 4 { WeightsError::Magic } else { WeightsError::Length };
            assert_eq!(from_bytes(&file[..length]), Err(expected), "{length} bytes");
        }
        file.push(0);
        assert_eq!(from_bytes(&file), Err(WeightsError::Length));
    }

    #[test]
    fn huge_sizes_are_refused_without_allocating_for_them() {
        let mut file = MAGIC.to_vec();
        file.extend([1, 0, 0, 0]);
        file.extend([0xff; 8]);
        assert_eq!(from_bytes(&file), Err(WeightsError::Length));
    }

    #[test]
    fn a_weight_that_is_no_number_is_refused() {
        let mut file = file();
        let end = file.len();
        file[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
        assert_eq!(from_bytes(&file), Err(WeightsError::NotFinite));
    }
}
