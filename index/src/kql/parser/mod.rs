//! Tokens to the syntax tree, by recursive descent; expressions by the strength of their operators.
//!
//! A problem is noted and the rest is parsed on, from the next `|` or `;`, so that one run finds several. Depth is
//! limited, and every token is looked at a bounded number of times: time is linear in the text.

mod clause;
mod cursor;
mod expression;
mod operator;
mod source;
mod statement;
mod text;

use super::lexer::tokens;
use super::problem::Problem;
use super::tree::Query;
use cursor::Cursor;

/// Levels of parentheses, functions and pipelines inside one another.
pub const DEPTH_MAX: usize = 50;
/// Operators of one pipeline; members and signs of one expression.
pub const CHAIN_MAX: usize = 300;
/// Problems that are collected.
const PROBLEMS_MAX: usize = 20;

type Parsed<T> = Result<T, Problem>;

/// Parses a query; if there is any problem, all that were found, in the order of their places.
pub fn parse(source: &str) -> Result<Query, Vec<Problem>> {
    let tokens = tokens(source).map_err(|problem| vec![problem])?;
    let mut cursor = Cursor::new(source, &tokens);
    let query = statement::query(&mut cursor);
    match cursor.into_problems() {
        problems if problems.is_empty() => Ok(query),
        problems => Err(problems),
    }
}

#[cfg(test)]
mod tests;
