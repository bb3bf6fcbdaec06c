//! What a settings file in JavaScript says of a property, as far as its text tells: such files are programs, and nothing
//! of a project is run to find out what it is.

/// What is known of a property.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Property {
    /// The text has none.
    None,
    /// It is this text, or a path to it from the folder of the file.
    Text(String),
    /// Only running the file tells.
    Computed,
}

/// The first property of that name in a program.
pub(super) fn property_of(program: &str, name: &str) -> Property {
    let program = without_comments(program);
    let mut rest = program.as_str();
    let mut before = ' ';
    while let Some((head, tail)) = rest.split_once(name) {
        let before_name = head.chars().next_back().unwrap_or(before);
        before = name.chars().next_back().unwrap_or(before);
        rest = tail;
        if is_word(before_name) || before_name == '.' {
            continue;
        }
        let value = tail.trim_start_matches(['"', '\'']).trim_start();
        if let Some(value) = value.strip_prefix(':') {
            return value_of(value.trim_start());
        }
    }
    Property::None
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '$' | '-')
}

/// A string, or a call that makes a path of strings and of the folder of the file.
fn value_of(text: &str) -> Property {
    if let Some((string, _)) = string_at(text) {
        return Property::Text(string);
    }
    let Some((callee, arguments)) = text.split_once('(') else { return Property::Computed };
    let is_path = ["resolve", "join", "fileURLToPath", "URL"].iter().any(|name| {
        callee.trim().trim_start_matches("new ").trim().rsplit('.').next() == Some(name)
    });
    if !is_path {
        return Property::Computed;
    }
    let mut parts = Vec::new();
    let mut rest = arguments;
    // Until what the call is made of ends; the folder of the file may be called by several names.
    loop {
        rest = rest.trim_start_matches([' ', '\n', '\t', '\r', ',']);
        if let Some((part, tail)) = string_at(rest) {
            parts.push(part);
            rest = tail;
        } else if let Some(tail) =
            ["__dirname", "import.meta.dirname", "import.meta.url", "process.cwd()", "new URL("]
                .iter()
                .find_map(|known| rest.strip_prefix(known))
        {
            rest = tail;
        } else if rest.starts_with(')') {
            break;
        } else {
            return Property::Computed;
        }
    }
    let is_absolute = parts.iter().any(|part| part.starts_with('/'));
    if parts.is_empty() || is_absolute {
        return Property::Computed;
    }
    Property::Text(parts.join("/"))
}

/// A string literal at the start of a text, and what is behind it.
fn string_at(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|first| matches!(first, '"' | '\'' | '`'))?;
    let (string, rest) = text.get(1..)?.split_once(quote)?;
    let is_plain = !string.contains(['\\', '\n']) && !string.contains("${");
    is_plain.then(|| (string.to_owned(), rest))
}

fn without_comments(program: &str) -> String {
    let mut text = String::new();
    let mut letters = program.chars().peekable();
    let mut quote = None;
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(_), '\\') => {
                text.push(letter);
                text.extend(letters.next());
                continue;
            }
            (Some(open), _) if open == letter => quote = None,
            (None, '"' | '\'' | '`') => quote = Some(letter),
            (None, '/') if letters.peek() == Some(&'/') => {
                while letters.next_if(|next| *next != '\n').is_some() {}
                continue;
            }
            (None, '/') if letters.peek() == Some(&'*') => {
                let mut last = ' ';
                letters.next();
                for next in letters.by_ref() {
                    if last == '*' && next == '/' {
                        break;
                    }
                    last = next;
                }
                text.push(' ');
                continue;
            }
            _ => {}
        }
        text.push(letter);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_text_tells_is_known() {
        let text = |value: &str| Property::Text(value.to_owned());
        let of = |program: &str| property_of(program, "outDir");
        assert_eq!(of("export default { build: { outDir: 'a/b' } }"), text("a/b"));
        assert_eq!(of("x = { \"outDir\" : `a` }"), text("a"));
        assert_eq!(
            of("// outDir: 'no'\n/* outDir: 'no' */ myoutDir: 'no', outDir: \"it's//a\""),
            text("it's//a")
        );
        assert_eq!(of("outDir: path.resolve(__dirname, 'a', \"b\")"), text("a/b"));
        assert_eq!(of("outDir: fileURLToPath(new URL('./a', import.meta.url))"), text("./a"));
        assert_eq!(of("outDir: resolve(import.meta.dirname, name)"), Property::Computed);
        assert_eq!(of("outDir: process.env.OUT ?? 'x'"), Property::Computed);
        assert_eq!(of("outDir: `a${b}`"), Property::Computed);
        assert_eq!(of("config.outDir = 1"), Property::None);
    }
}
