//! Which places of a printed style sheet come from which of its source. Lightning CSS tells this only of rules, and
//! by a feature that brings crates of its own; declarations are what people look for. Both texts are cut by the grammar that all sheets
//! share (CSS Syntax 3, 5.4), and what is alike in them is paired.

use std::collections::VecDeque;

use cssparser::{Parser, ParserInput, Token};
use rustc_hash::{FxHashMap, FxHashSet};

/// Line and column from 0, the column in UTF-16 units.
pub(super) type Place = (u32, u32);

/// A rule or a declaration.
struct Statement {
    place: Place,
    kind: Kind,
    /// The text before its block, or all of a declaration, without spaces.
    text: String,
    inner: Vec<Statement>,
}

/// What a statement may be paired with.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Kind {
    /// By its name.
    Declaration(String),
    /// By its name; whether it has a block.
    At(String, bool),
    Style,
}

/// Places of `printed` with those of `source` that they come from, in the order of the first.
pub(super) fn pairs(printed: &str, source: &str) -> Vec<(Place, Place)> {
    let printed = statements_of(printed);
    let mut source = statements_of(source);
    // What the printed sheet has not: imports, and statements of layers before them.
    let import = Kind::At("import".to_owned(), false);
    if let Some(last) = source.iter().rposition(|statement| statement.kind == import) {
        let layer = Kind::At("layer".to_owned(), false);
        let mut index = 0;
        source.retain(|statement| {
            index += 1;
            statement.kind != import && (index > last || statement.kind != layer)
        });
    }
    let mut found = Vec::new();
    pair(&printed, &source, &mut found);
    found
}

/// Pairs what is of the same kind, in order, as names of modules and forms of values differ. Where not all of a kind is
/// there, what says the same comes first.
fn pair(printed: &[Statement], source: &[Statement], found: &mut Vec<(Place, Place)>) {
    let mut by_kind: FxHashMap<&Kind, VecDeque<usize>> = FxHashMap::default();
    for (index, statement) in source.iter().enumerate() {
        by_kind.entry(&statement.kind).or_default().push_back(index);
    }
    let mut counts: FxHashMap<&Kind, usize> = FxHashMap::default();
    for statement in printed {
        *counts.entry(&statement.kind).or_default() += 1;
    }
    let is_whole = |kind: &Kind| by_kind.get(kind).map(VecDeque::len) == counts.get(kind).copied();
    let mut same: FxHashMap<(&Kind, &str), VecDeque<usize>> = FxHashMap::default();
    for (index, statement) in source.iter().enumerate() {
        if !is_whole(&statement.kind) {
            same.entry((&statement.kind, &statement.text)).or_default().push_back(index);
        }
    }
    let mut partners: Vec<Option<usize>> = printed
        .iter()
        .map(|statement| same.get_mut(&(&statement.kind, &*statement.text))?.pop_front())
        .collect();
    let taken: FxHashSet<usize> = partners.iter().copied().flatten().collect();
    for (partner, statement) in partners.iter_mut().zip(printed) {
        let Some(list) = by_kind.get_mut(&statement.kind).filter(|_| partner.is_none()) else {
            continue;
        };
        while let Some(index) = list.pop_front() {
            if !taken.contains(&index) {
                *partner = Some(index);
                break;
            }
        }
    }
    for (statement, partner) in printed.iter().zip(partners) {
        let Some(partner) = partner.map(|index| &source[index]) else { continue };
        found.push((statement.place, partner.place));
        pair(&statement.inner, &partner.inner, found);
    }
}

fn statements_of(text: &str) -> Vec<Statement> {
    let mut input = ParserInput::new(text);
    let mut list = Vec::new();
    add_statements(&mut Parser::new(&mut input), &mut list);
    list
}

fn add_statements(parser: &mut Parser<'_, '_>, list: &mut Vec<Statement>) {
    loop {
        let location = parser.current_source_location();
        let start = parser.position();
        let kind = match parser.next_including_whitespace_and_comments() {
            Err(_) => return,
            Ok(
                Token::WhiteSpace(_)
                | Token::Comment(_)
                | Token::Semicolon
                | Token::CDO
                | Token::CDC,
            ) => continue,
            Ok(Token::AtKeyword(name)) => Kind::At(name.to_ascii_lowercase(), false),
            // Only names of custom properties have a case (CSS Variables 1, 2).
            Ok(Token::Ident(name)) if name.starts_with("--") => Kind::Declaration(name.to_string()),
            Ok(Token::Ident(name)) => Kind::Declaration(name.to_ascii_lowercase()),
            Ok(_) => Kind::Style,
        };
        let mut statement = Statement {
            place: (location.line, location.column.saturating_sub(1)),
            kind,
            text: String::new(),
            inner: Vec::new(),
        };
        end_statement(parser, &mut statement);
        statement.text = parser
            .slice_from(start)
            .split('{')
            .next()
            .unwrap_or_default()
            .chars()
            .filter(|letter| !letter.is_whitespace() && *letter != ';')
            .collect();
        list.push(statement);
    }
}

/// Reads a statement behind its first token, to its end.
fn end_statement(parser: &mut Parser<'_, '_>, statement: &mut Statement) {
    let is_custom = matches!(&statement.kind, Kind::Declaration(name) if name.starts_with("--"));
    loop {
        match parser.next_including_whitespace_and_comments() {
            Err(_) | Ok(Token::Semicolon) => return,
            // The value of a custom property may have a block (CSS Variables 1, 2).
            Ok(Token::CurlyBracketBlock) if !is_custom => break,
            Ok(_) => {}
        }
    }
    statement.kind = match &statement.kind {
        Kind::At(name, _) => Kind::At(name.clone(), true),
        _ => Kind::Style,
    };
    let inner = &mut statement.inner;
    let read = parser.parse_nested_block(|parser| {
        add_statements(parser, inner);
        Ok::<(), cssparser::ParseError<'_, ()>>(())
    });
    debug_assert!(read.is_ok(), "everything in the block was read");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(printed: &str, source: &str) -> Vec<(u32, u32)> {
        pairs(printed, source).into_iter().map(|(to, from)| (to.0, from.0)).collect()
    }

    #[test]
    fn statements_find_their_sources() {
        let source = "@layer a;\n@import 'x';\n@layer b;\n.a {\n --x: { a: b };\n COLOR: RED !important;\n margin: 0;\n a:hover {\n top: 0 } }\n.a { top: 1px }\n";
        let printed = "@layer b;\n.k_a {\n --x: { a: b };\n margin: 0;\n color: red !important;\n &:is(a):hover {\n top: 0 } }\n.a { top: 1px }\n";
        assert_eq!(
            lines(printed, source),
            [(0, 2), (1, 3), (2, 4), (3, 6), (4, 5), (5, 7), (6, 8), (7, 9), (7, 9)]
        );
        assert_eq!(
            pairs("a{top:0}", "é a { 深: 1; top: 0 }"),
            [((0, 0), (0, 0)), ((0, 2), (0, 12))]
        );
    }
}
