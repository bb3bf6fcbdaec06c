//! Step 1: execution order, depth-first post-order over static imports, cycles kept.

use crate::bundle::graph::{ImportKind, ImportTarget, ModuleFormat, ModuleGraph, ModuleId};

/// Modules that the entry points reach, in the order in which they would be evaluated if each ran as early as it can.
#[derive(Debug)]
pub(crate) struct Order {
    /// All reached modules, in order. The runtime comes first.
    pub(crate) modules: Vec<ModuleId>,
}

/// Modules that static imports of one reach, itself last, in the order in which they are evaluated.
pub(crate) fn static_order(graph: &ModuleGraph, root: ModuleId) -> Vec<ModuleId> {
    let mut visited = vec![false; graph.modules.len()];
    visited[root.index()] = true;
    let mut order = Vec::new();
    let mut stack = vec![(root, 0)];
    while let Some((module, next)) = stack.last_mut() {
        let info = graph.module(*module);
        let record = info.imports.get(*next).filter(|_| info.format == ModuleFormat::Esm);
        let Some(record) = record else {
            order.push(*module);
            stack.pop();
            continue;
        };
        *next += 1;
        if record.kind == ImportKind::Static
            && let ImportTarget::Module(target) = record.target
            && !std::mem::replace(&mut visited[target.index()], true)
        {
            stack.push((target, 0));
        }
    }
    order
}

/// Sorts what the entry points reach. Lazy imports (`require`, `import()`) come after everything static.
pub(crate) fn sort_modules(graph: &ModuleGraph, entry_points: &[ModuleId]) -> Order {
    let mut visited = vec![false; graph.modules.len()];
    let mut modules = Vec::new();
    let mut lazy = std::collections::VecDeque::new();
    let mut visit = |root: ModuleId,
                     modules: &mut Vec<ModuleId>,
                     lazy: &mut std::collections::VecDeque<ModuleId>| {
        // An own stack: import chains can be longer than the thread's.
        let mut stack = vec![(root, 0)];
        if std::mem::replace(&mut visited[root.index()], true) {
            return;
        }
        while let Some((module, next)) = stack.last_mut() {
            let records = &graph.module(*module).imports;
            let Some(record) = records.get(*next) else {
                modules.push(*module);
                stack.pop();
                continue;
            };
            *next += 1;
            let ImportTarget::Module(target) = record.target else { continue };
            if record.kind != ImportKind::Static {
                lazy.push_back(target);
            } else if !std::mem::replace(&mut visited[target.index()], true) {
                stack.push((target, 0));
            }
        }
    };
    visit(ModuleId::RUNTIME, &mut modules, &mut lazy);
    for entry in entry_points {
        visit(*entry, &mut modules, &mut lazy);
    }
    while let Some(module) = lazy.pop_front() {
        visit(module, &mut modules, &mut lazy);
    }
    Order { modules }
}
