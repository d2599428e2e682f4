//! The index as a whole: it only prunes, survives crashes and damage, and is right while others write.

mod agreement;
mod concurrency;
mod corpus;
mod damage;
mod dice;
mod questions;
mod reference;
mod samples;
mod shelf;
mod upkeep;
