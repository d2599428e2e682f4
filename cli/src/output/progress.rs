//! How far a long job is: a bar with rate and time left, on a terminal only.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::Output;

/// Redrawn so often at most; drawing costs, and nobody reads faster.
const DRAWS_PER_SECOND: u8 = 8;

/// A bar on standard error, or nothing if that is no terminal. Goes away when dropped.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// A job of so many bytes, if that is known.
    pub(crate) fn bytes(output: &Output, total: Option<u64>) -> Progress {
        let bar = "{msg} {bar:24} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
        Progress::new(output, total, bar, "{spinner} {msg} {bytes}, {bytes_per_sec}")
    }

    /// A job of so many things.
    pub(crate) fn things(output: &Output, total: Option<u64>) -> Progress {
        let bar = "{msg} {bar:24} {human_pos} of {human_len}, {per_sec:0}, {eta} left";
        Progress::new(output, total, bar, "{spinner} {msg} {human_pos}")
    }

    fn new(output: &Output, total: Option<u64>, bar: &str, spinner: &str) -> Progress {
        let target = match output.shows_progress() {
            true => ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND),
            false => ProgressDrawTarget::hidden(),
        };
        let progress = ProgressBar::with_draw_target(total, target);
        let template = if total.is_some() { bar } else { spinner };
        // The templates are constants; were one wrong, indicatif's own would do.
        progress.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        progress.enable_steady_tick(Duration::from_millis(250));
        Progress(progress)
    }

    /// How far it is.
    pub(crate) fn set(&self, done: u64) {
        self.0.set_position(done);
    }

    /// How much there is in all, once that is known.
    pub(crate) fn set_total(&self, total: u64) {
        if self.0.length() != Some(total) {
            self.0.set_length(total);
        }
    }

    /// What is done at the moment.
    pub(crate) fn say(&self, text: impl Into<String>) {
        if !self.0.is_hidden() {
            self.0.set_message(text.into());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
