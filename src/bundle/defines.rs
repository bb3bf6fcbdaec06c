//! What `define` and the environment put in the place of names, prepared once for all modules.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use swc_core::atoms::Atom;
use swc_core::common::{BytePos, Span};
use swc_core::ecma::ast::*;

use crate::bundle::code;

/// What is replaced, prepared once for all modules.
#[derive(Debug, Default)]
pub(crate) struct Defines {
    /// By dotted name, `import.meta.x` and `process.env.X` among them.
    pub(crate) by_name: FxHashMap<String, Expr>,
    /// Variables that may be inlined, from `process.env`, `import.meta.env` and `Bun.env` alike.
    pub(crate) env: BTreeMap<String, String>,
    /// Prefixes of names that ought to have been set.
    prefixes: Vec<String>,
    /// Objects that are one wherever they are read: helpers of this name, with the text of the value.
    pub(crate) objects: Vec<(Atom, String)>,
    /// Whether any value is more than a literal.
    pub(crate) mention_names: bool,
}

impl Defines {
    /// Prepares them; `values` are parsed expressions by dotted name, with their texts.
    pub(crate) fn new(
        values: Vec<(String, Expr, String)>,
        env: BTreeMap<String, String>,
        prefixes: Vec<String>,
    ) -> Self {
        let mention_names = values.iter().any(|(_, value, _)| !value.is_lit());
        let (mut by_name, mut objects) = (FxHashMap::default(), Vec::new());
        for (name, value, text) in values {
            let value = if is_object(&value) {
                let helper = Atom::from(format!("__define{}", objects.len()));
                objects.push((helper.clone(), text));
                Expr::Ident(helper.into())
            } else {
                value
            };
            by_name.insert(name, value);
        }
        Self { by_name, env, prefixes, objects, mention_names }
    }

    /// What a property of an object of the environment is known to be: what is defined, else a variable that may be inlined.
    pub(crate) fn property(
        &self,
        object: &str,
        name: &str,
        place: Span,
        unset: &mut Vec<UnsetVariable>,
    ) -> Option<Expr> {
        let defined = self.by_name.get(&format!("{object}.{name}"));
        if let Some(Expr::Lit(Lit::Str(text))) = defined {
            return Some(code::at(code::string(text.value.as_str()?), place));
        }
        self.variable(name, place, unset).map(|value| code::at(code::string(value), place))
    }

    /// The value of a variable that may be inlined; one that ought to have been set and is not is noted.
    pub(crate) fn variable(
        &self,
        name: &str,
        place: Span,
        unset: &mut Vec<UnsetVariable>,
    ) -> Option<&str> {
        let value = self.env.get(name).map(String::as_str);
        let is_expected = || self.prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()));
        if value.is_none() && is_expected() {
            unset.push(UnsetVariable { name: name.to_owned(), position: place.lo });
        }
        value
    }
}

/// Whether it is an object or array of constants.
fn is_object(value: &Expr) -> bool {
    let is_constant = |value: &Expr| match value {
        Expr::Lit(_) => true,
        Expr::Unary(unary) => unary.arg.is_lit(),
        Expr::Tpl(template) => template.exprs.is_empty(),
        other => is_object(other),
    };
    match value {
        Expr::Paren(paren) => is_object(&paren.expr),
        Expr::Array(array) => array
            .elems
            .iter()
            .flatten()
            .all(|element| element.spread.is_none() && is_constant(&element.expr)),
        Expr::Object(object) => object.props.iter().all(|property| match property {
            PropOrSpread::Prop(property) => property
                .as_key_value()
                .is_some_and(|pair| !pair.key.is_computed() && is_constant(&pair.value)),
            PropOrSpread::Spread(_) => false,
        }),
        _ => false,
    }
}

/// A public variable that is read but not set: its name, and where.
pub(crate) struct UnsetVariable {
    pub(crate) name: String,
    pub(crate) position: BytePos,
}
