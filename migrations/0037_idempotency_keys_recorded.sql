-- no-transaction
-- Which keys are old. Rows come in the order of time, so that an index of ranges is enough, and costs the
-- write path next to nothing.
create index concurrently if not exists idempotency_keys_recorded on idempotency_keys
    using brin (recorded_at) with (autosummarize = on);
