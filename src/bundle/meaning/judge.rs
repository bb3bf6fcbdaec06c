//! What the answers depend on.

use std::cell::RefCell;

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::common::{BytePos, SyntaxContext};
use swc_core::ecma::ast::Id;

use crate::bundle::graph::Chain;
use crate::bundle::options::{Options, Target};

/// What is judged by.
pub(crate) struct Judge<'a> {
    /// Context of names that nothing in the module declares.
    pub(crate) unresolved: SyntaxContext,
    /// Starts of calls that are marked pure.
    pub(crate) pure_calls: &'a FxHashSet<BytePos>,
    /// Functions marked as having no side effects, by declaration.
    pub(crate) pure_functions: &'a FxHashSet<Id>,
    /// Functions of the module that do nothing, by declaration.
    pub(crate) harmless: FxHashSet<Id>,
    /// Those of them that read variables, with their symbols: in a circle of modules, calling one too early throws.
    pub(crate) readers: FxHashMap<Id, u32>,
    /// Variables of the module that never hold anything but one plain value.
    pub(crate) known_values: FxHashMap<Id, KnownValue>,
    /// The runtime, which has global variables.
    pub(crate) target: Target,
    /// Whether marks such as `/* @__PURE__ */` count.
    pub(crate) believe_annotations: bool,
    /// Imported symbols: what a call of one does is known when it is bound.
    pub(crate) imports: &'a FxHashMap<Id, u32>,
    /// Whether properties of imports may be read, which does nothing where it is known what they are bound to.
    pub(crate) reads_imports: bool,
    /// Calls and reads that were taken for pure, until it is known what imports are and which modules stand in circles.
    pub(crate) pure_if: RefCell<Vec<Chain>>,
}

impl<'a> Judge<'a> {
    /// A judge that knows nothing yet of the functions and variables of the module.
    pub(crate) fn new(
        unresolved: SyntaxContext,
        pure_calls: &'a FxHashSet<BytePos>,
        pure_functions: &'a FxHashSet<Id>,
        imports: &'a FxHashMap<Id, u32>,
        options: &Options,
    ) -> Self {
        Self {
            unresolved,
            pure_calls,
            pure_functions,
            harmless: FxHashSet::default(),
            readers: FxHashMap::default(),
            known_values: FxHashMap::default(),
            target: options.target,
            believe_annotations: !options.ignore_annotations,
            imports,
            reads_imports: false,
            pure_if: RefCell::default(),
        }
    }
}

/// What is known of the value of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KnownValue {
    /// A primitive other than a symbol: turning it into a string or a number runs no code.
    Primitive,
    /// What `Symbol(…)` gave: it can be a key.
    Symbol,
}
