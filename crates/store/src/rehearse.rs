//! What a change would do, without doing it: for whoever wants to know before he does it.

use crate::{
    ExecuteError, Executed, Request, Store,
    batch::{self, Judged, Sittings},
};

impl Store {
    /// What [`Store::execute`] would answer now, by the same reading and the same rules. Nothing is
    /// written, no idempotency key is used up, and no other request has to wait.
    ///
    /// Whoever shows the answer to somebody must know that he sees the case.
    ///
    /// # Errors
    /// Those of [`Store::execute`].
    pub async fn rehearse(&self, request: &Request) -> Result<Executed, ExecuteError> {
        let engine = &self.engine;
        let request = Request { key: None, ..request.clone() };
        let loaded = {
            let mut reader = engine.readers.acquire().await?;
            batch::load(&mut reader, std::iter::once(&request)).await?
        };
        let Some(loaded) = loaded.into_iter().next() else {
            return Err(ExecuteError::NoSuchCase(request.ask.case()));
        };
        let reference = engine.cache.fresh(&engine.readers, Some(loaded.revision)).await?;
        let mut sittings = Sittings::default();
        let judged =
            batch::judge(&engine.readers, &reference, &mut sittings, None, &request, loaded)
                .await?;
        match judged {
            Judged::Settled(answer) => *answer,
            Judged::Repeat(used, sight) => batch::reread(&engine.readers, &used, sight).await,
            Judged::Write(decision) => Ok(decision.into_executed()),
        }
    }
}
