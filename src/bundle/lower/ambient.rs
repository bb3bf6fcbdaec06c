//! What TypeScript says is declared elsewhere: `declare const process: …`. At run time that is a global.

use rustc_hash::FxHashSet;
use swc_core::common::SyntaxContext;
use swc_core::ecma::ast::*;
use swc_core::ecma::utils::collect_decls;
use swc_core::ecma::visit::{Visit, VisitMut, VisitMutWith, VisitWith, noop_visit_mut_type};

/// Names that a program declares with `declare`, by which the resolver takes them for its own.
pub(crate) fn ambient_names(program: &Program) -> FxHashSet<Id> {
    let mut names = AmbientNames(FxHashSet::default());
    program.visit_with(&mut names);
    names.0
}

/// Makes globals of names that are declared nowhere else, once types are gone.
pub(crate) fn make_global(
    program: &mut Program,
    mut names: FxHashSet<Id>,
    unresolved: SyntaxContext,
) {
    if names.is_empty() {
        return;
    }
    let declared: FxHashSet<Id> = collect_decls(program);
    names.retain(|name| !declared.contains(name));
    program.visit_mut_with(&mut MakeGlobal { names, unresolved });
}

struct AmbientNames(FxHashSet<Id>);

impl Visit for AmbientNames {
    fn visit_var_decl(&mut self, declaration: &VarDecl) {
        if declaration.declare {
            self.0.extend(swc_core::ecma::utils::find_pat_ids::<_, Id>(&declaration.decls));
        }
        declaration.visit_children_with(self);
    }

    fn visit_fn_decl(&mut self, declaration: &FnDecl) {
        if declaration.declare {
            self.0.insert(declaration.ident.to_id());
        }
        declaration.visit_children_with(self);
    }

    fn visit_class_decl(&mut self, declaration: &ClassDecl) {
        if declaration.declare {
            self.0.insert(declaration.ident.to_id());
        }
        declaration.visit_children_with(self);
    }

    fn visit_ts_enum_decl(&mut self, declaration: &TsEnumDecl) {
        if declaration.declare {
            self.0.insert(declaration.id.to_id());
        }
        declaration.visit_children_with(self);
    }

    fn visit_ts_module_decl(&mut self, declaration: &TsModuleDecl) {
        if let (true, TsModuleName::Ident(name)) = (declaration.declare, &declaration.id) {
            self.0.insert(name.to_id());
        }
        declaration.visit_children_with(self);
    }
}

struct MakeGlobal {
    names: FxHashSet<Id>,
    unresolved: SyntaxContext,
}

impl VisitMut for MakeGlobal {
    noop_visit_mut_type!();

    fn visit_mut_ident(&mut self, ident: &mut Ident) {
        if self.names.contains(&ident.to_id()) {
            ident.ctxt = self.unresolved;
        }
    }
}
