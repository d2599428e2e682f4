//! What takes records in and gives answers out over a long life: for now the intake of files.

pub mod intake;
