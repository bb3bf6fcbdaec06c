//! `bundlegate.lock`: SHA-256 of each file, sorted, one per line: what `sha256sum -c` reads.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::artifact::{Digest, OutputPath};

/// Name of the file.
pub const FILE_NAME: &str = "bundlegate.lock";

/// The text of a lock: `<hex><space><space><path>\n`, sorted by path bytewise. Paths that [`OutputPath`] lets through
/// need no escapes.
#[must_use]
pub fn to_text(mut entries: Vec<(OutputPath, Digest)>) -> String {
    entries.sort();
    entries.iter().fold(String::new(), |mut text, (path, digest)| {
        let _ = writeln!(text, "{}  {path}", digest.to_hex());
        text
    })
}

/// Reads a lock; says which line is wrong.
pub fn parse(text: &str) -> Result<Vec<(OutputPath, Digest)>, String> {
    let mut entries: Vec<(OutputPath, Digest)> = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, line) in text.lines().enumerate() {
        let entry = line
            .split_once("  ")
            .and_then(|(hex, path)| Some((OutputPath::new(path).ok()?, Digest::from_hex(hex)?)));
        match entry {
            Some(entry) if !seen.insert(entry.0.clone()) => {
                return Err(format!("line {} names `{}` a second time", index + 1, entry.0));
            }
            Some(entry) => entries.push(entry),
            None => return Err(format!("line {} is not `<sha256>  <path>`", index + 1)),
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_is_sorted() {
        let entry = |path: &str| (OutputPath::new(path).unwrap(), Digest::of(path.as_bytes()));
        let text = to_text(vec![entry("b.js"), entry("a b.js"), entry("購物車.js")]);
        assert_eq!(parse(&text).unwrap(), [entry("a b.js"), entry("b.js"), entry("購物車.js")]);
        assert!(parse("abc  x\n").is_err());
        assert!(parse(&format!("{text}{text}")).unwrap_err().contains("second time"));
        assert!(parse(&text.replace("b.js", "../b.js")).is_err());
    }
}
