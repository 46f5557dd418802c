//! A bar for long work, where a person looks at it.

use indicatif::{ProgressBar, ProgressStyle};

use super::Stream;

/// Shows on stderr how far long work has come; nothing where stderr is no terminal.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar of `length` units of work.
    pub(crate) fn new(what: &'static str, length: u64) -> Self {
        if !Stream::Err.is_terminal() {
            return Self { bar: ProgressBar::hidden() };
        }
        let bar = ProgressBar::new(length).with_message(what);
        let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} ({eta})");
        Self { bar: bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())) }
    }

    /// So much is done.
    pub(crate) fn at(&self, done: u64) {
        self.bar.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
