//! The server itself: sockets, and the end of it.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::sync::watch;

use super::{CHANGES_PATH, Site, is_own};

/// A site that may be replaced while it is served.
#[derive(Debug)]
pub struct Shared {
    site: RwLock<Arc<Site>>,
    /// How often it was.
    changes: watch::Sender<u64>,
}

impl Shared {
    /// Begins with a site.
    #[must_use]
    pub fn new(site: Site) -> Self {
        Self { site: RwLock::new(Arc::new(site)), changes: watch::Sender::new(0) }
    }

    /// Puts another in its place, and tells open pages.
    pub fn replace(&self, site: Site) {
        if let Ok(mut known) = self.site.write() {
            *known = Arc::new(site);
        }
        self.changes.send_modify(|count| *count += 1);
    }

    fn site(&self) -> Arc<Site> {
        self.site.read().map(|site| Arc::clone(&site)).unwrap_or_default()
    }
}

/// How long a client may take to send the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// How long no connection is taken after one could not be.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// A server that listens.
pub struct Server {
    runtime: tokio::runtime::Runtime,
    listener: tokio::net::TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Listens on an address; port 0 is any that is free.
    ///
    /// # Errors
    /// The address is taken, or none of this machine.
    pub fn listen(host: &str, port: u16) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let listener = runtime.block_on(tokio::net::TcpListener::bind((host, port)))?;
        let address = listener.local_addr()?;
        Ok(Self { runtime, listener, address })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the process is asked to end; requests that are on their way are answered before.
    pub fn serve(self, shared: Arc<Shared>) {
        let Self { runtime, listener, .. } = self;
        let router = Router::new().fallback(answer).with_state(shared);
        runtime.block_on(async {
            let connections = GracefulShutdown::new();
            let mut ended = pin!(end());
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    () = &mut ended => break,
                };
                let Ok((stream, _)) = accepted else {
                    // There are too many connections, for instance; some will end.
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                    continue;
                };
                let service = TowerToHyperService::new(router.clone());
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(HEAD_TIME)
                    // Who closes its side behind the request waits for the answer.
                    .half_close(true)
                    .serve_connection(TokioIo::new(stream), service);
                // What goes wrong with a connection is its client's to know.
                tokio::spawn(connections.watch(connection));
            }
            drop(listener);
            connections.shutdown().await;
        });
        // Streams of changes never end by themselves.
        runtime.shutdown_background();
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    if is_own(request.uri().path()) {
        return own(&shared, request.uri().path()).await;
    }
    shared.site().respond(&request).map(Body::new)
}

/// What the server says itself: an event when the site changes.
async fn own(shared: &Shared, path: &str) -> Response {
    let mut response = Response::new(Body::empty());
    if path != CHANGES_PATH {
        *response.status_mut() = http::StatusCode::NOT_FOUND;
        return response;
    }
    let mut changes = shared.changes.subscribe();
    let ended = tokio::select! {
        changed = changes.changed() => changed.is_err(),
        () = end() => true,
    };
    let text = if ended { "" } else { "retry: 200\ndata: changed\n\n" };
    *response.body_mut() = Body::from(text);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, http::HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    response
}

/// Ends when the process is asked to.
async fn end() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
