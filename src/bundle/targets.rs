//! What is known of the runtimes that bundles are for: a row each, which resolving, printing and checking ask.

use javascript_globals::GLOBALS;

use super::options::{Compatibility, Target};

/// What is known of a runtime.
#[derive(Debug)]
pub struct Runtime {
    /// Its name, as messages have it.
    pub name: &'static str,
    /// Conditions of `exports` that it has, beside `import` or `require`.
    pub conditions: &'static [&'static str],
    /// Fields of a `package.json` that lead to its code, the first first.
    pub main_fields: &'static [&'static str],
    /// Whether the `browser` field swaps files.
    pub takes_browser_field: bool,
    /// Whether names of Node's built-in modules are known without `node:`.
    pub knows_short_names: bool,
    /// What the first line of an output must be.
    pub first_line: Option<&'static str>,
    /// Whether `process.env.NODE_ENV` has to become a constant: there is no environment to read it from.
    pub replaces_node_env: bool,
    /// The list of its global variables in the package `globals` (github.com/sindresorhus/globals); empty where there is none.
    pub globals: &'static str,
    /// Global variables of other runtimes, with what to do without them.
    pub lacks: &'static [(&'static str, &'static str)],
}

const OF_BUN: (&str, &str) = ("Bun", "it is there in Bun alone: build with `target: bun`");
const OF_DENO: (&str, &str) = ("Deno", "it is there in Deno alone");
const OF_PAGES: [(&str, &str); 3] = [
    ("document", "there is no page"),
    ("localStorage", "there is no page; keep it in a store"),
    ("XMLHttpRequest", "use `fetch`"),
];

const BROWSER: Runtime = Runtime {
    name: "a browser",
    conditions: &["browser"],
    main_fields: &["browser", "module", "main"],
    takes_browser_field: true,
    knows_short_names: false,
    first_line: None,
    replaces_node_env: true,
    globals: "browser",
    lacks: &[
        OF_BUN,
        OF_DENO,
        ("Buffer", "it is Node's: use `Uint8Array`, or import the package `buffer`"),
        ("__dirname", "it is Node's: there are no folders"),
        ("__filename", "it is Node's: there are no files"),
        ("setImmediate", "it is Node's: use `setTimeout`"),
        ("HTMLRewriter", "it is there in Workers and in Bun"),
    ],
};

const NODE: Runtime = Runtime {
    name: "Node",
    conditions: &["node", "module-sync"],
    main_fields: &["main", "module"],
    takes_browser_field: false,
    knows_short_names: true,
    first_line: None,
    replaces_node_env: false,
    globals: "node",
    lacks: &[
        OF_BUN,
        OF_DENO,
        OF_PAGES[0],
        OF_PAGES[2],
        ("HTMLRewriter", "it is there in Workers and in Bun"),
        ("WebSocketPair", "it is there in Workers alone"),
    ],
};

const BUN: Runtime = Runtime {
    name: "Bun",
    conditions: &["bun", "node"],
    main_fields: &["module", "main"],
    takes_browser_field: false,
    knows_short_names: true,
    // Without it, Bun transpiles the output once more (bun.com/docs/bundler: `target`).
    first_line: Some("// @bun"),
    replaces_node_env: false,
    // The list `bun` has what it has beside Node.
    globals: "node",
    lacks: &[
        OF_DENO,
        OF_PAGES[0],
        OF_PAGES[1],
        OF_PAGES[2],
        ("WebSocketPair", "it is there in Workers alone; Bun has `Bun.serve({ websocket })`"),
    ],
};

const WORKERS: Runtime = Runtime {
    name: "Workers",
    conditions: &["workerd", "worker", "browser"],
    main_fields: &["browser", "module", "main"],
    takes_browser_field: true,
    knows_short_names: true,
    first_line: None,
    replaces_node_env: true,
    // They have a list of their own.
    globals: "",
    lacks: &[
        OF_BUN,
        OF_DENO,
        OF_PAGES[0],
        OF_PAGES[1],
        OF_PAGES[2],
        ("window", "there is no page: use `globalThis`"),
        ("Worker", "use Durable Objects, queues or another Worker behind a binding"),
        ("SharedWorker", "use Durable Objects"),
    ],
};

const NEUTRAL: Runtime = Runtime {
    name: "a runtime of any kind",
    conditions: &[],
    main_fields: &[],
    takes_browser_field: false,
    knows_short_names: false,
    first_line: None,
    replaces_node_env: false,
    globals: "shared-node-browser",
    lacks: &[],
};

impl Target {
    /// What is known of it.
    #[must_use]
    pub fn runtime(self) -> &'static Runtime {
        match self {
            Self::Browser => &BROWSER,
            Self::Node => &NODE,
            Self::Bun => &BUN,
            Self::Workers => &WORKERS,
            Self::Neutral => &NEUTRAL,
        }
    }
}

/// Global variables that throw where they may not be used, or that are none of a module.
const NOT_PLAIN: &[&str] =
    &["localStorage", "sessionStorage", "require", "module", "exports", "__dirname", "__filename"];

/// Global variables of Workers beside those of the language.
const OF_WORKERS: &str = include_str!("workers_globals.txt");

/// Global variables of a runtime that are no classes and hardly a mistake for something else.
const PLAIN_NAMES: &[&str] = &[
    "alert",
    "cancelAnimationFrame",
    "clearImmediate",
    "confirm",
    "customElements",
    "document",
    "getComputedStyle",
    "global",
    "history",
    "importScripts",
    "indexedDB",
    "localStorage",
    "location",
    "matchMedia",
    "prompt",
    "requestAnimationFrame",
    "sessionStorage",
    "setImmediate",
    "window",
];

fn is_in(list: &str, name: &str) -> bool {
    GLOBALS.get(list).is_some_and(|globals| globals.contains_key(name))
}

/// Whether the language itself has a global variable (ECMA-262, 19).
pub(crate) fn is_built_in(name: &str) -> bool {
    is_in("builtin", name)
}

impl Target {
    /// Whether a global variable is there, so that reading it has no effect.
    pub(crate) fn has_global(self, name: &str) -> bool {
        !NOT_PLAIN.contains(&name) && self.knows_global(name)
    }

    /// Whether a runtime has a global variable.
    pub(crate) fn knows_global(self, name: &str) -> bool {
        is_in("builtin", name)
            || is_in(self.runtime().globals, name)
            || match self {
                Self::Bun => is_in("bun", name),
                Self::Workers => OF_WORKERS.lines().any(|known| known == name),
                _ => false,
            }
    }

    /// What is wrong with a use of a global variable, and what to do; `None` where nothing is known to be. `used` is its name, with
    /// that of the member that is read.
    pub(crate) fn global_problem(self, used: &str) -> Option<String> {
        let root = used.split('.').next().unwrap_or_default();
        if let Some((_, hint)) = self.runtime().lacks.iter().find(|(name, _)| *name == root) {
            return Some((*hint).to_owned());
        }
        // Variables of the environment are what `env` is for.
        let is_environment = used == "process" || used.starts_with("process.env");
        if self.knows_global(root) || !is_of_some_runtime(root) || is_environment {
            return None;
        }
        let runtimes = [Self::Browser, Self::Node, Self::Bun, Self::Workers];
        let others: Vec<&str> = runtimes
            .into_iter()
            .filter(|other| other.knows_global(root))
            .map(|other| other.runtime().name)
            .collect();
        Some(match others.as_slice() {
            [] => "it is there in no runtime that bundlegate builds for".to_owned(),
            list => format!("it is there in {}", list.join(", ")),
        })
    }
}

/// Whether a name is that of a global variable which not all runtimes have. What is written small is hardly ever meant so,
/// but for a few.
fn is_of_some_runtime(name: &str) -> bool {
    let is_class = name.starts_with(|first: char| first.is_ascii_uppercase());
    let is_known = || {
        ["browser", "worker", "serviceworker", "node", "bun"].iter().any(|list| is_in(list, name))
            || OF_WORKERS.lines().any(|known| known == name)
    };
    (is_class || name == "process" || PLAIN_NAMES.contains(&name))
        && !is_in("builtin", name)
        && is_known()
}

/// Whether a global variable is one that only some runtimes have.
pub(crate) fn is_watched(name: &str) -> bool {
    WATCHED.contains(&name)
        || is_of_some_runtime(name)
        || [&BROWSER, &NODE, &BUN, &WORKERS]
            .iter()
            .any(|runtime| runtime.lacks.iter().any(|(lacked, _)| *lacked == name))
}

/// Others of which a plan wants to know.
const WATCHED: &[&str] =
    &["WebSocketPair", "caches", "EventSource", "ReadableStream", "TransformStream"];

/// From this date on a Worker has Node's modules unless a flag says otherwise
/// (developers.cloudflare.com/changelog/post/2026-08-04-nodejs-compat-default).
const NODE_BY_DEFAULT: &str = "2026-08-04";

/// What `nodejs_compat_v2` stands for: the modules of this date
/// (developers.cloudflare.com/workers/configuration/compatibility-flags).
const COMPAT_V2: &str = "2024-09-23";

impl Compatibility {
    fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|known| known == flag)
    }

    /// Whether Node's modules are there.
    fn has_node(&self) -> bool {
        !self.has("no_nodejs_compat") && (self.comes_with_dates() || self.has("nodejs_compat_v2"))
    }

    /// Whether modules come with their dates; `nodejs_compat_v2` alone stands still.
    fn comes_with_dates(&self) -> bool {
        let is_default = self.date.is_empty() || self.date.as_str() >= NODE_BY_DEFAULT;
        is_default || self.has("nodejs_compat")
    }

    /// Whether a flag takes a module away: `disable_nodejs_fs_module`, `disable_nodejs_http_modules`.
    fn is_disabled(&self, module: &str) -> bool {
        let name = module.strip_prefix("node:").unwrap_or(module);
        let root = name.split('/').next().unwrap_or_default();
        self.has(&format!("disable_nodejs_{root}_module"))
            || self.has(&format!("disable_nodejs_{root}_modules"))
    }
}

/// The modules that runtimes bring along.
const BUILT_INS: &str = include_str!("built_ins.txt");

/// The line of a built-in module: who has it.
fn who_has(name: &str) -> Option<impl Iterator<Item = &'static str> + use<>> {
    let mut lines = BUILT_INS.lines().filter(|line| !line.starts_with('#'));
    lines.find_map(|line| {
        let mut words = line.split(' ');
        (words.next() == Some(name)).then_some(words)
    })
}

/// The full name of a module that some runtime brings along: `node:fs` for `fs`.
#[must_use]
pub fn built_in(specifier: &str) -> Option<String> {
    let full = if specifier.contains(':') || specifier == "bun" {
        specifier.to_owned()
    } else {
        format!("node:{specifier}")
    };
    who_has(&full).is_some().then_some(full)
}

/// What is wrong with a built-in module where it is imported, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unavailable {
    /// A sentence.
    pub message: String,
    /// What one can do.
    pub hint: String,
    /// Whether it is there, and only its functions do nothing.
    pub is_stub: bool,
}

/// Why a target does not have a module that others bring along; `None` when it has it, or nobody does.
#[must_use]
pub fn unavailable(
    target: Target,
    specifier: &str,
    compatibility: &Compatibility,
) -> Option<Unavailable> {
    let full = built_in(specifier)?;
    let runtime = target.runtime();
    let who: Vec<&str> = who_has(&full)?.collect();
    let of = |name: &str| who.contains(&name);
    let owner = match full.split(':').next() {
        Some("bun") => "Bun",
        Some("cloudflare") => "Workers",
        _ => "Node",
    };
    let is_there = match target {
        Target::Node => of("node"),
        Target::Bun => of("bun"),
        Target::Workers => who.iter().any(|word| word.starts_with("workers")),
        Target::Browser => false,
        Target::Neutral => true,
    };
    let wrong = |message: String, hint: String| Some(Unavailable { message, hint, is_stub: false });
    if !is_there {
        return wrong(
            format!("`{specifier}` is a module of {owner}, which {} does not have", runtime.name),
            format!("build with `target: {}`, or replace it (`build.alias`)", owner.to_lowercase()),
        );
    }
    let date = who
        .iter()
        .find_map(|word| word.strip_prefix("workers="))
        .filter(|_| target == Target::Workers)?;
    let (date, is_stub) = match date.strip_suffix('!') {
        Some(date) => (date, true),
        None => (date, false),
    };
    if !compatibility.has_node() {
        return wrong(
            format!("`{specifier}` is a module of Node, which this Worker does not have"),
            format!(
                "add `nodejs_compat` to `compatibility_flags`, or set `compatibility_date` to {NODE_BY_DEFAULT} or later"
            ),
        );
    }
    if compatibility.is_disabled(&full) {
        return wrong(
            format!("`{specifier}` is disabled by a compatibility flag"),
            "take the flag out of `compatibility_flags`".to_owned(),
        );
    }
    if !compatibility.comes_with_dates() && date > COMPAT_V2 {
        return wrong(
            format!("`{specifier}` does not come with `nodejs_compat_v2` alone"),
            "add `nodejs_compat` to `compatibility_flags`".to_owned(),
        );
    }
    if !compatibility.date.is_empty() && compatibility.date.as_str() < date {
        return wrong(
            format!("`{specifier}` is not there at the compatibility date {}", compatibility.date),
            format!("set `compatibility_date` to {date} or later"),
        );
    }
    is_stub.then(|| Unavailable {
        message: format!("`{specifier}` can be imported in Workers, but its functions only throw"),
        hint: "keep what needs it out of the Worker".to_owned(),
        is_stub: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(
        target: Target,
        specifier: &str,
        (date, flags): (&str, &[&str]),
        expected: Option<&str>,
    ) {
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let compatibility = Compatibility { date: date.to_owned(), flags };
        let found = unavailable(target, specifier, &compatibility);
        match (&found, expected) {
            (None, None) => {}
            (Some(found), Some(part)) => {
                assert!(format!("{} {}", found.message, found.hint).contains(part), "{found:?}");
            }
            _ => panic!("{specifier} in {target:?}: {found:?}"),
        }
    }

    #[test]
    fn each_runtime_has_its_own() {
        let new = ("", &[][..]);
        for specifier in ["fs", "node:fs", "node:fs/promises", "path"] {
            check(Target::Browser, specifier, new, Some("target: node"));
            check(Target::Node, specifier, new, None);
            check(Target::Bun, specifier, new, None);
            check(Target::Workers, specifier, new, None);
        }
        check(Target::Node, "bun:sqlite", new, Some("target: bun"));
        check(Target::Node, "bun", new, Some("target: bun"));
        check(Target::Bun, "bun:sqlite", new, None);
        check(Target::Bun, "node:sqlite", new, Some("which Bun does not have"));
        check(Target::Browser, "cloudflare:workers", new, Some("target: workers"));
        check(Target::Workers, "cloudflare:workers", new, None);
        check(Target::Workers, "node:child_process", new, Some("only throw"));
        check(Target::Workers, "node:fs", ("2026-01-01", &[]), Some("nodejs_compat"));
        check(Target::Workers, "node:fs", ("2026-01-01", &["nodejs_compat"]), None);
        check(Target::Workers, "node:fs", ("2025-01-01", &["nodejs_compat"]), Some("2025-09-15"));
        check(
            Target::Workers,
            "node:fs",
            ("2026-10-01", &["no_nodejs_compat"]),
            Some("nodejs_compat"),
        );
        let v2 = ("2026-01-01", &["nodejs_compat_v2"][..]);
        check(Target::Workers, "node:fs", v2, Some("add `nodejs_compat`"));
        check(Target::Workers, "node:path", v2, None);
        let without = ("2026-01-01", &["nodejs_compat", "disable_nodejs_fs_module"][..]);
        check(Target::Workers, "node:fs/promises", without, Some("disabled"));
        check(Target::Workers, "left-pad", new, None);
        check(Target::Neutral, "node:fs", new, None);
    }
}
