//! A content security policy for a page (w3.org/TR/CSP3): scripts of its own site, and inline ones by their hashes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::artifact::Digest;

/// The policy of a page.
pub(super) fn content_security_policy(page: &[u8]) -> String {
    let hashes = inline_scripts(page).into_iter().fold(String::new(), |hashes, script| {
        hashes + " 'sha256-" + &STANDARD.encode(Digest::of(script).as_bytes()) + "'"
    });
    format!("script-src 'self'{hashes} 'wasm-unsafe-eval'; object-src 'none'; base-uri 'self'")
}

/// The texts of scripts that stand in a page, as the HTML standard ends them: at `</script`, whatever is before it. Those in
/// comments are none.
fn inline_scripts(page: &[u8]) -> Vec<&[u8]> {
    let lower = page.to_ascii_lowercase();
    let find = |from: usize, text: &[u8]| {
        memchr::memmem::find(lower.get(from..)?, text).map(|at| from + at)
    };
    let mut scripts = Vec::new();
    let mut at = 0;
    while let Some(start) = memchr::memchr(b'<', &lower[at..]).map(|found| at + found) {
        let rest = &lower[start..];
        if rest.starts_with(b"<!--") {
            at = find(start, b"-->").map_or(lower.len(), |end| end + 3);
            continue;
        }
        let is_script = rest.starts_with(b"<script")
            && rest
                .get(7)
                .is_some_and(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/'));
        let Some(end) = end_of_tag(&lower, start).filter(|_| is_script) else {
            at = start + 1;
            continue;
        };
        let close = find(end, b"</script").unwrap_or(lower.len());
        if !has_source(&lower[start..end]) {
            scripts.push(&page[end..close]);
        }
        at = close;
    }
    scripts
}

/// Where a tag ends, behind its `>`, which may stand in values with quotes, too.
fn end_of_tag(page: &[u8], start: usize) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in page.iter().enumerate().skip(start) {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(*byte),
            (Some(open), byte) if open == *byte => quote = None,
            _ => {}
        }
    }
    None
}

/// Whether a tag names a file.
fn has_source(tag: &[u8]) -> bool {
    memchr::memmem::find_iter(tag, b"src").any(|at| {
        let before = tag[..at]
            .last()
            .is_some_and(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'/'));
        let behind = tag[at + 3..].trim_ascii_start();
        before && (behind.starts_with(b"=") || behind.starts_with(b">") || behind.starts_with(b"/"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_of_a_page_are_known() {
        let page = b"<!doctype html><!-- <script>no</script> --><script>a<b</script><SCRIPT type=\"module\" data-x='>'>c</Script >\
            <script src=\"a.js\"></script><script src=b.js async></script><scripture>x</scripture><script type=importmap>{}</script>";
        let found: Vec<&str> = inline_scripts(page)
            .into_iter()
            .map(|text| std::str::from_utf8(text).unwrap())
            .collect();
        assert_eq!(found, ["a<b", "c", "{}"]);
        // The hash that the CSP specification has for this script.
        let policy = content_security_policy(b"<script>alert('Hello, world.');</script>");
        assert!(
            policy.contains("'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"),
            "{policy}"
        );
    }
}
