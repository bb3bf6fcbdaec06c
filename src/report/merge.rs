//! Reports of many projects as one: what is in each is told with its project's name before it.

use super::record::GATES;
use super::{Baseline, Gate, GateResult, Report};

/// One report of several.
#[must_use]
pub fn merge(name: &str, parts: &[Report]) -> Report {
    let mut whole = Report { name: name.to_owned(), ..Report::default() };
    let reasons: Vec<String> = parts
        .iter()
        .filter_map(|part| match &part.baseline {
            Baseline::None(reason) => Some(format!("{}: {reason}", part.name)),
            Baseline::Some(_) => None,
        })
        .collect();
    whole.baseline = if reasons.is_empty() {
        Baseline::Some(format!("the base of each of {} projects", parts.len()))
    } else {
        Baseline::None(reasons.join("; "))
    };
    for part in parts {
        if whole.context.commit.is_empty() {
            whole.context = part.context.clone();
        }
        let place = |path: &str| format!("{}/{path}", part.name);
        whole.outputs.extend(part.outputs.iter().cloned().map(|mut row| {
            row.path = place(&row.path);
            row.title = place(&row.title);
            row
        }));
        whole.removed.extend(part.removed.iter().map(|(path, sizes)| (place(path), *sizes)));
        whole.modules.extend(part.modules.iter().cloned().map(|mut row| {
            row.output = place(&row.output);
            row
        }));
        whole.budgets.extend(part.budgets.iter().cloned().map(|mut result| {
            result.path =
                if result.path.is_empty() { part.name.clone() } else { place(&result.path) };
            result
        }));
        whole.leaks.extend(part.leaks.iter().cloned().map(|mut leak| {
            leak.place = place(&leak.place);
            leak
        }));
        whole.artifacts.extend(part.artifacts.iter().cloned().map(|mut row| {
            row.path = place(&row.path);
            row
        }));
    }
    whole.outputs.sort_by(|a, b| b.sizes.raw.cmp(&a.sizes.raw).then_with(|| a.path.cmp(&b.path)));
    whole.modules.sort_by(|a, b| {
        let by_change = b.change().unsigned_abs().cmp(&a.change().unsigned_abs());
        by_change
            .then_with(|| b.bytes.cmp(&a.bytes))
            .then_with(|| (&a.path, &a.output).cmp(&(&b.path, &b.output)))
    });
    whole.gates = GATES.into_iter().map(|name| gate(name, parts)).collect();
    // It is there only where it failed.
    whole.gates.retain(|gate| gate.name != "Build" || gate.result == GateResult::Fail);
    whole
}

/// A gate of all parts: it fails when one of them does.
fn gate(name: &'static str, parts: &[Report]) -> Gate {
    let with = |result: GateResult| -> Vec<&str> {
        let has = |part: &&Report| {
            part.gates.iter().any(|gate| gate.name == name && gate.result == result)
        };
        parts.iter().filter(has).map(|part| part.name.as_str()).collect()
    };
    let (failed, passed, skipped) =
        (with(GateResult::Fail), with(GateResult::Pass), with(GateResult::Skipped));
    let warned = with(GateResult::Warn);
    let mut evidence = Vec::new();
    if !failed.is_empty() {
        evidence.push(format!("failed in {}", failed.join(", ")));
    }
    if !warned.is_empty() {
        evidence.push(format!("a warning in {}", warned.join(", ")));
    }
    if !passed.is_empty() {
        evidence.push(format!("passed in {} projects", passed.len()));
    }
    if !skipped.is_empty() {
        evidence.push(format!("skipped in {}", skipped.join(", ")));
    }
    let result = match (failed.is_empty(), warned.is_empty(), passed.is_empty()) {
        (false, ..) => GateResult::Fail,
        (true, false, _) => GateResult::Warn,
        (true, true, false) => GateResult::Pass,
        (true, true, true) => GateResult::Skipped,
    };
    Gate { name, result, evidence: evidence.join("; ") }
}
