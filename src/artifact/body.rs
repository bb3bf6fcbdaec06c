//! The bytes behind an artifact: whole, as text, as a stream of pieces, or as an HTTP response.

use std::fmt;
use std::sync::Arc;

use super::{Digest, content_type};
use crate::fs::Content;

/// Bytes in a piece of a [`Body::stream`].
const PIECE_BYTES: usize = 64 * 1024;

/// Immutable bytes, cheap to clone.
#[derive(Clone)]
pub struct Body(Arc<Content>);

impl Body {
    /// Takes the bytes over.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Arc::new(Content::Read(bytes.into())))
    }

    /// Those of a file.
    #[must_use]
    pub fn of_file(content: Content) -> Self {
        Self(Arc::new(content))
    }

    /// All bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.bytes()
    }

    /// The bytes as text, when they are UTF-8.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes()).ok()
    }

    /// Pieces of at most 64 KiB. The reader pulls them, so it sets the pace.
    pub fn stream(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes().chunks(PIECE_BYTES)
    }

    /// What an HTTP server answers for these bytes at `path`: content type and strong ETag set.
    #[must_use]
    pub fn response(&self, path: &str) -> Response {
        let digest = Digest::of(self.bytes()).to_hex();
        Response {
            content_type: content_type(path),
            etag: format!("\"{}\"", digest.get(..32).expect("a digest has 64 digits")),
            body: self.clone(),
        }
    }
}

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        self.bytes()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Body({} bytes)", self.bytes().len())
    }
}

/// An HTTP answer, without the protocol.
#[derive(Debug, Clone)]
pub struct Response {
    /// Value of `Content-Type`.
    pub content_type: &'static str,
    /// Value of `ETag`: strong, from the SHA-256 of the bytes.
    pub etag: String,
    /// The bytes.
    pub body: Body,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_view_has_the_same_bytes() {
        let body = Body::new(vec![b'x'; PIECE_BYTES * 2 + 1]);
        assert_eq!(body.stream().count(), 3);
        assert_eq!(body.stream().flatten().count(), body.bytes().len());
        assert_eq!(body.text().map(str::len), Some(body.bytes().len()));
        let response = body.response("a.js");
        assert_eq!(response.content_type, "text/javascript; charset=utf-8");
        assert_eq!(response.etag, body.response("b.js").etag);
        assert_ne!(response.etag, Body::new(*b"y").response("a.js").etag);
    }
}
