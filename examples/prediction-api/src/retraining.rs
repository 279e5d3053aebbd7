//! Training version 2 anew, with what users said of its predictions, as a run of an MLflow experiment.
//!
//! Feedback says that a prediction was wrong, but neither what would have been right nor what the image was: it cannot
//! be learned from. What it can tell is which digits to look at more closely. Samples of a digit whose predictions were
//! often called wrong are seen up to twice as often.
//!
//! The new model is served only if it does at least as well on the held-out digits as the one that is served: no
//! feedback, however spiteful, makes the predictions worse than they were. Only one training runs at a time, and one
//! that has begun goes on when its client has left.

use audit_axum::{data, step};
use prediction_model::{Accuracy, Sample, Training, dataset, mlp, train_v2};

use crate::app::App;
use crate::error::ApiError;
use crate::feedback::Tally;
use crate::models::Candidate;
use crate::remote::mlflow::{Run, RunStatus, Tracking};

/// The experiment's name, which is that of the Flask application.
const EXPERIMENT: &str = "Retraining Experiment";
/// The file that tells what the model is.
const ARTIFACT: &str = "model_info.txt";

/// What came of a training.
pub(crate) struct Retrained {
    pub(crate) run_id: String,
    pub(crate) accuracy: Accuracy,
    /// Whether the new model is the one that is served now.
    pub(crate) deployed: bool,
}

/// Trains, logs, and deploys what is good enough. What goes wrong after the run has begun ends the run as failed.
pub(crate) async fn retrain(app: &App, tracking: &Tracking, user: &str) -> Result<Retrained, ApiError> {
    let tallies = app.read({
        let app = app.clone();
        move || app.feedback().tallies()
    });
    let tallies = tallies.await??;
    let run = tracking.start_run(EXPERIMENT, user).await?;
    data("run_id", run.id());
    match train(app, &run, tallies).await {
        Ok((accuracy, candidate)) => {
            let deployed = candidate.is_some();
            // Last: what is served is known to the experiment.
            if let Some(candidate) = candidate {
                let app_of_work = app.clone();
                app.read(move || app_of_work.models().deploy(candidate)).await??;
            }
            Ok(Retrained { run_id: run.id().to_owned(), accuracy, deployed })
        }
        Err(error) => {
            if let Err(also) = run.end(RunStatus::Failed).await {
                tracing::warn!(run = run.id(), "the run cannot be ended: {}", service_kit::chain(&also));
            }
            Err(error)
        }
    }
}

/// Up to the end of the run: what the new model does, and the model if it is to be served.
async fn train(app: &App, run: &Run, tallies: [Tally; 10]) -> Result<(Accuracy, Option<Candidate>), ApiError> {
    let training = Training { seed: rand::random(), ..mlp::TRAINING };
    let samples = weighted(dataset::training(), &tallies);
    let sum = |of: fn(&Tally) -> u32| tallies.iter().map(of).sum::<u32>().to_string();
    let params = [
        ("learning_rate", mlp::FIRST_RATE.to_string()),
        ("epochs", training.epochs.to_string()),
        ("seed", training.seed.to_string()),
        ("samples", samples.len().to_string()),
        ("feedback_total", sum(|tally| tally.total)),
        ("feedback_correct", sum(|tally| tally.correct)),
    ];
    run.log_params(&params).await?;
    let work = {
        let app = app.clone();
        move || {
            let predictor = train_v2(&samples, training);
            step("trained");
            let accuracy = predictor.held_out_accuracy();
            app.models().prepare(predictor).map(|candidate| (accuracy, candidate))
        }
    };
    let (accuracy, candidate) = app.train(work).await??;
    data("accuracy", share(accuracy));
    run.log_metric("accuracy", share(accuracy)).await?;
    let Accuracy { correct, total } = accuracy;
    let info = format!("Version 2, trained with feedback: {correct} of {total} held-out digits right.\n");
    run.log_text(ARTIFACT, info).await?;
    run.end(RunStatus::Finished).await?;
    Ok((accuracy, candidate))
}

/// From 0 to 1.
pub(crate) fn share(accuracy: Accuracy) -> f64 {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    number(accuracy.correct) / number(accuracy.total.max(1))
}

/// The samples, and of each digit so large a part once more as of the feedback on it was negative.
fn weighted(samples: &[Sample], tallies: &[Tally; 10]) -> Vec<Sample> {
    let mut all = samples.to_vec();
    for (label, tally) in (0_u8..).zip(tallies) {
        let of_digit: Vec<&Sample> = samples.iter().filter(|sample| sample.label == label).collect();
        let wrong = u64::from(tally.total.saturating_sub(tally.correct));
        let count = u64::try_from(of_digit.len()).expect("the samples are few");
        let more = (count * wrong).div_ceil(u64::from(tally.total.max(1)));
        all.extend(of_digit.into_iter().zip(0..more).map(|(sample, _)| sample.clone()));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_that_were_called_wrong_are_seen_more_often() {
        let samples = dataset::training();
        let count = |samples: &[Sample], label: u8| samples.iter().filter(|sample| sample.label == label).count();
        let mut tallies = [Tally::default(); 10];
        assert_eq!(weighted(samples, &tallies), samples);
        tallies[3] = Tally { total: 4, correct: 3 };
        tallies[8] = Tally { total: 2, correct: 0 };
        tallies[9] = Tally { total: 5, correct: 5 };
        let all = weighted(samples, &tallies);
        assert_eq!(count(&all, 3), count(samples, 3) + count(samples, 3).div_ceil(4));
        assert_eq!(count(&all, 8), 2 * count(samples, 8));
        assert_eq!(count(&all, 9), count(samples, 9));
    }
}
