//! TypeScript's `import x = require("y")`, which its transform turns into calls without places.

use swc_core::common::{DUMMY_SP, Spanned, SyntaxContext};
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{VisitMut, VisitMutWith, noop_visit_mut_type};

/// `export import x = require("y")` is an import and an export: the transform knows it in CommonJS only.
pub(crate) fn split_exports(program: &mut Program) {
    let Program::Module(module) = program else { return };
    let mut index = 0;
    while let Some(item) = module.body.get_mut(index) {
        index += 1;
        let ModuleItem::ModuleDecl(ModuleDecl::TsImportEquals(import)) = item else { continue };
        let is_module = matches!(import.module_ref, TsModuleRef::TsExternalModuleRef(_));
        if !import.is_export || import.is_type_only || !is_module {
            continue;
        }
        import.is_export = false;
        let name = ExportNamedSpecifier {
            span: DUMMY_SP,
            orig: ModuleExportName::Ident(import.id.clone()),
            exported: None,
            is_type_only: false,
        };
        let export = NamedExport {
            span: import.span,
            specifiers: vec![ExportSpecifier::Named(name)],
            src: None,
            type_only: false,
            with: None,
        };
        module.body.insert(index, ModuleItem::ModuleDecl(ModuleDecl::ExportNamed(export)));
        index += 1;
    }
}

/// Gives calls of `require` that have no place that of what they load, by which each is known from the others.
pub(crate) fn place_requires(program: &mut Program, unresolved: SyntaxContext) {
    program.visit_mut_with(&mut PlaceRequires { unresolved });
}

struct PlaceRequires {
    unresolved: SyntaxContext,
}

impl VisitMut for PlaceRequires {
    noop_visit_mut_type!();

    fn visit_mut_call_expr(&mut self, call: &mut CallExpr) {
        call.visit_mut_children_with(self);
        let is_require = call.callee.as_expr().and_then(|callee| callee.as_ident());
        let is_require =
            is_require.is_some_and(|it| it.sym == *"require" && it.ctxt == self.unresolved);
        if let ([argument], true) = (call.args.as_slice(), is_require && call.span.is_dummy()) {
            call.span = argument.expr.span();
        }
    }
}
