//! How far a long job is: a bar with rate and time left, on a terminal only.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::Output;

/// Redrawn so often at most; drawing costs, and nobody reads faster.
const DRAWS_PER_SECOND: u8 = 8;
/// Between two looks of a bar that nothing moves.
const TICK: Duration = Duration::from_millis(250);

/// A bar on standard error, or nothing if that is no terminal. Goes away when dropped.
pub(crate) struct Progress {
    bar: ProgressBar,
    /// What it looks like once the total is known.
    measured: &'static str,
}

impl Progress {
    /// A job of so many bytes, if that is known.
    pub(crate) fn bytes(output: &Output, total: Option<u64>) -> Progress {
        let measured = "{msg} {bar:24} {decimal_bytes} of {decimal_total_bytes}, {decimal_bytes_per_sec}, {eta} left";
        Progress::new(output, total, measured, "{spinner} {msg} {decimal_bytes}, {decimal_bytes_per_sec}")
    }

    /// A job of so many things.
    pub(crate) fn things(output: &Output, total: Option<u64>) -> Progress {
        let measured = "{msg} {bar:24} {human_pos} of {human_len}, {per_sec:0}, {eta} left";
        Progress::new(output, total, measured, "{spinner} {msg} {human_pos}")
    }

    /// A job that nobody watches.
    pub(crate) fn hidden() -> Progress {
        Progress { bar: ProgressBar::hidden(), measured: "" }
    }

    fn new(output: &Output, total: Option<u64>, measured: &'static str, unmeasured: &str) -> Progress {
        let target = match output.shows_progress() {
            true => ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(total, target);
        bar.set_style(style(if total.is_some() { measured } else { unmeasured }));
        bar.enable_steady_tick(TICK);
        Progress { bar, measured }
    }

    /// How far it is.
    pub(crate) fn set(&self, done: u64) {
        self.bar.set_position(done);
    }

    /// How much there is in all, once that is known.
    pub(crate) fn set_total(&self, total: u64) {
        if self.bar.length().is_none() {
            self.bar.set_style(style(self.measured));
        }
        if self.bar.length() != Some(total) {
            self.bar.set_length(total);
        }
    }

    /// What is done at the moment.
    pub(crate) fn say(&self, text: impl Into<String>) {
        if !self.bar.is_hidden() {
            self.bar.set_message(text.into());
        }
    }
}

/// The templates are constants; were one wrong, indicatif's own would do.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ")
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
