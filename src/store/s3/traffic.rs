//! What is on its way to a server: how much has moved, whether it asks to slow down, and how long nothing has moved. A time
//! limit counts from the last byte, so that a slow line is no error and a silent server is one. The system takes bytes
//! before they are sent; for these there is more time.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// Bytes that are handed to a connection at once.
const PIECE_BYTES: usize = 64 << 10;
/// How often it is looked whether something moved.
const LOOK: Duration = Duration::from_millis(500);
/// Bytes that a connection may hold back before they are sent (the third value of Linux's `net.ipv4.tcp_wmem`).
const HELD_BYTES: usize = 4 << 20;
/// Bytes a second that a line is expected to take for one of several connections, at the least.
const SLOWEST: usize = 32 << 10;
/// How much more time a server has to put parts together, which it does in silence.
const FACTOR_FOR_PARTS: u32 = 10;

/// Counters that all requests share.
#[derive(Debug)]
pub(super) struct Traffic {
    start: Instant,
    /// How long nothing may move.
    patience: Duration,
    /// Bytes that were handed to connections.
    moved: AtomicU64,
    /// How often a server asked to slow down, or did not answer.
    pressure: AtomicU64,
}

impl Traffic {
    pub(super) fn new(patience: Duration) -> Self {
        Self {
            start: Instant::now(),
            patience,
            moved: AtomicU64::new(0),
            pressure: AtomicU64::new(0),
        }
    }

    pub(super) fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }

    pub(super) fn pressure(&self) -> u64 {
        self.pressure.load(Ordering::Relaxed)
    }

    fn milliseconds(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// A connector that watches what moves through another.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) inner: SharedHttpConnector,
    pub(super) traffic: Arc<Traffic>,
}

impl HttpConnector for Watched {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let traffic = Arc::clone(&self.traffic);
        let last_moved = Arc::new(AtomicU64::new(traffic.milliseconds()));
        // Bodies of ours are in memory; in one piece nobody would see them move.
        let length = request.body().bytes().map_or(0, <[u8]>::len);
        let held = Duration::from_secs((length.min(HELD_BYTES) / SLOWEST) as u64);
        let joins_parts = request.method() == "POST" && request.uri().contains("uploadId=");
        let patience =
            if joins_parts { traffic.patience * FACTOR_FOR_PARTS } else { traffic.patience + held };
        if length > PIECE_BYTES {
            let pieces = Pieces {
                body: std::mem::replace(request.body_mut(), SdkBody::taken()),
                first: Bytes::new(),
                left: length as u64,
                traffic: Arc::clone(&traffic),
                last_moved: Arc::clone(&last_moved),
            };
            *request.body_mut() = SdkBody::from_body_1_x(pieces);
        }
        let answer = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            let mut answer = std::pin::pin!(answer);
            loop {
                if let Ok(result) = tokio::time::timeout(LOOK, &mut answer).await {
                    if let Ok(response) = &result
                        && matches!(response.status().as_u16(), 429 | 503)
                    {
                        traffic.pressure.fetch_add(1, Ordering::Relaxed);
                    }
                    return result;
                }
                let last = last_moved.load(Ordering::Relaxed);
                let idle = traffic.milliseconds().saturating_sub(last);
                if u128::from(idle) >= patience.as_millis() {
                    traffic.pressure.fetch_add(1, Ordering::Relaxed);
                    let message = format!("nothing moved for {} s", patience.as_secs());
                    return Err(ConnectorError::timeout(message.into()));
                }
            }
        })
    }
}

/// A body that is handed over piece by piece.
struct Pieces {
    body: SdkBody,
    /// What was taken from it and not handed over yet.
    first: Bytes,
    /// Bytes that were not handed over yet.
    left: u64,
    traffic: Arc<Traffic>,
    last_moved: Arc<AtomicU64>,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = <SdkBody as Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        while self.first.is_empty() {
            match std::task::ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => self.first = frame.into_data().unwrap_or_default(),
                other => return Poll::Ready(other),
            }
        }
        let length = PIECE_BYTES.min(self.first.len());
        let piece = self.first.split_to(length);
        self.left = self.left.saturating_sub(length as u64);
        self.traffic.moved.fetch_add(length as u64, Ordering::Relaxed);
        self.last_moved.store(self.traffic.milliseconds(), Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
