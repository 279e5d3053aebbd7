//! Calls a service as `axum::serve` does: one clone of it for each request.

use std::convert::Infallible;
use std::fmt::Debug;
use std::hint::black_box;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Request, Response};
use http_body_util::BodyExt;
use tower::{Service, ServiceExt};

use crate::request::Kind;
use crate::scenario::Failed;

/// How many of which requests are made.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) request: Kind,
    pub(crate) count: usize,
    /// Prints the answers, for whoever compares them.
    pub(crate) show: bool,
}

/// Makes the requests one after the other, on this thread.
pub(crate) fn drive<S, B>(service: S, load: Load) -> Result<(), Failed>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone,
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Debug,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|source| Failed::Io { what: "start the runtime", source })?;
    runtime.block_on(async {
        for _ in 0..load.count {
            let answer = match service.clone().oneshot(load.request.build()).await {
                Ok(answer) => answer,
                Err(never) => match never {},
            };
            let (head, mut body) = answer.into_parts();
            if load.show {
                println!("{}", head.status);
                for (name, value) in &head.headers {
                    println!("{name}: {value:?}");
                }
            }
            if !head.status.is_success() {
                return Err(Failed::Refused { status: head.status.as_u16() });
            }
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|error| Failed::Body { error: format!("{error:?}") })?;
                if load.show {
                    println!("{frame:?}");
                }
                black_box(frame);
            }
        }
        Ok(())
    })
}
