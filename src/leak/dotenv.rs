//! Files of variables as their readers read them: Node's `--env-file` and `util.parseEnv`, the package dotenv, and Bun.
//! They agree on most lines; where they do not, each of their readings is a value that a program may have, and all are
//! guarded. No kept library reads as these do (dotenvy expands variables and refuses what they take), so it is a grammar
//! of ours; `tests/it/leak.rs` holds it against the three.

/// An assignment: its name, and each value that a reader takes from it. References to other variables (`$OTHER`) are left
/// as they stand: what they name has a line of its own.
pub struct Assignment<'a> {
    /// The name as it stands there, which need not be one.
    pub name: &'a str,
    /// Its values, without those that are empty.
    pub values: Vec<String>,
}

/// Reads the assignments of a file. What is none is passed over.
#[must_use]
pub fn parse(text: &str) -> Vec<Assignment<'_>> {
    let mut assignments = Vec::new();
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return assignments;
        }
        let line = line_of(rest);
        let Some((name, value)) = name_of(line) else {
            rest = rest.get(line.len()..).unwrap_or_default();
            continue;
        };
        // The value may go on behind the line.
        let start = line.len() - value.len();
        let (mut values, length) = values_of(rest.get(start..).unwrap_or_default());
        values.sort();
        values.dedup();
        // Nothing but `=` is the end of a line of base64, and what is before it no name.
        values.retain(|value| !value.trim_matches('=').is_empty());
        if !values.is_empty() {
            assignments.push(Assignment { name, values });
        }
        rest = rest.get(start + length..).unwrap_or_default();
    }
}

fn line_of(text: &str) -> &str {
    text.split(['\n', '\r']).next().unwrap_or_default()
}

/// The name of a line, and what stands behind its `=`, or behind the `: ` that dotenv takes, too.
fn name_of(line: &str) -> Option<(&str, &str)> {
    if line.starts_with('#') {
        return None;
    }
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_.-".contains(c))
    };
    let line =
        line.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])).unwrap_or(line);
    let colon = line
        .split_once(':')
        .filter(|(name, value)| is_name(name.trim()) && value.starts_with([' ', '\t']));
    let (name, value) = colon.or_else(|| line.split_once('='))?;
    let name = name.trim();
    (!name.is_empty()).then_some((name, value))
}

/// The values that readers take from what stands behind the sign, and how much of it they belong to.
fn values_of(text: &str) -> (Vec<String>, usize) {
    let line = line_of(text);
    // The package dotenv and Bun go on behind line ends to a value in quotes.
    let behind = text.get(line.len()..).unwrap_or_default().trim_start();
    if line.trim().is_empty() && behind.starts_with(['"', '\'', '`']) {
        return (values_of(behind).0, line.len());
    }
    let blank = text.len() - text.trim_start_matches([' ', '\t']).len();
    let body = text.get(blank..).unwrap_or_default();
    let quote = body.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'));
    let Some((quote, inner)) = quote.zip(body.get(1..)) else { return (plain(line), line.len()) };
    let mut ends: Vec<usize> = Vec::new();
    // Node ends at the next quote, dotenv and Bun at the next without a backslash.
    ends.extend(inner.find(quote));
    let unescaped = inner
        .match_indices(quote)
        .map(|(at, _)| at)
        .find(|at| inner.get(..*at).is_none_or(|before| !before.ends_with('\\')));
    ends.extend(unescaped);
    let Some(last) = unescaped.or(ends.first().copied()) else {
        // A quote that never ends is a character.
        let mut values = plain(line);
        values
            .extend(values.clone().iter().map(|value| value.trim_start_matches(quote).to_owned()));
        return (values, line.len());
    };
    // Bun takes more of the line where another quote follows.
    let end_of_line = last + line_of(inner.get(last..).unwrap_or_default()).len();
    ends.extend(inner.get(..end_of_line).and_then(|start| start.rfind(quote)));
    let mut values = Vec::new();
    // With something behind the quotes, the package dotenv takes them for a part of the value.
    let behind = inner.get(last + quote.len_utf8()..end_of_line).unwrap_or_default().trim();
    if !behind.is_empty() && !behind.starts_with('#') {
        values.extend(plain(line));
    }
    for end in ends {
        let raw = inner.get(..end).unwrap_or_default().replace('\r', "");
        if quote == '"' {
            values.push(raw.replace("\\n", "\n"));
            values.push(raw.replace("\\n", "\n").replace("\\r", "\r"));
            values.push(unescaped_text(&raw));
        }
        values.push(raw);
    }
    (values, blank + 1 + end_of_line)
}

/// A value without quotes: up to a `#`, which starts a comment for all three, and whole, for whoever does not think so.
fn plain(line: &str) -> Vec<String> {
    let until_comment = line.split('#').next().unwrap_or_default().trim();
    let is_comment =
        line.contains(" #") || line.contains("\t#") || line.trim_start().starts_with('#');
    let mut values = vec![until_comment.to_owned()];
    if !is_comment {
        values.push(line.trim().to_owned());
    }
    values
}

/// A text with the escapes of a shell or of JSON undone.
fn unescaped_text(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut characters = raw.chars();
    while let Some(c) = characters.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        text.push(match characters.next() {
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some(other) => other,
            None => '\\',
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, name: &str, expected: &str) {
        let found = parse(text);
        let found: Vec<&Assignment<'_>> = found.iter().filter(|one| one.name == name).collect();
        assert!(
            found.iter().any(|one| one.values.iter().any(|value| value == expected)),
            "{text:?} gives no {expected:?}"
        );
    }

    #[test]
    fn forms() {
        check("A=plain", "A", "plain");
        check("A=b # c\r\nB=d", "A", "b");
        check("A=b # c\r\nB=d", "B", "d");
        check("export A = 'b # c' # d", "A", "b # c");
        check("A: b", "A", "b");
        check("A=\"one\ntwo\"\nB=c", "A", "one\ntwo");
        check("A=\"one\ntwo\"\nB=c", "B", "c");
        check("A=\"a \\\"b\\\" c\"", "A", "a \"b\" c");
        check("A=\"one\\ntwo\"", "A", "one\ntwo");
        check("A='one\\ntwo'", "A", "one\\ntwo");
        check("A=\"never closed\nB=c", "B", "c");
        check("\u{feff}A=b", "A", "b");
        check("A=$B/c", "A", "$B/c");
        check("A=\n\n\"quoted\"\nB=c", "A", "quoted");
        assert!(parse("r211nTJxATZMWYpAD41UfV==").is_empty());
        assert!(parse("# A=b\n\n=c\nword\n").is_empty());
        let key = "A=\"{\n  \\\"k\\\": \\\"-----BEGIN KEY-----\\nabc=\\n\\\"\n}\"\nB=c";
        assert_eq!(parse(key).len(), 2, "lines of a value are no variables");
    }
}
