//! Stand-ins for content hashes that are not known yet.

use rayon::prelude::*;
use swc_core::common::SourceMap;

use crate::bundle::graph::ModuleGraph;
use crate::bundle::options::Options;

/// Makes stand-ins, and finds them in what was printed. They are as long as a hash, so that nothing moves when the hash
/// takes their place.
#[derive(Clone)]
pub(crate) struct StandIns {
    /// A capital, a small letter and `@`.
    mark: String,
}

impl StandIns {
    /// Takes a mark that no text of the user holds: no source, no setting that is printed, no name of a file.
    pub(crate) fn new(graph: &ModuleGraph, source_map: &SourceMap, options: &Options) -> Self {
        let sources: Vec<_> = source_map.files().iter().cloned().collect();
        let mut pairs = sources
            .par_iter()
            .fold(Pairs::default, |mut pairs, file| {
                pairs.note(&file.src);
                pairs
            })
            .reduce(Pairs::default, Pairs::or);
        for module in &graph.modules {
            pairs.note(&module.path);
            if let Some(url) = &module.asset_url {
                pairs.note(url);
            }
        }
        let texts = [&options.entry_naming, &options.chunk_naming, &options.public_path];
        let printed = [&options.banner, &options.footer, &options.global_name, &options.outfile];
        for text in texts.into_iter().chain(printed.into_iter().flatten()) {
            pairs.note(text);
        }
        for text in options.env.values.values() {
            pairs.note(text);
        }
        Self { mark: pairs.unused() }
    }

    /// The stand-in for the hash of a chunk: eight characters.
    pub(super) fn of(&self, chunk: u32) -> String {
        format!("{}{chunk:05}", self.mark)
    }

    /// The chunks, of so many, whose stand-ins are in a text, in the order of their first place.
    pub(super) fn mentions(&self, text: &str, chunks: u32) -> Vec<u32> {
        let mut found = Vec::new();
        let mut is_found = vec![false; chunks as usize];
        for (at, _) in text.match_indices(&self.mark) {
            let digits = text.get(at + self.mark.len()..at + self.mark.len() + 5);
            if let Some(number) = digits.and_then(|digits| digits.parse::<u32>().ok())
                && number < chunks
                && !std::mem::replace(&mut is_found[number as usize], true)
            {
                found.push(number);
            }
        }
        found
    }
}

const LETTERS: usize = 26;

/// Pairs of a capital and a small letter in texts. Where a pair is in no source, it is in no output either, however the
/// `@` behind it is escaped there, or put together from parts.
struct Pairs {
    /// By the pair: whether it was seen at all, and whether with `@` behind it.
    seen: [(bool, bool); LETTERS * LETTERS],
}

impl Default for Pairs {
    fn default() -> Self {
        Self { seen: [(false, false); LETTERS * LETTERS] }
    }
}

impl Pairs {
    fn note(&mut self, text: &str) {
        let bytes = text.as_bytes();
        for (at, pair) in bytes.windows(2).enumerate() {
            if let [first @ b'A'..=b'Z', second @ b'a'..=b'z'] = pair {
                let seen = &mut self.seen[index(*first, *second)];
                seen.0 = true;
                seen.1 |= bytes.get(at + 2) == Some(&b'@');
            }
        }
    }

    fn or(mut self, Self { seen }: Self) -> Self {
        for (seen, other) in self.seen.iter_mut().zip(seen) {
            *seen = (seen.0 | other.0, seen.1 | other.1);
        }
        self
    }

    /// A mark that is in none of the texts: `Zq@` if it can be, so that outputs do not change with their sources more
    /// than they have to.
    fn unused(&self) -> String {
        let all = || {
            let first = (b'A'..=b'Z').rev();
            first.flat_map(|first| (b'a'..=b'z').rev().map(move |second| (first, second)))
        };
        let candidates = || std::iter::once((b'Z', b'q')).chain(all());
        let (first, second) = candidates()
            .find(|(first, second)| !self.seen[index(*first, *second)].0)
            .or_else(|| candidates().find(|(first, second)| !self.seen[index(*first, *second)].1))
            // Somebody wrote all of them down; there is nothing left to take.
            .unwrap_or((b'Z', b'q'));
        format!("{}{}@", char::from(first), char::from(second))
    }
}

fn index(first: u8, second: u8) -> usize {
    usize::from(first - b'A') * LETTERS + usize::from(second - b'a')
}
