//! The intake: from a file, a folder or a stream of bytes to appends, exactly, and each record once.
//!
//! [`import`] reads [`Origin`]s, cuts them into records ([`Form`]), finds each record's stream, time and id
//! ([`Overrides`] go first), and gives them to a [`Sink`] together with the cursors that say where to go on. What cannot
//! be taken goes to the folder for rejected records and into the [`Summary`].

mod envelope;
mod event_time;
mod follow;
mod front;
mod importer;
mod input;
mod json_path;
mod json_scan;
mod line_time;
mod not_text;
mod pipe;
mod place;
mod portion;
mod reading;
mod recognise;
mod rejected;
mod skip;
mod splitter;
mod stream_template;
mod summary;
mod walk;

pub use importer::{ImportError, ImportErrorKind, ImportOptions, Origin, Sink, SinkError, Surroundings, import};
pub use json_path::{JsonPath, PathError};
pub use recognise::Overrides;
pub use rejected::Rejection;
pub use splitter::Form;
pub use stream_template::{StreamTemplate, TemplateError};
pub use summary::{OtherManner, Progress, REJECTED_SOURCES_MAX, RejectedSource, StreamCount, Summary, Unfinished};
