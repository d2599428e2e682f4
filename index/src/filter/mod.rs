//! The quick filter of `logkeep search`: its language, its tree and what it means.
//!
//! ```text
//! anna 50126 -Teams userPrincipalName:"anna@contoso.com" "invalid password" prefix* /re.*gex/ durationMs>500
//!
//! word  "a phrase"            a value has these terms, in any case (Kusto's `has`)
//! word*  *word  *word*        has a term that begins, ends with it; contains it anywhere
//! /regex/  /regex/i           matches, in this case; in any case
//! *                           everything
//! field:…                     one of the above in that field; field:* is there and not null
//! field=x  field!=x           the whole value, in this case; numbers as numbers
//! field>x  >=  <  <=          numbers, times or texts, as x is one
//! field:(a or b)              several, of one field
//! a b   a and b   a or b   not a  -a  !a   (…)
//! ```
//!
//! Juxtaposition is `and`, which binds closer than `or`. A field's name is its path or the path's
//! last segments, in any case; array steps do not count. In quotes, `\"` is a quote and `\\` a
//! backslash, any other backslash is itself. Words like `https://x`, `12:30`, `fe80::1` are text,
//! though they hold a colon.
//!
//! **What a record must have.** A test without field is about each of a record's values (strings
//! decoded, numbers as spelled, `true`, `false`, `null`), not about keys; a test with a field about
//! each value at that field's paths. One value that passes is enough. `not` is "no such value": it
//! is also true where the field is missing, as are Kusto's negated operators, and so is `!=`.

mod display;
mod error;
mod field;
mod lexer;
mod literal;
mod moment;
mod parser;
mod pattern;
mod pieces;
mod required;
mod tree;

pub use error::ParseError;
pub use field::FieldName;
pub use literal::{Literal, Order};
pub use parser::{CLAUSES_MAX, NESTING_MAX, REGEXES_MAX, TEXT_BYTES_MAX};
pub use pattern::Pattern;
pub use required::Required;
pub use tree::{Filter, Test, Value, ValueKind};
