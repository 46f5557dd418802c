-- no-transaction
-- What happened, by its kind, the latest first: for auditors. Of all kinds, the search merges their ends.
create index concurrently if not exists case_events_by_kind on case_events (kind, recorded_at);
