//! `Report`: sizes, gates and modules as one value, from metafiles and sizes alone.

pub mod budget;
pub mod bundle_md;
pub mod diff;
pub mod html;
pub mod markdown;
pub mod merge;
pub mod picture;
pub mod record;

use std::collections::BTreeSet;

use crate::artifact::hashed_name::common_template;
use crate::metafile::{Metafile, Output};
use budget::BudgetResult;
use diff::{ModuleRow, PackageRow, compare};
use picture::Pictures;

/// Sizes of one output in bytes. A size that was not measured is `None`, never zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sizes {
    /// As it is.
    pub raw: u64,
    /// With gzip.
    pub gzip: Option<u64>,
    /// With brotli.
    pub brotli: Option<u64>,
    /// With zstd.
    pub zstd: Option<u64>,
}

impl Sizes {
    /// The size of a metric: `raw`, `gzip`, `brotli` or `zstd`.
    #[must_use]
    pub fn get(&self, metric: &str) -> Option<u64> {
        match metric {
            "gzip" => self.gzip,
            "brotli" => self.brotli,
            "zstd" => self.zstd,
            _ => Some(self.raw),
        }
    }

    /// What a metafile says of an output.
    #[must_use]
    pub fn of(output: &Output) -> Self {
        Self { raw: output.bytes, gzip: output.gzip, brotli: output.brotli, zstd: output.zstd }
    }
}

impl<'a> std::iter::Sum<&'a Sizes> for Sizes {
    /// A size is known of all only if it is known of each.
    fn sum<I: Iterator<Item = &'a Sizes>>(sizes: I) -> Self {
        let zero = Self { raw: 0, gzip: Some(0), brotli: Some(0), zstd: Some(0) };
        sizes.fold(zero, |sum, sizes| {
            let add = |a: Option<u64>, b: Option<u64>| Some(a? + b?);
            Self {
                raw: sum.raw + sizes.raw,
                gzip: add(sum.gzip, sizes.gzip),
                brotli: add(sum.brotli, sizes.brotli),
                zstd: add(sum.zstd, sizes.zstd),
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
    /// How large it was in base; `None` when it was not there, or there is no base.
    pub before: Option<Sizes>,
    /// Its name in tables: with `[hash]` where that is all that its name in base differs in.
    pub title: String,
}

/// What a gate said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateResult {
    /// It lets the release through.
    Pass,
    /// It lets the release through, and found something that is worth a look.
    Warn,
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

/// What head is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Baseline {
    /// Nothing, and why.
    None(String),
    /// Something, in words: `parent 77aa1c0 of the merge`.
    Some(String),
}

impl Default for Baseline {
    fn default() -> Self {
        Self::None("none was asked for".to_owned())
    }
}

/// On what and where a report was made. What is not known is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// `owner/name`.
    pub repository: String,
    /// Number of the pull request.
    pub pull_request: Option<u64>,
    /// The event that started the run.
    pub event: String,
    /// Whether the head is another's repository.
    pub is_fork: bool,
    /// The commit that was built: of a pull request, the merge.
    pub commit: String,
    /// The last commit of the pull request, or the commit that was built.
    pub head: String,
    /// The commit of the base.
    pub base: String,
    /// Number and attempt of the run, `ID.ATTEMPT`.
    pub run: String,
    /// URL of the run.
    pub run_url: String,
}

/// A file that was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactRow {
    /// Its path.
    pub path: String,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
    /// HMAC in base64, if it was signed.
    pub hmac: Option<String>,
}

/// Everything that a report says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Title.
    pub name: String,
    /// Where it was made.
    pub context: Context,
    /// What it compares with.
    pub baseline: Baseline,
    /// Outputs, largest first; source maps are left out.
    pub outputs: Vec<OutputRow>,
    /// Outputs of base that head does not have.
    pub removed: Vec<(String, Sizes)>,
    /// Modules: those that changed most first, then the largest.
    pub modules: Vec<ModuleRow>,
    /// Packages by name.
    pub packages: Vec<PackageRow>,
    /// Gates in the order in which they ran.
    pub gates: Vec<Gate>,
    /// Leaks.
    pub leaks: Vec<LeakRow>,
    /// Budgets and how they were kept.
    pub budgets: Vec<BudgetResult>,
    /// Files that were sealed.
    pub artifacts: Vec<ArtifactRow>,
    /// Where they were stored.
    pub deployment: Option<String>,
    /// Where treemaps can be seen. The record does not say it: who reads one must not fetch what a stranger names.
    pub pictures: Option<Pictures>,
}

impl Report {
    /// A report on the outputs of a metafile, compared with a base. Sizes are those in the metafiles.
    #[must_use]
    pub fn new(name: &str, head: &Metafile, base: Result<(&Metafile, String), String>) -> Self {
        let before = base.as_ref().ok().map(|(metafile, _)| *metafile);
        let comparison = compare(before, head);
        let of_base = |path: &str| {
            let other = comparison.pairs.get(path)?;
            before?.outputs.get(other).map(|output| (other, Sizes::of(output)))
        };
        let mut outputs: Vec<OutputRow> = head
            .outputs
            .iter()
            .filter(|(path, _)| !is_source_map(path))
            .map(|(path, output)| {
                let was = of_base(path);
                let renamed = was.filter(|(other, _)| *other != path);
                OutputRow {
                    path: path.clone(),
                    entry_point: output.entry_point.clone(),
                    sizes: Sizes::of(output),
                    before: was.map(|(_, sizes)| sizes),
                    title: renamed
                        .and_then(|(other, _)| common_template(path, other))
                        .unwrap_or_else(|| path.clone()),
                }
            })
            .collect();
        outputs.sort_by(|a, b| b.sizes.raw.cmp(&a.sizes.raw).then_with(|| a.path.cmp(&b.path)));
        let joined: BTreeSet<&String> = comparison.pairs.values().collect();
        let removed = before
            .map(|base| {
                base.outputs
                    .iter()
                    .filter(|(path, _)| !is_source_map(path) && !joined.contains(path))
                    .map(|(path, output)| (path.clone(), Sizes::of(output)))
                    .collect()
            })
            .unwrap_or_default();
        let baseline = match base {
            Ok((_, label)) => Baseline::Some(label),
            Err(reason) => Baseline::None(reason),
        };
        Self {
            name: name.to_owned(),
            baseline,
            outputs,
            removed,
            modules: comparison.modules,
            packages: comparison.packages,
            ..Self::default()
        }
    }

    /// Sum over all outputs; a kind of size that one of them lacks has no sum.
    #[must_use]
    pub fn total(&self) -> Sizes {
        self.outputs.iter().map(|row| &row.sizes).sum()
    }

    /// Sum over all outputs of base; `None` without a base.
    #[must_use]
    pub fn total_before(&self) -> Option<Sizes> {
        let Baseline::Some(_) = &self.baseline else { return None };
        let kept = self.outputs.iter().filter_map(|row| row.before.as_ref());
        Some(kept.chain(self.removed.iter().map(|(_, sizes)| sizes)).sum())
    }

    /// Whether there is a base, and every output is as large as there.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        matches!(self.baseline, Baseline::Some(_))
            && self.removed.is_empty()
            && self.outputs.iter().all(|row| row.before == Some(row.sizes))
            && self.modules.iter().all(|row| row.change() == 0)
    }

    /// Whether a gate found something that stops nothing.
    #[must_use]
    pub fn warns(&self) -> bool {
        self.gates.iter().any(|gate| gate.result == GateResult::Warn)
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
