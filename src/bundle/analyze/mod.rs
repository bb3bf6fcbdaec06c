//! From a tree to a record: statements, what they declare, use and do, imports and exports; and what of `CommonJS` can do
//! without a closure.

mod commonjs;
pub(crate) mod commonjs_shape;
mod filled;
pub(crate) mod find_flat;
pub(crate) mod flatten;
pub(crate) mod global_uses;
mod harmless;
pub(crate) mod hold_back;
pub(crate) mod lost_files;
pub(crate) mod record;
mod taken_names;
pub(crate) mod worker_bindings;
