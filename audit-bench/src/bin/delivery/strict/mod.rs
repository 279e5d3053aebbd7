//! `strict`, beside bare group commit.

mod bare;
mod tasks;
mod threads;

use std::future::poll_fn;
use std::path::Path;
use std::time::Duration;

use audit_core::exchange::{Headers, RequestHead, ResponseHead};
use audit_core::{Auditor, Delivery, Output};

use crate::{Failed, median};

const IN_FLIGHT: [usize; 3] = [1, 64, 256];
const TURNS: usize = 7;

/// A way to have so many commits in flight in a file of that folder for a while; how many a second there were.
type Rate = fn(&Path, usize, Duration) -> Result<f64, Failed>;

/// Ours and bare group commit, by those who wait.
const FORMS: [(&str, Rate, Rate); 2] =
    [("tasks", tasks::audited, tasks::group_commit), ("threads", threads::audited, threads::group_commit)];

pub(crate) fn run(folder: &Path, turn: Duration, is_asked: impl Fn(&str) -> bool) -> Result<(), Failed> {
    let forms: Vec<_> = FORMS.into_iter().filter(|(form, ..)| is_asked(form)).collect();
    if forms.is_empty() {
        return Ok(());
    }
    println!("strict, commits a second, median of {TURNS} turns of {turn:?}");
    println!("  waiting    in flight       ours       bare      ratio");
    for (form, audited, group_commit) in forms {
        for waiting in IN_FLIGHT {
            let (mut ours, mut bare, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..TURNS {
                let (our, their) = (audited(folder, waiting, turn)?, group_commit(folder, waiting, turn)?);
                ours.push(our);
                bare.push(their);
                ratios.push(our / their);
            }
            let ratio = median(ratios);
            let verdict = if ratio >= 0.8 { "met" } else { "MISSED" };
            let (ours, bare) = (median(ours), median(bare));
            println!("  {form:<10} {waiting:9} {ours:10.0} {bare:10.0} {ratio:10.2}    aim 0.8: {verdict}");
        }
    }
    Ok(())
}

struct NoHeaders;

impl Headers for NoHeaders {
    fn for_each<'a>(&'a self, _: &mut dyn FnMut(&'a str, &'a [u8])) {}

    fn get(&self, _: &str) -> Option<&[u8]> {
        None
    }
}

/// The records of an exchange that is answered: an intent and a final.
const COMMITS: u64 = 2;

/// One request from its head to its end.
async fn exchange(auditor: &Auditor) -> Result<(), String> {
    let begun = auditor.begin(&RequestHead::new("bench", "GET", "/api/v1/layers/rivers", &NoHeaders));
    let mut exchange = begun.ok_or("not recorded")?;
    poll_fn(|cx| exchange.poll_admission(cx)).await.map_err(|refusal| format!("{refusal:?}"))?;
    exchange.respond(&ResponseHead::new(200, &NoHeaders));
    poll_fn(|cx| exchange.poll_commit(cx)).await.map_err(|refusal| format!("{refusal:?}"))?;
    exchange.complete();
    Ok(())
}

/// What `rate` gives of an auditor whose log is there for it alone.
fn with_auditor(folder: &Path, rate: impl FnOnce(&Auditor) -> Result<f64, Failed>) -> Result<f64, Failed> {
    let log = folder.join("strict.jsonl");
    let auditor = Auditor::builder().output(Output::File(log.clone())).delivery(Delivery::Strict).build()?;
    let rate = rate(&auditor);
    auditor.shutdown(Duration::from_secs(60));
    std::fs::remove_file(log)?;
    rate
}
