//! What training promises: the committed weights are its result, and the second version is the better one.

use prediction_model::{Accuracy, Predictor, Training, Version, dataset, mlp, softmax, train_v1, train_v2};

#[test]
fn the_embedded_v1_is_what_training_gives() {
    let trained = train_v1(dataset::training(), softmax::TRAINING);
    assert!(trained == Predictor::load(Version::V1), "run `cargo run --release -p prediction-model --bin train`");
}

#[test]
fn v2_does_better_than_v1_on_samples_neither_was_trained_on() {
    let v1 = Predictor::load(Version::V1).held_out_accuracy();
    let v2 = Predictor::load(Version::V2).held_out_accuracy();
    // The README quotes these.
    assert_eq!(v1, Accuracy { correct: 345, total: 355 });
    assert_eq!(v2, Accuracy { correct: 350, total: 355 });
}

#[test]
fn training_v2_is_deterministic_and_follows_the_seed() {
    let samples = &dataset::training()[..100];
    let short = Training { epochs: 2, ..mlp::TRAINING };
    let first = train_v2(samples, short);
    assert_eq!(first, train_v2(samples, short));
    assert_ne!(first, train_v2(samples, Training { seed: 3, ..short }));
}

#[test]
fn v2_learns_what_it_is_shown() {
    let samples = &dataset::training()[..200];
    let untrained = train_v2(samples, Training { epochs: 0, ..mlp::TRAINING }).accuracy(samples);
    let trained = train_v2(samples, Training { epochs: 15, ..mlp::TRAINING });
    assert!(untrained.correct < 50, "{untrained:?}");
    assert!(trained.accuracy(samples).correct > 180, "{:?}", trained.accuracy(samples));
    let read_back = Predictor::from_bytes(Version::V2, &trained.to_bytes()).unwrap();
    assert_eq!(read_back, trained);
}
