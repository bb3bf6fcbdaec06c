//! Step 4: which modules must run inside a closure, and why.

use crate::bundle::graph::{ImportKind, ImportTarget, ModuleFormat, ModuleGraph, ModuleId};
use crate::bundle::options::Options;

use super::tree_shake::Live;

/// How a module runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrap {
    /// Its statements stand in the output as they are.
    None,
    /// `CommonJS`: a closure with `exports` and `module`, run by the first `require`.
    CommonJs,
    /// An ECMAScript module that runs late: its variables stand outside, its statements in a closure.
    Esm,
}

/// How each module runs.
#[derive(Debug, Clone)]
pub(crate) struct Wraps(Vec<Wrap>);

impl Wraps {
    /// How this one runs.
    pub(crate) fn of(&self, module: ModuleId) -> Wrap {
        self.0[module.index()]
    }

    /// Lets an ECMAScript module run late.
    pub(crate) fn wrap(&mut self, module: ModuleId) {
        if self.0[module.index()] == Wrap::None {
            self.0[module.index()] = Wrap::Esm;
        }
    }
}

/// Decides for each module. `CommonJS` is always wrapped; an ECMAScript module is when `require` or an `import()`
/// into the same output may run it later than its place among the static imports, and then so are its own imports.
pub(crate) fn wrap_modules(
    graph: &ModuleGraph,
    entry_points: &[ModuleId],
    live: &Live,
    options: &Options,
) -> Wraps {
    let mut wraps =
        Wraps(
            graph
                .modules
                .iter()
                .map(|module| {
                    if module.format == ModuleFormat::CommonJs {
                        Wrap::CommonJs
                    } else {
                        Wrap::None
                    }
                })
                .collect(),
        );
    let mut dynamic = Vec::new();
    for id in graph.ids() {
        let module = graph.module(id);
        for (statement, _) in
            module.statements.iter().zip(&live.statements[id.index()]).filter(|(_, live)| **live)
        {
            for record in &statement.records {
                let record = &module.imports[*record as usize];
                let ImportTarget::Module(target) = record.target else { continue };
                match record.kind {
                    ImportKind::Require => wrap_with_imports(graph, target, &mut wraps, &[]),
                    ImportKind::Dynamic if !options.splitting => dynamic.push(target),
                    _ => {}
                }
            }
        }
    }
    if !dynamic.is_empty() {
        // What static imports run anyway has run by the time that an `import()` answers, unless an `await` lets the
        // answer come first.
        let waits =
            graph.ids().any(|id| live.modules[id.index()] && graph.module(id).has_top_level_await);
        let eager = if waits { Vec::new() } else { eager_modules(graph, entry_points, &wraps) };
        for target in dynamic {
            wrap_with_imports(graph, target, &mut wraps, &eager);
        }
    }
    wraps
}

/// Wraps a module and what it imports statically, except for what runs early anyway.
fn wrap_with_imports(graph: &ModuleGraph, root: ModuleId, wraps: &mut Wraps, eager: &[bool]) {
    let mut todo = vec![root];
    while let Some(id) = todo.pop() {
        if wraps.of(id) != Wrap::None || eager.get(id.index()).copied().unwrap_or_default() {
            continue;
        }
        wraps.wrap(id);
        for (_, record) in graph.module(id).static_imports() {
            if let ImportTarget::Module(target) = record.target {
                todo.push(target);
            }
        }
    }
}

/// Modules that static imports of the entry points run without any closure in between.
fn eager_modules(graph: &ModuleGraph, entry_points: &[ModuleId], wraps: &Wraps) -> Vec<bool> {
    let mut eager = vec![false; graph.modules.len()];
    let mut todo = entry_points.to_vec();
    while let Some(id) = todo.pop() {
        if wraps.of(id) != Wrap::None || std::mem::replace(&mut eager[id.index()], true) {
            continue;
        }
        for (_, record) in graph.module(id).static_imports() {
            if let ImportTarget::Module(target) = record.target {
                todo.push(target);
            }
        }
    }
    eager
}
