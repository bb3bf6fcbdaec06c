//! The helper functions a bundle may need, as module 0. They are shaken and renamed like any other module.

/// Source of module 0.
pub const SOURCE: &str = include_str!("helpers.js");

/// Its path in metafiles and maps.
pub const PATH: &str = "<runtime>";

/// Runs a `CommonJS` module once, on first call; one that throws runs again on the next.
pub const COMMON_JS: &str = "__commonJS";
/// Runs a wrapped ECMAScript module once, on first call; what it throws is thrown by every later call.
pub const ESM: &str = "__esm";
/// An ECMAScript module that [`EVALUATE`] runs: what it imports, what it does, whether it awaits.
pub const MODULE: &str = "__module";
/// Evaluates a module and what it imports as the language defines it where modules await.
pub const EVALUATE: &str = "__evaluate";
/// Adds getters to an object.
pub const EXPORT: &str = "__export";
/// Makes a namespace object from getters.
pub const NAMESPACE: &str = "__namespace";
/// Adds what a `CommonJS` or external module exports at run time to a namespace object.
pub const RE_EXPORT: &str = "__reExport";
/// `CommonJS` exports as an ECMAScript module sees them.
pub const TO_ESM: &str = "__toESM";
/// A namespace as `require` sees it.
pub const TO_COMMON_JS: &str = "__toCommonJS";
/// The same, as `require` gives it: one object for each module.
pub const REQUIRED: &str = "__required";
/// Gives a function or class the name it had in the source.
pub const NAME: &str = "__name";
/// Throws as `require` does for a module that is not there.
pub const MISSING: &str = "__missing";
/// `require.main` of an entry point in an output that is no `CommonJS`.
pub const MAIN_MODULE: &str = "__mainModule";
/// What classes and asynchronous functions become where the output may not have them; module code imports these by name.
pub const FOR_SYNTAX: &[&str] = &[
    "__toKey",
    "__setName",
    "__defineField",
    "__addPrivate",
    "__readPrivate",
    "__writePrivate",
    "__privateMethod",
    "__privateBind",
    "__privateRef",
    "__hasPrivate",
    "__superRef",
    "__applyDecorators",
    "__async",
    "__asyncGenerator",
    "__pause",
    "__yieldStar",
    "__asyncIterator",
    "__object",
    "__accessor",
];
/// `require` where the runtime has one.
pub const REQUIRE: &str = "__require";
