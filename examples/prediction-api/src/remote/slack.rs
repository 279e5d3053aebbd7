//! Messages to a Slack channel, by an incoming webhook: `POST {"text": …}`, answered `200` and `ok`, or by a status of
//! 400 or more and a word such as `no_service` (Slack's documentation, "Sending messages using incoming webhooks").

use reqwest::{Client, StatusCode, Url};
use serde_json::json;

use super::{RemoteError, ask};

const SERVICE: &str = "Slack";

/// The channel behind a webhook.
pub(crate) struct Slack {
    client: Client,
    /// Whoever has it can write to the channel.
    webhook: Option<Url>,
}

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AlertError {
    #[error("SLACK_WEBHOOK_URL is not set")]
    NotConfigured,
    #[error(transparent)]
    Remote(#[from] RemoteError),
}

impl Slack {
    pub(crate) fn new(client: Client, webhook: Option<Url>) -> Self {
        Self { client, webhook }
    }

    /// Sends a message. It is sent once: a message that may have arrived is not sent again.
    pub(crate) async fn send(&self, text: &str) -> Result<(), AlertError> {
        let webhook = self.webhook.clone().ok_or(AlertError::NotConfigured)?;
        let answer = ask(SERVICE, self.client.post(webhook).json(&json!({"text": text}))).await?;
        if answer.status == StatusCode::OK {
            return Ok(());
        }
        let code = std::str::from_utf8(&answer.body).ok().map(str::trim);
        Err(answer.refused(SERVICE, code).into())
    }
}
