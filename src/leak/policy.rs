//! Which variables are guarded, and why the others are not.

use crate::secret::Secret;

/// A variable whose value must not be in an output.
#[derive(Debug, Clone)]
pub struct Guarded {
    /// Its name.
    pub name: String,
    /// Its value, trimmed.
    pub value: Secret,
}

/// What is known about the variables before looking at their values.
#[derive(Debug, Clone, Copy)]
pub struct Policy<'a> {
    /// Patterns of names whose values may be in the outputs: exact, or a prefix with `*`.
    pub public: &'a [String],
    /// Names that are guarded whatever their values look like.
    pub guard: &'a [String],
}

/// Variables of shells, runners and tools that hold nothing secret; a `*` ends a prefix.
const HARMLESS_NAMES: &[&str] = &[
    "NODE_ENV",
    "PATH",
    "HOME",
    "PWD",
    "OLDPWD",
    "SHELL",
    "USER",
    "LOGNAME",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "TERM",
    "TZ",
    "TMPDIR",
    "TEMP",
    "TMP",
    "EDITOR",
    "VISUAL",
    "PAGER",
    "HOSTNAME",
    "HOSTTYPE",
    "OSTYPE",
    "MACHTYPE",
    "SHLVL",
    "_",
    "CI",
    "GITHUB_*",
    "RUNNER_*",
    "ACTIONS_CACHE_URL",
    "ACTIONS_RESULTS_URL",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "AGENT_TOOLSDIRECTORY",
    "ImageOS",
    "ImageVersion",
    "npm_*",
    "NVM_*",
    "CARGO_*",
    "RUSTUP_*",
    "GOROOT*",
    "JAVA_HOME*",
    "ANDROID_*",
    "CHROME_BIN",
    "CHROMEWEBDRIVER",
    "DOTNET_*",
    "XDG_*",
    "DEBIAN_FRONTEND",
    "BUILD_ID",
    "BUILD_NUMBER",
    "SENTRY_RELEASE",
    "BUNDLEGATE_BIN",
    "COLORTERM",
    "LS_COLORS",
    "DISPLAY",
    "SSH_TTY",
    "MAIL",
    "MANPATH",
    "INFOPATH",
    "COMMIT_SHA",
    "VERCEL_URL",
    "VERCEL_ENV",
    "VERCEL_REGION",
    "VERCEL_GIT_*",
    "CF_PAGES*",
    "DEPLOY_URL",
    "LD_LIBRARY_PATH",
    "PYTHONPATH",
    "NODE_PATH",
    "NODE_OPTIONS",
    "LESS",
    "LSCOLORS",
];

/// Of the harmless prefixes, the names that are secrets after all.
const SECRET_NAMES: &[&str] = &[
    "GITHUB_TOKEN",
    "GITHUB_PAT",
    "npm_config__auth",
    "npm_config__authToken",
    "CARGO_REGISTRY_TOKEN",
];

/// Values shorter than this are never looked for: they stand everywhere by chance.
const SHORTEST_BYTES: usize = 8;

/// Picks the guarded ones from all variables, sorted by name.
#[must_use]
pub fn guarded<'a>(
    variables: impl Iterator<Item = (&'a str, &'a Secret)>,
    policy: &Policy<'_>,
) -> Vec<Guarded> {
    let variables: Vec<(&str, &Secret)> = variables.collect();
    let public: Vec<&[u8]> = variables
        .iter()
        .filter(|(name, _)| matches_any(name, policy.public))
        .map(|(_, value)| value.expose().trim_ascii())
        .collect();
    let mut guarded: Vec<Guarded> = variables
        .iter()
        .filter(|(name, value)| {
            let value = value.expose().trim_ascii();
            if matches_any(name, policy.public) || value.is_empty() {
                return false;
            }
            if policy.guard.iter().any(|forced| forced == name) {
                return true;
            }
            let is_harmless = HARMLESS_NAMES.iter().any(|pattern| matches(name, pattern))
                && !SECRET_NAMES.contains(name);
            !is_harmless
                && !is_common(value)
                && !public.iter().any(|public| contains(public, value))
        })
        .map(|(name, value)| Guarded {
            name: (*name).to_owned(),
            value: Secret::new(value.expose().trim_ascii().to_vec()),
        })
        .collect();
    guarded.sort_by(|a, b| a.name.cmp(&b.name));
    guarded
}

fn matches_any(name: &str, patterns: &[String]) -> bool {
    patterns.iter().any(|pattern| matches(name, pattern))
}

fn matches(name: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == pattern,
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// Values that would be found in any output: short ones, numbers, words, paths, addresses without a password.
fn is_common(value: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(value) else { return value.len() < SHORTEST_BYTES };
    text.len() < SHORTEST_BYTES
        || text.bytes().all(|byte| byte.is_ascii_digit() || b".,:-+ ".contains(&byte))
        || text.starts_with(['/', '~']) && !text.contains(['@', ' ']) && looks_like_path(text)
        || is_url_without_password(text)
        || is_wordlike(text)
}

fn looks_like_path(text: &str) -> bool {
    text.split([':', ';']).all(|part| part.starts_with(['/', '~', '.']) || part.is_empty())
}

fn is_url_without_password(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, rest)| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let has_long_part = rest
            .split(['/', '?', '&', '=', '#'])
            .skip(1)
            .any(|part| part.len() >= 16 && !is_wordlike(part));
        scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
            && !authority.contains('@')
            && !has_long_part
    })
}

/// Words, kebab-cased names, versions: runs of letters that are words by their look, and short runs of digits.
fn is_wordlike(text: &str) -> bool {
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
            let mut characters = run.chars();
            let first_upper = characters.next().is_some_and(char::is_uppercase);
            let tail = characters.as_str();
            let is_lower = !tail.chars().any(char::is_uppercase);
            let is_upper = first_upper && !tail.chars().any(char::is_lowercase);
            if !is_lower && !is_upper {
                return false;
            }
            letters += run.chars().count();
            runs += 1;
        }
    }
    // An average of 3.5 letters to a run keeps random mixtures of letters and digits out. Four words are a
    // passphrase, not a name.
    runs == 0 || (letters * 2 >= runs * 7 && runs < 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, value: &str, expected: bool) {
        let value = Secret::from(value.to_owned());
        let public = ["PUBLIC_*".to_owned()];
        let policy = Policy { public: &public, guard: &[] };
        assert_eq!(!guarded([(name, &value)].into_iter(), &policy).is_empty(), expected, "{name}");
    }

    #[test]
    fn secrets_are_guarded() {
        check("SESSION_SECRET", "s3ss10n-7Qx9vLm2Kp4Tz", true);
        check("API_KEY", "9f8e7d6c5b4a39281706f5e4d3c2b1a0", true);
        check("GITHUB_TOKEN", "ghs_16C7e42F292c6912E7710c838347Ae178B4a", true);
        check("DATABASE_URL", "postgres://app:Vb7%2Fq9x@db.internal/app", true);
        check("PASSPHRASE", "correct horse battery staple", true);
    }

    #[test]
    fn harmless_values_are_not() {
        for (name, value) in [
            ("PUBLIC_API_KEY", "9f8e7d6c5b4a39281706f5e4d3c2b1a0"),
            ("GITHUB_SHA", "9f8e7d6c5b4a39281706f5e4d3c2b1a0deadbeef"),
            ("PORT", "3000"),
            ("MODE", "production"),
            ("FEATURE", "true"),
            ("JWT_SECRET", "secret"),
            ("PGPASSWORD", "postgres"),
            ("APP_ROOT", "/opt/app/current"),
            ("API_URL", "https://api.example.com/v2"),
            ("BUILD_NUMBER_X", "1234567890"),
            ("SERVICE", "my-service-name"),
            ("RUNTIME", "nodejs20.x"),
        ] {
            check(name, value, false);
        }
    }

    #[test]
    fn a_value_that_is_public_too_is_not() {
        let value = Secret::from("9f8e7d6c5b4a39281706f5e4".to_owned());
        let public = ["PUBLIC_*".to_owned()];
        let policy = Policy { public: &public, guard: &[] };
        assert!(guarded([("A", &value), ("PUBLIC_A", &value)].into_iter(), &policy).is_empty());
        let guard = ["A".to_owned()];
        let policy = Policy { public: &public, guard: &guard };
        assert_eq!(guarded([("A", &value), ("PUBLIC_A", &value)].into_iter(), &policy).len(), 1);
    }
}
