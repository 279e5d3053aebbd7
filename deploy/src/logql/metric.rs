//! Numbers out of lines.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::pipeline::ERROR;
use super::syntax::{Aggregate, Metric, Over, Test};
use super::{Entry, Labels, PipelineError};

/// A number, what it is called, and which entries it is made of.
#[derive(Debug, Clone)]
pub struct Series {
    /// What it is called.
    pub labels: Labels,
    /// The number.
    pub value: f64,
    /// The entries, by their place among those asked.
    pub entries: Vec<usize>,
}

impl Metric {
    /// Its series at an instant.
    pub(super) fn series(&self, entries: &[Entry], at: Timestamp) -> Result<Vec<Series>, PipelineError> {
        match self {
            Self::Range { over, of, unwrap, range, by } => {
                let range = SignedDuration::try_from(*range).unwrap_or(SignedDuration::MAX);
                let young = |entry: &Entry| is_young(entry, at, range);
                let mut groups: BTreeMap<Labels, Vec<(usize, f64)>> = BTreeMap::new();
                for line in of.lines(entries) {
                    if !entries.get(line.entry).is_some_and(young) {
                        continue;
                    }
                    let mut labels = line.labels;
                    let value = match unwrap {
                        None => 1.0,
                        // "not there" is no error: https://github.com/grafana/loki/issues/6713
                        Some(name) => match labels.remove(name) {
                            None => continue,
                            Some(text) => match text.parse() {
                                Ok(value) => value,
                                Err(_) => return Err(PipelineError("SampleExtractionErr".into())),
                            },
                        },
                    };
                    if let Some(error) = labels.get(ERROR) {
                        return Err(PipelineError(error.clone()));
                    }
                    groups.entry(only(labels, by.as_deref())).or_default().push((line.entry, value));
                }
                let series = groups.into_iter().map(|(labels, samples)| {
                    let (entries, values): (Vec<_>, Vec<_>) = samples.into_iter().unzip();
                    Series { labels, value: over.of(&values, range.as_secs_f64()), entries }
                });
                Ok(series.collect())
            }
            Self::Absent { of, range } => {
                let range = SignedDuration::try_from(*range).unwrap_or(SignedDuration::MAX);
                let lines = of.lines(entries);
                if lines.iter().any(|line| entries.get(line.entry).is_some_and(|entry| is_young(entry, at, range))) {
                    return Ok(Vec::new());
                }
                let labels = of.selector.iter().filter_map(|matcher| match &matcher.test {
                    Test::Is(value) => Some((matcher.name.clone(), value.clone())),
                    _ => None,
                });
                Ok(vec![Series { labels: labels.collect(), value: 1.0, entries: Vec::new() }])
            }
            Self::Vector { aggregate, by, of } => Ok(aggregate.of(of.series(entries, at)?, by.as_deref())),
            Self::Only { of, compare, with } => {
                let mut series = of.series(entries, at)?;
                series.retain(|series| compare.holds(series.value, *with));
                Ok(series)
            }
        }
    }
}

fn is_young(entry: &Entry, at: Timestamp, range: SignedDuration) -> bool {
    entry.at <= at && at.duration_since(entry.at) < range
}

/// Those that are grouped by; a label that is not there is none of the group's.
fn only(mut labels: Labels, by: Option<&[String]>) -> Labels {
    if let Some(by) = by {
        labels.retain(|name, value| by.contains(name) && !value.is_empty());
    }
    labels
}

fn average(values: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a number of lines")]
    let count = values.len() as f64;
    values.iter().sum::<f64>() / count
}

impl Over {
    fn of(self, values: &[f64], seconds: f64) -> f64 {
        match self {
            Self::Count | Self::Sum => values.iter().sum(),
            Self::Rate => values.iter().sum::<f64>() / seconds,
            Self::Avg => average(values),
            Self::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Self::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
            Self::Quantile(share) => quantile(share, values),
        }
    }
}

/// Between the two nearest ranks, by their distance, as Prometheus's `quantile`.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "ranks of a few values"
)]
fn quantile(share: f64, values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = share.clamp(0.0, 1.0) * (sorted.len().saturating_sub(1)) as f64;
    let below = sorted.get(rank.floor() as usize).copied().unwrap_or(f64::NAN);
    let above = sorted.get(rank.ceil() as usize).copied().unwrap_or(below);
    below + (above - below) * rank.fract()
}

impl Aggregate {
    fn of(self, mut series: Vec<Series>, by: Option<&[String]>) -> Vec<Series> {
        if let Self::Topk(k) | Self::Bottomk(k) = self {
            series.sort_by(|left, right| left.value.total_cmp(&right.value));
            if matches!(self, Self::Topk(_)) {
                series.reverse();
            }
            series.truncate(k);
            return series;
        }
        let mut groups: BTreeMap<Labels, Vec<Series>> = BTreeMap::new();
        for one in series {
            let labels = only(one.labels.clone(), Some(by.unwrap_or_default()));
            groups.entry(labels).or_default().push(one);
        }
        let merged = groups.into_iter().map(|(labels, series)| {
            let values: Vec<_> = series.iter().map(|series| series.value).collect();
            let value = match self {
                Self::Sum => values.iter().sum(),
                Self::Avg => average(&values),
                Self::Max => Over::Max.of(&values, 0.0),
                Self::Min => Over::Min.of(&values, 0.0),
                Self::Count => values.iter().map(|_| 1.0).sum(),
                Self::Topk(_) | Self::Bottomk(_) => f64::NAN, // done above
            };
            Series { labels, value, entries: series.into_iter().flat_map(|series| series.entries).collect() }
        });
        merged.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Answer, parse};
    use super::*;

    fn asked(query: &str) -> Result<Vec<String>, PipelineError> {
        let lines = [(0, "a", "10"), (30, "a", "30"), (50, "b", "20"), (59, "b", "\"x\"")];
        let entry = |(second, user, n): &(i64, &str, &str)| Entry {
            at: Timestamp::from_second(*second).unwrap(),
            line: format!(r#"{{"user":"{user}","n":{n}}}"#),
            labels: [("job".to_owned(), "j".to_owned())].into(),
            metadata: Labels::new(),
        };
        let entries: Vec<_> = lines.iter().map(entry).collect();
        let answer = parse(query).unwrap().ask(&entries, Timestamp::from_second(60).unwrap())?;
        let Answer::Series(series) = answer else { panic!("a metric query") };
        Ok(series
            .iter()
            .map(|series| format!("{}={}", series.labels.values().cloned().collect::<Vec<_>>().join(","), series.value))
            .collect())
    }

    #[test]
    fn a_metric_query_gives_what_the_reference_says() {
        let all = "{job=\"j\"} | json";
        for (query, expected) in [
            ("count_over_time({job=\"j\"}[1m])", vec!["j=3"]), // the first is a minute old
            ("count_over_time({job=\"j\"}[2m])", vec!["j=4"]),
            ("absent_over_time({job=\"j\"}[1m])", vec![]),
            ("absent_over_time({job=\"j\"}[1s])", vec!["j=1"]), // none is so young
            ("absent_over_time({job=\"k\",user!=\"a\"}[2m])", vec!["k=1"]),
            ("rate({job=\"j\"}[2m])", vec!["j=0.03333333333333333"]),
            (&format!("sum by (user) (count_over_time({all}[2m]))"), vec!["a=2", "b=2"]),
            (&format!("sum(count_over_time({all}[2m])) by (user)"), vec!["a=2", "b=2"]),
            (&format!("sum(count_over_time({all}[2m]))"), vec!["=4"]),
            (&format!("count by (job) (sum by (user, job) (count_over_time({all}[2m])))"), vec!["j=2"]),
            (&format!("topk(1, sum by (user) (count_over_time({all} | n < 25 [2m] )))"), vec!["b=1"]),
            (&format!("sum by (user) (count_over_time({all} | user=\"a\"[2m])) > 2"), vec![]),
            (&format!("max_over_time({all} | user=\"a\" | unwrap n [2m]) by (user)"), vec!["a=30"]),
            (&format!("min_over_time({all} | user=\"a\" | unwrap n [2m]) by (user)"), vec!["a=10"]),
            (&format!("avg_over_time({all} | user=\"a\" | unwrap n [2m]) by (user)"), vec!["a=20"]),
            (&format!("quantile_over_time(0.75, {all} | user=\"a\" | unwrap n [2m]) by (user)"), vec!["a=25"]),
            (&format!("sum(sum_over_time({all} | user=\"a\" | unwrap n [2m]))"), vec!["=40"]),
            (&format!("sum(sum_over_time({all} | unwrap gone [2m]))"), vec![]),
        ] {
            // A comparison lets a value that is no number pass, with an error; so these leave it out.
            let query = query.replace("| n < 25 [", "| n != \"x\" | n < 25 [");
            let expected: Vec<_> = expected.into_iter().map(str::to_owned).collect();
            let found = asked(&query);
            assert_eq!(found, Ok(expected), "{query}");
        }
    }

    #[test]
    fn a_value_that_is_no_number_makes_the_query_fail() {
        assert!(asked("sum(sum_over_time({job=\"j\"} | json | unwrap n [2m]))").is_err());
        assert!(asked("sum(count_over_time({job=\"j\"} | json | n > 1 [2m]))").is_err());
    }
}
