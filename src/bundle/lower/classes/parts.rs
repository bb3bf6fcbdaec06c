//! A class taken apart: what stays in it, what is made before it, after it and in its constructor.

use rustc_hash::FxHashMap;
use swc_core::atoms::Atom;
use swc_core::common::util::take::Take;
use swc_core::common::{DUMMY_SP, SyntaxContext};
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::VisitMutWith;

use super::accessors::getter_and_setter;
use super::build::{
    assign_member, assign_to, call, declare, fresh, has_static_name, key_of, key_of_mut, key_value,
    member_prop, method, new_collection, shown_name, static_name, this, update_of, use_of,
};
use super::constructor::into_constructor;
use super::moved::{Moved, moved};
use super::private_names::{Private, PrivateUses};
use crate::bundle::code;

/// What is wanted of classes.
#[derive(Debug, Clone, Copy)]
pub(in crate::bundle::lower) struct ClassOptions {
    /// The output may not hold fields, private names and static blocks.
    pub(in crate::bundle::lower) lowers: bool,
    /// Fields are assigned (TypeScript's `useDefineForClassFields: false`).
    pub(in crate::bundle::lower) assigns: bool,
    /// Decorators are TypeScript's own, which another transform takes.
    pub(in crate::bundle::lower) legacy_decorators: bool,
}

/// A class that was taken apart.
pub(super) struct Lowered {
    pub(super) before: Vec<Stmt>,
    pub(super) class: Class,
    pub(super) after: Vec<Stmt>,
    /// The variable that holds the class while its static parts are made.
    pub(super) alias: Ident,
    /// A decorator may put another class in its place.
    pub(super) is_decorated: bool,
}

impl Lowered {
    pub(super) fn is_whole(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }
}

/// Decorators of a member.
pub(super) fn decorators_of(member: &ClassMember) -> &[Decorator] {
    match member {
        ClassMember::Method(method) => &method.function.decorators,
        ClassMember::PrivateMethod(method) => &method.function.decorators,
        ClassMember::ClassProp(field) => &field.decorators,
        ClassMember::PrivateProp(field) => &field.decorators,
        ClassMember::AutoAccessor(accessor) => &accessor.decorators,
        _ => &[],
    }
}

/// A class on its way to being taken apart.
pub(super) struct Parts<'a> {
    options: ClassOptions,
    decorates: bool,
    /// Private names, static parts and fields all go.
    takes_all: bool,
    own: Option<&'a Ident>,
    name: &'a Atom,
    alias: Ident,
    record: Ident,
    base: Option<Ident>,
    before: Vec<Stmt>,
    /// Private methods, which see the class by its own name.
    functions: Vec<Stmt>,
    after: Vec<Stmt>,
    instance: Vec<Stmt>,
    statics: Vec<Stmt>,
    brand: Option<Ident>,
    static_brand: Option<Ident>,
    elements: Vec<Expr>,
    private: FxHashMap<Atom, Private>,
    pub(super) uses_helpers: bool,
}

impl<'a> Parts<'a> {
    pub(super) fn new(
        options: ClassOptions,
        takes_all: bool,
        decorates: bool,
        own: Option<&'a Ident>,
        name: &'a Atom,
    ) -> Self {
        let text = if name.is_empty() { "class" } else { name.as_str() };
        Self {
            options,
            decorates,
            takes_all,
            own,
            name,
            alias: fresh(text),
            record: fresh("record"),
            base: None,
            before: Vec::new(),
            functions: Vec::new(),
            after: Vec::new(),
            instance: Vec::new(),
            statics: Vec::new(),
            brand: None,
            static_brand: None,
            elements: Vec::new(),
            private: FxHashMap::default(),
            uses_helpers: false,
        }
    }

    pub(super) fn take_apart(&mut self, mut class: Class) -> Lowered {
        if self.takes_all {
            self.declare_private(&class);
            if !self.private.is_empty() {
                let mut uses = PrivateUses { names: &self.private, shadowed: Vec::new() };
                class.body.visit_mut_with(&mut uses);
                class.decorators.visit_mut_with(&mut uses);
                self.uses_helpers = true;
            }
        }
        let class_decorators = if self.decorates { class.decorators.take() } else { Vec::new() };
        let decorators = Self::list(class_decorators);
        let has_class_decorators = decorators.as_array().is_some_and(|list| !list.elems.is_empty());
        let class_list = has_class_decorators.then(|| self.hoist("decorators", decorators));
        self.hoist_heritage_and_keys(&mut class);
        let mut body = Vec::new();
        for member in class.body.take() {
            self.member(member, &mut body);
        }
        class.body = body;
        let home = code::member(use_of(&self.alias), &"prototype".into(), DUMMY_SP);
        for mut statement in self.functions.take() {
            // Private methods have a `this` of their own.
            self.uses_helpers |=
                moved(&mut statement, None, Some(home.clone()), self.own, &self.alias);
            self.before.push(statement);
        }
        self.add_brands();
        if !self.instance.is_empty() {
            into_constructor(&mut class, self.instance.take());
        }
        let mut after = self.after.take();
        if self.decorates {
            after.extend(self.decorate(class_list.as_ref()));
        }
        let alias = use_of(&self.alias);
        for mut statement in self.statics.take() {
            self.uses_helpers |= moved(
                &mut statement,
                Some(alias.clone()),
                Some(alias.clone()),
                self.own,
                &self.alias,
            );
            after.push(statement);
        }
        if has_class_decorators {
            // What decorators make of the class is what its own name means, everywhere in it.
            class.body.visit_mut_with(&mut self.inside());
            let done = code::member(use_of(&self.record), &"done".into(), DUMMY_SP);
            after.push(code::statement(code::call_expression(done, Vec::new())));
        }
        if has_class_decorators && !has_static_name(&class) {
            self.uses_helpers = true;
            let set = call("__setName", vec![use_of(&self.alias), code::string(self.name)]);
            after.insert(0, code::statement(set));
        }
        Lowered {
            before: self.before.take(),
            class,
            after,
            alias: self.alias.clone(),
            is_decorated: has_class_decorators,
        }
    }

    /// A variable that takes a value before the class is made.
    fn hoist(&mut self, name: &str, value: Expr) -> Ident {
        let variable = fresh(name);
        self.before.push(declare(VarDeclKind::Const, &variable, Some(value)));
        variable
    }

    /// `[[decorator], [object.decorator, object]]`
    fn list(decorators: Vec<Decorator>) -> Expr {
        let pairs = decorators.into_iter().map(|decorator| {
            let mut pair = vec![*decorator.expr];
            let receiver = match &pair[0] {
                Expr::Member(member) if matches!(&*member.obj, Expr::Ident(_) | Expr::This(_)) => {
                    Some((*member.obj).clone())
                }
                _ => None,
            };
            pair.extend(receiver);
            code::array(pair)
        });
        code::array(pairs.collect())
    }

    fn declare_private(&mut self, class: &Class) {
        for member in &class.body {
            match member {
                ClassMember::PrivateProp(field) => {
                    let map = fresh(&field.key.name);
                    self.private.insert(field.key.name.clone(), Private::Field(map));
                }
                ClassMember::AutoAccessor(AutoAccessor {
                    key: Key::Private(name),
                    decorators,
                    ..
                }) => {
                    let map = fresh(&name.name);
                    let private = if decorators.is_empty() {
                        Private::Field(map)
                    } else {
                        let (getter, setter) = (
                            fresh(&format!("{}_get", name.name)),
                            fresh(&format!("{}_set", name.name)),
                        );
                        Private::Accessor { brand: map, getter: Some(getter), setter: Some(setter) }
                    };
                    self.private.insert(name.name.clone(), private);
                }
                ClassMember::PrivateMethod(method) => {
                    let slot =
                        if method.is_static { &mut self.static_brand } else { &mut self.brand };
                    let brand = slot.get_or_insert_with(|| fresh("brand")).clone();
                    let name = &method.key.name;
                    match method.kind {
                        MethodKind::Method => {
                            let function = fresh(&format!("{name}_method"));
                            self.private.insert(name.clone(), Private::Method(brand, function));
                        }
                        kind => {
                            let entry = self
                                .private
                                .entry(name.clone())
                                .or_insert(Private::Accessor { brand, getter: None, setter: None });
                            if let Private::Accessor { getter, setter, .. } = entry {
                                if kind == MethodKind::Getter {
                                    *getter = Some(fresh(&format!("{name}_get")));
                                } else {
                                    *setter = Some(fresh(&format!("{name}_set")));
                                }
                            }
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether a member goes elsewhere, so that its computed key must be kept.
    fn moves(&self, member: &ClassMember) -> bool {
        match member {
            ClassMember::ClassProp(field) => {
                (self.takes_all || self.options.assigns)
                    && !field.is_abstract
                    && (self.options.assigns || !field.declare)
            }
            ClassMember::AutoAccessor(_) => true,
            ClassMember::Method(method) => !method.function.decorators.is_empty() && self.decorates,
            _ => false,
        }
    }

    /// Evaluates what stands outside of functions in the order of the source, before the class.
    fn hoist_heritage_and_keys(&mut self, class: &mut Class) {
        let is_computed = |member: &ClassMember| key_of(member).is_some_and(PropName::is_computed);
        let keeps_order = class.body.iter().any(|member| is_computed(member) && self.moves(member));
        let decorates_members =
            self.decorates && class.body.iter().any(|member| !decorators_of(member).is_empty());
        if (keeps_order || self.decorates)
            && let Some(base) = class.super_class.take()
        {
            let variable = self.hoist("base", *base);
            class.super_class = Some(Box::new(use_of(&variable)));
            self.base = Some(variable);
        }
        if !keeps_order && !decorates_members {
            return;
        }
        let mut members = class.body.take();
        for member in &mut members {
            if self.decorates {
                self.hoist_decorators(member);
            }
            let is_erased = matches!(member, ClassMember::ClassProp(field) if field.declare);
            if let Some(PropName::Computed(key)) = key_of_mut(member) {
                if is_erased {
                    continue;
                }
                if matches!(&*key.expr, Expr::Lit(_)) {
                    continue;
                }
                self.uses_helpers = true;
                let mut value = call("__toKey", vec![*key.expr.take()]);
                value.visit_mut_with(&mut self.inside());
                let variable = self.hoist("key", value);
                *key.expr = use_of(&variable);
            }
        }
        class.body = members;
    }

    /// Code in the scope of the class, where its own name is that of the finished class.
    fn inside(&self) -> Moved<'_> {
        let own = self.own.map(|own| (own.to_id(), &self.alias));
        Moved { this: None, home: None, own, uses_helpers: false }
    }

    /// Leaves the variable that holds the list in place of the decorators.
    fn hoist_decorators(&mut self, member: &mut ClassMember) {
        let decorators = match member {
            ClassMember::Method(method) => &mut method.function.decorators,
            ClassMember::PrivateMethod(method) => &mut method.function.decorators,
            ClassMember::ClassProp(field) => &mut field.decorators,
            ClassMember::PrivateProp(field) => &mut field.decorators,
            ClassMember::AutoAccessor(accessor) => &mut accessor.decorators,
            _ => return,
        };
        if decorators.is_empty() {
            return;
        }
        let span = decorators[0].span;
        let list = decorators.take();
        let mut list = Self::list(list);
        list.visit_mut_with(&mut self.inside());
        let variable = fresh("decorators");
        *decorators = vec![Decorator { span, expr: Box::new(use_of(&variable)) }];
        self.before.push(declare(VarDeclKind::Const, &variable, Some(list)));
    }

    fn member(&mut self, member: ClassMember, body: &mut Vec<ClassMember>) {
        match member {
            ClassMember::Method(mut method) => {
                if self.decorates
                    && let Some(list) = method.function.decorators.take().pop()
                {
                    let kind = match method.kind {
                        MethodKind::Method => "method",
                        MethodKind::Getter => "getter",
                        MethodKind::Setter => "setter",
                    };
                    let name = key_value(&method.key);
                    self.element(kind, method.is_static, name, *list.expr, None);
                }
                body.push(ClassMember::Method(method));
            }
            ClassMember::PrivateMethod(method) if self.takes_all => self.private_method(method),
            ClassMember::ClassProp(field) => self.field(field, body),
            ClassMember::PrivateProp(field) if self.takes_all => self.private_field(field),
            ClassMember::PrivateProp(mut field)
                if self.options.assigns && !field.is_static && field.value.is_some() =>
            {
                // Its value may read a field that is assigned.
                if let Some(value) = field.value.take() {
                    let target = MemberExpr {
                        span: field.span,
                        obj: Box::new(this()),
                        prop: MemberProp::PrivateName(field.key.clone()),
                    };
                    self.instance.push(assign_member(target, *value));
                }
                body.push(ClassMember::PrivateProp(field));
            }
            ClassMember::StaticBlock(block) if self.takes_all => {
                let is_plain =
                    block.body.stmts.iter().all(|statement| matches!(statement, Stmt::Expr(_)));
                if is_plain {
                    self.statics.extend(block.body.stmts);
                } else {
                    let arrow = code::arrow_block(&[], block.body.stmts, false);
                    self.statics.push(code::statement(code::call_expression(
                        Expr::Paren(ParenExpr { span: DUMMY_SP, expr: Box::new(arrow) }),
                        Vec::new(),
                    )));
                }
            }
            ClassMember::AutoAccessor(accessor) => self.accessor(accessor, body),
            other => body.push(other),
        }
    }

    /// Adds an element to decorate; returns its number.
    fn element(
        &mut self,
        kind: &str,
        is_static: bool,
        name: Expr,
        decorators: Expr,
        private: Option<(Expr, Expr, Expr)>,
    ) -> usize {
        self.uses_helpers = true;
        let is_static = Expr::Lit(Lit::Bool(Bool { span: DUMMY_SP, value: is_static }));
        let mut entry = vec![code::string(kind), is_static, name, decorators];
        if let Some((access, value, update)) = private {
            entry.extend([access, value, update]);
        }
        self.elements.push(code::array(entry));
        self.elements.len() - 1
    }

    /// `{ has: (object) => …, get: (object) => …, set: (object, value) => … }`
    fn access(private: &Private, reads: bool, writes: bool) -> Expr {
        let object = || code::ident(&"object".into());
        let has = call("__hasPrivate", vec![object(), use_of(private.member())]);
        let mut properties = vec![("has".into(), code::arrow(vec!["object"], has))];
        if reads {
            properties.push(("get".into(), code::arrow(vec!["object"], private.read(object()))));
        }
        if writes {
            let write = private.write(object(), code::ident(&"value".into()));
            let body = vec![code::statement(write)];
            properties.push(("set".into(), code::arrow_block(&["object", "value"], body, false)));
        }
        code::object(properties)
    }

    fn private_method(&mut self, mut method: PrivateMethod) {
        let private = self.private[&method.key.name].clone();
        let (variable, kind) = match (&private, method.kind) {
            (Private::Method(_, function), _) => (function.clone(), "method"),
            (Private::Accessor { getter: Some(getter), .. }, MethodKind::Getter) => {
                (getter.clone(), "getter")
            }
            (Private::Accessor { setter: Some(setter), .. }, MethodKind::Setter) => {
                (setter.clone(), "setter")
            }
            _ => return,
        };
        let list = method.function.decorators.take().pop();
        let is_static = method.is_static;
        let name = Atom::from(format!("#{}", method.key.name));
        let function =
            Expr::Fn(FnExpr { ident: None, function: std::mem::take(&mut method.function) });
        let mut function = Some(code::named(&shown_name(method.kind, &name), function));
        if is_static && let Some(function) = &mut function {
            // `super` in it is that of the class.
            let home = Some(use_of(&self.alias));
            let mut statement = code::statement(function.take());
            self.uses_helpers |= moved(&mut statement, None, home, self.own, &self.alias);
            if let Stmt::Expr(inner) = statement {
                *function = *inner.expr;
            }
        }
        let declaration_kind = if list.is_some() { VarDeclKind::Let } else { VarDeclKind::Const };
        self.functions.push(declare(declaration_kind, &variable, function));
        if let Some(list) = list {
            let access = Self::access(&private, kind != "setter", kind == "setter");
            let update = update_of(assign_to(&variable, code::ident(&"value".into())));
            self.element(
                kind,
                is_static,
                code::string(&name),
                *list.expr,
                Some((access, use_of(&variable), update)),
            );
        }
    }

    /// `record.elements[number].init(self, value)`
    fn initialised(&self, number: usize, target: &Expr, value: Option<Expr>) -> Expr {
        let mut arguments = vec![target.clone()];
        arguments.extend(value);
        code::call_expression(self.element_part(number, "init"), arguments)
    }

    fn element_part(&self, number: usize, part: &str) -> Expr {
        let elements = code::member(use_of(&self.record), &"elements".into(), DUMMY_SP);
        #[expect(clippy::cast_precision_loss, reason = "a class has fewer than 2^52 elements")]
        let index = code::number(number as f64);
        let element = Expr::Member(MemberExpr {
            span: DUMMY_SP,
            obj: Box::new(elements),
            prop: MemberProp::Computed(ComputedPropName { span: DUMMY_SP, expr: Box::new(index) }),
        });
        code::member(element, &part.into(), DUMMY_SP)
    }

    fn extra(&self, number: usize, target: &Expr) -> Stmt {
        code::statement(code::call_expression(
            self.element_part(number, "extra"),
            vec![target.clone()],
        ))
    }

    fn push(&mut self, is_static: bool, statement: Stmt) {
        if is_static {
            self.statics.push(statement);
        } else {
            self.instance.push(statement);
        }
    }

    fn field(&mut self, mut field: ClassProp, body: &mut Vec<ClassMember>) {
        if field.is_abstract || field.declare {
            body.push(ClassMember::ClassProp(field));
            return;
        }
        let list = if self.decorates { field.decorators.take().pop() } else { None };
        if !field.decorators.is_empty() || !(self.takes_all || self.options.assigns) {
            body.push(ClassMember::ClassProp(field));
            return;
        }
        let is_static = field.is_static;
        let name = static_name(&field.key);
        let mut value = field.value.take().map(|value| match &name {
            Some(name) if code::is_anonymous_function(&value) => code::named(name, *value),
            _ => *value,
        });
        let number = list
            .map(|list| self.element("field", is_static, key_value(&field.key), *list.expr, None));
        // Statics stand where `this` is the class, in or out of it.
        let target = this();
        if let Some(number) = number {
            value = Some(self.initialised(number, &target, value));
        }
        if self.options.assigns {
            if let Some(value) = value {
                let member = MemberExpr {
                    span: field.span,
                    obj: Box::new(target.clone()),
                    prop: member_prop(field.key),
                };
                let statement = assign_member(member, value);
                if is_static && !self.takes_all {
                    body.push(ClassMember::StaticBlock(StaticBlock {
                        span: field.span,
                        body: BlockStmt {
                            span: field.span,
                            ctxt: SyntaxContext::empty(),
                            stmts: vec![statement],
                        },
                    }));
                } else {
                    self.push(is_static, statement);
                }
            }
        } else {
            self.uses_helpers = true;
            let mut arguments = vec![target.clone(), key_value(&field.key)];
            arguments.extend(value);
            self.push(is_static, code::statement(call("__defineField", arguments)));
        }
        if let Some(number) = number {
            let extra = self.extra(number, &target);
            self.push(is_static, extra);
        }
    }

    fn private_field(&mut self, mut field: PrivateProp) {
        let private = self.private[&field.key.name].clone();
        self.before.push(new_collection(private.member(), "WeakMap"));
        let name = Atom::from(format!("#{}", field.key.name));
        let mut value = field.value.take().map(|value| {
            if code::is_anonymous_function(&value) { code::named(&name, *value) } else { *value }
        });
        let number = field.decorators.take().pop().map(|list| {
            let access = Self::access(&private, true, true);
            let none = code::void_0();
            self.element(
                "field",
                field.is_static,
                code::string(&name),
                *list.expr,
                Some((access, none.clone(), none)),
            )
        });
        self.add_storage(private.member(), field.is_static, number, value.take());
    }

    /// `__addPrivate(this, member, value)` where fields are made, and what decorators want done after.
    fn add_storage(
        &mut self,
        member: &Ident,
        is_static: bool,
        number: Option<usize>,
        mut value: Option<Expr>,
    ) {
        let target = this();
        if let Some(number) = number {
            value = Some(self.initialised(number, &target, value));
        }
        let mut arguments = vec![target.clone(), use_of(member)];
        arguments.extend(value);
        self.uses_helpers = true;
        self.push(is_static, code::statement(call("__addPrivate", arguments)));
        if let Some(number) = number {
            let extra = self.extra(number, &target);
            self.push(is_static, extra);
        }
    }

    fn accessor(&mut self, mut accessor: AutoAccessor, body: &mut Vec<ClassMember>) {
        let list = accessor.decorators.take().pop();
        let is_static = accessor.is_static;
        let value = accessor.value.take().map(|value| *value);
        match accessor.key {
            Key::Private(name) => {
                let private = self.private[&name.name].clone();
                self.before.push(new_collection(private.member(), "WeakMap"));
                let number = match (&private, list) {
                    (
                        Private::Accessor { brand, getter: Some(getter), setter: Some(setter) },
                        Some(list),
                    ) => {
                        let storage = Private::Field(brand.clone());
                        let (get, set) = getter_and_setter(
                            storage.read(this()),
                            storage.write(this(), code::ident(&"value".into())),
                        );
                        let text = Atom::from(format!("#{}", name.name));
                        for (kind, variable, function) in
                            [(MethodKind::Getter, getter, get), (MethodKind::Setter, setter, set)]
                        {
                            let function =
                                Expr::Fn(FnExpr { ident: None, function: Box::new(function) });
                            let named = code::named(&shown_name(kind, &text), function);
                            self.functions.push(declare(VarDeclKind::Let, variable, Some(named)));
                        }
                        let pair = code::object(vec![
                            ("get".into(), use_of(getter)),
                            ("set".into(), use_of(setter)),
                        ]);
                        let part = |name: &str| {
                            code::member(code::ident(&"value".into()), &name.into(), DUMMY_SP)
                        };
                        let update = update_of(code::sequence(vec![
                            assign_to(getter, part("get")),
                            assign_to(setter, part("set")),
                        ]));
                        let access = Self::access(&private, true, true);
                        Some(self.element(
                            "accessor",
                            is_static,
                            code::string(&text),
                            *list.expr,
                            Some((access, pair, update)),
                        ))
                    }
                    _ => None,
                };
                self.add_storage(private.member(), is_static, number, value);
            }
            Key::Public(key) => {
                let text = static_name(&key).unwrap_or_else(|| "accessor".into());
                let storage = fresh(&text);
                self.before.push(new_collection(&storage, "WeakMap"));
                let place = Private::Field(storage.clone());
                let (getter, setter) = getter_and_setter(
                    place.read(this()),
                    place.write(this(), code::ident(&"value".into())),
                );
                let number = list.map(|list| {
                    self.element("accessor", is_static, key_value(&key), *list.expr, None)
                });
                for (kind, function) in [(MethodKind::Getter, getter), (MethodKind::Setter, setter)]
                {
                    body.push(ClassMember::Method(method(key.clone(), kind, is_static, function)));
                }
                self.add_storage(&storage, is_static, number, value);
            }
        }
    }

    /// Marks objects as having the private methods, before their fields are made.
    fn add_brands(&mut self) {
        let mut first = Vec::new();
        if let Some(brand) = self.brand.clone() {
            self.before.insert(0, new_collection(&brand, "WeakSet"));
            first.push(code::statement(call("__addPrivate", vec![this(), use_of(&brand)])));
        }
        if self.decorates {
            first.push(self.run_methods(this(), false));
        }
        self.instance.splice(0..0, first);
        if let Some(brand) = self.static_brand.clone() {
            self.before.insert(0, new_collection(&brand, "WeakSet"));
            self.after.push(code::statement(call(
                "__addPrivate",
                vec![use_of(&self.alias), use_of(&brand)],
            )));
        }
    }

    fn run_methods(&self, target: Expr, is_static: bool) -> Stmt {
        let run = code::member(use_of(&self.record), &"methods".into(), DUMMY_SP);
        let is_static = Expr::Lit(Lit::Bool(Bool { span: DUMMY_SP, value: is_static }));
        code::statement(code::call_expression(run, vec![target, is_static]))
    }

    /// `alias = __applyDecorators(record, alias, base, elements, decorators, name)`
    fn decorate(&mut self, class_decorators: Option<&Ident>) -> Vec<Stmt> {
        self.uses_helpers = true;
        self.before
            .insert(0, declare(VarDeclKind::Const, &self.record, Some(code::object(Vec::new()))));
        let is_replaced = class_decorators.is_some();
        let arguments = vec![
            use_of(&self.record),
            use_of(&self.alias),
            self.base.as_ref().map_or_else(code::void_0, use_of),
            code::array(self.elements.take()),
            class_decorators.map_or_else(|| code::array(Vec::new()), use_of),
            code::string(self.name),
        ];
        let apply = call("__applyDecorators", arguments);
        let apply = if is_replaced { assign_to(&self.alias, apply) } else { apply };
        vec![code::statement(apply), self.run_methods(use_of(&self.alias), true)]
    }
}
