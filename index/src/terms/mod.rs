//! What a term is, for the indexer, the query and the exact test alike.
//!
//! Kusto's `has` decides: a term is a maximal run of Unicode letters and digits; every other
//! character delimits, `_` and combining marks included. Case does not count.
//!
//! ```text
//! text    10.0.0.7 CONTOSO\anna_b 3f2504e0-4f89-11d3-9a0c-0305e82c3301
//! terms   10 0 0 7 contoso  anna b 3f2504e0 4f89 11d3 9a0c 0305e82c3301
//! index   10 0 0 7 contoso  anna b                                        words
//!         10.0.0.7                                                        address, whole
//!                                  3f2504e0-4f89-11d3-9a0c-0305e82c3301   GUID, whole only
//! ```
//!
//! A GUID's parts are not indexed one by one (they would be most of the index and are nearly never
//! asked for): a needle that could be such a part is said to be so in what it requires
//! ([`Required::InGuid`](crate::filter::Required::InGuid)).

mod alphabet;
mod fold;
mod indexed;
mod needle;
pub(crate) mod number;

pub use alphabet::{Terms, is_term_char, terms};
pub use fold::{fold, fold_char};
pub use indexed::{TermKind, for_each_index_term, is_guid_part, wholes};
pub use needle::{Needle, NeedleKind};

pub(crate) use alphabet::{Run, holds_term_char, next_run};
pub(crate) use indexed::{Octets, guid_at};
