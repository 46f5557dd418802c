-- no-transaction
-- What somebody has done, the latest first: for auditors. What the program does by itself is no person's,
-- and has no entry.
create index concurrently if not exists case_events_by_actor on case_events (actor, recorded_at)
    where actor is not null;
