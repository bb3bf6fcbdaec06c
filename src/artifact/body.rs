//! The bytes behind an artifact: whole, as text, or as a stream of pieces.

use std::fmt;
use std::sync::Arc;

use super::response::Piece;
use crate::fs::Content;

/// Immutable bytes, cheap to clone.
#[derive(Clone)]
pub struct Body(Arc<Content>);

impl Body {
    /// Takes the bytes over.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Arc::new(Content::Read(bytes.into())))
    }

    /// Takes a text over, which is not looked at again when it is asked for.
    #[must_use]
    pub fn from_text(text: String) -> Self {
        Self(Arc::new(Content::Text(text)))
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
        self.0.text()
    }

    /// The bytes as an asynchronous stream of pieces, which are taken as fast as the reader asks for them; none is copied.
    #[must_use]
    pub fn stream(&self) -> Piece {
        Piece::whole(self.clone())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_view_has_the_same_bytes() {
        let body = Body::new(*b"text");
        assert_eq!(body.text().map(str::len), Some(body.bytes().len()));
        assert_eq!(body.stream().len(), body.bytes().len());
        assert_eq!(Body::new(*b"\xff").text(), None);
    }
}
