//! Phase 2: the ordered list of link steps. Each takes what it needs and returns what it makes; the graph does not
//! change. The result is a plan, which printing applies once.

pub(crate) mod bind_imports;
mod keep_helpers;
pub(crate) mod link_chunks;
mod rename;
pub(crate) mod sort_modules;
pub(crate) mod split_chunks;
mod tree_shake;
pub(crate) mod wrap_modules;

use super::graph::{ModuleGraph, ModuleId};
use super::options::Options;
use crate::diag::Diagnostic;

pub(crate) use bind_imports::{Binding, Bindings, NamespaceShape};
pub(crate) use keep_helpers::{asks_for_main, entry_chunk, has_native_require};
pub(crate) use link_chunks::{ChunkLinks, NameKey};
pub(crate) use rename::ChunkNames;
pub(crate) use split_chunks::{Chunk, Chunks, Step};
pub(crate) use tree_shake::Live;
pub(crate) use wrap_modules::{Wrap, Wraps};

/// All that printing needs to know.
pub(crate) struct LinkPlan {
    /// What each import stands for.
    pub(crate) bindings: Bindings,
    /// The symbols of the helper functions.
    pub(crate) helpers: link_chunks::Helpers,
    /// What is kept.
    pub(crate) live: Live,
    /// Which modules run inside a closure.
    pub(crate) wraps: Wraps,
    /// What ends in which output.
    pub(crate) chunks: Chunks,
    /// What outputs take from each other, by chunk.
    pub(crate) links: Vec<ChunkLinks>,
    /// Names, by chunk.
    pub(crate) names: Vec<ChunkNames>,
}

/// What the second phase returns.
pub(crate) struct Linked {
    /// The plan; there is none after an error.
    pub(crate) plan: Option<LinkPlan>,
    /// What the user should know.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Links the modules that `entry_points` reach.
pub(crate) fn link(graph: &ModuleGraph, entry_points: &[ModuleId], options: &Options) -> Linked {
    let order = sort_modules::sort_modules(graph, entry_points);
    let mut binder = bind_imports::Binder::new(graph, &order);
    let (bindings, diagnostics) = binder.bind_imports(&order);
    if crate::diag::has_errors(&diagnostics) {
        return Linked { plan: None, diagnostics };
    }
    // After binding: a statement is live when a symbol it declares is used, and the use may be in another module.
    let live = tree_shake::tree_shake(graph, entry_points, &order, &bindings, &mut binder, options);
    let mut diagnostics = diagnostics;
    diagnostics.extend(wrap_modules::check_awaits(graph, entry_points, &live, options));
    if crate::diag::has_errors(&diagnostics) {
        return Linked { plan: None, diagnostics };
    }
    // After shaking: an import that nobody reaches must not put a module into a closure.
    let wraps = wrap_modules::wrap_modules(graph, entry_points, &live, options);
    // After wrapping: what must run late is not a reason for an order between chunks. Splitting wraps modules itself
    // where only that keeps their order.
    let (chunks, wraps) =
        split_chunks::split_chunks(graph, entry_points, &order, &bindings, &live, wraps, options);
    let live = keep_helpers::keep_helpers(graph, live, &wraps, &chunks, options);
    let links = link_chunks::link_chunks(graph, &bindings, &live, &wraps, &chunks, options);
    // Last: only now is it known which top-level names share a scope.
    let names = rename::rename(graph, &live, &wraps, &chunks, &links, options);
    Linked {
        plan: Some(LinkPlan {
            bindings,
            helpers: link_chunks::helper_symbols(graph),
            live,
            wraps,
            chunks,
            links,
            names,
        }),
        diagnostics,
    }
}
