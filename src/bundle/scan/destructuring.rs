//! Public environment variables that a pattern takes apart: `const { A, ...rest } = process.env`.

use swc_core::common::{DUMMY_SP, Span, Spanned};
use swc_core::ecma::ast::*;

use super::define::{Defines, UnsetVariable, string};
use super::environment::DottedNames;
use crate::environment_reads::OBJECTS;

/// What is known of the environment, for the patterns of one module.
pub(super) struct Destructuring<'a> {
    pub(super) names: &'a DottedNames,
    pub(super) defines: &'a Defines,
    /// Public variables that are read but not set.
    pub(super) unset: &'a mut Vec<UnsetVariable>,
}

impl Destructuring<'_> {
    /// `const { A, B: b = "x" } = process.env`: what is known becomes a declaration of its own, so that it is a constant.
    /// Beside `...rest` it stays in the pattern, which says what is not in `rest`, and the value gets it.
    pub(super) fn split(&mut self, declarators: &mut Vec<VarDeclarator>) {
        let mut index = 0;
        while index < declarators.len() {
            let declarator = &mut declarators[index];
            index += 1;
            let Pat::Object(pattern) = &mut declarator.name else { continue };
            let Some(init) = &mut declarator.init else { continue };
            let Some(name) = self.names.dotted_name(init) else { continue };
            let mut known = Vec::new();
            self.take(pattern, &name, &mut known);
            let is_empty = pattern.props.is_empty() && !known.is_empty();
            if !is_empty && let Some(value) = self.filled(&declarator.name, &name, init) {
                **init = value;
            }
            let at = if is_empty {
                declarators.remove(index - 1);
                index - 1
            } else {
                index
            };
            index = at + known.len();
            declarators.splice(at..at, known);
        }
    }

    /// Puts what is known into a value that a pattern takes apart, as `process.env` in `({ A } = process.env)`.
    pub(super) fn fill(&mut self, pattern: &Pat, value: &mut Expr) {
        if let Some(name) = self.names.dotted_name(value)
            && let Some(filled) = self.filled(pattern, &name, value)
        {
            *value = filled;
        }
    }

    /// Takes out of a pattern, which is given what has that dotted name, what is known.
    fn take(&mut self, pattern: &mut ObjectPat, name: &str, known: &mut Vec<VarDeclarator>) {
        if pattern.props.iter().any(|property| matches!(property, ObjectPatProp::Rest(_))) {
            return;
        }
        let is_env = OBJECTS.contains(&name);
        pattern.props.retain_mut(|property| {
            let Some(key) = key_of(property) else { return true };
            if is_env {
                let Some(value) = self.defines.variable(&key, property.span(), self.unset) else {
                    return true;
                };
                let init = Some(Box::new(string(value, DUMMY_SP)));
                let name = target_of(property);
                known.push(VarDeclarator { span: DUMMY_SP, name, init, definite: false });
                return false;
            }
            let ObjectPatProp::KeyValue(pair) = property else { return true };
            let Pat::Object(inner) = &mut *pair.value else { return true };
            let before = known.len();
            self.take(inner, &member(name, &key), known);
            known.len() == before || !inner.props.is_empty()
        });
    }

    /// An object with what a pattern takes of `value`, which has that dotted name; `None` where nothing of it is known.
    fn filled(&mut self, pattern: &Pat, name: &str, value: &Expr) -> Option<Expr> {
        let Pat::Object(pattern) = pattern else { return None };
        let is_env = OBJECTS.contains(&name);
        let mut is_known = false;
        let mut takes_all = false;
        let mut properties = Vec::new();
        for property in &pattern.props {
            let Some(key) = key_of(property) else {
                takes_all = true;
                continue;
            };
            let read = read(value, &key, property.span());
            let known = if is_env {
                let known = self.defines.variable(&key, property.span(), self.unset);
                known.map(|known| string(known, property.span()))
            } else if let ObjectPatProp::KeyValue(pair) = property {
                self.filled(&pair.value, &member(name, &key), &read)
            } else {
                None
            };
            is_known |= known.is_some();
            properties.push((key, known, read));
        }
        if !is_known {
            return None;
        }
        let whole = SpreadElement { dot3_token: DUMMY_SP, expr: Box::new(value.clone()) };
        let spread = takes_all.then_some(PropOrSpread::Spread(whole));
        let properties = properties.into_iter().filter_map(|(key, known, read)| {
            // What is known comes over what the whole has.
            let value = if takes_all { known? } else { known.unwrap_or(read) };
            let key = PropName::Str(Str { span: DUMMY_SP, value: key.into(), raw: None });
            let pair = KeyValueProp { key, value: Box::new(value) };
            Some(PropOrSpread::Prop(Box::new(Prop::KeyValue(pair))))
        });
        let props = spread.into_iter().chain(properties).collect();
        Some(Expr::Object(ObjectLit { span: value.span(), props }))
    }
}

/// The key of a property in a pattern, where it is written; neither computed nor what is left.
fn key_of(property: &ObjectPatProp) -> Option<String> {
    match property {
        ObjectPatProp::Assign(assign) => Some(assign.key.sym.to_string()),
        ObjectPatProp::KeyValue(pair) => match &pair.key {
            PropName::Ident(name) => Some(name.sym.to_string()),
            PropName::Str(name) => name.value.as_str().map(str::to_owned),
            _ => None,
        },
        ObjectPatProp::Rest(_) => None,
    }
}

/// What a property of a pattern goes into. A value that is known needs no default.
fn target_of(property: &ObjectPatProp) -> Pat {
    match property {
        ObjectPatProp::Assign(assign) => Pat::Ident(BindingIdent::from(assign.key.id.clone())),
        ObjectPatProp::KeyValue(pair) => match &*pair.value {
            Pat::Assign(assign) => (*assign.left).clone(),
            other => other.clone(),
        },
        ObjectPatProp::Rest(rest) => (*rest.arg).clone(),
    }
}

/// The dotted name of a property; that of the global object is a name by itself.
fn member(name: &str, key: &str) -> String {
    if name == "globalThis" { key.to_owned() } else { format!("{name}.{key}") }
}

fn read(object: &Expr, key: &str, span: Span) -> Expr {
    let name = Expr::Lit(Lit::Str(Str { span, value: key.into(), raw: None }));
    let prop = MemberProp::Computed(ComputedPropName { span, expr: Box::new(name) });
    Expr::Member(MemberExpr { span, obj: Box::new(object.clone()), prop })
}
