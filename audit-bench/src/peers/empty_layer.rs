//! A layer that does nothing: what axum takes for any layer at all.

use std::task::{Context, Poll};

use tower::{Layer, Service};

/// Passes everything on.
#[derive(Clone)]
pub(crate) struct EmptyLayer;

/// The service that [`EmptyLayer`] makes.
#[derive(Clone)]
pub(crate) struct EmptyService<S>(S);

impl<S> Layer<S> for EmptyLayer {
    type Service = EmptyService<S>;

    fn layer(&self, inner: S) -> EmptyService<S> {
        EmptyService(inner)
    }
}

impl<R, S: Service<R>> Service<R> for EmptyService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.0.call(request)
    }
}
