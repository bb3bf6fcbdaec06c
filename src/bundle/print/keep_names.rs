//! `--keep-names`: functions and classes are told the names they have in the source, whatever they are called later.

use rustc_hash::FxHashMap;
use swc_core::atoms::Atom;
use swc_core::common::DUMMY_SP;
use swc_core::common::util::take::Take;
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{VisitMut, VisitMutWith, noop_visit_mut_type};

use crate::bundle::code;
use crate::bundle::graph::DEFAULT_NAME;
use crate::bundle::options::Options;

/// Adds the calls to the statements of a module, before anything in them is renamed. `helper` is the name of `__name`;
/// `sources` has the names of what lowering has renamed.
pub(super) fn keep_names(
    statements: &mut Vec<Stmt>,
    helper: &Atom,
    sources: &FxHashMap<Id, Atom>,
    options: &Options,
) {
    KeepNames { helper, sources, has_static_blocks: has_static_blocks(options) }
        .visit_mut_stmts(statements);
}

/// Whether the syntax of the output has static blocks, in which a class can be named before all else that it runs.
pub(super) fn has_static_blocks(options: &Options) -> bool {
    options.syntax.is_none_or(|year| year >= 2022)
}

struct KeepNames<'a> {
    helper: &'a Atom,
    sources: &'a FxHashMap<Id, Atom>,
    /// Without, nothing of a class runs before it is there.
    has_static_blocks: bool,
}

impl KeepNames<'_> {
    /// The name in the source.
    fn name_of(&self, ident: &Ident) -> Atom {
        self.sources.get(&ident.to_id()).unwrap_or(&ident.sym).clone()
    }

    fn named(&self, value: Expr, name: &Atom) -> Expr {
        // Nobody misses the call when nobody uses the function.
        code::pure(code::call(self.helper, vec![value, code::string(visible(name))]))
    }

    fn name_value(&self, value: &mut Box<Expr>, name: &Atom) {
        let mut inner = &mut **value;
        while let Expr::Paren(paren) = inner {
            inner = &mut paren.expr;
        }
        match inner {
            Expr::Class(class) if class.ident.is_none() && self.has_static_blocks => {
                self.name_class(&mut class.class, name);
            }
            Expr::Class(class) if class.ident.is_none() && !has_own_name(&class.class) => {
                **value = self.named(*value.take(), name);
            }
            Expr::Arrow(_) => **value = self.named(*value.take(), name),
            Expr::Fn(function) if function.ident.is_none() => {
                **value = self.named(*value.take(), name);
            }
            _ => {}
        }
    }

    fn name_class(&self, class: &mut Class, name: &Atom) {
        let this = Expr::This(ThisExpr { span: DUMMY_SP });
        let call = code::call(self.helper, vec![this, code::string(visible(name))]);
        name_class(class, code::statement(call));
    }
}

/// Puts the statement that names a class before everything else that it runs, unless it has a `name` of its own.
pub(super) fn name_class(class: &mut Class, naming: Stmt) {
    if has_own_name(class) {
        return;
    }
    class.body.insert(0, code::static_block(naming));
}

fn has_own_name(class: &Class) -> bool {
    class.body.iter().any(|member| match member {
        ClassMember::Method(method) => method.is_static && is_name(&method.key),
        ClassMember::ClassProp(property) => property.is_static && is_name(&property.key),
        _ => false,
    })
}

fn is_name(key: &PropName) -> bool {
    match key {
        PropName::Ident(name) => name.sym == *"name",
        PropName::Str(name) => name.value.as_str() == Some("name"),
        PropName::Computed(_) => true,
        _ => false,
    }
}

/// The `.name` of an anonymous default export is `default`.
fn visible(name: &Atom) -> &str {
    if *name == *DEFAULT_NAME { "default" } else { name }
}

impl VisitMut for KeepNames<'_> {
    noop_visit_mut_type!();

    fn visit_mut_stmts(&mut self, statements: &mut Vec<Stmt>) {
        statements.visit_mut_children_with(self);
        if !self.has_static_blocks {
            let named = std::mem::take(statements).into_iter().flat_map(|statement| {
                let naming = match &statement {
                    Stmt::Decl(Decl::Class(class)) if !has_own_name(&class.class) => {
                        let name = code::string(visible(&self.name_of(&class.ident)));
                        let target = Expr::Ident(class.ident.clone());
                        Some(code::statement(code::call(self.helper, vec![target, name])))
                    }
                    _ => None,
                };
                std::iter::once(statement).chain(naming)
            });
            *statements = named.collect();
        }
        let calls: Vec<Stmt> = statements
            .iter()
            .filter_map(|statement| match statement {
                Stmt::Decl(Decl::Fn(function)) => {
                    let name = code::string(visible(&self.name_of(&function.ident)));
                    let target = Expr::Ident(function.ident.clone());
                    Some(code::statement(code::call(self.helper, vec![target, name])))
                }
                _ => None,
            })
            .collect();
        // Functions are there before the first statement runs; directives stay first.
        let at = statements.iter().take_while(|statement| code::is_directive(statement)).count();
        statements.splice(at..at, calls);
    }

    fn visit_mut_class_decl(&mut self, class: &mut ClassDecl) {
        class.visit_mut_children_with(self);
        if self.has_static_blocks {
            let name = self.name_of(&class.ident);
            self.name_class(&mut class.class, &name);
        }
    }

    fn visit_mut_expr(&mut self, expression: &mut Expr) {
        expression.visit_mut_children_with(self);
        match expression {
            Expr::Fn(FnExpr { ident: Some(ident), .. }) => {
                let name = self.name_of(ident);
                *expression = self.named(expression.take(), &name);
            }
            Expr::Class(ClassExpr { ident: Some(ident), class }) => {
                let name = self.name_of(ident);
                if self.has_static_blocks {
                    self.name_class(class, &name);
                } else if !has_own_name(class) {
                    *expression = self.named(expression.take(), &name);
                }
            }
            Expr::Assign(assign) => {
                if let AssignTarget::Simple(SimpleAssignTarget::Ident(ident)) = &assign.left {
                    let name = self.name_of(&ident.id);
                    self.name_value(&mut assign.right, &name);
                }
            }
            _ => {}
        }
    }

    fn visit_mut_var_declarator(&mut self, declarator: &mut VarDeclarator) {
        declarator.visit_mut_children_with(self);
        if let (Pat::Ident(ident), Some(init)) = (&declarator.name, &mut declarator.init) {
            let name = self.name_of(&ident.id);
            self.name_value(init, &name);
        }
    }

    fn visit_mut_assign_pat(&mut self, pattern: &mut AssignPat) {
        pattern.visit_mut_children_with(self);
        if let Pat::Ident(ident) = &*pattern.left {
            let name = self.name_of(&ident.id);
            self.name_value(&mut pattern.right, &name);
        }
    }

    fn visit_mut_assign_pat_prop(&mut self, property: &mut AssignPatProp) {
        property.visit_mut_children_with(self);
        if let Some(value) = &mut property.value {
            let name = self.name_of(&property.key.id);
            self.name_value(value, &name);
        }
    }
}
