//! Flags as other bundlers spell them, for hands that know these: esbuild (<https://esbuild.github.io/api/>) and Bun
//! (<https://bun.com/docs/bundler>). Only those of `build`, and only where they mean what one of ours does.

use std::ffi::OsString;

/// What `--sourcemap` may be followed by; without one of these, it is `linked`.
const SOURCE_MAPS: [&str; 4] = ["none", "linked", "external", "inline"];

/// Flags that take `:KEY=VALUE` or `:VALUE` behind their names in esbuild.
const WITH_COLON: [&str; 6] = ["define", "external", "loader", "alias", "inject", "drop"];

/// Other names of our flags.
const RENAMED: [(&str, &str); 5] = [
    ("--platform", "--target"),
    ("--entry-names", "--entry-naming"),
    ("--chunk-names", "--chunk-naming"),
    ("--asset-names", "--asset-naming"),
    ("--production", "--minify"),
];

/// Flags that ask for what is done anyway.
const NEEDLESS: [&str; 3] = ["--bundle", "--charset=utf8", "--log-limit=0"];

/// The arguments of the program, the first of which is its name, with flags of `build` as we spell them.
pub fn spelt_out(arguments: Vec<OsString>) -> Vec<OsString> {
    let is_build = arguments.get(1).is_some_and(|command| command == "build");
    if !is_build {
        return arguments;
    }
    let mut spelt = Vec::with_capacity(arguments.len());
    let mut rest = arguments.into_iter().peekable();
    while let Some(argument) = rest.next() {
        let Some(text) = argument.to_str().filter(|text| text.starts_with("--")) else {
            spelt.push(argument);
            continue;
        };
        if text == "--" {
            spelt.push(argument);
            spelt.extend(rest.by_ref());
            break;
        }
        if NEEDLESS.contains(&text) {
            continue;
        }
        if text == "--sourcemap" {
            let has_kind =
                rest.peek().is_some_and(|next| SOURCE_MAPS.iter().any(|kind| next == kind));
            spelt.push(if has_kind { argument } else { "--sourcemap=linked".into() });
            continue;
        }
        spelt.push(respelt(text).map_or(argument, OsString::from));
    }
    spelt
}

/// One flag in our words; `None` if it is one of ours already, or nobody's.
fn respelt(flag: &str) -> Option<String> {
    let (name, value) = match flag.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (flag, None),
    };
    if let Some((kind, rest)) = flag.strip_prefix("--")?.split_once(':')
        && !kind.contains('=')
    {
        if WITH_COLON.contains(&kind) {
            return Some(format!("--{kind}={rest}"));
        }
        // One for scripts, and one for sheets, which have none here.
        if matches!(kind, "banner" | "footer") {
            return rest.strip_prefix("js=").map(|text| format!("--{kind}={text}"));
        }
    }
    if let Some((_, ours)) = RENAMED.iter().find(|(theirs, _)| *theirs == name) {
        return Some(value.map_or_else(|| (*ours).to_owned(), |value| format!("{ours}={value}")));
    }
    match (name, value?) {
        // There, a target is a version of the language; here, it is the runtime.
        ("--target", version) if is_version(version) => Some(format!("--syntax={version}")),
        ("--log-level", "silent" | "error") => Some("--quiet".to_owned()),
        ("--color", "true") => Some("--color=always".to_owned()),
        ("--color", "false") => Some("--color=never".to_owned()),
        ("--sourcemap", "true") => Some("--sourcemap=linked".to_owned()),
        ("--sourcemap", "false") => Some("--sourcemap=none".to_owned()),
        ("--jsx", "transform") => Some("--jsx=classic".to_owned()),
        _ => None,
    }
}

fn is_version(text: &str) -> bool {
    text == "esnext"
        || ["es", "node"].iter().filter_map(|kind| text.strip_prefix(kind)).any(|number| {
            !number.is_empty() && number.chars().all(|letter| letter.is_ascii_digit())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_others_are_ours() {
        let spelt = |flags: &str| {
            let words = format!("bundlegate build {flags}");
            let all = spelt_out(words.split(' ').map(OsString::from).collect());
            let all: Vec<&str> = all.iter().skip(2).map(|word| word.to_str().unwrap()).collect();
            all.join(" ")
        };
        for (theirs, ours) in [
            ("a.js --bundle --outfile=o.js", "a.js --outfile=o.js"),
            ("--sourcemap a.js", "--sourcemap=linked a.js"),
            ("--sourcemap inline a.js", "--sourcemap inline a.js"),
            ("--sourcemap", "--sourcemap=linked"),
            ("--platform=node", "--target=node"),
            ("--platform node", "--target node"),
            ("--target=es2020", "--syntax=es2020"),
            ("--target=node", "--target=node"),
            ("--target=node18", "--syntax=node18"),
            ("--define:A=B:C", "--define=A=B:C"),
            ("--external:fs --external:./x", "--external=fs --external=./x"),
            ("--loader:.png=dataurl", "--loader=.png=dataurl"),
            ("--banner:js=//:x", "--banner=//:x"),
            ("--define=a:b=c", "--define=a:b=c"),
            ("--entry-names=[name]-[hash]", "--entry-naming=[name]-[hash]"),
            ("--log-level=error", "--quiet"),
            ("-- --bundle", "-- --bundle"),
        ] {
            assert_eq!(spelt(theirs), ours);
        }
        let run = ["bundlegate", "run", "--bundle"].map(OsString::from).to_vec();
        assert_eq!(spelt_out(run.clone()), run);
    }
}
