//! Limits per path pattern; pass or fail.

use globset::GlobBuilder;

use super::{Baseline, Report, Sizes};

/// How large something may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// That many bytes.
    Bytes(u64),
    /// That many bytes more than in base.
    Growth(u64),
    /// That many per cent more than in base.
    GrowthPercent(u64),
}

/// A limit on outputs that a pattern matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// The pattern; `None`: all outputs together.
    pub pattern: Option<String>,
    /// The kind of size: `raw`, `gzip`, `brotli` or `zstd`.
    pub metric: &'static str,
    /// The limit.
    pub limit: Limit,
    /// Whether it only warns.
    pub warns: bool,
}

/// A budget met an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetResult {
    /// The budget.
    pub budget: Budget,
    /// Path of the output; empty for all together.
    pub path: String,
    /// Bytes that it has.
    pub actual: u64,
    /// Bytes that it may have.
    pub most: u64,
}

impl BudgetResult {
    /// Bytes over the limit.
    #[must_use]
    pub fn over(&self) -> u64 {
        self.actual.saturating_sub(self.most)
    }

    /// Whether it stops the release.
    #[must_use]
    pub fn fails(&self) -> bool {
        self.over() > 0 && !self.budget.warns
    }
}

/// Holds each output against each budget whose pattern matches it. A budget on growth says nothing of what base does not
/// have.
///
/// # Errors
/// A pattern that is none, as a sentence.
pub fn check(report: &Report, budgets: &[Budget]) -> Result<Vec<BudgetResult>, String> {
    let mut results = Vec::new();
    let has_base = matches!(report.baseline, Baseline::Some(_));
    let mut hold = |budget: &Budget, path: &str, now: &Sizes, before: Option<&Sizes>| {
        let Some(actual) = now.get(budget.metric) else { return };
        // What base does not have has nothing to grow from.
        let was = before.and_then(|before| before.get(budget.metric));
        let most = match (budget.limit, was) {
            (Limit::Bytes(bytes), _) => bytes,
            (_, None) => return,
            (_, Some(_)) if !has_base => return,
            (Limit::Growth(bytes), Some(was)) => was + bytes,
            (Limit::GrowthPercent(percent), Some(was)) => was + was * percent / 100,
        };
        results.push(BudgetResult { budget: budget.clone(), path: path.to_owned(), actual, most });
    };
    for budget in budgets {
        let Some(pattern) = &budget.pattern else {
            hold(budget, "", &report.total(), report.total_before().as_ref());
            continue;
        };
        let glob = GlobBuilder::new(pattern)
            .build()
            .map_err(|error| {
                format!("the pattern `{pattern}` of a budget is none: {}", error.kind())
            })?
            .compile_matcher();
        for row in report.outputs.iter().filter(|row| glob.is_match(&row.path)) {
            hold(budget, &row.path, &row.sizes, row.before.as_ref());
        }
    }
    Ok(results)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::OutputRow;

    #[test]
    fn over_and_under() {
        let sizes = Sizes { raw: 100, gzip: Some(60), ..Sizes::default() };
        let mut report = Report {
            outputs: vec![OutputRow {
                path: "assets/購物車.js".into(),
                entry_point: None,
                sizes,
                before: Some(Sizes { raw: 80, gzip: Some(50), ..Sizes::default() }),
                title: String::new(),
            }],
            ..Report::default()
        };
        let budget = |pattern: &str, metric, limit| {
            let pattern = (!pattern.is_empty()).then(|| pattern.to_owned());
            Budget { pattern, metric, limit, warns: false }
        };
        let overs = |report: &Report, budgets: &[Budget]| -> Vec<u64> {
            check(report, budgets).unwrap().iter().map(BudgetResult::over).collect()
        };
        let absolute = [
            budget("*.js", "gzip", Limit::Bytes(50)),
            budget("*.js", "raw", Limit::Bytes(100)),
            budget("*.css", "raw", Limit::Bytes(1)),
            budget("*", "brotli", Limit::Bytes(1)),
            budget("", "raw", Limit::Bytes(99)),
        ];
        assert_eq!(overs(&report, &absolute), [10, 0, 1]);
        let growth = [
            budget("*.js", "raw", Limit::Growth(15)),
            budget("", "gzip", Limit::GrowthPercent(10)),
        ];
        assert!(overs(&report, &growth).is_empty(), "no base");
        report.baseline = Baseline::Some("x".into());
        assert_eq!(overs(&report, &growth), [5, 5]);
        report.outputs[0].before = None;
        assert_eq!(
            overs(&report, &growth),
            [60],
            "a new output has nothing to grow from; all together have"
        );
        assert!(check(&report, &[budget("[", "raw", Limit::Bytes(1))]).is_err());
    }
}
