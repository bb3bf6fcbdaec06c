//! Step 4: which modules must run inside a closure, and why.

use rustc_hash::FxHashSet;

use crate::bundle::graph::{ImportKind, ImportTarget, ModuleFormat, ModuleGraph, ModuleId};
use crate::bundle::options::{Format, Options};
use crate::diag::{Diagnostic, Location};

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
pub(crate) struct Wraps {
    list: Vec<Wrap>,
    /// Whether modules are evaluated by the algorithm of the language, because some `await` and others must go on
    /// meanwhile.
    pub(crate) awaits: bool,
}

impl Wraps {
    /// How this one runs.
    pub(crate) fn of(&self, module: ModuleId) -> Wrap {
        self.list[module.index()]
    }

    /// Lets an ECMAScript module run late.
    pub(crate) fn wrap(&mut self, module: ModuleId) {
        if self.list[module.index()] == Wrap::None {
            self.list[module.index()] = Wrap::Esm;
        }
    }

    /// Lets every kept module run when what it imports has settled, if one that awaits at its top is in a closure.
    pub(crate) fn wait_for_closures(&mut self, graph: &ModuleGraph, live: &Live) {
        if !self.awaits && self.awaits_in_closure(graph, live) {
            self.wrap_all(graph, live);
        }
    }

    fn awaits_in_closure(&self, graph: &ModuleGraph, live: &Live) -> bool {
        awaiting(graph, live).any(|id| self.of(id) != Wrap::None)
    }

    fn wrap_all(&mut self, graph: &ModuleGraph, live: &Live) {
        self.awaits = true;
        for id in graph.ids().filter(|id| live.modules[id.index()] && *id != ModuleId::RUNTIME) {
            self.wrap(id);
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
    let list = graph
        .modules
        .iter()
        .map(|module| match module.format {
            ModuleFormat::CommonJs => Wrap::CommonJs,
            // `eval` sees names as they were written, so nobody else's may stand beside them.
            ModuleFormat::Esm if module.has_direct_eval => Wrap::Esm,
            ModuleFormat::Esm => Wrap::None,
        })
        .collect();
    let mut wraps = Wraps { list, awaits: false };
    let mut dynamic = Vec::new();
    for id in graph.ids() {
        // What a module in a closure imports runs when that does.
        if graph.module(id).has_direct_eval && graph.module(id).format == ModuleFormat::Esm {
            for (_, record) in graph.module(id).static_imports() {
                if let ImportTarget::Module(target) = record.target {
                    wrap_with_imports(graph, target, &mut wraps, &[]);
                }
            }
        }
        // What a `CommonJS` module imports by statements runs when it does.
        if graph.module(id).format == ModuleFormat::CommonJs && live.modules[id.index()] {
            for (_, record) in graph.module(id).static_imports() {
                // A flat one has run by then.
                if let ImportTarget::Module(target) = record.target
                    && graph.module(target).flat.is_none()
                {
                    wrap_with_imports(graph, target, &mut wraps, &[]);
                }
            }
        }
        for record in live.records(graph, id) {
            let ImportTarget::Module(target) = record.target else { continue };
            match record.kind {
                ImportKind::Require => wrap_with_imports(graph, target, &mut wraps, &[]),
                ImportKind::Dynamic if !options.splitting => dynamic.push(target),
                _ => {}
            }
        }
    }
    if !dynamic.is_empty() {
        // What static imports run anyway has run by the time that an `import()` answers, unless an `await` lets the
        // answer come first.
        let waits = awaiting(graph, live).next().is_some();
        let eager = if waits { Vec::new() } else { eager_modules(graph, entry_points, &wraps) };
        for target in dynamic {
            wrap_with_imports(graph, target, &mut wraps, &eager);
        }
    }
    if waits_for_others(graph, entry_points, live, &wraps, options) {
        wraps.wrap_all(graph, live);
    }
    wraps
}

/// Kept modules with `await` at their tops.
fn awaiting<'a>(graph: &'a ModuleGraph, live: &'a Live) -> impl Iterator<Item = ModuleId> + 'a {
    graph.ids().filter(|id| live.modules[id.index()] && graph.module(*id).has_top_level_await)
}

/// Whether `await` at the top of a module lets another one go on. Where it does not, statements in a row behave the
/// same: everything that comes after such a module imports it.
fn waits_for_others(
    graph: &ModuleGraph,
    entry_points: &[ModuleId],
    live: &Live,
    wraps: &Wraps,
    options: &Options,
) -> bool {
    let awaiting: Vec<ModuleId> = awaiting(graph, live).collect();
    if awaiting.is_empty() {
        return false;
    }
    if wraps.awaits_in_closure(graph, live) {
        return true;
    }
    // Modules of a circle import each other, but only one of them waits for the others.
    if awaiting.iter().any(|id| graph.module(*id).in_circle) {
        return true;
    }
    let mut roots = entry_points.to_vec();
    if options.splitting {
        roots.extend(graph.ids().flat_map(|id| live.dynamic_targets(graph, id)));
    }
    let awaiting: FxHashSet<ModuleId> = awaiting.into_iter().collect();
    let matters = |id: ModuleId| {
        live.modules[id.index()]
            && (live.does_something(graph, id) || graph.module(id).format == ModuleFormat::CommonJs)
    };
    roots.iter().any(|root| {
        let mut last = None;
        // Modules that import the last one that awaits, directly or not. That one imports those before.
        let mut waiting: FxHashSet<ModuleId> = FxHashSet::default();
        super::sort_modules::static_order(graph, *root).into_iter().any(|id| {
            let waits = last.is_none()
                || graph.module(id).static_imports().any(|(_, record)| {
                    matches!(record.target, ImportTarget::Module(target)
                        if last == Some(target) || waiting.contains(&target))
                });
            if awaiting.contains(&id) {
                last = Some(id);
                waiting.clear();
            } else if waits && last.is_some() {
                waiting.insert(id);
            }
            !waits && matters(id)
        })
    })
}

/// Problems of `await` at the top of a module: the format has no place for it, or `require` would have to wait.
pub(crate) fn check_awaits(
    graph: &ModuleGraph,
    entry_points: &[ModuleId],
    live: &Live,
    options: &Options,
) -> Vec<Diagnostic> {
    let awaits = |root: ModuleId| {
        super::sort_modules::static_order(graph, root).into_iter().find(|id| {
            let module = graph.module(*id);
            live.modules[id.index()]
                && module.has_top_level_await
                && module.format == ModuleFormat::Esm
        })
    };
    let mut diagnostics = Vec::new();
    if options.format != Format::Esm {
        for id in entry_points.iter().filter_map(|entry| awaits(*entry)) {
            let message = "`await` at the top of a module needs the format `esm`";
            diagnostics.push(
                Diagnostic::error("build/await-format", message)
                    .at(Location::file(graph.module(id).path.clone()))
                    .hint("build with `--format esm`, or move the `await` into a function"),
            );
        }
    }
    for id in graph.ids() {
        for record in live.records(graph, id) {
            if let (ImportKind::Require, ImportTarget::Module(target)) =
                (record.kind, &record.target)
                && let Some(waiting) = awaits(*target)
            {
                let message = format!(
                    "`require` cannot wait for the `await` in `{}`",
                    graph.module(waiting).path
                );
                diagnostics.push(
                    Diagnostic::error("build/require-await", message)
                        .at(record.location.clone())
                        .hint("use `await import()` instead"),
                );
            }
        }
    }
    diagnostics
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
