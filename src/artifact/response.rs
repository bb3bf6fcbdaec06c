//! What an HTTP server answers for an artifact (RFC 9110): conditions, ranges, encodings, and the headers that say how long
//! it holds. `bundlegate serve` answers with the same.

use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH,
    CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_MATCH, IF_NONE_MATCH, IF_RANGE,
    RANGE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{Method, Request, Response, StatusCode};

use super::{Body, BuildArtifact, Digest, content_type};

/// Codings that an artifact may be sent in, the best first: where a client likes several alike, that one is taken.
const CODINGS: [&str; 4] = ["br", "zstd", "gzip", "identity"];

/// What can be asked for: bytes, in several encodings, and what is known of them.
#[derive(Debug, Clone)]
pub struct Resource {
    /// As they are.
    body: Body,
    /// The same in other codings, by their names in `Content-Encoding`.
    encoded: Vec<(&'static str, Body)>,
    content_type: HeaderValue,
    /// The first half of the SHA-256, in hexadecimal digits.
    tag: String,
    is_immutable: bool,
}

impl Resource {
    /// Bytes at a path, which tells their type.
    ///
    /// # Panics
    /// Never: the types that are known are values of headers.
    #[must_use]
    pub fn new(path: &str, body: Body) -> Self {
        let mut tag = Digest::of(body.bytes()).to_hex();
        tag.truncate(32);
        Self {
            body,
            encoded: Vec::new(),
            content_type: HeaderValue::from_static(content_type(path)),
            tag,
            is_immutable: false,
        }
    }

    /// The same, with an encoding of its bytes: `br`, `zstd` or `gzip`.
    #[must_use]
    pub fn encoded(mut self, coding: &'static str, body: Body) -> Self {
        self.encoded.push((coding, body));
        self
    }

    /// The same, where its name carries a hash of its content, so that it never changes.
    #[must_use]
    pub fn immutable(mut self, is_immutable: bool) -> Self {
        self.is_immutable = is_immutable;
        self
    }

    /// The bytes as they are.
    #[must_use]
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// What kind of file it is.
    #[must_use]
    pub fn content_type(&self) -> &str {
        self.content_type.to_str().unwrap_or_default()
    }

    /// The form that a client likes best, and its coding.
    fn form(&self, headers: &HeaderMap) -> (&'static str, &Body) {
        let liked = Liked::of(headers);
        let has = |coding: &str| {
            coding == "identity" || self.encoded.iter().any(|(known, _)| *known == coding)
        };
        let best = CODINGS
            .into_iter()
            .filter(|coding| has(coding))
            .map(|coding| (liked.weight(coding), coding))
            .filter(|(weight, _)| *weight > 0)
            // The first of those with the most weight.
            .min_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        // Who likes none of them gets the bytes as they are (RFC 9110, 12.5.3).
        let coding = best.map_or("identity", |(_, coding)| coding);
        let encoded = self.encoded.iter().find(|(known, _)| *known == coding);
        encoded.map_or(("identity", &self.body), |(coding, body)| (*coding, body))
    }

    /// The strong validator of a form.
    fn etag(&self, coding: &str) -> String {
        match coding {
            "identity" => format!("\"{}\"", self.tag),
            coding => format!("\"{}-{coding}\"", self.tag),
        }
    }

    /// The answer to a request. Only its method and headers are looked at.
    pub fn respond<B>(&self, request: &Request<B>) -> Response<Piece> {
        let method = request.method();
        if method != Method::GET && method != Method::HEAD {
            let allowed = [(ALLOW, HeaderValue::from_static("GET, HEAD"))];
            return answer(StatusCode::METHOD_NOT_ALLOWED, allowed.into_iter().collect(), None);
        }
        let asked = request.headers();
        let wanted = asked.get(RANGE).filter(|_| method == Method::GET);
        // A part of the bytes is one of them as they are.
        let (coding, body) =
            if wanted.is_some() { ("identity", &self.body) } else { self.form(asked) };
        let etag = self.etag(coding);
        let length = body.bytes().len();
        let mut headers = HeaderMap::new();
        headers.insert(ETAG, text(&etag));
        let holds = if self.is_immutable { IMMUTABLE } else { "no-cache" };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(holds));
        if !self.encoded.is_empty() {
            headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        }
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        // In the order of RFC 9110, 13.2.2.
        if asked.get(IF_MATCH).is_some_and(|tags| !matches(tags, &etag, true)) {
            return answer(StatusCode::PRECONDITION_FAILED, headers, None);
        }
        if asked.get_all(IF_NONE_MATCH).iter().any(|tags| matches(tags, &etag, false)) {
            if method == Method::HEAD {
                // Otherwise the server would say that there are no bytes (RFC 9110, 8.6).
                headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            }
            return answer(StatusCode::NOT_MODIFIED, headers, None);
        }
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        let is_same = asked.get(IF_RANGE).is_none_or(|tag| tag.as_bytes() == etag.as_bytes());
        let range = wanted.filter(|_| is_same).map(|range| parse_range(range, length));
        let (status, part) = match range {
            None | Some(Wanted::All) => (StatusCode::OK, 0..length),
            Some(Wanted::Part(part)) => (StatusCode::PARTIAL_CONTENT, part),
            Some(Wanted::Nothing) => {
                headers.insert(CONTENT_RANGE, text(&format!("bytes */{length}")));
                headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
                return answer(StatusCode::RANGE_NOT_SATISFIABLE, headers, None);
            }
        };
        if status == StatusCode::PARTIAL_CONTENT {
            let range = format!("bytes {}-{}/{length}", part.start, part.end - 1);
            headers.insert(CONTENT_RANGE, text(&range));
        }
        headers.insert(CONTENT_TYPE, self.content_type.clone());
        if coding != "identity" {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        headers.insert(CONTENT_LENGTH, HeaderValue::from(part.len()));
        let piece = Piece { body: Some(body.clone()), left: part };
        answer(status, headers, Some(piece).filter(|_| method == Method::GET))
    }
}

const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// The value of a header that is made of digits and fixed texts.
fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn answer(status: StatusCode, headers: HeaderMap, piece: Option<Piece>) -> Response<Piece> {
    let mut response = Response::new(piece.unwrap_or_default());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

impl BuildArtifact {
    /// The answer of a server that has this artifact, to a request of which only the method and the headers count.
    pub fn response<B>(&self, request: &Request<B>) -> Response<Piece> {
        let resource = Resource::new(self.path.as_str(), self.body.clone());
        resource.immutable(self.is_immutable).respond(request)
    }
}

/// How much a client likes codings, in thousandths (RFC 9110, 12.5.3).
struct Liked {
    named: Vec<(String, u16)>,
    is_given: bool,
}

impl Liked {
    fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(ACCEPT_ENCODING);
        let named = values
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|item| {
                let mut parts = item.split(';').map(str::trim);
                let name = parts.next().filter(|name| !name.is_empty())?.to_ascii_lowercase();
                let weight = parts.find_map(|part| {
                    part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")).map(thousandths)
                });
                Some((name, weight.unwrap_or(1000)))
            })
            .collect();
        Self { named, is_given: values.iter().next().is_some() }
    }

    fn weight(&self, coding: &str) -> u16 {
        let named = |name: &str| {
            self.named.iter().find(|(known, _)| known == name).map(|(_, weight)| *weight)
        };
        if !self.is_given {
            return if coding == "identity" { 1000 } else { 0 };
        }
        // What is not named is as good as `*`; bytes as they are always do, but are not what was asked for.
        named(coding).or_else(|| named("*")).unwrap_or(u16::from(coding == "identity"))
    }
}

/// `0.5` in thousandths; what is none counts as all.
fn thousandths(text: &str) -> u16 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = part.bytes().all(|byte| byte.is_ascii_digit()) && part.len() <= 3;
    match (whole, is_digits) {
        ("0", true) => format!("{part:0<3}").parse().unwrap_or_default(),
        _ => 1000,
    }
}

/// Whether one of the tags in a header is this one. Weak ones count only where equal meaning is enough.
fn matches(header: &HeaderValue, etag: &str, is_strong: bool) -> bool {
    let Ok(text) = header.to_str() else { return false };
    text.split(',').map(str::trim).any(|tag| {
        tag == "*"
            || tag == etag
            || (!is_strong && tag.strip_prefix("W/").is_some_and(|tag| tag == etag))
    })
}

/// What a range asks for.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    /// It is none that is understood, or several, which may be answered with all (RFC 9110, 14.2).
    All,
    /// These bytes.
    Part(Range<usize>),
    /// Nothing that is there.
    Nothing,
}

fn parse_range(header: &HeaderValue, length: usize) -> Wanted {
    let Some(range) = header.to_str().ok().and_then(|text| text.trim().strip_prefix("bytes="))
    else {
        return Wanted::All;
    };
    let Some((first, last)) = range.trim().split_once('-') else { return Wanted::All };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(first) || !is_digits(last) {
        return Wanted::All;
    }
    // Numbers beyond the largest are beyond every end.
    let number = |text: &str| text.parse::<usize>().unwrap_or(usize::MAX);
    let part = match (first, last) {
        ("", "") => return Wanted::All,
        ("", last) => length.saturating_sub(number(last))..length,
        (first, "") => number(first)..length,
        (first, last) if number(first) > number(last) => return Wanted::All,
        (first, last) => number(first)..number(last).saturating_add(1).min(length),
    };
    if part.start < part.end { Wanted::Part(part) } else { Wanted::Nothing }
}

/// Bytes in a frame of an answer.
const FRAME_BYTES: usize = 64 << 10;

/// A part of a body that is sent frame by frame, as fast as the reader takes them; no byte is copied.
#[derive(Debug, Clone, Default)]
pub struct Piece {
    body: Option<Body>,
    left: Range<usize>,
}

impl Piece {
    /// All bytes of a body.
    #[must_use]
    pub fn whole(body: Body) -> Self {
        let left = 0..body.bytes().len();
        Self { body: Some(body), left }
    }

    /// How many bytes are left.
    #[must_use]
    pub fn len(&self) -> usize {
        self.left.len()
    }

    /// Whether none are.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    fn next(&mut self) -> Option<Bytes> {
        let body = self.body.as_ref().filter(|_| !self.left.is_empty())?;
        let end = self.left.end.min(self.left.start + FRAME_BYTES);
        let frame = Bytes::from_owner(body.clone()).slice(self.left.start..end);
        self.left.start = end;
        Some(frame)
    }
}

impl futures_core::Stream for Piece {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Bytes>> {
        Poll::Ready(self.next())
    }
}

impl http_body::Body for Piece {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        Poll::Ready(self.next().map(|frame| Ok(http_body::Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.left.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource() -> Resource {
        Resource::new("a.js", Body::new(*b"0123456789"))
            .encoded("br", Body::new(*b"brotli"))
            .encoded("gzip", Body::new(*b"gzipped"))
    }

    fn ask(method: &str, headers: &[(&str, &str)]) -> Response<Piece> {
        let mut request = Request::builder().method(method).uri("/a.js");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        resource().respond(&request.body(()).unwrap())
    }

    #[track_caller]
    fn check(
        method: &str,
        headers: &[(&str, &str)],
        status: u16,
        expected: &[(&str, &str)],
        body: &[u8],
    ) {
        let response = ask(method, headers);
        assert_eq!(response.status().as_u16(), status, "{headers:?}");
        for (name, value) in expected {
            let found = response.headers().get(*name).map(|value| value.to_str().unwrap());
            assert_eq!(found.unwrap_or_default(), *value, "{name} for {headers:?}");
        }
        let mut piece = response.into_body();
        let mut bytes = Vec::new();
        while let Some(frame) = piece.next() {
            bytes.extend_from_slice(&frame);
        }
        assert_eq!(bytes, body, "{headers:?}");
    }

    #[test]
    fn requests_are_answered() {
        let all = b"0123456789";
        let etag = ask("GET", &[]).headers()["etag"].to_str().unwrap().to_owned();
        let encoded = format!("{}-br\"", etag.trim_end_matches('"'));
        check(
            "GET",
            &[],
            200,
            &[
                ("content-length", "10"),
                ("vary", "Accept-Encoding"),
                ("content-type", "text/javascript; charset=utf-8"),
                ("cache-control", "no-cache"),
                ("content-encoding", ""),
            ],
            all,
        );
        check("HEAD", &[], 200, &[("content-length", "10"), ("etag", &etag)], b"");
        check("POST", &[], 405, &[("allow", "GET, HEAD")], b"");
        // Encodings.
        check(
            "GET",
            &[("accept-encoding", "gzip, deflate, br, zstd")],
            200,
            &[("content-encoding", "br"), ("content-length", "6"), ("etag", &encoded)],
            b"brotli",
        );
        check(
            "GET",
            &[("accept-encoding", "gzip;q=1.0, br;q=0.5")],
            200,
            &[("content-encoding", "gzip")],
            b"gzipped",
        );
        check(
            "GET",
            &[("accept-encoding", "br;q=0, *")],
            200,
            &[("content-encoding", "gzip")],
            b"gzipped",
        );
        check(
            "GET",
            &[("accept-encoding", "zstd, identity;q=0")],
            200,
            &[("content-encoding", "")],
            all,
        );
        check("GET", &[("accept-encoding", "")], 200, &[("content-encoding", "")], all);
        check(
            "GET",
            &[("accept-encoding", "identity, br;q=0.1")],
            200,
            &[("content-encoding", "")],
            all,
        );
        check(
            "HEAD",
            &[("accept-encoding", "br")],
            200,
            &[("content-length", "6"), ("content-encoding", "br")],
            b"",
        );
        // Conditions.
        check(
            "GET",
            &[("if-none-match", &etag)],
            304,
            &[("etag", &etag), ("content-length", ""), ("vary", "Accept-Encoding")],
            b"",
        );
        check("GET", &[("if-none-match", &format!("\"x\", W/{etag}"))], 304, &[], b"");
        check(
            "GET",
            &[("if-none-match", &etag), ("accept-encoding", "br")],
            200,
            &[("content-encoding", "br")],
            b"brotli",
        );
        check("GET", &[("if-none-match", &encoded), ("accept-encoding", "br")], 304, &[], b"");
        check("GET", &[("if-none-match", "*")], 304, &[], b"");
        check("GET", &[("if-match", "\"x\"")], 412, &[], b"");
        check("GET", &[("if-match", &format!("W/{etag}"))], 412, &[], b"");
        check("GET", &[("if-match", &etag)], 200, &[], all);
    }

    #[test]
    fn parts_are_sent() {
        let all = b"0123456789";
        let etag = ask("GET", &[]).headers()["etag"].to_str().unwrap().to_owned();
        check(
            "GET",
            &[("range", "bytes=2-4")],
            206,
            &[("content-range", "bytes 2-4/10"), ("content-length", "3")],
            b"234",
        );
        check("GET", &[("range", "bytes=7-")], 206, &[("content-range", "bytes 7-9/10")], b"789");
        check("GET", &[("range", "bytes=-3")], 206, &[("content-range", "bytes 7-9/10")], b"789");
        check("GET", &[("range", "bytes=-30")], 206, &[("content-range", "bytes 0-9/10")], all);
        check(
            "GET",
            &[("range", "bytes=8-99999999999999999999999")],
            206,
            &[("content-range", "bytes 8-9/10")],
            b"89",
        );
        check(
            "GET",
            &[("range", "bytes=10-")],
            416,
            &[("content-range", "bytes */10"), ("content-length", "0")],
            b"",
        );
        check("GET", &[("range", "bytes=-0")], 416, &[("content-range", "bytes */10")], b"");
        for range in ["bytes=4-2", "bytes=", "bytes=a-b", "lines=1-2", "bytes=0-1,4-5", "bytes=-"] {
            check("GET", &[("range", range)], 200, &[("content-length", "10")], all);
        }
        check(
            "GET",
            &[("range", "bytes=0-0"), ("accept-encoding", "br")],
            206,
            &[("content-encoding", ""), ("etag", &etag)],
            b"0",
        );
        check("GET", &[("range", "bytes=0-0"), ("if-range", &etag)], 206, &[], b"0");
        check("GET", &[("range", "bytes=0-0"), ("if-range", "\"x\"")], 200, &[], all);
        check("GET", &[("range", "bytes=0-0"), ("if-none-match", &etag)], 304, &[], b"");
        check("HEAD", &[("range", "bytes=0-0")], 200, &[("content-length", "10")], b"");
        let immutable = resource().immutable(true).respond(&Request::new(()));
        assert_eq!(immutable.headers()["cache-control"], "public, max-age=31536000, immutable");
    }

    #[test]
    fn nothing_is_copied() {
        let body = Body::new(vec![b'x'; 3 * FRAME_BYTES + 1]);
        let start = body.bytes().as_ptr();
        let mut piece = Piece::whole(body);
        let mut frames = 0;
        while let Some(frame) = piece.next() {
            assert_eq!(frame.as_ptr(), start.wrapping_add(frames * FRAME_BYTES));
            frames += 1;
        }
        assert_eq!(frames, 4);
    }
}
