//! Texts of licences: in an output, or in a file beside it.

use rustc_hash::FxHashSet;

use super::outputs::Printed;
use crate::artifact::{ArtifactKind, Body, BuildArtifact, OutputPath, content_hash};
use crate::bundle::options::{LegalComments, Options};

/// How the file beside an output ends.
const LEGAL: &str = ".LEGAL.txt";

/// The texts of licences in an output; each is told once. `end` is what would end the element of the output in a page.
pub(super) fn legal_text<'a>(
    texts: impl Iterator<Item = &'a String>,
    end: &str,
    options: &Options,
) -> String {
    if options.legal_comments == LegalComments::None {
        return String::new();
    }
    let mut told = FxHashSet::default();
    let texts = texts.filter(|text| told.insert(*text));
    let mut all = String::new();
    for text in texts {
        let mut rest = text.as_str();
        // Names of elements have no case.
        while let Some((before, behind)) = rest.split_once("</") {
            let name = behind.get(..end.len());
            let is_end = name.is_some_and(|name| name.eq_ignore_ascii_case(end));
            all += before;
            all += if is_end { "<\\/" } else { "</" };
            rest = behind;
        }
        all += rest;
        all.push('\n');
    }
    all
}

/// What an output says that has its licences beside it.
pub(super) fn legal_link() -> String {
    format!("/*! Licences are in the file beside this one that ends in {LEGAL} */\n")
}

/// The file with the texts of licences of an output, if it has any.
pub(super) fn add_licences(path: &str, texts: &str, result: &mut Printed) {
    let bytes = texts.as_bytes();
    let Ok(path) = OutputPath::new(format!("{path}{LEGAL}")) else { return };
    if bytes.is_empty() {
        return;
    }
    result.add_beside(BuildArtifact {
        path,
        kind: ArtifactKind::Asset,
        loader: "file",
        content_hash: content_hash(bytes),
        is_immutable: false,
        source_map: None,
        runtime: None,
        body: Body::new(bytes),
    });
}
