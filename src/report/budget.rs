//! Limits per path pattern; pass or fail.

use globset::GlobBuilder;

use super::{OutputRow, Sizes};

/// A limit on outputs that a pattern matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// The pattern.
    pub pattern: String,
    /// The kind of size: `raw`, `gzip` or `brotli`.
    pub metric: &'static str,
    /// Bytes that one output may have.
    pub limit: u64,
}

/// A budget met an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetResult {
    /// The budget.
    pub budget: Budget,
    /// Path of the output.
    pub path: String,
    /// Bytes that it has.
    pub actual: u64,
}

impl BudgetResult {
    /// Bytes over the limit.
    #[must_use]
    pub fn over(&self) -> u64 {
        self.actual.saturating_sub(self.budget.limit)
    }
}

/// Holds each output against each budget whose pattern matches it.
///
/// # Errors
/// A pattern that is none, as a sentence.
pub fn check(outputs: &[OutputRow], budgets: &[Budget]) -> Result<Vec<BudgetResult>, String> {
    let mut results = Vec::new();
    for budget in budgets {
        let glob = GlobBuilder::new(&budget.pattern)
            .build()
            .map_err(|error| {
                format!("the pattern `{}` of a budget is none: {}", budget.pattern, error.kind())
            })?
            .compile_matcher();
        for row in outputs.iter().filter(|row| glob.is_match(&row.path)) {
            if let Some(actual) = size(&row.sizes, budget.metric) {
                results.push(BudgetResult {
                    budget: budget.clone(),
                    path: row.path.clone(),
                    actual,
                });
            }
        }
    }
    Ok(results)
}

fn size(sizes: &Sizes, metric: &str) -> Option<u64> {
    match metric {
        "gzip" => sizes.gzip,
        "brotli" => sizes.brotli,
        _ => Some(sizes.raw),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_and_under() {
        let row = OutputRow {
            path: "assets/購物車.js".into(),
            entry_point: None,
            sizes: Sizes { raw: 100, gzip: Some(60), brotli: None },
        };
        let budget =
            |pattern: &str, metric, limit| Budget { pattern: pattern.into(), metric, limit };
        let budgets = [
            budget("*.js", "gzip", 50),
            budget("*.js", "raw", 100),
            budget("*.css", "raw", 1),
            budget("*", "brotli", 1),
        ];
        let results = check(&[row], &budgets).unwrap();
        assert_eq!(results.iter().map(BudgetResult::over).collect::<Vec<_>>(), [10, 0]);
        assert!(check(&[], &[budget("[", "raw", 1)]).is_err());
    }
}
