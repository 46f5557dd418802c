//! What is said beside an answer, by whoever learns of it on the way to it.

use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderName, HeaderValue};

/// Headers for the answer of one request. Every request carries one in its extensions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Margin(Arc<Mutex<Vec<(HeaderName, HeaderValue)>>>);

impl Margin {
    /// Adds a header, unless its value cannot be one.
    pub(crate) fn note(&self, name: HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push((name, value));
        }
    }

    /// Takes back what was added under these names.
    pub(crate) fn forget(&self, names: &[HeaderName]) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.retain(|(name, _)| !names.contains(name));
    }

    /// Everything that was added.
    pub(crate) fn take(&self) -> Vec<(HeaderName, HeaderValue)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
