//! The one reader of the environment: settings in `BUNDLEGATE_*`, keys that settings name, secrets to guard.

use std::collections::BTreeMap;

use crate::secret::Secret;

/// Variables of ours that are not settings.
pub const OWN_VARIABLES: &[&str] =
    &["BUNDLEGATE_BIN", "BUNDLEGATE_GUARDED_SECRETS", "BUNDLEGATE_TODAY"];

/// All variables of the process, read once. Any value may be a secret, so each is one.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, Secret>,
}

impl Environment {
    /// Reads the environment of this process. Names that are not UTF-8 are left out; values may be any bytes.
    #[must_use]
    pub fn read() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| {
                Some((name.into_string().ok()?, Secret::new(value.into_encoded_bytes())))
            })
            .collect();
        Self { variables }
    }

    /// An environment of these variables.
    #[must_use]
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let variables = pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Secret::from(value.to_owned())))
            .collect();
        Self { variables }
    }

    /// The value of a variable that is not a secret: a path, a switch of the runner.
    #[must_use]
    pub fn plain(&self, name: &str) -> Option<&str> {
        self.variables.get(name)?.expose_str()
    }

    /// The value of a variable.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<&Secret> {
        self.variables.get(name)
    }

    /// Whether this is a runner of some kind, as `CI` says.
    #[must_use]
    pub fn is_ci(&self) -> bool {
        self.plain("CI").is_some_and(|value| !matches!(value, "" | "0" | "false"))
    }

    /// All variables, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Variables whose values are text.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter().filter_map(|(name, value)| Some((name, value.expose_str()?)))
    }
}

/// The arguments of this process, the first of which is its name.
#[must_use]
pub fn arguments() -> Vec<std::ffi::OsString> {
    std::env::args_os().collect()
}

/// The folder in which the process was started.
///
/// # Errors
/// It is gone, or may not be seen.
#[expect(
    clippy::disallowed_methods,
    reason = "paths of the command line are relative to it; it is asked for once"
)]
pub fn working_folder() -> std::io::Result<std::path::PathBuf> {
    std::env::current_dir()
}
