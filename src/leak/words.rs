//! What words look like, and what is no secret because everybody knows it: examples, sequences, weak passwords.

/// Words, kebab-cased names, versions: runs of letters that are words by their look, and short runs of digits.
pub(super) fn is_wordlike(text: &str) -> bool {
    let mut letters = 0;
    let mut runs = 0;
    for part in text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()) {
        let mut rest = part;
        while !rest.is_empty() {
            let is_digit = rest.starts_with(|c: char| c.is_ascii_digit());
            let end = rest.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(rest.len());
            let (run, next) = rest.split_at(end);
            rest = next;
            if is_digit {
                if run.len() > 5 {
                    return false;
                }
                continue;
            }
            // `camelCase` and `PascalCase` are several words.
            for word in words_of(run) {
                let mut characters = word.chars();
                let first_upper = characters.next().is_some_and(char::is_uppercase);
                let tail = characters.as_str();
                let is_lower = !tail.chars().any(char::is_uppercase);
                let is_upper = first_upper && !tail.chars().any(char::is_lowercase);
                if !is_lower && !is_upper {
                    return false;
                }
                letters += word.chars().count();
                runs += 1;
            }
        }
    }
    // An average of 3.5 letters to a run keeps most random mixtures of letters and digits out; how letters follow each
    // other tells the rest.
    runs == 0 || (letters * 2 >= runs * 7 && reads_like_words(text))
}

/// Splits before each capital that follows a small letter.
fn words_of(run: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    let mut last_lower = false;
    for (at, c) in run.char_indices() {
        if c.is_uppercase() && last_lower {
            words.extend(run.get(start..at));
            start = at;
        }
        last_lower = c.is_lowercase();
    }
    words.extend(run.get(start..));
    words
}

/// Pairs of letters that follow each other in nearly all English words; a pair of random letters is one of these in
/// three cases of ten.
const PAIRS: &str = "th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de \
    hi ri ro ic ne ea ra ce li ch ll be ma si om ur ca el ta la ns di fo ho pe ec pr no ct us ac ot il tr \
    ly nc et ut ss so rs un lo wa ge ie wh ee wi em ad ol rt po we na ul ni ts mo ow pa im mi ai sh ir su \
    id os iv ia am fi ci vi pl ig tu ev ld ry mp fe bl ab gh ty op wo sa ay ex ke fr oo av ag if ap gr od \
    bo sp rd do uc bu ei ov by rm ep tt oc fa ef cu rn sc gi da yo cr cl du ga qu ue ff ba ey ls va um pp \
    ua up lu go ht ru ug ds lt pi rc rr eg au ck ew mu br bi pt ak";

/// Whether more than half of the pairs of letters are those of words. Letters that are not ASCII are not judged.
fn reads_like_words(text: &str) -> bool {
    let letters: Vec<u8> = text.bytes().map(|byte| byte.to_ascii_lowercase()).collect();
    let pairs =
        letters.array_windows().filter(|pair: &&[u8; 2]| pair.iter().all(u8::is_ascii_lowercase));
    let (mut all, mut known) = (0, 0);
    for pair in pairs {
        all += 1;
        known += usize::from(PAIRS.as_bytes().chunks(3).any(|entry| entry.starts_with(pair)));
    }
    all < 4 || known * 20 >= all * 11
}

/// Values that stand in documentation and standards, or that are the digest of nothing, in small letters.
const EXAMPLES: &[&str] = &[
    "123e4567-e89b-12d3-a456-426614174000",
    "123e4567-e89b-12d3-a456-426655440000",
    "258eafa5-e914-47da-95ca-c5ab0dc85b11",
    "d41d8cd98f00b204e9800998ecf8427e",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
];

/// Passwords that are tried first, in small letters, with letters for the digits and marks that stand for them.
const WEAK: &[&str] = &[
    "password",
    "passwort",
    "letmein",
    "welcome",
    "iloveyou",
    "administrator",
    "changeme",
    "changeit",
    "hunter",
    "trustnoi",
    "sunshine",
    "football",
    "baseball",
    "princess",
    "superman",
    "batman",
    "dragon",
    "monkey",
    "shadow",
    "master",
    "qwerty",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "admin",
    "secret",
    "default",
    "postgres",
    "root",
    "test",
    "guest",
    "login",
];

/// Whether a value is a documentation's or a standard's, a placeholder, or a password that is tried first.
pub(super) fn is_example(text: &str) -> bool {
    let small = text.to_ascii_lowercase();
    let placeholder = ["xxxx", "****", "....", "____", "00000000", "changeme"];
    let is_template = [("<", ">"), ("${", "}"), ("{{", "}}")]
        .iter()
        .any(|(start, end)| text.starts_with(start) && text.ends_with(end));
    let is_namespace =
        small.starts_with("6ba7b81") && small.ends_with("-9dad-11d1-80b4-00c04fd430c8");
    let letters: String = small
        .chars()
        .map(|letter| match letter {
            '0' => 'o',
            '1' | '!' => 'i',
            '3' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            '7' => 't',
            other => other,
        })
        .collect();
    let stem = |text: &str| text.trim_end_matches(|c: char| !c.is_ascii_alphabetic()).to_owned();
    let is_url = text.contains("://");
    EXAMPLES.contains(&small.as_str())
        || is_namespace
        || is_template
        || (text.contains("EXAMPLE") && !is_url)
        || (!is_url && text.len() < 80 && placeholder.iter().any(|sign| small.contains(sign)))
        || WEAK.contains(&stem(&small).as_str())
        || (text.len() < 14 && WEAK.contains(&stem(letters.trim_end_matches('i')).as_str()))
}

/// Whether most characters follow each other in the alphabet or in counting, or repeat: `0123456789abcdef`.
pub(super) fn is_sequence(text: &str) -> bool {
    let bytes = text.as_bytes();
    let steps = bytes.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) <= 1).count();
    bytes.len() >= 8 && steps * 100 >= (bytes.len() - 1) * 65
}

/// Words by which a value says that it is none: `please-change-this-secret-in-production`.
pub(super) fn says_it_is_none(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "secret",
        "password",
        "change",
        "example",
        "dev",
        "development",
        "test",
        "testing",
        "dummy",
        "default",
        "placeholder",
        "your",
        "please",
        "insecure",
        "local",
        "none",
        "foo",
        "bar",
        "sample",
        "demo",
        "fake",
        "replace",
        "insert",
        "todo",
        "unsafe",
    ];
    text.split(|c: char| !c.is_ascii_alphabetic())
        .any(|word| WORDS.contains(&word.to_ascii_lowercase().as_str()))
}
