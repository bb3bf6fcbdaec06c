//! Step 5: one bit per entry point; equal bits share a chunk. Then the steps that each output takes when it runs,
//! checked against the order that the sources ask for.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use super::bind_imports::{Binding, Bindings};
use super::sort_modules::{Order, static_order};
use super::tree_shake::Live;
use super::wrap_modules::{Wrap, Wraps};
use crate::bundle::graph::{ImportTarget, ModuleGraph, ModuleId, SymbolKind};
use crate::bundle::options::Options;

/// What one output does when it runs, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The statements of a module stand here.
    Run(ModuleId),
    /// A wrapped module is called here.
    Call(ModuleId),
}

/// The statements that end in one output file.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// The module it was made for, if it is an entry.
    pub(crate) entry: Option<ModuleId>,
    /// Whether the user asked for that entry; otherwise an `import()` did.
    pub(crate) is_user_entry: bool,
    /// Its modules, in execution order.
    pub(crate) modules: Vec<ModuleId>,
    /// What it does.
    pub(crate) steps: Vec<Step>,
    /// Other chunks it must see loaded first, in order.
    pub(crate) imports: Vec<u32>,
}

/// All chunks of a link.
#[derive(Debug)]
pub(crate) struct Chunks {
    /// User entries first, then dynamic ones, then shared ones.
    pub(crate) list: Vec<Chunk>,
    /// The chunk of each module that is kept.
    pub(crate) of: Vec<Option<u32>>,
    /// The chunk that an `import()` of the module loads.
    pub(crate) entry_of: FxHashMap<ModuleId, u32>,
}

/// Splits what is kept, and wraps modules whose order no arrangement of chunks can keep.
pub(crate) fn split_chunks(
    graph: &ModuleGraph,
    entry_points: &[ModuleId],
    order: &Order,
    bindings: &Bindings,
    live: &Live,
    wraps: Wraps,
    options: &Options,
) -> (Chunks, Wraps) {
    let mut positions = vec![0; graph.modules.len()];
    for (position, id) in order.modules.iter().enumerate() {
        positions[id.index()] = position;
    }
    let mut splitter = Splitter { graph, order, bindings, live, wraps, positions };
    let mut chunks = splitter.assign(entry_points, options);
    splitter.plan(&mut chunks);
    if chunks.list.len() > 1 {
        // Wrapping for one entry can put another out of order, whose modules are wrapped then. Each round wraps more,
        // so there is a last one.
        loop {
            let hazards: Vec<ModuleId> =
                (0..chunks.list.len()).flat_map(|index| splitter.hazards(&chunks, index)).collect();
            if hazards.is_empty() {
                break;
            }
            for module in hazards {
                splitter.wraps.wrap(module);
            }
            // Whoever calls a closure that awaits has to wait for it.
            splitter.wraps.wait_for_closures(graph, live);
            splitter.plan(&mut chunks);
        }
    }
    (chunks, splitter.wraps)
}

struct Splitter<'a> {
    graph: &'a ModuleGraph,
    order: &'a Order,
    bindings: &'a Bindings,
    live: &'a Live,
    wraps: Wraps,
    /// Places in the order, by module.
    positions: Vec<usize>,
}

impl Splitter<'_> {
    fn assign(&self, entry_points: &[ModuleId], options: &Options) -> Chunks {
        let mut entries: Vec<(ModuleId, bool)> = Vec::new();
        for entry in entry_points {
            if !entries.contains(&(*entry, true)) {
                entries.push((*entry, true));
            }
        }
        if options.splitting {
            for id in &self.order.modules {
                for target in self.live.dynamic_targets(self.graph, *id) {
                    if !entries.iter().any(|(known, _)| *known == target) {
                        entries.push((target, false));
                    }
                }
            }
        }
        let words = entries.len().div_ceil(64);
        let mut bits = vec![vec![0u64; words]; self.graph.modules.len()];
        for (index, (entry, _)) in entries.iter().enumerate() {
            let mut todo = vec![*entry];
            // What a package without side effects hides from this entry runs early all the same, if another one keeps
            // it and it matters when it runs.
            if entries.len() > 1 {
                let order = static_order(self.graph, *entry).into_iter();
                todo.extend(order.filter(|id| self.is_live(*id) && self.is_order_sensitive(*id)));
            }
            while let Some(id) = todo.pop() {
                let word = &mut bits[id.index()][index / 64];
                if *word & (1 << (index % 64)) != 0 {
                    continue;
                }
                *word |= 1 << (index % 64);
                todo.extend(&self.live.needs[id.index()]);
            }
        }
        // Any output may need a helper.
        let mut all = vec![0u64; words];
        for index in 0..entries.len() {
            all[index / 64] |= 1 << (index % 64);
        }
        bits[ModuleId::RUNTIME.index()].clone_from(&all);

        let mut list: Vec<Chunk> = entries
            .iter()
            .map(|(entry, is_user_entry)| Chunk {
                entry: Some(*entry),
                is_user_entry: *is_user_entry,
                modules: Vec::new(),
                steps: Vec::new(),
                imports: Vec::new(),
            })
            .collect();
        let mut by_bits: BTreeMap<Vec<u64>, u32> = BTreeMap::new();
        for index in 0..entries.len() {
            let mut own = vec![0u64; words];
            own[index / 64] |= 1 << (index % 64);
            by_bits.insert(own, u32::try_from(index).expect("fewer than 2^32 entries"));
        }
        let mut of = vec![None; self.graph.modules.len()];
        // Whoever needs a helper must not run code of the user for it.
        let runs_code = |id: &&ModuleId| {
            bits[id.index()] == all
                && **id != ModuleId::RUNTIME
                && self.is_live(**id)
                && self.wraps.of(**id) == Wrap::None
                && self.is_order_sensitive(**id)
        };
        let is_apart = entries.len() > 1 && self.order.modules.iter().any(|id| runs_code(&id));
        for id in &self.order.modules {
            let is_runtime = *id == ModuleId::RUNTIME;
            if !is_runtime
                && (!self.live.modules[id.index()]
                    || bits[id.index()].iter().all(|word| *word == 0))
            {
                continue;
            }
            let next = u32::try_from(list.len()).expect("fewer than 2^32 chunks");
            let chunk = if is_runtime && is_apart {
                next
            } else {
                *by_bits.entry(bits[id.index()].clone()).or_insert(next)
            };
            if chunk == next {
                list.push(Chunk {
                    entry: None,
                    is_user_entry: false,
                    modules: Vec::new(),
                    steps: Vec::new(),
                    imports: Vec::new(),
                });
            }
            list[chunk as usize].modules.push(*id);
            of[id.index()] = Some(chunk);
        }
        let entry_of = (0u32..).zip(&entries).map(|(index, (entry, _))| (*entry, index)).collect();
        Chunks { list, of, entry_of }
    }

    /// Static imports inside of the build, in order.
    fn static_targets(&self, id: ModuleId) -> impl Iterator<Item = ModuleId> {
        self.graph.module(id).static_imports().filter_map(|(_, record)| match record.target {
            ImportTarget::Module(target) => Some(target),
            _ => None,
        })
    }

    fn is_live(&self, id: ModuleId) -> bool {
        self.live.modules[id.index()]
    }

    /// Whether it matters when the module is evaluated. One without side effects only has to come after what it reads,
    /// and that it does: its imports stand before it in its own chunk, or in one that is loaded before.
    fn is_order_sensitive(&self, id: ModuleId) -> bool {
        if self.wraps.of(id) == Wrap::CommonJs {
            return true;
        }
        // What it takes from a `CommonJS` module is taken when it runs.
        let takes_commonjs = self.is_live(id)
            && self
                .static_targets(id)
                .any(|target| self.wraps.of(target) == Wrap::CommonJs && self.is_live(target));
        takes_commonjs || self.live.does_something(self.graph, id) || self.reads_variables(id)
    }

    /// Whether a value of the module may be that of a variable elsewhere, as it is when the module runs.
    fn reads_variables(&self, id: ModuleId) -> bool {
        let module = self.graph.module(id);
        let bindings = &self.bindings.symbols[id.index()];
        self.live.kept(self.graph, id).any(|statement| {
            let is_value = statement.declares.iter().any(|symbol| {
                let kind = module.symbols[*symbol as usize].kind;
                matches!(kind, SymbolKind::Var | SymbolKind::Let | SymbolKind::Const)
            });
            is_value
                && statement.uses.iter().any(|symbol| {
                    matches!(bindings.get(symbol), Some(Binding::Symbol(other))
                        if self.graph.symbol(*other).is_reassigned)
                })
        })
    }

    /// Fills in steps and imports.
    fn plan(&self, chunks: &mut Chunks) {
        for index in 0..chunks.list.len() {
            let (steps, imports) =
                self.steps(chunks, u32::try_from(index).expect("fewer than 2^32 chunks"));
            chunks.list[index].steps = steps;
            chunks.list[index].imports = imports;
        }
    }

    fn steps(&self, chunks: &Chunks, index: u32) -> (Vec<Step>, Vec<u32>) {
        let chunk = &chunks.list[index as usize];
        let needed = chunk.modules.iter().flat_map(|module| &self.live.needs[module.index()]);
        let mut walk = Walk {
            splitter: self,
            chunks,
            index,
            needed: needed.copied().collect(),
            visited: FxHashSet::default(),
            last: usize::MAX,
            steps: Vec::new(),
            imports: Vec::new(),
        };
        // What a closure finds there must have run; of these modules nobody can see when.
        for module in &chunk.modules {
            if self.wraps.of(*module) == Wrap::CommonJs {
                for target in self.static_targets(*module) {
                    if self.graph.module(target).is_inert {
                        walk.visit(target);
                    }
                }
            }
        }
        if let Some(entry) = chunk.entry {
            walk.visit(entry);
        }
        // A shared chunk runs its modules in the order of the whole; so does an entry's with what only `require` or a
        // binding through a dropped module reaches.
        for module in &chunk.modules {
            if self.wraps.of(*module) == Wrap::None && *module != ModuleId::RUNTIME {
                // What comes later in that order is imported in a circle: its turn comes.
                walk.last = self.positions[module.index()];
                walk.visit(*module);
            }
        }
        let mut imports = walk.imports;
        // Code in closures and functions may need chunks that no static import leads to.
        let mut rest: BTreeSet<u32> = BTreeSet::new();
        for module in &chunk.modules {
            for target in &self.live.needs[module.index()] {
                if let Some(other) = chunks.of[target.index()]
                    && other != index
                {
                    rest.insert(other);
                }
            }
        }
        for other in rest {
            if !imports.contains(&other) {
                imports.push(other);
            }
        }
        (walk.steps, imports)
    }

    /// Modules that must be wrapped so that an entry evaluates in order; empty when it does already.
    fn hazards(&self, chunks: &Chunks, index: usize) -> Vec<ModuleId> {
        let Some(entry) = chunks.list[index].entry else { return Vec::new() };
        let mut ideal = Vec::new();
        self.evaluate(entry, &mut FxHashSet::default(), &mut ideal, false);
        let mut actual = Vec::new();
        let mut evaluated = FxHashSet::default();
        self.load(
            chunks,
            u32::try_from(index).expect("fewer than 2^32 chunks"),
            &mut FxHashSet::default(),
            &mut evaluated,
            &mut actual,
        );
        if ideal == actual {
            return Vec::new();
        }
        let is_elsewhere = |module: &ModuleId| {
            self.wraps.of(*module) == Wrap::None
                && chunks.of[module.index()].is_some_and(|chunk| chunk as usize != index)
        };
        let hazards: Vec<ModuleId> = ideal.into_iter().filter(is_elsewhere).collect();
        if !hazards.is_empty() {
            return hazards;
        }
        // What matters runs late already, and is called too early by modules that do not matter themselves.
        let calls = |module: &ModuleId| {
            self.static_targets(*module).any(|target| self.wraps.of(target) != Wrap::None)
        };
        let order = static_order(self.graph, entry).into_iter();
        order
            .filter(|module| self.is_live(*module) && is_elsewhere(module) && calls(module))
            .collect()
    }

    /// Where evaluation goes on from a module: in the sources to all imports, in a closure to what it calls.
    fn evaluation_targets(&self, id: ModuleId, only_wrapped: bool) -> Vec<ModuleId> {
        if only_wrapped {
            self.live.evaluated_before(self.graph, id)
        } else {
            self.static_targets(id).collect()
        }
    }

    /// Evaluation as the language defines it, in depth-first post-order, of what matters.
    fn evaluate(
        &self,
        id: ModuleId,
        evaluated: &mut FxHashSet<ModuleId>,
        sequence: &mut Vec<ModuleId>,
        only_wrapped: bool,
    ) {
        let mut stack = vec![(id, self.evaluation_targets(id, only_wrapped), 0)];
        if !evaluated.insert(id) {
            return;
        }
        while let Some((module, targets, next)) = stack.last_mut() {
            if self.wraps.of(*module) != Wrap::CommonJs
                && let Some(target) = targets.get(*next).copied()
            {
                *next += 1;
                if only_wrapped && self.wraps.of(target) == Wrap::None {
                    continue;
                }
                if evaluated.insert(target) {
                    stack.push((target, self.evaluation_targets(target, only_wrapped), 0));
                }
                continue;
            }
            let module = *module;
            stack.pop();
            if self.is_live(module) && self.is_order_sensitive(module) {
                sequence.push(module);
            }
        }
    }

    /// Evaluation as the outputs would do it.
    fn load(
        &self,
        chunks: &Chunks,
        index: u32,
        loaded: &mut FxHashSet<u32>,
        evaluated: &mut FxHashSet<ModuleId>,
        sequence: &mut Vec<ModuleId>,
    ) {
        if !loaded.insert(index) {
            return;
        }
        let chunk = &chunks.list[index as usize];
        for import in &chunk.imports {
            self.load(chunks, *import, loaded, evaluated, sequence);
        }
        for step in &chunk.steps {
            match step {
                Step::Run(module) => {
                    if evaluated.insert(*module) && self.is_order_sensitive(*module) {
                        sequence.push(*module);
                    }
                }
                Step::Call(module) => self.evaluate(*module, evaluated, sequence, true),
            }
        }
    }
}

/// Collects the steps of one chunk, depth first.
struct Walk<'a, 'b> {
    splitter: &'a Splitter<'b>,
    chunks: &'a Chunks,
    index: u32,
    /// What the modules of this chunk need.
    needed: FxHashSet<ModuleId>,
    visited: FxHashSet<ModuleId>,
    /// Modules behind this place in the order of the whole are left for later.
    last: usize,
    steps: Vec<Step>,
    imports: Vec<u32>,
}

impl Walk<'_, '_> {
    fn visit(&mut self, root: ModuleId) {
        if !self.visited.insert(root) {
            return;
        }
        let mut stack = vec![(root, self.enter(root), 0)];
        while let Some((module, targets, next)) = stack.last_mut() {
            if let Some(target) = targets.get(*next).copied() {
                *next += 1;
                if self.splitter.positions[target.index()] <= self.last
                    && self.visited.insert(target)
                {
                    let targets = self.enter(target);
                    stack.push((target, targets, 0));
                }
                continue;
            }
            let module = *module;
            stack.pop();
            if self.splitter.is_live(module)
                && self.splitter.wraps.of(module) == Wrap::None
                && self.chunks.of[module.index()] == Some(self.index)
            {
                self.steps.push(Step::Run(module));
            }
        }
    }

    /// Notes what reaching a module means, and returns where to go on from it.
    fn enter(&mut self, id: ModuleId) -> Vec<ModuleId> {
        let chunk = self.chunks.of[id.index()];
        // What only another entry keeps, and where it does not matter when it runs, is left to that one.
        let is_live = self.splitter.is_live(id)
            && (chunk == Some(self.index)
                || self.needed.contains(&id)
                || self.splitter.is_order_sensitive(id));
        if is_live
            && let Some(chunk) = chunk
            && chunk != self.index
            && !self.imports.contains(&chunk)
        {
            self.imports.push(chunk);
        }
        if is_live && self.splitter.wraps.of(id) != Wrap::None {
            // Its closure sees to its own imports.
            self.steps.push(Step::Call(id));
            return Vec::new();
        }
        // A module that runs in another chunk has made its calls there; one that only declares has not.
        if is_live && chunk != Some(self.index) && self.splitter.is_order_sensitive(id) {
            return self
                .splitter
                .static_targets(id)
                .filter(|target| self.splitter.wraps.of(*target) != Wrap::CommonJs)
                .collect();
        }
        self.splitter.static_targets(id).collect()
    }
}
