//! Which values are guarded, and why the others are not.

use super::parts::{Part, parts_of};
use crate::secret::Secret;

/// A variable whose value must not be in an output.
#[derive(Debug, Clone)]
pub struct Guarded {
    /// Its name.
    pub name: String,
    /// Its value, trimmed, and what of it is a secret by itself.
    pub parts: Vec<Part>,
}

impl Guarded {
    /// A variable that is guarded whatever its value looks like.
    #[must_use]
    pub fn forced(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), parts: parts_of(name, value.as_bytes()) }
    }
}

/// What is known about the variables before looking at their values.
#[derive(Debug, Clone, Copy)]
pub struct Policy<'a> {
    /// Patterns of names whose values may be in the outputs: exact, or a prefix with `*`.
    pub public: &'a [String],
    /// Names that are guarded whatever their values look like.
    pub guard: &'a [String],
}

/// Why a variable is guarded or not. Says nothing of the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Name of the variable.
    pub name: String,
    /// Whether it is guarded.
    pub is_guarded: bool,
    /// Why, in words.
    pub reason: &'static str,
}

/// Variables of shells, runners and tools that hold nothing secret; a `*` stands for any text.
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
    "DBUS_*",
    "PS1",
    "PS2",
    "PS4",
    "PROMPT_COMMAND",
    "LESSOPEN",
    "LESSCLOSE",
    "SSH_AUTH_SOCK",
    "*BUILD_ID*",
    "*BUILD_NUMBER*",
    "*COMMIT_HASH*",
    "*_COMMIT",
    "*_REVISION",
    "*GIT_REV*",
    "SOURCE_VERSION",
    "*_SHA",
    "GITHUB_*",
    "RUNNER_*",
    "ACTIONS_CACHE_URL",
    "ACTIONS_RESULTS_URL",
    "ACTIONS_ORCHESTRATION_ID",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "SYSTEMD_EXEC_PID",
    "MEMORY_PRESSURE_*",
    "AGENT_TOOLSDIRECTORY",
    "ImageOS",
    "ImageVersion",
    "ACCEPT_EULA",
    "npm_*",
    "NVM_*",
    "CARGO_*",
    "RUSTUP_*",
    "GOROOT*",
    "GOPATH",
    "JAVA_HOME*",
    "ANDROID_*",
    "ANT_HOME",
    "GRADLE_HOME",
    "BOOTSTRAP_HASKELL_*",
    "GHCUP_INSTALL_BASE_PREFIX",
    "CONDA",
    "EDGEWEBDRIVER",
    "GECKOWEBDRIVER",
    "SELENIUM_JAR_PATH",
    "CHROME_BIN",
    "CHROMEWEBDRIVER",
    "HOMEBREW_*",
    "PIPX_*",
    "POWERSHELL_*",
    "PSModulePath",
    "SGX_AESM_ADDR",
    "SWIFT_PATH",
    "VCPKG_*",
    "LEIN_*",
    "NIX_*",
    "DOTNET_*",
    "XDG_*",
    "DEBIAN_FRONTEND",
    "AZURE_EXTENSION_DIR",
    "ENABLE_RUNNER_TRACING",
    "BUILD_ID",
    "BUILD_NUMBER",
    "SENTRY_RELEASE",
    "BUNDLEGATE_BIN",
    "COLORTERM",
    "LS_COLORS",
    "DISPLAY",
    "SSH_TTY",
    "SSH_CONNECTION",
    "SSH_CLIENT",
    "MAIL",
    "MANPATH",
    "INFOPATH",
    "*COMMIT_SHA*",
    "*COMMIT_REF*",
    "*GIT_COMMIT*",
    "*GIT_SHA*",
    "COMMIT",
    "REVISION",
    "VERCEL_URL",
    "VERCEL_ENV",
    "VERCEL_REGION",
    "VERCEL_GIT_*",
    "CF_PAGES*",
    "DEPLOY_URL",
    "DEPLOY_PRIME_URL",
    "DEPLOY_ID",
    "LD_LIBRARY_PATH",
    "PYTHONPATH",
    "PYTHONUNBUFFERED",
    "NODE_PATH",
    "NODE_OPTIONS",
    "LESS",
    "LSCOLORS",
    "MINIKUBE_*",
    "WINDOWID",
    "TERM_*",
    "VSCODE_*",
    "PNPM_HOME",
    "BUN_INSTALL",
    "VOLTA_HOME",
    "COREPACK_*",
];

/// Of the harmless names, those that are secrets after all.
const SECRET_NAMES: &[&str] = &[
    "GITHUB_TOKEN",
    "GITHUB_PAT",
    "npm_config__auth",
    "npm_config__authToken",
    "CARGO_REGISTRY_TOKEN",
];

/// Values shorter than this are never looked for: they stand everywhere by chance.
const SHORTEST_CHARACTERS: usize = 8;

/// Starts of well-known tokens: such a value is one, however it looks.
const KNOWN_STARTS: &[&str] = &[
    "AKIA",
    "ASIA",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "sk_live_",
    "rk_live_",
    "sk-ant-",
    "sk-proj-",
    "xoxb-",
    "xoxp-",
    "npm_",
    "pypi-",
    "SG.",
    "hf_",
    "eyJhbGciOi",
    "-----BEGIN",
    "dop_v1_",
    "shpat_",
    "whsec_",
    "AGE-SECRET-KEY-",
    "AIza",
    "ya29.",
    "EAACEdEose0cBA",
    "xapp-",
    "lin_api_",
    "dckr_pat_",
];

/// Picks the guarded ones from all variables, sorted by name, and says why for each.
#[must_use]
pub fn guarded<'a>(
    variables: impl Iterator<Item = (&'a str, &'a Secret)>,
    policy: &Policy<'_>,
) -> (Vec<Guarded>, Vec<Verdict>) {
    let variables: Vec<(&str, &Secret)> = variables.collect();
    let public: Vec<Vec<u8>> = variables
        .iter()
        .filter(|(name, _)| matches_any(name, policy.public))
        .flat_map(|(name, value)| parts_of(name, normalised(value.expose())))
        .map(|part| part.value.expose().to_vec())
        .collect();
    let is_public = |value: &[u8]| public.iter().any(|public| contains(public, value));
    let (mut chosen, mut verdicts) = (Vec::new(), Vec::new());
    for (name, value) in variables {
        let value = normalised(value.expose());
        let is_forced = policy.guard.iter().any(|forced| forced == name);
        let reason = if matches_any(name, policy.public) {
            Some("its name is public")
        } else if value.is_empty() {
            Some("it is empty")
        } else if is_forced {
            None
        } else if HARMLESS_NAMES.iter().any(|pattern| matches(name, pattern))
            && !SECRET_NAMES.contains(&name)
        {
            Some("a variable of the shell, the runner or a tool")
        } else if is_public(value) {
            Some("a public variable has the same value")
        } else {
            match std::str::from_utf8(value) {
                Ok(text) => judge(name, text),
                Err(_) if value.len() < SHORTEST_CHARACTERS => Some("too short"),
                Err(_) => None,
            }
        };
        let mut parts = Vec::new();
        if reason.is_none() {
            parts = parts_of(name, value);
        } else if !value.is_empty() && reason != Some("its name is public") {
            // A URL may be harmless and its parameters not.
            let is_by_name = reason == Some("a variable of the shell, the runner or a tool");
            if !is_by_name && reason != Some(MADE_PUBLIC) {
                parts = parts_of(name, value).split_off(1);
            }
        }
        if !is_forced {
            parts.retain(|part| !is_public(part.value.expose()));
        }
        verdicts.push(Verdict {
            name: name.to_owned(),
            is_guarded: !parts.is_empty(),
            reason: match reason {
                None if is_forced => "named by `leaks.guard`",
                None => "it looks like a secret",
                Some(_) if !parts.is_empty() => "a part of it looks like a secret",
                Some(reason) => reason,
            },
        });
        if !parts.is_empty() {
            chosen.push(Guarded { name: name.to_owned(), parts });
        }
    }
    chosen.sort_by(|a, b| a.name.cmp(&b.name));
    verdicts.sort_by(|a, b| a.name.cmp(&b.name));
    (chosen, verdicts)
}

/// Without white space around it, and without one pair of quotes.
fn normalised(value: &[u8]) -> &[u8] {
    let value = value.trim_ascii();
    match value {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] if inner.len() >= 2 => {
            inner.trim_ascii()
        }
        value => value,
    }
}

fn matches_any(name: &str, patterns: &[String]) -> bool {
    patterns.iter().any(|pattern| matches(name, pattern))
}

fn matches(name: &str, pattern: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(rest), Some(_)) => name.contains(rest.trim_end_matches('*')),
        (None, Some(prefix)) => name.starts_with(prefix),
        (Some(suffix), None) => name.ends_with(suffix),
        (None, None) => name == pattern,
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(haystack, needle).is_some()
}

/// Ends of names whose values are not secret: the name of a cookie is none, nor the address of a token service.
const PLAIN_ENDS: &[&str] = &[
    "name",
    "url",
    "uri",
    "host",
    "path",
    "file",
    "type",
    "mode",
    "enabled",
    "ttl",
    "timeout",
    "issuer",
    "algorithm",
    "header",
    "prefix",
    "endpoint",
    "domain",
    "audience",
    "scope",
    "scopes",
    "expiry",
    "expires",
];

/// Whether a name says that its value is a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    if name.rsplit(['_', '-', '.']).next().is_some_and(|end| PLAIN_ENDS.contains(&end)) {
        return false;
    }
    [
        "secret",
        "token",
        "passw",
        "passphrase",
        "pwd",
        "apikey",
        "api_key",
        "api-key",
        "private",
        "credential",
        "auth",
        "signing",
        "_key",
        "-key",
        "accesskey",
        "dsn",
        "salt",
        "cookie",
        "session",
        "connection_string",
        "key",
        "pat",
        "seed",
        "mnemonic",
        "webhook",
    ]
    .iter()
    .any(|word| name.contains(word))
}

/// Why a value is harmless; `None` when it is not.
pub(super) fn judge(name: &str, text: &str) -> Option<&'static str> {
    let length = text.chars().count();
    if length < SHORTEST_CHARACTERS {
        return Some("too short");
    }
    if is_made_public(text) {
        return Some(MADE_PUBLIC);
    }
    if KNOWN_STARTS.iter().any(|start| text.starts_with(start)) && length >= 16 {
        return None;
    }
    if text.bytes().all(|byte| byte.is_ascii_digit() || b".,:-+/ ".contains(&byte)) {
        return Some("a number or a date");
    }
    if is_date(text) {
        return Some("a date");
    }
    if text.starts_with(['/', '~', '.']) && !text.contains(['@', ' ']) && looks_like_path(text) {
        return Some("a path");
    }
    if text.contains("://") && !text.contains(char::is_whitespace) {
        return if has_credentials(text) { None } else { Some("an address without a password") };
    }
    if is_host(text) {
        return Some("the name of a host");
    }
    if text.chars().all(|character| text.starts_with(character)) {
        return Some("one character again and again");
    }
    if is_wordlike(text) {
        // Four words, or a sentence, make a passphrase where the name says so.
        let words = text.split(|c: char| !c.is_alphabetic()).filter(|word| word.len() > 1).count();
        return if is_secret_name(name) && (words >= 4 && length >= 16 || length >= 28) {
            None
        } else {
            Some("words")
        };
    }
    if !is_random(text) {
        let is_long = if text.contains(char::is_whitespace) { length >= 20 } else { length >= 12 };
        return if is_secret_name(name) && is_long { None } else { Some("not random enough") };
    }
    None
}

const MADE_PUBLIC: &str = "a kind of key that is made to be public";

/// Keys that their makers give for use in browsers: publishable keys, Sentry's DSN, the anonymous role of Supabase.
fn is_made_public(text: &str) -> bool {
    const STARTS: &[&str] = &["pk_live_", "pk_test_", "phc_", "pk.eyJ", "GTM-", "UA-"];
    let is_dsn = || {
        text.strip_prefix("https://").and_then(|rest| rest.split_once('@')).is_some_and(
            |(key, host)| {
                key.len() == 32
                    && key.bytes().all(|byte| byte.is_ascii_hexdigit())
                    && host.rsplit('/').next().is_some_and(|id| {
                        !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())
                    })
            },
        )
    };
    STARTS.iter().any(|start| text.starts_with(start))
        || is_dsn()
        || super::tokens::is_anonymous_jwt(text)
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 10
        && bytes[..10].iter().enumerate().all(|(at, byte)| {
            if matches!(at, 4 | 7) { matches!(byte, b'-' | b'/') } else { byte.is_ascii_digit() }
        })
        && bytes[10..].iter().all(|byte| byte.is_ascii_digit() || b"TZ:.+- ".contains(byte))
}

fn looks_like_path(text: &str) -> bool {
    text.split([':', ';']).all(|part| part.starts_with(['/', '~', '.']) || part.is_empty())
        && !text
            .split(['/', ':'])
            .any(|part| part.len() >= 24 && is_random(part) && !part.contains(['-', '.']))
}

fn has_credentials(text: &str) -> bool {
    text.split_once("://").is_some_and(|(_, rest)| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        authority.rsplit_once('@').is_some_and(|(credentials, _)| {
            let password =
                credentials.split_once(':').map_or(credentials, |(_, password)| password);
            password.len() >= SHORTEST_CHARACTERS && !is_wordlike(password)
        })
    })
}

/// `db.internal:5432`, `app.example.com,b.example.com`
fn is_host(text: &str) -> bool {
    text.contains('.')
        && !text.contains(['@', '=', '_', '/', '+'])
        && text.split(',').all(|host| {
            let name = host.split(':').next().unwrap_or_default();
            name.split('.').all(|label| {
                !label.is_empty()
                    && label.len() < 20
                    && label.bytes().all(|byte| {
                        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
                    })
            })
        })
}

/// How mixed a text is: kinds of characters, changes between them, and how many different ones there are.
fn is_random(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    let length = characters.len();
    let kind = |c: char| match c {
        'a'..='z' => 0,
        'A'..='Z' => 1,
        '0'..='9' => 2,
        _ => 3,
    };
    let mut kinds = [0usize; 4];
    for c in &characters {
        kinds[kind(*c)] += 1;
    }
    // A change from one kind to another, but for the capital at the start of a word and for marks between words.
    let changes = characters
        .windows(2)
        .filter(|pair| {
            let (a, b) = (kind(pair[0]), kind(pair[1]));
            a != b && !(a == 1 && b == 0) && a != 3 && b != 3
        })
        .count();
    let mut counts = std::collections::BTreeMap::new();
    for c in &characters {
        *counts.entry(*c).or_insert(0usize) += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "values are shorter than 2^52")]
    let entropy: f64 = counts
        .values()
        .map(|count| {
            let share = *count as f64 / length as f64;
            -share * share.log2()
        })
        .sum();
    let used = kinds[..3].iter().filter(|count| **count > 0).count();
    let letters = kinds[0] + kinds[1];
    if letters == 0 {
        return false;
    }
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    if is_hex && length >= 16 && kinds[2] > 0 {
        return entropy >= 2.5;
    }
    match length {
        ..12 => {
            used == 3 && changes >= 2 && entropy >= 2.75
                || used >= 2 && kinds[3] > 0 && changes * 3 >= length
        }
        12..20 => used >= 2 && entropy >= 2.9 && changes * 6 >= length,
        _ => entropy >= 3.2 && (changes * 8 >= length || used == 3 && changes >= 4),
    }
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
    // An average of 3.5 letters to a run keeps random mixtures of letters and digits out.
    runs == 0 || letters * 2 >= runs * 7
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, value: &str, expected: bool) {
        let value = Secret::from(value.to_owned());
        let public = ["PUBLIC_*".to_owned()];
        let policy = Policy { public: &public, guard: &[] };
        let (chosen, verdicts) = guarded([(name, &value)].into_iter(), &policy);
        assert_eq!(!chosen.is_empty(), expected, "{name}: {}", verdicts[0].reason);
    }

    #[test]
    fn secrets_are_guarded() {
        for (name, value) in [
            ("SESSION_SECRET", "s3ss10n-7Qx9vLm2Kp4Tz"),
            ("API_KEY", "9f8e7d6c5b4a39281706f5e4d3c2b1a0"),
            ("GITHUB_TOKEN", "ghs_16C7e42F292c6912E7710c838347Ae178B4a"),
            ("DATABASE_URL", "postgres://app:Vb7%2Fq9x@db.internal/app"),
            ("PASSPHRASE", "correct horse battery staple"),
            ("DB_PASS", "Tr0ub4dor&3"),
            ("X", "AKIAIOSFODNN7EXAMPL2"),
            ("APP_ID", "3f2504e0-4f89-41d3-9a0c-0305e82c3301"),
            ("SIGNING", "kJhGfDsAqWeRtYuIzXcVbNm1"),
            (
                "HOOK",
                "https://hooks.example.com/services/T0AB3CD4E/B9ZX8YW7V/a8Kf0sLq2mVn4bXc6zTr9pQw",
            ),
        ] {
            check(name, value, true);
        }
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
            ("STARTED", "2026-11-23T10:00:00Z"),
            ("DB_HOST", "db-1.internal.example.com:5432"),
            ("LOCALE", "en_US.UTF-8"),
            ("REGIONS", "us-east-1,eu-west-1"),
            ("WEAK_PASSWORD", "12345678"),
            ("AGENT", "Mozilla/5.0 (compatible; Build/1.0)"),
            ("IMAGE", "ghcr.io/example/app:v1.2.3"),
            ("CLASS_NAME", "HttpRequestHandlerFactory"),
            ("SESSION_COOKIE_NAME", "my-app-session-cookie-v2"),
            ("STRIPE_PUBLISHABLE_KEY", "pk_live_4eC39HqLyjWDarjtT1zdp7dc"),
            (
                "SENTRY_DSN",
                "https://9f8e7d6c5b4a39281706f5e4d3c2b1a0@o447951.ingest.sentry.io/5429215",
            ),
            ("APP_COMMIT_HASH", "9f8e7d6c5b4a39281706f5e4d3c2b1a0deadbeef"),
        ] {
            check(name, value, false);
        }
    }

    #[test]
    fn a_value_that_is_public_too_is_not() {
        let value = Secret::from("9f8e7d6c5b4a39281706f5e4".to_owned());
        let public = ["PUBLIC_*".to_owned()];
        let policy = Policy { public: &public, guard: &[] };
        assert!(guarded([("A", &value), ("PUBLIC_A", &value)].into_iter(), &policy).0.is_empty());
        let guard = ["A".to_owned()];
        let policy = Policy { public: &public, guard: &guard };
        assert_eq!(guarded([("A", &value), ("PUBLIC_A", &value)].into_iter(), &policy).0.len(), 1);
    }
}
