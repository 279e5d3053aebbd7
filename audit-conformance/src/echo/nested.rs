//! Audited functions that an audited handler calls.

use audit_core::{audited, data};

/// Calls one that succeeds and one that fails.
pub async fn run() -> &'static str {
    succeeds(7).await;
    // The handler answers all the same.
    if fails().await.is_err() {
        data("second", "failed");
    }
    "nested\n"
}

#[audited(action = "nested.succeeds", target = "number/{number}")]
async fn succeeds(number: u32) -> u32 {
    tokio::task::yield_now().await;
    number
}

#[audited(action = "nested.fails")]
async fn fails() -> Result<(), String> {
    tokio::task::yield_now().await;
    Err("nested work failed: password=hunter2".to_owned())
}
