//! `Report`: sizes, gates and modules as one value, from metafiles and sizes alone.

pub mod budget;
pub mod markdown;

use std::collections::BTreeMap;

use crate::metafile::Metafile;
use budget::BudgetResult;

/// Sizes of one output in bytes. A size that was not measured is `None`, never zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sizes {
    /// As it is.
    pub raw: u64,
    /// With gzip.
    pub gzip: Option<u64>,
    /// With brotli.
    pub brotli: Option<u64>,
}

impl<'a> std::iter::Sum<&'a Sizes> for Sizes {
    /// A size is known of all only if it is known of each.
    fn sum<I: Iterator<Item = &'a Sizes>>(sizes: I) -> Self {
        let zero = Self { raw: 0, gzip: Some(0), brotli: Some(0) };
        sizes.fold(zero, |sum, sizes| {
            let add = |a: Option<u64>, b: Option<u64>| Some(a? + b?);
            Self {
                raw: sum.raw + sizes.raw,
                gzip: add(sum.gzip, sizes.gzip),
                brotli: add(sum.brotli, sizes.brotli),
            }
        })
    }
}

/// One output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputRow {
    /// Its path.
    pub path: String,
    /// The entry point it was made for.
    pub entry_point: Option<String>,
    /// How large it is.
    pub sizes: Sizes,
}

/// What one module contributes to one output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleRow {
    /// Path of the module.
    pub path: String,
    /// Path of the output.
    pub output: String,
    /// Bytes after minifying.
    pub bytes: u64,
}

/// What a gate said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateResult {
    /// It lets the release through.
    Pass,
    /// It stops the release.
    Fail,
    /// It did not run.
    Skipped,
}

/// One gate with its evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// Its name.
    pub name: &'static str,
    /// What it said.
    pub result: GateResult,
    /// What that rests on, in words.
    pub evidence: String,
}

/// A leak, as the report tells it: never the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeakRow {
    /// Name of the variable.
    pub variable: String,
    /// The output, with line and column.
    pub place: String,
    /// How it is written.
    pub form: String,
    /// Where it came from, with line and column.
    pub source: Option<String>,
}

/// Everything that a report says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Title.
    pub name: String,
    /// Outputs, largest first; source maps are left out.
    pub outputs: Vec<OutputRow>,
    /// Modules, largest first.
    pub modules: Vec<ModuleRow>,
    /// Gates in the order in which they ran.
    pub gates: Vec<Gate>,
    /// Leaks.
    pub leaks: Vec<LeakRow>,
    /// Budgets and how they were kept.
    pub budgets: Vec<BudgetResult>,
}

impl Report {
    /// A report on the outputs of a metafile. `sizes` has what was measured, by path of the output.
    #[must_use]
    pub fn new(name: &str, metafile: &Metafile, sizes: &BTreeMap<String, Sizes>) -> Self {
        let mut outputs: Vec<OutputRow> = metafile
            .outputs
            .iter()
            .filter(|(path, _)| !is_source_map(path))
            .map(|(path, output)| OutputRow {
                path: path.clone(),
                entry_point: output.entry_point.clone(),
                sizes: sizes
                    .get(path)
                    .copied()
                    .unwrap_or(Sizes { raw: output.bytes, ..Sizes::default() }),
            })
            .collect();
        outputs.sort_by(|a, b| b.sizes.raw.cmp(&a.sizes.raw).then_with(|| a.path.cmp(&b.path)));
        let mut modules: Vec<ModuleRow> = metafile
            .outputs
            .iter()
            .flat_map(|(output, info)| {
                info.inputs.iter().map(|(path, contribution)| ModuleRow {
                    path: path.clone(),
                    output: output.clone(),
                    bytes: contribution.bytes_in_output,
                })
            })
            .filter(|row| row.bytes > 0)
            .collect();
        modules.sort_by(|a, b| {
            b.bytes.cmp(&a.bytes).then_with(|| (&a.path, &a.output).cmp(&(&b.path, &b.output)))
        });
        Self { name: name.to_owned(), outputs, modules, ..Self::default() }
    }

    /// Sum over all outputs; a kind of size that one of them lacks has no sum.
    #[must_use]
    pub fn total(&self) -> Sizes {
        self.outputs.iter().map(|row| &row.sizes).sum()
    }

    /// Whether no gate stops the release.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.gates.iter().all(|gate| gate.result != GateResult::Fail)
    }
}

/// Whether an output is a source map: nobody downloads those with the page.
#[must_use]
pub fn is_source_map(path: &str) -> bool {
    std::path::Path::new(path).extension().is_some_and(|extension| extension == "map")
}
