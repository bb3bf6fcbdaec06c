//! Values in pieces that constants hold: `const a = "pa", b = "rt"; a + b`. Bundlers leave these as they are where a
//! constant is used more than once. And pieces that stand one behind the other, whatever is between them: strings that a
//! language joins by itself, lists, arguments.
//!
//! The file is read as tokens, without scopes: a name stands for every string that is given to it anywhere. What comes
//! out is only ever compared with whole values, so a mixture that never runs does no harm. It is done only for files
//! that hold the start of a value as a string of its own, which hardly any does. It is read twice, first for the
//! constants and then for what is made of them, and only what stands together is in memory.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use super::decode::{Decoded, Origins};

/// Most strings that one name stands for.
const MOST_STRINGS: usize = 8;

/// Most bytes of a joined string; of a longer one the end goes on, as far as a value may reach.
const MOST_BYTES: usize = 1 << 14;

/// Bytes of the end that goes on.
const END_BYTES: usize = 1 << 12;

/// The same where what is joined may be several strings.
const END_BYTES_OF_SEVERAL: usize = 1 << 9;

/// Bytes of a string that are kept for what may go on in the next.
const CUT_BYTES: usize = 256;

/// Most tokens that are looked at together.
const MOST_TOKENS: usize = 1 << 16;

/// A text whose bytes know where they stand in the file.
#[derive(Debug, Clone, Default)]
struct Text {
    bytes: Vec<u8>,
    from: Vec<usize>,
}

impl Text {
    /// What stands in a file, as it is.
    fn of(bytes: &[u8], range: Range<usize>) -> Self {
        Self { bytes: bytes[range.clone()].to_vec(), from: range.collect() }
    }

    fn push(&mut self, other: &Self) {
        self.bytes.extend(&other.bytes);
        self.from.extend(&other.from);
    }

    fn keep_end(&mut self, length: usize) {
        let start = self.bytes.len().saturating_sub(length);
        self.bytes.drain(..start);
        self.from.drain(..start);
    }
}

#[derive(Debug, Clone)]
enum Token<'a> {
    Name(&'a [u8]),
    Text(Text),
    /// A string that is no piece of anything: where it stands, when it is as it is written, or its text.
    Other(Range<usize>),
    OtherText(Text),
    Sign(u8),
    /// `+=`
    Append,
    /// The start and end of a `${…}` in a template; its texts stand around it as if they were added.
    Open,
    Close,
}

/// The strings of each name.
type Constants<'a> = BTreeMap<&'a [u8], Vec<Text>>;

/// Where a string goes that was joined.
type Take<'a> = dyn FnMut(Text) + 'a;

/// What is asked of the values that are looked for.
pub(super) struct Values<'a> {
    /// Whether a text is a piece of one.
    pub(super) is_piece: &'a dyn Fn(&[u8]) -> bool,
    /// Whether one begins at the end of a text and goes on to its end at the start of another.
    pub(super) is_across: &'a dyn Fn(&[u8], &[u8]) -> bool,
}

/// Hands every string to `take` that is joined of constants and written-out strings, of which each is a piece of a
/// value, and every two strings between which a value is cut.
pub(super) fn joined_constants(
    bytes: &[u8],
    values: &Values<'_>,
    take: &mut dyn FnMut(&mut Decoded),
) {
    let mut take = |text: Text| {
        let Text { bytes, from } = text;
        take(&mut Decoded { bytes, from: Origins::Each(from), writing: "joined constants" });
    };
    // Short texts may be what stands between pieces.
    let may_join = |text: &[u8]| text.len() < 3 || (values.is_piece)(text);
    let constants = constants(bytes, &may_join);
    let mut reader = Reader {
        appended: BTreeMap::new(),
        target: None,
        skips_point: false,
        together: Vec::new(),
        constants,
        take: &mut take,
    };
    // The end of what stands before, in strings.
    let mut before = Text::default();
    tokens(bytes, &may_join, &mut |token| {
        let text = match &token {
            Token::Text(text) if !(values.is_piece)(&text.bytes) => None,
            Token::Text(text) | Token::OtherText(text) => Some(Cow::Borrowed(text)),
            Token::Other(range) => {
                let head = &bytes[range.start..range.end.min(range.start + END_BYTES)];
                // What is as it is written is taken only where it is needed.
                if (values.is_across)(&before.bytes, head) {
                    let mut joined = before.clone();
                    joined.push(&Text::of(bytes, range.start..range.start + head.len()));
                    (reader.take)(joined);
                }
                before = Text::of(
                    bytes,
                    range.end.saturating_sub(CUT_BYTES).max(range.start)..range.end,
                );
                None
            }
            _ => None,
        };
        if let Some(text) = text {
            if (values.is_across)(&before.bytes, &text.bytes) {
                let mut joined = before.clone();
                joined.push(&text);
                (reader.take)(joined);
            }
            if !matches!(token, Token::Text(_)) {
                before = Text::default();
            }
            before.push(&text);
            before.keep_end(CUT_BYTES);
        }
        match token {
            Token::Other(_) | Token::OtherText(_) => reader.end(),
            token => reader.read(token),
        }
    });
    reader.end();
    let appended = std::mem::take(&mut reader.appended);
    appended.into_values().flatten().for_each(take);
}

/// The strings that names are given: `a = "…"`, `a: "…"`.
fn constants<'a>(bytes: &'a [u8], may_join: &dyn Fn(&[u8]) -> bool) -> Constants<'a> {
    let mut constants = Constants::new();
    let mut given: Option<&[u8]> = None;
    let mut name: Option<&[u8]> = None;
    tokens(bytes, may_join, &mut |token| match token {
        Token::Name(found) => (given, name) = (None, Some(found)),
        Token::Sign(b'=' | b':') => given = name.take(),
        Token::Text(text) => {
            if let Some(name) = given.take() {
                let texts = constants.entry(name).or_default();
                if texts.len() < MOST_STRINGS {
                    texts.push(text);
                }
            }
            name = None;
        }
        _ => (given, name) = (None, None),
    });
    constants
}

/// Reads tokens, and looks at those that stand together without anything unknown between them.
struct Reader<'a, 't> {
    constants: Constants<'a>,
    /// What names have become by `+=`, in the order of the file.
    appended: BTreeMap<&'a [u8], Vec<Text>>,
    /// The name before a `+=`.
    target: Option<&'a [u8]>,
    /// Whether the last token was a name that stands for nothing: `name.` before another is left out.
    skips_point: bool,
    together: Vec<Token<'a>>,
    take: &'t mut Take<'t>,
}

impl<'a> Reader<'a, '_> {
    fn read(&mut self, token: Token<'a>) {
        if std::mem::take(&mut self.skips_point) {
            if matches!(token, Token::Sign(b'.')) {
                return;
            }
            self.end();
        }
        match &token {
            Token::Name(name)
                if !self.constants.contains_key(name) && *name != b"concat" && *name != b"join" =>
            {
                self.target = None;
                self.skips_point = true;
            }
            Token::Append => {
                let target = match self.together.last() {
                    Some(Token::Name(name)) => Some(*name),
                    _ => None,
                };
                self.end();
                self.target = target;
            }
            Token::Name(_) | Token::Text(_) => {
                self.append(&token);
                self.together.push(token);
            }
            Token::Sign(b'+' | b'.' | b'(' | b')' | b'[' | b']' | b',')
            | Token::Open
            | Token::Close => {
                self.target = None;
                self.together.push(token);
            }
            Token::Sign(_) | Token::Other(_) | Token::OtherText(_) => self.end(),
        }
        if self.together.len() >= MOST_TOKENS {
            self.end();
        }
    }

    /// `a += "…"`
    fn append(&mut self, operand: &Token<'a>) {
        let Some(name) = self.target.take() else { return };
        let more = values(operand, &self.constants);
        let Some(texts) = self.constants.get(name).filter(|_| !more.is_empty()) else { return };
        let joined = self.appended.entry(name).or_insert_with(|| texts.clone());
        extend(joined, &more, self.take);
    }

    /// Something unknown stands here: what is before it is looked at by itself.
    fn end(&mut self) {
        self.target = None;
        self.skips_point = false;
        let tokens = std::mem::take(&mut self.together);
        let mut at = 0;
        while at < tokens.len() {
            let (end, joined) = sum(&tokens, at, &self.constants, self.take);
            joined.into_iter().for_each(&mut *self.take);
            let (end_of_list, joined) = list(&tokens, at, &self.constants, self.take);
            joined.into_iter().for_each(&mut *self.take);
            at = end.max(end_of_list).max(at + 1);
        }
        self.together = tokens;
        self.together.clear();
    }
}

/// Adds each of `more` to each of the strings. Of strings that get too long only the end goes on.
fn extend(joined: &mut Vec<Text>, more: &[Text], take: &mut Take<'_>) {
    let end = if let [one] = more {
        for text in joined.iter_mut() {
            text.push(one);
        }
        END_BYTES
    } else {
        let mut all = Vec::new();
        for (text, more) in joined.iter().flat_map(|text| more.iter().map(move |more| (text, more)))
        {
            if all.len() < 2 * MOST_STRINGS {
                let mut text = text.clone();
                text.push(more);
                all.push(text);
            }
        }
        *joined = all;
        END_BYTES_OF_SEVERAL
    };
    for text in joined {
        if text.bytes.len() > MOST_BYTES.min(4 * end) {
            take(text.clone());
            text.keep_end(end);
        }
    }
}

/// What an operand stands for: nothing when it is not known.
fn values(token: &Token<'_>, constants: &Constants<'_>) -> Vec<Text> {
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
    constants: &Constants<'_>,
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
    constants: &Constants<'_>,
    take: &mut Take<'_>,
) -> (usize, Vec<Text>) {
    let start = match tokens.get(at) {
        Some(Token::Open) => at + 1,
        _ => at,
    };
    let Some((mut end, mut joined)) = operand(tokens, start, constants) else {
        return (at, Vec::new());
    };
    let mut operands = 1;
    // Behind a `concat(` commas go on with it.
    let mut is_concat = false;
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
                    (is_joint, is_concat) = (true, true);
                    next += 1;
                }
                Token::Sign(b',') if operands > 1 && is_concat => is_joint = true,
                _ => break,
            }
            next += 1;
        }
        let Some((after, more)) = operand(tokens, next, constants).filter(|_| is_joint) else {
            break;
        };
        extend(&mut joined, &more, take);
        operands += 1;
        end = after;
    }
    if operands > 1 { (end, joined) } else { (at, Vec::new()) }
}

/// `[a, b, "c"].join("-")`: where it ends, and what it may be.
fn list(
    tokens: &[Token<'_>],
    at: usize,
    constants: &Constants<'_>,
    take: &mut Take<'_>,
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
        extend(&mut joined, std::slice::from_ref(separator), take);
        extend(&mut joined, &item, take);
    }
    (end + 5, joined)
}

/// Hands on the tokens of a script, as far as they matter here.
fn tokens<'a>(bytes: &'a [u8], may_join: &dyn Fn(&[u8]) -> bool, emit: &mut dyn FnMut(Token<'a>)) {
    let mut emit = |token: Token<'a>| match token {
        Token::Text(text) if !may_join(&text.bytes) => emit(Token::OtherText(text)),
        token => emit(token),
    };
    let emit: &mut dyn FnMut(Token<'a>) = &mut emit;
    let mut at = 0;
    // Braces that are open, and whether each is that of a template.
    let mut braces: Vec<bool> = Vec::new();
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' | b'\'' => {
                // Most strings are as they stand, and no piece.
                let rest = &bytes[at + 1..];
                let end = memchr::memchr3(*byte, b'\\', b'\n', rest).unwrap_or(rest.len());
                if rest.get(end) == Some(byte) && !may_join(&rest[..end]) {
                    emit(Token::Other(at + 1..at + 1 + end));
                    at += end + 2;
                } else {
                    let (text, end) = string(bytes, at);
                    emit(Token::Text(text));
                    at = end;
                }
            }
            b'`' => at = template(bytes, at + 1, emit, &mut braces),
            b'}' if braces.pop() == Some(true) => {
                emit(Token::Close);
                at = template(bytes, at + 1, emit, &mut braces);
            }
            b'{' => {
                braces.push(false);
                emit(Token::Sign(b'{'));
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
                emit(Token::Append);
                at += 2;
            }
            // `==` and `=>` give nothing a value.
            b'=' if matches!(bytes.get(at + 1), Some(b'=' | b'>')) => {
                emit(Token::Sign(b'?'));
                at += 2;
            }
            byte if is_name(*byte) => {
                let end = bytes[at..].iter().position(|byte| !is_name(*byte));
                let end = end.map_or(bytes.len(), |end| at + end);
                emit(Token::Name(&bytes[at..end]));
                at = end;
            }
            byte if byte.is_ascii_whitespace() => at += 1,
            byte => {
                emit(Token::Sign(*byte));
                at += 1;
            }
        }
    }
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
    emit: &mut dyn FnMut(Token<'a>),
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
                    emit(Token::Text(text));
                }
                emit(Token::Open);
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
        emit(Token::Text(text));
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
        let is_across = |before: &[u8], behind: &[u8]| {
            let at = before.len();
            memchr::memmem::find_iter(&[before, behind].concat(), expected.as_bytes())
                .any(|start| start < at && start + expected.len() > at)
        };
        let is_piece = |text: &[u8]| memchr::memmem::find(expected.as_bytes(), text).is_some();
        let values = Values { is_piece: &is_piece, is_across: &is_across };
        joined_constants(script.as_bytes(), &values, &mut |decoded| {
            assert!(decoded.from.get(decoded.bytes.len() - 1).is_some());
            found |= memchr::memmem::find(&decoded.bytes, expected.as_bytes()).is_some();
        });
        assert!(found, "{expected} in {script}");
    }

    #[test]
    fn constants_are_joined() {
        check(r#"const a="se",b="cret";f(a+b)"#, "secret");
        check("k = ('se' 'cr'\n  'et')", "secret");
        check(r#"$k = "se" . 'cr' . "et";"#, "secret");
        check(r#"f(["se", "cr", "et"])"#, "secret");
        check(r#"f("se", x("cr"), {y: "et"})"#, "secret");
        check(r#"f.push([1,"3:{\"k\":\"sec"]); f.push([1,"ret\"}\n"])"#, "secret");
        check("f('abc sec');f('ret def')", "secret");
        check(r#"const a="Bearer sec";b=`${a}ret!`"#, "secret");
        check(r#"let t="abc sec";t+="ret def""#, "secret");
        check(r#"a.push("x se");a.push("cr");a.push("et y");a.join("")"#, "secret");
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
        check(r#"let k="se";k+="cr";f(x);k+="et""#, "secret");
        check(r#"this.k="se";this.k+="cret""#, "secret");
        check(r#"const a="se";f(x.a+"cret")"#, "secret");
        check(r#"const a="se",b="cr",c="et";f(a+(b+c))"#, "secret");
        check(r#"const a="se";f(a.concat("cr","et"))"#, "secret");
        check(
            r#"var a="s\x65"; /* "x" */ // "y"
            f(a + /* + */ "cret")"#,
            "secret",
        );
    }

    /// What comes out grows with what goes in, however much is joined.
    #[test]
    fn what_is_appended_is_read_once() {
        let all = Values { is_piece: &|_| true, is_across: &|_, _| false };
        for unit in [r#"t+=",";t+=a(e);"#, r"t+=u;", r#"f(t+u+"b");"#, r#""a"+"b"+u+"#, "[t,u,"] {
            let script = format!(r#"t="";u="x";u="y";{}"#, unit.repeat(20_000));
            let mut out = 0;
            joined_constants(script.as_bytes(), &all, &mut |decoded| {
                out += decoded.bytes.len();
            });
            assert!(out < 8 * script.len(), "{out} bytes of {} for {unit}", script.len());
        }
        // A value across the place where a long string is cut.
        let start = "a".repeat(MOST_BYTES - 3);
        let script = format!(r#"k="{start}";k+="sec";k+="ret";k+="b""#);
        let mut found = false;
        joined_constants(script.as_bytes(), &all, &mut |decoded| {
            found |= memchr::memmem::find(&decoded.bytes, b"secretb").is_some();
        });
        assert!(found);
    }
}
