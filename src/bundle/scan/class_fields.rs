//! Class fields as assignments in the constructor: TypeScript's `useDefineForClassFields: false`.

use swc_core::common::util::take::Take;
use swc_core::common::{DUMMY_SP, Span, SyntaxContext};
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{VisitMut, VisitMutWith, noop_visit_mut_type};

/// Moves public fields into constructors and static blocks. Private fields stay: only declaring makes one. Runs before
/// types are stripped, so that parameter properties are assigned before fields that read them.
pub(super) fn assign_class_fields(program: &mut Program) {
    program.visit_mut_with(&mut AssignFields);
}

struct AssignFields;

impl VisitMut for AssignFields {
    noop_visit_mut_type!();

    fn visit_mut_class(&mut self, class: &mut Class) {
        class.visit_mut_children_with(self);
        let mut assignments = Vec::new();
        let mut body = Vec::new();
        for member in class.body.take() {
            match member {
                ClassMember::ClassProp(field) if can_move(&field) => {
                    let Some(value) = field.value else {
                        // A field without a value only tells its type.
                        continue;
                    };
                    let assignment = assign(field.span, field.key, value);
                    if field.is_static {
                        body.push(ClassMember::StaticBlock(StaticBlock {
                            span: field.span,
                            body: BlockStmt {
                                span: field.span,
                                ctxt: SyntaxContext::empty(),
                                stmts: vec![assignment],
                            },
                        }));
                    } else {
                        assignments.push(assignment);
                    }
                }
                other => body.push(other),
            }
        }
        class.body = body;
        if !assignments.is_empty() {
            into_constructor(class, assignments);
        }
    }
}

/// A computed key is evaluated once, with the class; a decorated or declared field belongs to others.
fn can_move(field: &ClassProp) -> bool {
    !matches!(field.key, PropName::Computed(_))
        && field.decorators.is_empty()
        && !field.declare
        && !field.is_abstract
}

fn assign(span: Span, key: PropName, value: Box<Expr>) -> Stmt {
    let prop = match key {
        PropName::Ident(name) => MemberProp::Ident(name),
        PropName::Str(name) => computed(Expr::Lit(Lit::Str(name))),
        PropName::Num(number) => computed(Expr::Lit(Lit::Num(number))),
        PropName::BigInt(number) => computed(Expr::Lit(Lit::BigInt(number))),
        PropName::Computed(name) => MemberProp::Computed(name),
    };
    let target = MemberExpr { span, obj: Box::new(Expr::This(ThisExpr { span })), prop };
    Stmt::Expr(ExprStmt {
        span,
        expr: Box::new(Expr::Assign(AssignExpr {
            span,
            op: op!("="),
            left: AssignTarget::Simple(SimpleAssignTarget::Member(target)),
            right: value,
        })),
    })
}

fn computed(expression: Expr) -> MemberProp {
    MemberProp::Computed(ComputedPropName { span: DUMMY_SP, expr: Box::new(expression) })
}

fn into_constructor(class: &mut Class, assignments: Vec<Stmt>) {
    let is_derived = class.super_class.is_some();
    let existing = class.body.iter_mut().find_map(|member| match member {
        ClassMember::Constructor(constructor) => constructor.body.as_mut(),
        _ => None,
    });
    if let Some(body) = existing {
        let at = body.stmts.iter().position(calls_super).map_or(0, |index| index + 1);
        body.stmts.splice(at..at, assignments);
        return;
    }
    let mut statements = assignments;
    let mut params = Vec::new();
    if is_derived {
        let arguments = Ident::new_no_ctxt("args".into(), DUMMY_SP);
        params.push(ParamOrTsParamProp::Param(Param {
            span: DUMMY_SP,
            decorators: Vec::new(),
            pat: Pat::Rest(RestPat {
                span: DUMMY_SP,
                dot3_token: DUMMY_SP,
                arg: Box::new(Pat::Ident(BindingIdent::from(arguments.clone()))),
                type_ann: None,
            }),
        }));
        let call = CallExpr {
            span: DUMMY_SP,
            ctxt: SyntaxContext::empty(),
            callee: Callee::Super(Super { span: DUMMY_SP }),
            args: vec![ExprOrSpread {
                spread: Some(DUMMY_SP),
                expr: Box::new(Expr::Ident(arguments)),
            }],
            type_args: None,
        };
        statements
            .insert(0, Stmt::Expr(ExprStmt { span: DUMMY_SP, expr: Box::new(Expr::Call(call)) }));
    }
    let constructor = Constructor {
        span: DUMMY_SP,
        ctxt: SyntaxContext::empty(),
        key: PropName::Ident(IdentName { span: DUMMY_SP, sym: "constructor".into() }),
        params,
        body: Some(FunctionBody { span: DUMMY_SP, stmts: statements }),
        accessibility: None,
        is_optional: false,
    };
    class.body.insert(0, ClassMember::Constructor(constructor));
}

fn calls_super(statement: &Stmt) -> bool {
    matches!(statement, Stmt::Expr(statement)
        if matches!(&*statement.expr, Expr::Call(call) if matches!(call.callee, Callee::Super(_))))
}
