//! Bindings that a Worker reads: properties of the `env` that its handlers are given, of `this.env`, and of the `env` of
//! `cloudflare:workers` (developers.cloudflare.com/workers/runtime-apis/bindings).

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::common::{SourceMap, Span, Spanned};
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{Visit, VisitWith, noop_visit_type};

use crate::bundle::graph::{Export, ImportName, Module, NameUse, NamedImport};
use crate::bundle::source::location_at;
use crate::bundle::syntax::static_property;

/// Handlers of a Worker whose second argument is `env` (developers.cloudflare.com/workers/runtime-apis/handlers).
const HANDLERS: [&str; 6] = ["fetch", "scheduled", "queue", "email", "tail", "trace"];

/// Most times that a module is looked through for functions that `env` is handed to.
const MOST_PASSES: usize = 8;

/// The bindings that the statements of a module read, each name once, at its first place. With `is_worker`, its default export
/// has the handlers.
pub(crate) fn worker_bindings(
    body: &[Stmt],
    module: &Module,
    is_worker: bool,
    source_map: &SourceMap,
) -> Vec<NameUse> {
    let worker = match module.export(&"default".into()) {
        Some(Export::Local(symbol)) if is_worker => {
            Some(module.symbols[*symbol as usize].id.clone())
        }
        _ => None,
    };
    // `export default worker` is a variable of its own.
    let worker = worker.map(|worker| named_by(body, &worker).unwrap_or(worker));
    let of_platform = |import: &NamedImport| {
        *module.imports[import.record as usize].specifier == *"cloudflare:workers"
    };
    let imported = |is_it: &dyn Fn(&NamedImport) -> bool| -> FxHashSet<Id> {
        let symbols = module.named_imports.iter().filter(|(_, import)| is_it(import));
        symbols.map(|(symbol, _)| module.symbols[*symbol as usize].id.clone()).collect()
    };
    let is_env = |import: &NamedImport| import.name == ImportName::Named("env".into());
    let mut reads = Reads {
        worker,
        env: imported(&|import| of_platform(import) && is_env(import)),
        bases: imported(&|import| of_platform(import) && !is_env(import)),
        is_in_class: false,
        functions: FxHashMap::default(),
        found: Vec::new(),
    };
    // A function may be called before it is known.
    let mut known = None;
    for _ in 0..MOST_PASSES {
        let now = (reads.env.len(), reads.functions.len());
        if known == Some(now) {
            break;
        }
        known = Some(now);
        reads.found.clear();
        body.visit_with(&mut reads);
    }
    let mut seen = FxHashSet::default();
    reads.found.retain(|(name, _)| seen.insert(name.clone()));
    let reads = reads.found.into_iter();
    reads
        .map(|(name, span)| {
            let length = name.chars().count();
            let location = location_at(source_map, &module.path, span.lo, length);
            NameUse { name, location }
        })
        .collect()
}

/// The variable that another one is given as it is.
fn named_by(body: &[Stmt], name: &Id) -> Option<Id> {
    body.iter().find_map(|statement| {
        let Stmt::Decl(Decl::Var(declaration)) = statement else { return None };
        let [declarator] = declaration.decls.as_slice() else { return None };
        let is_it = declarator.name.as_ident().is_some_and(|ident| ident.to_id() == *name);
        let init = declarator.init.as_ref().filter(|_| is_it)?;
        init.as_ident().map(Ident::to_id)
    })
}

struct Reads {
    /// The default export, which has the handlers.
    worker: Option<Id>,
    /// Names that stand for `env`.
    env: FxHashSet<Id>,
    /// What classes of the platform are called: `DurableObject`, `WorkerEntrypoint`.
    bases: FxHashSet<Id>,
    /// Whether a class is being looked at that extends one of them.
    is_in_class: bool,
    /// Functions by their names, with the names of their parameters.
    functions: FxHashMap<Id, Vec<Option<Id>>>,
    found: Vec<(String, Span)>,
}

impl Reads {
    fn is_env(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Ident(ident) => self.env.contains(&ident.to_id()),
            // In Durable Objects, entrypoints and workflows.
            Expr::Member(member) => {
                self.is_in_class
                    && member.obj.is_this()
                    && static_property(&member.prop).is_some_and(|name| name == *"env")
            }
            Expr::Paren(paren) => self.is_env(&paren.expr),
            _ => false,
        }
    }

    /// What is given `env`.
    fn give(&mut self, pattern: &Pat) {
        match pattern {
            Pat::Ident(ident) => drop(self.env.insert(ident.to_id())),
            Pat::Assign(assign) => self.give(&assign.left),
            Pat::Object(object) => {
                for property in &object.props {
                    let (name, span) = match property {
                        ObjectPatProp::Assign(assign) => {
                            (assign.key.sym.to_string(), assign.key.span)
                        }
                        ObjectPatProp::KeyValue(pair) => match &pair.key {
                            PropName::Ident(name) => (name.sym.to_string(), name.span),
                            _ => continue,
                        },
                        ObjectPatProp::Rest(_) => continue,
                    };
                    self.found.push((name, span));
                }
            }
            _ => {}
        }
    }

    /// The handlers of `export default { fetch(request, env) {} }`.
    fn handlers(&mut self, worker: &ObjectLit) {
        for property in &worker.props {
            let PropOrSpread::Prop(property) = property else { continue };
            let (key, env) = match &**property {
                Prop::Method(method) => {
                    (&method.key, method.function.params.get(1).map(|parameter| &parameter.pat))
                }
                Prop::KeyValue(pair) => {
                    let env = match &*pair.value {
                        Expr::Fn(function) => {
                            function.function.params.get(1).map(|parameter| &parameter.pat)
                        }
                        Expr::Arrow(arrow) => arrow.params.get(1),
                        _ => None,
                    };
                    (&pair.key, env)
                }
                _ => continue,
            };
            let is_handler = matches!(key, PropName::Ident(name) if HANDLERS.contains(&&*name.sym));
            if let (true, Some(env)) = (is_handler, env) {
                self.give(env);
            }
        }
    }

    /// `const handle = (request, env) => …`, `function handle(request, env) {}`
    fn function<'a>(&mut self, name: Id, parameters: impl Iterator<Item = &'a Pat>) {
        let names = parameters.map(|pattern| match pattern {
            Pat::Ident(ident) => Some(ident.to_id()),
            _ => None,
        });
        self.functions.insert(name, names.collect());
    }
}

impl Visit for Reads {
    noop_visit_type!();

    fn visit_class(&mut self, class: &Class) {
        let parent = class.super_class.as_deref();
        // `cloudflare.DurableObject` as well.
        let parent = parent.and_then(|parent| match parent {
            Expr::Member(member) => member.obj.as_ident(),
            other => other.as_ident(),
        });
        let is_of_platform = parent.is_some_and(|parent| self.bases.contains(&parent.to_id()));
        let outer = std::mem::replace(&mut self.is_in_class, is_of_platform);
        class.visit_children_with(self);
        self.is_in_class = outer;
    }

    fn visit_member_expr(&mut self, member: &MemberExpr) {
        if self.is_env(&member.obj)
            && let Some(name) = static_property(&member.prop)
        {
            self.found.push((name.to_string(), member.prop.span()));
            return;
        }
        member.visit_children_with(self);
    }

    fn visit_var_declarator(&mut self, declarator: &VarDeclarator) {
        if let Some(init) = &declarator.init {
            if self.is_env(init) {
                self.give(&declarator.name);
            }
            if let Pat::Ident(name) = &declarator.name {
                match &**init {
                    Expr::Object(object) if self.worker.as_ref() == Some(&name.to_id()) => {
                        self.handlers(object);
                    }
                    Expr::Arrow(arrow) => self.function(name.to_id(), arrow.params.iter()),
                    Expr::Fn(function) => {
                        let parameters = function.function.params.iter();
                        self.function(name.to_id(), parameters.map(|parameter| &parameter.pat));
                    }
                    _ => {}
                }
            }
        }
        declarator.visit_children_with(self);
    }

    fn visit_fn_decl(&mut self, declaration: &FnDecl) {
        let parameters = declaration.function.params.iter();
        self.function(declaration.ident.to_id(), parameters.map(|parameter| &parameter.pat));
        declaration.visit_children_with(self);
    }

    /// A function of the module that is given `env` has it.
    fn visit_call_expr(&mut self, call: &CallExpr) {
        if let Callee::Expr(callee) = &call.callee
            && let Expr::Ident(name) = &**callee
            && let Some(parameters) = self.functions.get(&name.to_id())
        {
            let given: Vec<Id> = parameters
                .iter()
                .zip(&call.args)
                .filter(|(_, argument)| argument.spread.is_none() && self.is_env(&argument.expr))
                .filter_map(|(parameter, _)| parameter.clone())
                .collect();
            self.env.extend(given);
        }
        call.visit_children_with(self);
    }
}
