//! Services that this one asks over HTTP. Where they are is said by settings, never by a request.
//!
//! What they answer is read up to a bound, redirects and proxies are not followed, and each call ends within
//! [`PATIENCE`]. A URL may be a secret, as Slack's webhooks are, and so may what stands behind one: no error names a URL,
//! and what an answer says is repeated only where it is one of the service's own error codes.

pub(crate) mod mlflow;
pub(crate) mod slack;

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, StatusCode};

/// How long one call may take, with its answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of an answer is read.
const ANSWER_BYTES: usize = 64 * 1024;
/// How long an error code may be, in bytes.
const CODE_BYTES: usize = 64;

/// Why another service did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RemoteError {
    #[error("{service} cannot be reached")]
    Unreachable { service: &'static str, source: reqwest::Error },
    #[error("{service} does not answer in {} s", PATIENCE.as_secs())]
    TimedOut { service: &'static str },
    #[error("{service} answered {status}{}", .code.as_ref().map(|code| format!(": {code}")).unwrap_or_default())]
    Refused { service: &'static str, status: StatusCode, code: Option<String> },
    #[error("{service} answered with more than {ANSWER_BYTES} bytes")]
    TooLong { service: &'static str },
    #[error("{service} answered something that cannot be read")]
    Unreadable { service: &'static str, source: serde_json::Error },
}

/// # Errors
/// When the system has no usable certificates.
pub(crate) fn client() -> Result<Client, reqwest::Error> {
    Client::builder().user_agent("prediction-api").redirect(Policy::none()).no_proxy().timeout(PATIENCE).build()
}

/// An answer as it came, whatever its status.
struct Answer {
    status: StatusCode,
    body: Vec<u8>,
}

impl Answer {
    /// A refusal, with what the answer says if that is a code: a word, and nothing that a request could have put there.
    fn refused(&self, service: &'static str, code: Option<&str>) -> RemoteError {
        let is_code = |code: &&str| {
            (1..=CODE_BYTES).contains(&code.len())
                && code.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        };
        RemoteError::Refused { service, status: self.status, code: code.filter(is_code).map(str::to_owned) }
    }
}

/// Sends a request and reads its answer.
async fn ask(service: &'static str, request: RequestBuilder) -> Result<Answer, RemoteError> {
    let unreachable = |error: reqwest::Error| match error.is_timeout() {
        true => RemoteError::TimedOut { service },
        false => RemoteError::Unreachable { service, source: error.without_url() },
    };
    let mut response: Response = request.send().await.map_err(unreachable)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > ANSWER_BYTES {
            return Err(RemoteError::TooLong { service });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status: response.status(), body })
}
