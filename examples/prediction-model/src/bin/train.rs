//! Trains both models and writes their weights, which the library embeds.
//!
//! `cargo run --release -p prediction-model --bin train` leaves the committed files as they are, for it is
//! deterministic: a change to them is a change to the training, the data, or both.

use std::fs;
use std::io;
use std::path::Path;

use prediction_model::{Predictor, dataset, mlp, softmax, train_v1, train_v2};

#[derive(Debug, thiserror::Error)]
#[error("cannot write weights to {path}")]
struct WriteError {
    path: String,
    source: io::Error,
}

fn main() -> Result<(), WriteError> {
    let samples = dataset::training();
    println!("training on {} of {} samples", samples.len(), dataset::all().len());
    finish(&train_v1(samples, softmax::TRAINING))?;
    finish(&train_v2(samples, mlp::TRAINING))
}

fn finish(predictor: &Predictor) -> Result<(), WriteError> {
    let name = format!("weights/{}.bin", predictor.version());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&name);
    let bytes = predictor.to_bytes();
    fs::write(&path, &bytes).map_err(|source| WriteError { path: path.display().to_string(), source })?;
    let accuracy = predictor.held_out_accuracy();
    println!(
        "{}: {} of {} held-out samples correct; {name}: {} bytes",
        predictor.version(),
        accuracy.correct,
        accuracy.total,
        bytes.len()
    );
    Ok(())
}
