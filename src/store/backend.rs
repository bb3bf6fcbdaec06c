//! What kinds of store have in common: whole values under keys, and a swap that only one of several writers wins.

use std::io;

use crate::artifact::{Body, Digest, OutputPath};

/// A version of a value, as the kind of store names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag(pub(super) String);

/// What is stored beside the bytes.
#[derive(Debug, Clone, Default)]
pub(super) struct Attributes {
    /// Content type.
    pub(super) content_type: String,
    /// Content encoding, when readers shall decode it.
    pub(super) content_encoding: Option<String>,
    /// Cache control.
    pub(super) cache_control: Option<String>,
    /// SHA-256 of the bytes; a store checks it where it can.
    pub(super) digest: Option<Digest>,
    /// More, all ASCII.
    pub(super) metadata: Vec<(&'static str, String)>,
}

/// What a store says of a value without handing it over. What it does not know is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stored {
    /// Bytes.
    pub(super) bytes: Option<u64>,
    /// SHA-256 of the bytes.
    pub(super) digest: Option<Digest>,
    /// How it is served: content type, content encoding, cache control.
    pub(super) served: Option<[Option<String>; 3]>,
    /// What says how it is signed.
    pub(super) signature_input: Option<String>,
    /// What tells the key of the signature from others.
    pub(super) key_mark: Option<String>,
}

/// A key that was listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    /// The key.
    pub(super) key: String,
    /// Bytes of its value.
    pub(super) bytes: u64,
    /// When it was written, in seconds since 1970; 0 when that is not known.
    pub(super) modified: u64,
}

/// A kind of store. Keys are paths with `/`. Errors: [`io::ErrorKind::NotFound`] where there is no value,
/// [`io::ErrorKind::AlreadyExists`] where a swap lost, and anything else with a message for the user.
pub(super) trait Backend: Send + Sync {
    /// All bytes of a key, and their version.
    fn read(&self, key: &str) -> io::Result<(Vec<u8>, Tag)>;
    /// All bytes of a key, in pieces, so that their number does not matter.
    fn read_pieces(
        &self,
        key: &str,
        take: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()>;
    /// Puts a whole value under a key; a reader sees the old or the new one, never a part.
    fn write(&self, key: &str, body: &Body, attributes: &Attributes) -> io::Result<()>;
    /// Puts a small value under a key if its version is still the expected one; `None`: if there is none yet.
    fn swap(&self, key: &str, bytes: &[u8], expected: Option<&Tag>) -> io::Result<()>;
    /// All bytes of a key as they are stored, which may be encoded, in pieces.
    fn read_stored(
        &self,
        key: &str,
        take: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        self.read_pieces(key, take)
    }
    /// What is known of the value of a key, or `None` when there is none; `needs_digest` where its bytes must be known.
    fn stored(&self, key: &str, needs_digest: bool) -> io::Result<Option<Stored>>;
    /// All keys that start with a prefix, sorted.
    fn list(&self, prefix: &str) -> io::Result<Vec<Listed>>;
    /// Removes keys; one that is not there is no error.
    fn remove(&self, keys: &[String]) -> io::Result<()>;
    /// How many values it takes at the same time.
    fn concurrency(&self) -> usize {
        1
    }
    /// Whether it is known to do a swap as it should.
    fn swaps(&self) -> bool {
        true
    }
    /// Whether it says how a value is encoded to whoever reads it.
    fn keeps_encodings(&self) -> bool {
        true
    }
    /// Bytes that are on their way or there, so far.
    fn moved(&self) -> u64 {
        0
    }
    /// How often it asked to slow down, so far.
    fn pressure(&self) -> u64 {
        0
    }
}

/// Whether a key may be used: the rules for paths of artifacts hold for keys too.
pub(super) fn check_key(key: &str) -> io::Result<()> {
    OutputPath::new(key)
        .map(|_| ())
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
}
