//! What printing makes.

use std::collections::BTreeMap;

use crate::artifact::BuildArtifact;
use crate::diag::Diagnostic;
use crate::metafile::Output;

/// Artifacts, and their part of the metafile.
#[derive(Default)]
pub(crate) struct Printed {
    /// Entries, chunks, source maps.
    pub(crate) artifacts: Vec<BuildArtifact>,
    /// Outputs by path below the output folder.
    pub(crate) outputs: BTreeMap<String, Output>,
    /// What the user should know.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Printed {
    /// Adds an output that comes from no module, such as a source map.
    pub(super) fn add_beside(&mut self, artifact: BuildArtifact) {
        let output = Output { bytes: artifact.body.bytes().len() as u64, ..Output::default() };
        self.outputs.insert(artifact.path.to_string(), output);
        self.artifacts.push(artifact);
    }

    /// Adds what another print made.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.artifacts.append(&mut other.artifacts);
        self.outputs.append(&mut other.outputs);
        self.diagnostics.append(&mut other.diagnostics);
    }
}
