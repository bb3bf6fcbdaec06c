//! The one judge of what code does, what it is and what value it has. Values in, answers out: no tree is edited, and
//! nothing is remembered but what an answer depends on.

mod effects;
pub(crate) mod globals;
mod judge;
mod types;
pub(crate) mod values;

pub(crate) use self::judge::Judge;
