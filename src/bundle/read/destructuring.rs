//! Public environment variables that a pattern takes apart: `const { A, ...rest } = process.env`.

use swc_core::common::{DUMMY_SP, Span, Spanned};
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{Visit, VisitWith, noop_visit_type};

use super::environment::DottedNames;
use crate::bundle::defines::{Defines, UnsetVariable};
use crate::environment_reads::OBJECTS;

/// What is known of the environment, for the patterns of one module.
pub(crate) struct Destructuring<'a> {
    pub(crate) names: &'a DottedNames,
    pub(crate) defines: &'a Defines,
    /// Public variables that are read but not set.
    pub(crate) unset: &'a mut Vec<UnsetVariable>,
}

impl Destructuring<'_> {
    /// `const { A, B: b = "x" } = process.env`: what is known becomes a declaration of its own, so that it is a constant.
    /// Beside `...rest`, which has all that is not named, and beside defaults that read it, it stays in the pattern, and the
    /// value gets it.
    pub(crate) fn split(&mut self, declarators: &mut Vec<VarDeclarator>) {
        let mut index = 0;
        while index < declarators.len() {
            let declarator = &mut declarators[index];
            index += 1;
            let Pat::Object(pattern) = &mut declarator.name else { continue };
            let Some(init) = &mut declarator.init else { continue };
            let Some(name) = self.names.dotted_name(init) else { continue };
            let mut known = Vec::new();
            let mut left = pattern.clone();
            self.take(&mut left, &name, &mut known);
            if mentions(&left, &known) {
                known.clear();
            } else {
                *pattern = left;
            }
            let is_empty = pattern.props.is_empty() && !known.is_empty();
            if !is_empty && let Some(value) = self.filled(&declarator.name, &name, init) {
                **init = value;
            }
            let at = index - 1;
            if is_empty {
                declarators.remove(at);
                index = at;
            }
            index += known.len();
            declarators.splice(at..at, known);
        }
    }

    /// Puts what is known into a value that a pattern takes apart, as `process.env` in `({ A } = process.env)`.
    pub(crate) fn fill(&mut self, pattern: &Pat, value: &mut Expr) {
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
                // What takes the value apart may read what stands before it.
                let Some(target) = name_of(property) else { return true };
                let span = property.span();
                let Some(value) = self.defines.property(name, &key, span, self.unset) else {
                    return true;
                };
                let (name, init) = (Pat::Ident(target), Some(Box::new(value)));
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
                // What is computed may be a property that a copy does not have.
                if !is_env && !matches!(property, ObjectPatProp::Rest(_)) {
                    return None;
                }
                takes_all = true;
                continue;
            };
            let read = read(value, &key, property.span());
            let known = if is_env {
                self.defines.property(name, &key, property.span(), self.unset)
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
        // What is named comes over the copy of the whole, which has no inherited properties.
        let properties = properties.into_iter().map(|(key, known, read)| {
            let key = PropName::Str(Str { span: DUMMY_SP, value: key.into(), raw: None });
            let pair = KeyValueProp { key, value: Box::new(known.unwrap_or(read)) };
            PropOrSpread::Prop(Box::new(Prop::KeyValue(pair)))
        });
        let props = spread.into_iter().chain(properties).collect();
        Some(Expr::Object(ObjectLit { span: value.span(), props }))
    }
}

/// Whether a pattern reads one of these variables, in a default or a computed key.
fn mentions(pattern: &ObjectPat, known: &[VarDeclarator]) -> bool {
    struct Mentions {
        names: Vec<Id>,
        found: bool,
    }
    impl Visit for Mentions {
        noop_visit_type!();

        fn visit_expr(&mut self, expression: &Expr) {
            if let Expr::Ident(ident) = expression {
                self.found |= self.names.contains(&ident.to_id());
            }
            expression.visit_children_with(self);
        }
    }
    let names = known.iter().filter_map(|one| one.name.as_ident()).map(BindingIdent::to_id);
    let mut mentions = Mentions { names: names.collect(), found: false };
    pattern.visit_with(&mut mentions);
    mentions.found
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

/// The variable that a property of a pattern goes into, where it is one. A value that is known needs no default.
fn name_of(property: &ObjectPatProp) -> Option<BindingIdent> {
    match property {
        ObjectPatProp::Assign(assign) => Some(BindingIdent::from(assign.key.id.clone())),
        ObjectPatProp::KeyValue(pair) => match &*pair.value {
            Pat::Ident(ident) => Some(ident.clone()),
            Pat::Assign(assign) => assign.left.as_ident().cloned(),
            _ => None,
        },
        ObjectPatProp::Rest(_) => None,
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
