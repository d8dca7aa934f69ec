//! The syntax of a query: its vocabulary, its tokens, the tree they are parsed into, and the
//! problems found in it.

pub(crate) mod json;
pub mod lexer;
pub mod parse;
pub mod problem;
pub mod stage;
pub mod suggest;
pub mod token;
pub mod vocabulary;
