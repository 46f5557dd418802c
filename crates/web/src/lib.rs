//! What people see in a browser and what other programs ask: pages and API. Empty so far.
//!
//! **Invariant.** No SQL: it calls the store's one write path and its read models, and knows no
//! worker.
