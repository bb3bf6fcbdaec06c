//! Resources of a module are disposed of when the module has run (ECMA-262, explicit resource management): in a bundle,
//! that is the end of a block, which holds all that comes after the first `using`. What the block declares is seen outside
//! of it, by functions and by whoever imports it.

use swc_core::common::DUMMY_SP;
use swc_core::common::util::take::Take;
use swc_core::ecma::ast::*;
use swc_core::ecma::utils::private_ident;

use crate::bundle::syntax::collect_names;

/// Puts that block around, in JavaScript. Names are resolved; it makes up others with contexts of their own.
pub(super) fn put_in_block(program: &mut Program) {
    match program {
        Program::Module(module) => {
            let is_using =
                |item: &ModuleItem| matches!(item, ModuleItem::Stmt(Stmt::Decl(Decl::Using(_))));
            let Some(first) = module.body.iter().position(is_using) else { return };
            let mut parts = Parts::default();
            for item in module.body.split_off(first) {
                parts.item(item);
            }
            module.body.append(&mut parts.outside);
            module.body.push(ModuleItem::Stmt(block(parts.inside)));
            if !parts.exports.is_empty() {
                module.body.push(exports(parts.exports));
            }
        }
        Program::Script(script) => {
            let is_using = |statement: &Stmt| matches!(statement, Stmt::Decl(Decl::Using(_)));
            let Some(first) = script.body.iter().position(is_using) else { return };
            let mut parts = Parts::default();
            for statement in script.body.split_off(first) {
                parts.statement(statement);
            }
            script.body.extend(parts.outside.into_iter().filter_map(ModuleItem::stmt));
            script.body.push(block(parts.inside));
        }
    }
}

fn block(stmts: Vec<Stmt>) -> Stmt {
    Stmt::Block(BlockStmt { stmts, ..BlockStmt::dummy() })
}

fn exports(list: Vec<(Ident, Ident)>) -> ModuleItem {
    let specifiers = list.into_iter().map(|(local, exported)| {
        ExportSpecifier::Named(ExportNamedSpecifier {
            span: DUMMY_SP,
            orig: ModuleExportName::Ident(local),
            exported: Some(ModuleExportName::Ident(exported)),
            is_type_only: false,
        })
    });
    ModuleItem::ModuleDecl(ModuleDecl::ExportNamed(NamedExport {
        span: DUMMY_SP,
        specifiers: specifiers.collect(),
        src: None,
        type_only: false,
        with: None,
    }))
}

fn variable(name: Ident, value: Box<Expr>) -> Stmt {
    let declarator = VarDeclarator {
        span: DUMMY_SP,
        name: Pat::Ident(name.into()),
        init: Some(value),
        definite: false,
    };
    let declaration =
        VarDecl { kind: VarDeclKind::Var, decls: vec![declarator], ..VarDecl::dummy() };
    Stmt::Decl(Decl::Var(Box::new(declaration)))
}

#[derive(Default)]
struct Parts {
    /// Functions, imports and lists of exports, which are there before anything runs.
    outside: Vec<ModuleItem>,
    inside: Vec<Stmt>,
    /// Names of the block with those they are exported under.
    exports: Vec<(Ident, Ident)>,
}

impl Parts {
    fn item(&mut self, item: ModuleItem) {
        let declaration = match item {
            ModuleItem::Stmt(statement) => return self.statement(statement),
            ModuleItem::ModuleDecl(declaration) => declaration,
        };
        match declaration {
            ModuleDecl::ExportDecl(ExportDecl {
                decl: decl @ (Decl::Var(_) | Decl::Class(_)),
                ..
            }) => {
                let mut names = Vec::new();
                match &decl {
                    Decl::Var(declaration) => {
                        for declarator in &declaration.decls {
                            collect_names(&declarator.name, &mut names);
                        }
                    }
                    Decl::Class(class) => names.push(class.ident.clone()),
                    _ => {}
                }
                self.exports.extend(names.into_iter().map(|name| (name.clone(), name)));
                self.statement(Stmt::Decl(decl));
            }
            ModuleDecl::ExportDefaultDecl(ExportDefaultDecl {
                decl: DefaultDecl::Class(class),
                ..
            }) => {
                let name = class.ident.clone().unwrap_or_else(|| private_ident!("_default"));
                let value = Expr::Class(ClassExpr { ident: class.ident, class: class.class });
                self.export_default(name, Box::new(value));
            }
            ModuleDecl::ExportDefaultExpr(default) => {
                self.export_default(private_ident!("_default"), default.expr);
            }
            other => self.outside.push(ModuleItem::ModuleDecl(other)),
        }
    }

    fn export_default(&mut self, name: Ident, value: Box<Expr>) {
        self.exports.push((name.clone(), Ident::new_no_ctxt("default".into(), DUMMY_SP)));
        self.inside.push(variable(name, value));
    }

    fn statement(&mut self, statement: Stmt) {
        match statement {
            Stmt::Decl(Decl::Var(mut declaration)) => {
                declaration.kind = VarDeclKind::Var;
                self.inside.push(Stmt::Decl(Decl::Var(declaration)));
            }
            Stmt::Decl(Decl::Class(ClassDecl { ident, class, .. })) => {
                let value = Expr::Class(ClassExpr { ident: Some(ident.clone()), class });
                self.inside.push(variable(ident, Box::new(value)));
            }
            Stmt::Decl(Decl::Using(using)) => {
                let UsingDecl { span, is_await, decls } = *using;
                for mut declarator in decls {
                    let resource = private_ident!("resource");
                    let own = std::mem::replace(
                        &mut declarator.name,
                        Pat::Ident(resource.clone().into()),
                    );
                    let using = UsingDecl { span, is_await, decls: vec![declarator] };
                    self.inside.push(Stmt::Decl(Decl::Using(Box::new(using))));
                    if let Pat::Ident(name) = own {
                        self.inside.push(variable(name.id, Box::new(Expr::Ident(resource))));
                    }
                }
            }
            // Functions are there before anything runs.
            Stmt::Decl(other) => self.outside.push(ModuleItem::Stmt(Stmt::Decl(other))),
            other => self.inside.push(other),
        }
    }
}
