//! Rules on what should not ship at all: files that hold secrets by their name, reads of guarded variables in code for
//! a browser, and the whole environment written out.

use super::dotenv;
use super::policy::{is_secret_name, judge};

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

/// A read of a variable in code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    /// Name of the variable; empty when all are taken at once.
    pub(super) name: String,
    pub(super) start: usize,
}

const OBJECTS: &[&str] = &["process.env", "import.meta.env"];

/// Reads of variables from `process.env` and `import.meta.env`, and places that take the whole object.
pub(super) fn references(text: &[u8]) -> Vec<Reference> {
    let mut found = Vec::new();
    for object in OBJECTS {
        for start in memchr::memmem::find_iter(text, object.as_bytes()) {
            let before = start.checked_sub(1).and_then(|at| text.get(at));
            if before.is_some_and(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'`')
            }) {
                continue;
            }
            let end = start + object.len();
            let rest = text.get(end..).unwrap_or_default();
            let rest = rest.strip_prefix(b"?").unwrap_or(rest);
            let name = |from: &[u8]| -> String {
                from.iter()
                    .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
                    .map(|byte| char::from(*byte))
                    .collect()
            };
            if let Some(after) = rest.strip_prefix(b".") {
                found.push(Reference { name: name(after), start });
            } else if let Some(after) =
                rest.strip_prefix(b"[\"").or_else(|| rest.strip_prefix(b"['"))
            {
                found.push(Reference { name: name(after), start });
            } else {
                let lead = text.get(start.saturating_sub(16)..start).unwrap_or_default();
                let is_taken = lead.ends_with(b"JSON.stringify(") || lead.ends_with(b"...");
                let is_whole = matches!(rest.first(), Some(b')' | b'}' | b','));
                if is_taken && is_whole {
                    found.push(Reference { name: String::new(), start });
                }
            }
        }
    }
    found.retain(|reference| reference.name != "NODE_ENV");
    found.sort_by_key(|reference| reference.start);
    found
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
        let names: Vec<String> = references(text).into_iter().map(|found| found.name).collect();
        assert_eq!(names, ["API_KEY", "TOKEN", "", ""]);
    }
}
