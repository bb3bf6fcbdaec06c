//! Reads of environment variables in scripts, for those who replace them and for those who report them.

/// Objects that hold the environment: of Node, Vite and Bun.
pub const OBJECTS: &[&str] = &["process.env", "import.meta.env", "Bun.env"];

/// Functions that hand on all that they are given. The names of variables alone are no secret.
pub const HANDING_ON: &[&str] = &[
    "JSON.stringify",
    "Object.assign",
    "Object.entries",
    "Object.values",
    "Object.fromEntries",
    "structuredClone",
    "console.log",
    "console.info",
    "console.debug",
    "console.error",
    "console.table",
    "console.dir",
];

/// A read of the environment in a script.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EnvironmentRead {
    /// Byte of the script at which the read begins.
    pub at: usize,
    /// Name of the variable; `None` where all of them are handed on.
    pub name: Option<String>,
}

/// Finds the reads in a script, in the order of their places; `None` when it cannot be parsed.
pub type ReadsOf = fn(&str) -> Option<Vec<EnvironmentRead>>;
