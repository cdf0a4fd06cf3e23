//! The rules of this repository as tests: a slip fails with its file, its line and what to do.
//!
//! Each rule is shown a planted slip first and must see it, so that no rule goes blind unnoticed; then it reads the
//! repository. Exceptions carry a reason and may only shrink: one that is no longer needed fails too. A rule that
//! is wrong is changed here, with its reason. Not here: what the compiler, clippy or rustfmt already say.

mod direction;
mod documents;
mod leftovers;
mod rule;
mod rust_code;
mod shape;
mod tree;
