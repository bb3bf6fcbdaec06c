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
    /// The list of its global variables in the package `globals` (github.com/sindresorhus/globals).
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
    conditions: &["node"],
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
    // There is no list of Workers; this is what all runtimes of today have.
    globals: "shared-node-browser",
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

impl Target {
    /// Whether a global variable is there, so that reading it has no effect.
    pub(crate) fn has_global(self, name: &str) -> bool {
        let is_in =
            |list: &str| GLOBALS.get(list).is_some_and(|globals| globals.contains_key(name));
        !NOT_PLAIN.contains(&name)
            && (is_in("builtin")
                || is_in(self.runtime().globals)
                || (self == Self::Bun && is_in("bun")))
    }
}

/// Whether a global variable is one that only some runtimes have.
pub(crate) fn is_watched(name: &str) -> bool {
    WATCHED.contains(&name)
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

impl Compatibility {
    /// Whether Node's modules are there.
    fn has_node(&self) -> bool {
        let has = |flag: &str| self.flags.iter().any(|known| known == flag);
        let is_default = self.date.is_empty() || self.date.as_str() >= NODE_BY_DEFAULT;
        !has("no_nodejs_compat") && (is_default || has("nodejs_compat") || has("nodejs_compat_v2"))
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
        check(Target::Workers, "left-pad", new, None);
        check(Target::Neutral, "node:fs", new, None);
    }
}
