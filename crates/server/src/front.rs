//! What stands before the router: a page of the portal that is ready needs nothing of the router, and is most of what is
//! asked for.

use crate::api::Api;
use crate::portal::pages;
use crate::router::router;
use axum::Router;
use axum::body::Body;
use axum::extract::connect_info::ConnectInfo;
use axum::http::Request;
use axum::response::Response;
use axum::routing::future::RouteFuture;
use axum::serve::IncomingStream;
use futures_util::future::{Either, Ready, ready};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use tokio::net::TcpListener;
use tower::Service;

/// The whole server for one connection.
#[derive(Debug, Clone)]
pub struct Front {
    api: Api,
    router: Router,
    peer: Option<SocketAddr>,
}

impl Front {
    /// The server for whoever calls it without a connection.
    pub fn new(api: Api) -> Self {
        Self { router: router(api.clone()), api, peer: None }
    }
}

impl Service<Request<Body>> for Front {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response, Infallible>>, RouteFuture<Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // A router is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if let Some(response) = pages::kept(&self.api, &request) {
            return Either::Left(ready(Ok(response)));
        }
        if let Some(peer) = self.peer {
            // The portal bounds what one address may send.
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        Either::Right(self.router.call(request))
    }
}

/// Each connection gets a server that knows who is at its other end.
impl Service<IncomingStream<'_, TcpListener>> for Front {
    type Response = Self;
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, stream: IncomingStream<'_, TcpListener>) -> Self::Future {
        ready(Ok(Self { peer: Some(*stream.remote_addr()), ..self.clone() }))
    }
}
