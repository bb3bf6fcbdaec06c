//! Rules on what should not ship at all: files that hold secrets by their name, reads of guarded variables in code for
//! a browser, and the whole environment written out.

/// A file whose name says that it is not for others, and what it is.
pub(super) fn secret_file(path: &str, bytes: &[u8]) -> Option<&'static str> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let folders: Vec<&str> = path.split('/').collect();
    let has = |needle: &[u8]| memchr::memmem::find(bytes, needle).is_some();
    if folders.contains(&".git") && matches!(name, "config" | "HEAD" | "index" | "credentials") {
        return Some("a part of a `.git` folder");
    }
    if (name == ".env" || name.starts_with(".env."))
        && !["example", "sample", "template", "dist", "defaults"]
            .iter()
            .any(|kind| name.ends_with(kind))
    {
        return Some("a file of environment variables");
    }
    match name {
        "id_rsa" | "id_dsa" | "id_ecdsa" | "id_ed25519" => Some("a private SSH key"),
        ".npmrc" | ".yarnrc.yml"
            if has(b"_authToken") || has(b"_auth=") || has(b"npmAuthToken") =>
        {
            Some("a settings file with a registry token")
        }
        ".netrc" | "_netrc" if has(b"password") => Some("a file of passwords"),
        ".htpasswd" => Some("a file of passwords"),
        ".git-credentials" => Some("a file of Git credentials"),
        "credentials" if folders.contains(&".aws") => Some("a file of AWS credentials"),
        _ => {
            let is_key = [".pem", ".key", ".p8", ".pkcs8"].iter().any(|end| name.ends_with(end));
            let is_store = [".p12", ".pfx", ".jks", ".keystore", ".kdbx"]
                .iter()
                .any(|end| name.ends_with(end));
            if is_store || (is_key && has(b"PRIVATE KEY")) { Some("a private key") } else { None }
        }
    }
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
