//! Ctrl-C: the first asks a command to stop at a safe place, the second ends the process.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;

use crate::exit::Failure;
use crate::output::{self, Output};

/// The exit code of a process that was ended by an interrupt.
const ENDED_BY_INTERRUPT: i32 = 130;

/// Whether the user wants the command to stop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens for interrupts from now on.
    pub(crate) fn listen() -> io::Result<Interrupt> {
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // Order matters: this one acts only if the flag was set by an earlier signal.
            flag::register_conditional_shutdown(signal, ENDED_BY_INTERRUPT, Arc::clone(&stop))?;
            flag::register(signal, Arc::clone(&stop))?;
        }
        Ok(Interrupt(stop))
    }

    /// Listens, and answers the first one with words at once: a safe place may be seconds away.
    pub(crate) fn listen_aloud(output: &Output) -> Result<Interrupt, Failure> {
        let failed = |error| Failure::error(format!("cannot listen for Ctrl-C: {error}"));
        let interrupt = Interrupt::listen().map_err(failed)?;
        if !output.is_quiet() {
            let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(failed)?;
            // It waits for signals until the process ends.
            std::thread::spawn(move || {
                if signals.forever().next().is_some() {
                    output::aside("stopping at the next safe place; once more ends at once");
                }
            });
        }
        Ok(interrupt)
    }

    /// From now on the first one ends the process, with this exit code: what is left to do can be done later.
    pub(crate) fn end_at_once(&self, code: u8) -> io::Result<()> {
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_shutdown(signal, code.into(), Arc::new(AtomicBool::new(true)))?;
        }
        Ok(())
    }

    /// Whether it was asked to stop.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The flag itself.
    pub(crate) fn flag(&self) -> &AtomicBool {
        &self.0
    }
}
