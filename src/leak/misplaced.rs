//! Rules on what should not ship at all: files that hold secrets by their name, reads of guarded variables in code for
//! a browser, and the whole environment written out.

use super::dotenv;
use super::policy::{is_secret_name, judge};
use crate::environment_reads::{EnvironmentRead, HANDING_ON};

/// What decides whether a file of such a name holds secrets.
#[derive(Debug, Clone, Copy)]
enum Content {
    /// Its name alone.
    Any,
    /// One of these texts.
    Has(&'static [&'static str]),
    /// An assignment of a value that looks like a secret to a name that says it is one.
    Assigns,
    /// The same of a registry's settings.
    Registry,
}

/// A kind of file that is not for others.
struct Kind {
    /// Its name; a `*` stands for any text.
    name: &'static str,
    /// The folder that it is in; empty for any.
    folder: &'static str,
    content: Content,
    what: &'static str,
}

const fn kind(
    name: &'static str,
    folder: &'static str,
    content: Content,
    what: &'static str,
) -> Kind {
    Kind { name, folder, content, what }
}

use Content::{Any, Assigns, Has, Registry};

const VARIABLES: &str = "a file of environment variables";
const PASSWORDS: &str = "a file of passwords";
const CLOUD: &str = "a file of credentials of a cloud";
const KEY: &str = "a private key";

/// The kinds, each by the documentation of the tool that reads the file; those of a repository first.
#[rustfmt::skip]
const KINDS: &[Kind] = &[
    kind("config", ".git", Any, "a part of a `.git` folder"),
    kind("HEAD", ".git", Any, "a part of a `.git` folder"),
    kind("index", ".git", Any, "a part of a `.git` folder"),
    kind("credentials", ".git", Any, "a part of a `.git` folder"),
    kind(".git-credentials", "", Any, "a file of Git credentials"),
    // Variables: dotenv, direnv, Wrangler, Flask, Terraform.
    kind(".env", "", Any, VARIABLES),
    kind(".env.*", "", Any, VARIABLES),
    kind(".env-*", "", Any, VARIABLES),
    kind(".env_*", "", Any, VARIABLES),
    kind("*.env", "", Assigns, VARIABLES),
    kind(".envrc", "", Assigns, VARIABLES),
    kind(".dev.vars", "", Any, VARIABLES),
    kind(".dev.vars.*", "", Any, VARIABLES),
    kind(".flaskenv", "", Assigns, VARIABLES),
    kind("*.tfvars", "", Assigns, "variables of Terraform"),
    kind("*.tfstate", "", Has(&["terraform_version", "\"resources\""]), "a state of Terraform"),
    kind("*.tfstate.backup", "", Has(&["terraform_version", "\"resources\""]), "a state of Terraform"),
    kind(".terraformrc", "", Has(&["token"]), "settings of Terraform with a token"),
    kind("credentials.tfrc.json", "", Has(&["token"]), "settings of Terraform with a token"),
    // Registries of packages and images.
    kind(".npmrc", "", Registry, "a settings file with a registry token"),
    kind(".yarnrc.yml", "", Registry, "a settings file with a registry token"),
    kind(".yarnrc", "", Registry, "a settings file with a registry token"),
    kind(".pypirc", "", Has(&["password"]), PASSWORDS),
    kind("credentials", ".gem", Any, "a file of RubyGems keys"),
    kind("credentials.toml", ".cargo", Has(&["token"]), "a file of crates.io tokens"),
    kind("credentials", ".cargo", Has(&["token"]), "a file of crates.io tokens"),
    kind("auth.json", "", Has(&["github-oauth", "http-basic", "gitlab-token"]), "a file of Composer credentials"),
    kind("settings.xml", "", Has(&["<password>"]), "settings of Maven with a password"),
    kind("nuget.config", "", Has(&["ClearTextPassword"]), "settings of NuGet with a password"),
    kind("config.json", ".docker", Has(&["\"auth\""]), "a file of registry credentials"),
    kind(".dockercfg", "", Has(&["\"auth\""]), "a file of registry credentials"),
    kind(".dockerconfigjson", "", Has(&["\"auth\""]), "a file of registry credentials"),
    // Clouds and clusters.
    kind("credentials", ".aws", Any, "a file of AWS credentials"),
    kind("config", ".kube", Has(&["client-key-data", "token:", "password:"]), "a file of a cluster's credentials"),
    kind("kubeconfig", "", Has(&["client-key-data", "token:", "password:"]), "a file of a cluster's credentials"),
    kind("*.kubeconfig", "", Has(&["client-key-data", "token:", "password:"]), "a file of a cluster's credentials"),
    kind("application_default_credentials.json", "", Any, CLOUD),
    kind("accessTokens.json", ".azure", Any, CLOUD),
    kind("msal_token_cache.json", ".azure", Any, CLOUD),
    kind("hosts.yml", "gh", Has(&["oauth_token"]), "a file of GitHub tokens"),
    kind("default.toml", "config", Has(&["oauth_token"]), CLOUD),
    kind(".s3cfg", "", Has(&["secret_key"]), CLOUD),
    kind(".boto", "", Has(&["secret_access_key", "oauth2_refresh_token"]), CLOUD),
    kind("rclone.conf", "", Has(&["pass =", "secret", "token ="]), CLOUD),
    kind(".vault-token", "", Any, "a token of Vault"),
    // Passwords of clients and servers.
    kind(".netrc", "", Has(&["password"]), PASSWORDS),
    kind("_netrc", "", Has(&["password"]), PASSWORDS),
    kind(".pgpass", "", Any, PASSWORDS),
    kind("pgpass.conf", "", Any, PASSWORDS),
    kind(".my.cnf", "", Has(&["password"]), PASSWORDS),
    kind(".mylogin.cnf", "", Any, PASSWORDS),
    kind(".htpasswd", "", Any, PASSWORDS),
    kind("master.key", "config", Any, "the key of Rails' credentials"),
    // Keys.
    kind("id_rsa", "", Any, "a private SSH key"),
    kind("id_dsa", "", Any, "a private SSH key"),
    kind("id_ecdsa", "", Any, "a private SSH key"),
    kind("id_ed25519", "", Any, "a private SSH key"),
    kind("*.pem", "", Has(&["PRIVATE KEY"]), KEY),
    kind("*.key", "", Has(&["PRIVATE KEY"]), KEY),
    kind("*.p8", "", Has(&["PRIVATE KEY"]), KEY),
    kind("*.pkcs8", "", Has(&["PRIVATE KEY"]), KEY),
    kind("*.ppk", "", Has(&["Private-Lines"]), KEY),
    kind("*.p12", "", Any, KEY),
    kind("*.pfx", "", Any, KEY),
    kind("*.jks", "", Any, KEY),
    kind("*.keystore", "", Any, KEY),
    kind("*.kdbx", "", Any, PASSWORDS),
];

/// How files begin or end that are there to be filled in.
const TEMPLATES: [&str; 6] = ["example", "sample", "template", "dist", "defaults", "schema"];

/// Whether a file is one of variables that builds read, and no template of one.
#[must_use]
pub fn is_dotenv(name: &str) -> bool {
    (name == ".env" || name == ".dev.vars" || name.starts_with(".env.")) && !is_template(name)
}

fn is_template(name: &str) -> bool {
    name.split(['.', '-', '_']).any(|part| TEMPLATES.contains(&part))
}

/// A file whose name says that it is not for others, and what it is.
pub(super) fn secret_file(path: &str, bytes: &[u8]) -> Option<&'static str> {
    let mut parts = path.rsplit('/');
    let name = parts.next().unwrap_or(path);
    let folders: Vec<&str> = parts.collect();
    let kinds = KINDS.iter().filter(|kind| {
        let is_named = match kind.name.split_once('*') {
            Some((start, end)) => {
                name.len() > start.len() + end.len()
                    && name.starts_with(start)
                    && name.ends_with(end)
            }
            None => name == kind.name,
        };
        is_named && (kind.folder.is_empty() || folders.contains(&kind.folder))
    });
    let text = || String::from_utf8_lossy(bytes);
    let found = kinds.into_iter().find(|kind| match kind.content {
        Any => kind.what != VARIABLES || !is_template(name),
        Has(texts) => {
            texts.iter().any(|text| memchr::memmem::find(bytes, text.as_bytes()).is_some())
        }
        Assigns => assigns_secret(&text()),
        Registry => names_registry_token(&text()),
    });
    found.map(|kind| kind.what)
}

/// Whether a text gives a value that looks like a secret to a name that says it is one.
fn assigns_secret(text: &str) -> bool {
    dotenv::parse(text).iter().any(|assignment| {
        is_secret_name(assignment.name)
            && assignment.values.iter().any(|value| judge(assignment.name, value).is_none())
    })
}

/// Whether settings of a registry hold a token, and not the name of a variable that does.
fn names_registry_token(text: &str) -> bool {
    const SETTINGS: [&str; 5] =
        ["_authToken", "_auth", "_password", "npmAuthToken", "npmAuthIdent"];
    text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])).any(|line| {
        let Some((setting, value)) = line.split_once(['=']).or_else(|| line.rsplit_once(": "))
        else {
            return false;
        };
        let value = value.trim().trim_matches(['"', '\'']);
        let setting = setting.trim().trim_matches(['"', '\'']);
        SETTINGS.iter().any(|end| setting.ends_with(end))
            && !value.is_empty()
            && !value.starts_with(['$', '<', '{'])
    })
}

/// Whether a script may read the environment.
pub(super) fn mentions_environment(text: &[u8]) -> bool {
    let has = |word: &str| memchr::memmem::find(text, word.as_bytes()).is_some();
    ["process", "import.meta", "Bun", "Deno"].iter().any(|object| has(object)) && has("env")
}

/// How code writes the objects that hold the environment, Deno's among them.
const WRITTEN_OBJECTS: &[&str] =
    &["process.env", "process?.env", "process[\"env\"]", "import.meta.env", "Bun.env", "Deno.env"];

/// Bytes before the environment in which it is looked for what takes it.
const BEFORE: usize = 4096;

/// Reads of variables from the environment, and places that take all of it. `names` are those that matter behind another
/// name of the environment, which may be a letter.
pub(super) fn references(text: &[u8], names: &dyn Fn(&str) -> bool) -> Vec<EnvironmentRead> {
    let mut found = Vec::new();
    let mut aliases: Vec<&[u8]> = Vec::new();
    for object in WRITTEN_OBJECTS {
        for start in memchr::memmem::find_iter(text, object.as_bytes()) {
            let before = start.checked_sub(1).and_then(|at| text.get(at));
            if before.is_some_and(|byte| is_name(*byte) || *byte == b'`') {
                continue;
            }
            let rest = text.get(start + object.len()..).unwrap_or_default();
            if rest.first().is_some_and(|byte| is_name(*byte)) {
                continue;
            }
            if let Some(taken) = member(rest, *object == "Deno.env") {
                found.push(taken.read(start));
                continue;
            }
            let lead = text.get(start.saturating_sub(BEFORE)..start).unwrap_or_default();
            let lead = lead.trim_ascii_end();
            let is_whole =
                matches!(rest.trim_ascii_start().first(), None | Some(b')' | b'}' | b',' | b';'));
            if is_whole && is_handed_on(lead) {
                found.push(EnvironmentRead { at: start, name: None });
            } else if let Some(given) = lead.strip_suffix(b"=") {
                let given = given.trim_ascii_end();
                if given.ends_with(b"}") {
                    let names = destructured(given);
                    found.extend(names.into_iter().map(|name| EnvironmentRead { at: start, name }));
                } else {
                    let at = given.iter().rposition(|byte| !is_name(*byte)).map_or(0, |at| at + 1);
                    aliases.extend(given.get(at..).filter(|name| !name.is_empty()));
                }
            }
        }
    }
    aliases.sort_unstable();
    aliases.dedup();
    for alias in aliases.into_iter().take(MOST_ALIASES) {
        let object = [alias, b"."].concat();
        for start in memchr::memmem::find_iter(text, &object) {
            let before = start.checked_sub(1).and_then(|at| text.get(at));
            let rest = text.get(start + alias.len()..).unwrap_or_default();
            if before.is_none_or(|byte| !is_name(*byte) && *byte != b'.')
                && let Some(Taken::One(name)) = member(rest, false)
                && names(&name)
            {
                found.push(EnvironmentRead { at: start, name: Some(name) });
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Most other names of the environment that are followed in a file.
const MOST_ALIASES: usize = 8;

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$')
}

/// What is taken from the environment.
enum Taken {
    One(String),
    All,
}

impl Taken {
    fn read(self, at: usize) -> EnvironmentRead {
        let name = match self {
            Self::One(name) => Some(name),
            Self::All => None,
        };
        EnvironmentRead { at, name }
    }
}

/// The name of a member that is read: `.NAME`, `?.NAME`, `["NAME"]`, and Deno's `.get("NAME")`; that of all of them for
/// `.toObject()`.
fn member(rest: &[u8], is_deno: bool) -> Option<Taken> {
    let name = |from: &[u8]| -> String {
        from.iter().take_while(|byte| is_name(**byte)).map(|byte| char::from(*byte)).collect()
    };
    let rest = rest.strip_prefix(b"?.").map_or(rest, |after| {
        // `?.NAME`, or `?.["NAME"]`
        if after.starts_with(b"[") { after } else { rest.get(1..).unwrap_or_default() }
    });
    if is_deno {
        if rest.starts_with(b".toObject(") {
            return Some(Taken::All);
        }
        let behind = rest.strip_prefix(b".get(")?;
        let quoted = behind.strip_prefix(b"\"").or_else(|| behind.strip_prefix(b"'"));
        return quoted.map(|quoted| Taken::One(name(quoted)));
    }
    if let Some(after) = rest.strip_prefix(b".") {
        return Some(Taken::One(name(after)));
    }
    let after = rest.strip_prefix(b"[")?;
    let quote = after.first().filter(|byte| matches!(byte, b'"' | b'\'' | b'`'))?;
    after.strip_prefix(&[*quote]).map(|quoted| Taken::One(name(quoted)))
}

/// Whether what follows is taken whole: `JSON.stringify(…`, `Object.assign({}, …`, `{...…`, `in …`.
fn is_handed_on(lead: &[u8]) -> bool {
    if lead.ends_with(b"...") || lead.ends_with(b" in") {
        return true;
    }
    // The call that is not closed before it.
    let mut depth = 0usize;
    for (at, byte) in lead.iter().enumerate().rev().take(200) {
        match byte {
            b')' | b']' | b'}' => depth += 1,
            b'(' if depth == 0 => {
                let call = lead.get(..=at).unwrap_or_default();
                let call = call.strip_suffix(b"(").unwrap_or(call).trim_ascii_end();
                return HANDING_ON.iter().any(|known| call.ends_with(known.as_bytes()));
            }
            b'(' | b'[' | b'{' => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return false,
            },
            b';' => return false,
            _ => {}
        }
    }
    false
}

/// The names in a pattern, which ends with its brace; that of all of them for `...rest`, which takes all others.
fn destructured(pattern: &[u8]) -> Vec<Option<String>> {
    let Some(start) = pattern.iter().rposition(|byte| *byte == b'{') else { return Vec::new() };
    let inner = pattern.get(start + 1..pattern.len() - 1).unwrap_or_default();
    inner
        .split(|byte| *byte == b',')
        .map(|part| {
            let part = part.trim_ascii();
            if part.starts_with(b"...") {
                return Some(None);
            }
            let part = part.strip_prefix(b"\"").or_else(|| part.strip_prefix(b"'")).unwrap_or(part);
            let name: String = part
                .iter()
                .take_while(|byte| is_name(**byte))
                .map(|byte| char::from(*byte))
                .collect();
            (!name.is_empty()).then_some(Some(name))
        })
        .collect::<Option<_>>()
        .unwrap_or_default()
}

/// Fewest variables that stand in a file with their values, `PATH` among them, for it to be the environment.
const FEWEST_OF_ALL: usize = 5;

/// Where the environment stands written out, with the values that it has here: as an object or its JSON.
pub(super) fn written_out(text: &[u8], variables: &[(String, Vec<u8>)]) -> Option<usize> {
    let is_there = |name: &str, value: &[u8], at: usize| {
        let rest = text.get(at + name.len()..).unwrap_or_default();
        let marks = rest.iter().take(6).take_while(|byte| b"\\\"':= ".contains(byte)).count();
        let is_given = rest.get(..marks).is_some_and(|marks| marks.contains(&b':'));
        is_given && rest.get(marks..).is_some_and(|rest| rest.starts_with(value))
    };
    let place = |name: &str, value: &[u8]| {
        memchr::memmem::find_iter(text, name.as_bytes()).find(|at| is_there(name, value, *at))
    };
    let (_, path) = variables.iter().find(|(name, _)| name == "PATH")?;
    let start = place("PATH", path)?;
    let others = variables.iter().filter(|(name, value)| place(name, value).is_some());
    (others.take(FEWEST_OF_ALL).count() == FEWEST_OF_ALL).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_name() {
        for (path, expected) in [
            ("dist/.env", true),
            ("dist/.env.production", true),
            ("dist/.env.example", false),
            ("assets/environment.js", false),
            ("a/id_rsa", true),
            ("certs/public.pem", false),
            ("x/.git/config", true),
        ] {
            assert_eq!(secret_file(path, b"CERTIFICATE").is_some(), expected, "{path}");
        }
        assert!(secret_file("certs/server.pem", b"-----BEGIN PRIVATE KEY-----").is_some());
    }

    #[test]
    fn references_are_told() {
        let text = br#"a(process.env.API_KEY, import.meta.env["TOKEN"], process.env.NODE_ENV, JSON.stringify(process.env), {...import.meta.env}, process.env)"#;
        let names: Vec<String> = references(text, &|_| true)
            .into_iter()
            .map(|read| read.name.unwrap_or_default())
            .collect();
        assert_eq!(names, ["API_KEY", "TOKEN", "NODE_ENV", "", ""]);
        for (script, expected) in [
            ("f(process?.env?.A)", &["A"][..]),
            ("f(Bun.env['A'], Deno.env.get(\"B\"), Deno.env.toObject())", &["A", "B", ""]),
            ("const {A, B: b = 1, 'C': c} = process.env;", &["A", "B", "C"]),
            ("let {A, ...rest} = import.meta.env", &["", "A"]),
            ("const e=process.env;f(e.A,x.e.B)", &["A"]),
            ("Object.assign({}, process.env)", &[""]),
            ("for(const k in process.env)f(k)", &[""]),
            ("for(const[k,v]of Object.entries(process.env))f(k,v)", &[""]),
            ("Object.keys(process.env); f(process.environment, myprocess.env.A)", &[]),
            ("f({a:1},process.env)", &[]),
        ] {
            let found = references(script.as_bytes(), &|name| name.len() == 1);
            let names: Vec<&str> =
                found.iter().map(|read| read.name.as_deref().unwrap_or_default()).collect();
            assert_eq!(names, expected, "{script}");
        }
    }

    #[test]
    fn an_environment_that_is_written_out_is_seen() {
        let variables: Vec<(String, Vec<u8>)> =
            ["PATH=/bin", "HOME=/root", "USER=me", "LANG=C", "PWD=/srv", "CI=true"]
                .map(|pair| pair.split_once('=').unwrap())
                .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
                .to_vec();
        let text = br#"x={"HOME":"/root","PATH":"/bin","USER":"me",PWD:'/srv',"CI":"true"}"#;
        assert_eq!(written_out(text, &variables), Some(19));
        assert_eq!(written_out(br#"{"PATH":"/bin","HOME":"/root"}"#, &variables), None);
        assert_eq!(written_out(br"PATH HOME USER LANG PWD CI", &variables), None);
    }
}
