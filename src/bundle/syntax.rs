//! What everybody asks of a syntax tree: names of patterns, names of properties, strings that are written out.

use swc_core::atoms::Atom;
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{Visit, VisitWith, noop_visit_type};

/// The name of a property that is written as a name or a constant string.
pub(crate) fn static_property(property: &MemberProp) -> Option<Atom> {
    match property {
        MemberProp::Ident(name) => Some(name.sym.clone()),
        MemberProp::Computed(computed) => match &*computed.expr {
            Expr::Lit(Lit::Str(name)) => name.value.as_str().map(Atom::from),
            Expr::Tpl(template) if template.exprs.is_empty() => template
                .quasis
                .first()
                .and_then(|quasi| quasi.cooked.as_ref()?.as_str().map(Atom::from)),
            _ => None,
        },
        MemberProp::PrivateName(_) => None,
    }
}

/// The root identifier and the names of a chain of static property reads: `ns.a["b"]`.
pub(crate) fn static_chain(member: &MemberExpr) -> Option<(&Ident, Vec<Atom>)> {
    let mut names = vec![static_property(&member.prop)?];
    let mut object = &*member.obj;
    loop {
        match object {
            Expr::Ident(ident) => {
                names.reverse();
                return Some((ident, names));
            }
            Expr::Member(inner) => {
                names.push(static_property(&inner.prop)?);
                object = &inner.obj;
            }
            Expr::Paren(paren) => object = &paren.expr,
            _ => return None,
        }
    }
}

/// A string that is written out: `"x"` or `` `x` ``.
pub(crate) fn constant_string(expression: &Expr) -> Option<Atom> {
    match expression {
        Expr::Lit(Lit::Str(text)) => text.value.as_str().map(Atom::from),
        Expr::Tpl(template) if template.exprs.is_empty() => {
            template.quasis.first()?.cooked.as_ref()?.as_str().map(Atom::from)
        }
        Expr::Paren(paren) => constant_string(&paren.expr),
        _ => None,
    }
}

/// Names that a pattern binds, in order.
pub(crate) fn collect_names(pattern: &Pat, names: &mut Vec<Ident>) {
    match pattern {
        Pat::Ident(ident) => names.push(ident.id.clone()),
        Pat::Array(array) => {
            array.elems.iter().flatten().for_each(|element| collect_names(element, names));
        }
        Pat::Rest(rest) => collect_names(&rest.arg, names),
        Pat::Assign(assign) => collect_names(&assign.left, names),
        Pat::Object(object) => {
            for property in &object.props {
                match property {
                    ObjectPatProp::KeyValue(pair) => collect_names(&pair.value, names),
                    ObjectPatProp::Assign(assign) => names.push(assign.key.id.clone()),
                    ObjectPatProp::Rest(rest) => collect_names(&rest.arg, names),
                }
            }
        }
        Pat::Expr(_) | Pat::Invalid(_) => {}
    }
}

/// Names of `var` declarations in a statement, functions left out.
pub(crate) struct HoistedNames(pub(crate) Vec<Ident>);

impl Visit for HoistedNames {
    noop_visit_type!();

    fn visit_function(&mut self, _: &Function) {}
    fn visit_arrow_expr(&mut self, _: &ArrowExpr) {}
    fn visit_class(&mut self, _: &Class) {}

    fn visit_var_decl(&mut self, declaration: &VarDecl) {
        if declaration.kind == VarDeclKind::Var {
            for declarator in &declaration.decls {
                collect_names(&declarator.name, &mut self.0);
            }
        }
        declaration.visit_children_with(self);
    }
}

/// Whether a function looks at its own `this`.
pub(crate) fn uses_this(function: &Function) -> bool {
    struct Finder(bool);
    impl Visit for Finder {
        noop_visit_type!();
        fn visit_this_expr(&mut self, _: &ThisExpr) {
            self.0 = true;
        }
        fn visit_function(&mut self, _: &Function) {}
        fn visit_class(&mut self, class: &Class) {
            class.super_class.visit_with(self);
            // Keys are evaluated outside of the class.
            for member in &class.body {
                match member {
                    ClassMember::Method(method) => method.key.visit_with(self),
                    ClassMember::ClassProp(field) => field.key.visit_with(self),
                    ClassMember::AutoAccessor(accessor) => accessor.key.visit_with(self),
                    _ => {}
                }
            }
        }
    }
    let mut finder = Finder(false);
    function.visit_children_with(&mut finder);
    finder.0
}

/// What stands in parentheses.
pub(crate) fn unwrapped(mut expression: &Expr) -> &Expr {
    while let Expr::Paren(paren) = expression {
        expression = &paren.expr;
    }
    expression
}

/// Words that name nothing in the code of a module (ECMA-262, section 12.7.2).
pub(crate) fn is_reserved_in_modules(word: &str) -> bool {
    matches!(
        word,
        "await"
            | "yield"
            | "let"
            | "static"
            | "implements"
            | "interface"
            | "package"
            | "private"
            | "protected"
            | "public"
    )
}
