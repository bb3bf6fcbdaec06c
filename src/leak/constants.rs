//! Values in pieces that constants hold: `const a = "pa", b = "rt"; a + b`. Bundlers leave these as they are where a
//! constant is used more than once.
//!
//! The file is read as tokens, without scopes: a name stands for every string that is given to it anywhere. What comes
//! out is only ever compared with whole values, so a mixture that never runs does no harm. It is done only for files
//! that hold the start of a value as a string of its own, which hardly any does.

use std::collections::BTreeMap;

use super::decode::{Decoded, Origins};

/// Most strings that one name stands for.
const MOST_STRINGS: usize = 8;

/// Most bytes of a joined string.
const MOST_BYTES: usize = 1 << 14;

/// A text whose bytes know where they stand in the file.
#[derive(Debug, Clone, Default)]
struct Text {
    bytes: Vec<u8>,
    from: Vec<usize>,
}

impl Text {
    fn with(&self, other: &Self) -> Self {
        let mut joined = self.clone();
        joined.bytes.extend(&other.bytes);
        joined.from.extend(&other.from);
        joined
    }
}

#[derive(Debug, Clone)]
enum Token<'a> {
    Name(&'a [u8]),
    Text(Text),
    Sign(u8),
    /// `+=`
    Append,
    /// The start and end of a `${…}` in a template; its texts stand around it as if they were added.
    Open,
    Close,
}

/// Hands every string to `take` that is joined of constants and written-out strings, of which each is a piece of a
/// value.
pub(super) fn joined_constants(
    bytes: &[u8],
    is_piece: &dyn Fn(&[u8]) -> bool,
    take: &mut dyn FnMut(&mut Decoded),
) {
    let mut tokens = tokens(bytes);
    for token in &mut tokens {
        if matches!(token, Token::Text(text) if !is_piece(&text.bytes)) {
            *token = Token::Sign(b'?');
        }
    }
    let mut constants: BTreeMap<&[u8], Vec<Text>> = BTreeMap::new();
    for window in tokens.windows(3) {
        if let [Token::Name(name), Token::Sign(b'=' | b':'), Token::Text(text)] = window {
            let texts = constants.entry(name).or_default();
            if texts.len() < MOST_STRINGS {
                texts.push(text.clone());
            }
        }
    }
    let mut take = |text: Text| {
        let Text { bytes, from } = text;
        take(&mut Decoded { bytes, from: Origins::Each(from), writing: "joined constants" });
    };
    // `a += "…"`, in the order of the file.
    for window in tokens.windows(3) {
        if let [Token::Name(name), Token::Append, operand] = window {
            let more = values(operand, &constants);
            let Some(texts) = constants.get_mut(name) else { continue };
            let longer: Vec<Text> = texts
                .iter()
                .flat_map(|text| more.iter().map(|more| text.with(more)))
                .filter(|text| text.bytes.len() < MOST_BYTES)
                .take(MOST_STRINGS)
                .collect();
            longer.iter().cloned().for_each(&mut take);
            texts.splice(0..0, longer);
            texts.truncate(2 * MOST_STRINGS);
        }
    }
    let mut at = 0;
    while at < tokens.len() {
        let (end, joined) = sum(&tokens, at, &constants);
        joined.into_iter().for_each(&mut take);
        let (end_of_list, joined) = list(&tokens, at, &constants);
        joined.into_iter().for_each(&mut take);
        at = end.max(end_of_list).max(at + 1);
    }
}

/// What an operand stands for: nothing when it is not known.
fn values(token: &Token<'_>, constants: &BTreeMap<&[u8], Vec<Text>>) -> Vec<Text> {
    match token {
        Token::Text(text) => vec![text.clone()],
        Token::Name(name) => constants.get(name).cloned().unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// An operand at `at`: a string, a name, or the last name of `a.b.c`; and where it ends.
fn operand(
    tokens: &[Token<'_>],
    mut at: usize,
    constants: &BTreeMap<&[u8], Vec<Text>>,
) -> Option<(usize, Vec<Text>)> {
    while let (Some(Token::Name(_)), Some(Token::Sign(b'.')), Some(Token::Name(name))) =
        (tokens.get(at), tokens.get(at + 1), tokens.get(at + 2))
        && *name != b"concat"
    {
        at += 2;
    }
    let values = values(tokens.get(at)?, constants);
    (!values.is_empty()).then_some((at + 1, values))
}

/// `a + b + "c"`, `` `${a}b` ``, `a.concat(b, "c")`: where it ends, and what it may be.
fn sum(
    tokens: &[Token<'_>],
    at: usize,
    constants: &BTreeMap<&[u8], Vec<Text>>,
) -> (usize, Vec<Text>) {
    let start = match tokens.get(at) {
        Some(Token::Open) => at + 1,
        _ => at,
    };
    let Some((mut end, mut joined)) = operand(tokens, start, constants) else {
        return (at, Vec::new());
    };
    let mut operands = 1;
    loop {
        // Parentheses and the borders of templates group, and change nothing about the order.
        let mut next = end;
        let mut is_joint = false;
        while let Some(token) = tokens.get(next) {
            match token {
                Token::Sign(b'+') | Token::Open | Token::Close => is_joint = true,
                Token::Sign(b'(' | b')')
                    if is_joint
                        || matches!(tokens.get(next + 1), Some(Token::Sign(b'+' | b'.'))) => {}
                Token::Sign(b'.')
                    if matches!(tokens.get(next + 1), Some(Token::Name(b"concat"))) =>
                {
                    is_joint = true;
                    next += 1;
                }
                Token::Sign(b',') if operands > 1 && is_concat(tokens, start, next) => {
                    is_joint = true;
                }
                _ => break,
            }
            next += 1;
        }
        let Some((after, more)) = operand(tokens, next, constants).filter(|_| is_joint) else {
            break;
        };
        joined = product(&joined, &more);
        operands += 1;
        end = after;
    }
    if operands > 1 { (end, joined) } else { (at, Vec::new()) }
}

/// Whether a `concat(` stands between the two places, so that commas go on with it.
fn is_concat(tokens: &[Token<'_>], start: usize, end: usize) -> bool {
    tokens[start..end].iter().any(|token| matches!(token, Token::Name(b"concat")))
}

fn product(left: &[Text], right: &[Text]) -> Vec<Text> {
    left.iter()
        .flat_map(|text| right.iter().map(|more| text.with(more)))
        .filter(|text| text.bytes.len() < MOST_BYTES)
        .take(2 * MOST_STRINGS)
        .collect()
}

/// `[a, b, "c"].join("-")`: where it ends, and what it may be.
fn list(
    tokens: &[Token<'_>],
    at: usize,
    constants: &BTreeMap<&[u8], Vec<Text>>,
) -> (usize, Vec<Text>) {
    let none = (at, Vec::new());
    if !matches!(tokens.get(at), Some(Token::Sign(b'['))) {
        return none;
    }
    let mut end = at + 1;
    let mut items: Vec<Vec<Text>> = Vec::new();
    while let Some((after, values)) = operand(tokens, end, constants) {
        items.push(values);
        end = after;
        if matches!(tokens.get(end), Some(Token::Sign(b','))) {
            end += 1;
        }
    }
    let Some(
        [
            Token::Sign(b']'),
            Token::Sign(b'.'),
            Token::Name(b"join"),
            Token::Sign(b'('),
            Token::Text(separator),
        ],
    ) = tokens.get(end..end + 5)
    else {
        return none;
    };
    let mut items = items.into_iter();
    let Some(mut joined) = items.next() else { return none };
    for item in items {
        joined = product(&product(&joined, std::slice::from_ref(separator)), &item);
    }
    (end + 5, joined)
}

/// The tokens of a script, as far as they matter here: what is none of them is left out.
fn tokens(bytes: &[u8]) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    // Braces that are open, and whether each is that of a template.
    let mut braces: Vec<bool> = Vec::new();
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' | b'\'' => {
                let (text, end) = string(bytes, at);
                tokens.push(Token::Text(text));
                at = end;
            }
            b'`' => at = template(bytes, at + 1, &mut tokens, &mut braces),
            b'}' if braces.pop() == Some(true) => {
                tokens.push(Token::Close);
                at = template(bytes, at + 1, &mut tokens, &mut braces);
            }
            b'{' => {
                braces.push(false);
                tokens.push(Token::Sign(b'{'));
                at += 1;
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                let rest = &bytes[at + 2..];
                at += memchr::memmem::find(rest, b"*/").map_or(rest.len(), |end| end) + 4;
            }
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                let rest = &bytes[at..];
                at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            }
            b'+' if bytes.get(at + 1) == Some(&b'=') => {
                tokens.push(Token::Append);
                at += 2;
            }
            // `==` and `=>` give nothing a value.
            b'=' if matches!(bytes.get(at + 1), Some(b'=' | b'>')) => {
                tokens.push(Token::Sign(b'?'));
                at += 2;
            }
            byte if is_name(*byte) => {
                let end = bytes[at..].iter().position(|byte| !is_name(*byte));
                let end = end.map_or(bytes.len(), |end| at + end);
                tokens.push(Token::Name(&bytes[at..end]));
                at = end;
            }
            byte if byte.is_ascii_whitespace() => at += 1,
            byte => {
                tokens.push(Token::Sign(*byte));
                at += 1;
            }
        }
    }
    tokens
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'#') || byte >= 0x80
}

/// A string from its first quote on, and where it ends. What ends a line ends it, too: then it was none.
fn string(bytes: &[u8], start: usize) -> (Text, usize) {
    let mut text = Text::default();
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            byte if *byte == bytes[start] => return (text, at + 1),
            b'\n' => return (Text::default(), at),
            b'\\' => at = escape(bytes, at, &mut text),
            byte => {
                text.bytes.push(*byte);
                text.from.push(at);
                at += 1;
            }
        }
    }
    (text, at)
}

/// A part of a template, from behind its start or a `}` on; returns where its text ends.
fn template<'a>(
    bytes: &'a [u8],
    start: usize,
    tokens: &mut Vec<Token<'a>>,
    braces: &mut Vec<bool>,
) -> usize {
    let mut text = Text::default();
    let mut at = start;
    let end = loop {
        match bytes.get(at) {
            None => break at,
            Some(b'`') => break at + 1,
            Some(b'$') if bytes.get(at + 1) == Some(&b'{') => {
                if !text.bytes.is_empty() {
                    tokens.push(Token::Text(text));
                }
                tokens.push(Token::Open);
                braces.push(true);
                return at + 2;
            }
            Some(b'\\') => at = escape(bytes, at, &mut text),
            Some(byte) => {
                text.bytes.push(*byte);
                text.from.push(at);
                at += 1;
            }
        }
    };
    if !text.bytes.is_empty() {
        tokens.push(Token::Text(text));
    }
    end
}

fn escape(bytes: &[u8], at: usize, text: &mut Text) -> usize {
    let mut decoded = Decoded::new("");
    let end = at + super::decode::script_escape(bytes, at, &mut decoded);
    text.from.extend((0..decoded.bytes.len()).filter_map(|byte| decoded.from.get(byte)));
    text.bytes.extend(decoded.bytes);
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(script: &str, expected: &str) {
        let mut found = false;
        joined_constants(script.as_bytes(), &|_| true, &mut |decoded| {
            assert!(decoded.from.get(decoded.bytes.len() - 1).is_some());
            found |= decoded.bytes == expected.as_bytes();
        });
        assert!(found, "{expected} in {script}");
    }

    #[test]
    fn constants_are_joined() {
        check(r#"const a="se",b="cret";f(a+b)"#, "secret");
        check(r#"const a="se";f(a+"cret")"#, "secret");
        check(r#"const a="se"; f(`${a}cret`)"#, "secret");
        check(r#"const a="cret"; f(`se${a}`)"#, "secret");
        check(r#"const a="se",b='cr'; f(`${a}${b}et`)"#, "secret");
        check(r#"const o={a:"se",b:"cret"};g(o.a+o.b)"#, "secret");
        check(r#"class C{static A="se";static B="cret"}g(C.A + C.B)"#, "secret");
        check(r#"const a="se",b="cret";[a,b].join("")"#, "secret");
        check(r#"const a="se",b="cret";[a,b,].join("-")"#, "se-cret");
        check(r#"let k="se";k+="cret";f(k)"#, "secret");
        check(r#"let k="se";k+="cr";k+="et""#, "secret");
        check(r#"const a="se",b="cr",c="et";f(a+(b+c))"#, "secret");
        check(r#"const a="se";f(a.concat("cr","et"))"#, "secret");
        check(
            r#"var a="s\x65"; /* "x" */ // "y"
            f(a + /* + */ "cret")"#,
            "secret",
        );
    }
}
