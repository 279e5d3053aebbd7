//! Handwritten-digit predictors: two small models, the program that trains them, and the reading of uploaded images.
//!
//! What a caller may rely on:
//!
//! - A [`Predictor`] needs no file, no network and no time to speak of: its weights are part of the program.
//! - [`Digit::decode`] is made for untrusted uploads. It never panics, refuses an image wider or higher than
//!   [`digit::MAX_EDGE`] before decoding its pixels, and accepts PNG and JPEG only.
//! - Training is deterministic: the same samples and the same [`Training`] give the same bytes, on every platform whose
//!   `f32` and `f64` follow IEEE 754, because nothing but its exactly rounded operations is used.
//! - [`Predictor::held_out_accuracy`] is measured, not quoted: it predicts every held-out sample when called.
//!
//! A probability is the model's own confidence. It is not a measured frequency, and an image that shows no digit at all
//! (a letter, a photograph) gets a digit and a probability like any other.
//!
//! ```
//! use prediction_model::{Digit, Predictor, Version, samples};
//!
//! let image = Digit::decode(&samples::png_of(7))?;
//! let prediction = Predictor::load(Version::V2).predict(&image);
//! assert_eq!(prediction.digit, 7);
//! # Ok::<(), prediction_model::DecodeError>(())
//! ```

pub mod dataset;
pub mod digit;
pub mod mlp;
pub mod predictor;
pub mod samples;
pub mod softmax;
pub mod weights;

mod augment;
mod ink;
mod layer;
mod random;

pub use dataset::Sample;
pub use digit::{DecodeError, Digit};
pub use predictor::{Accuracy, Prediction, Predictor, Training, Version, train_v1, train_v2};
pub use weights::WeightsError;
