-- no-transaction
-- What somebody, or a webhook, has been sent, the latest first. Only what is settled: nothing moves in it any more.
create index concurrently if not exists deliveries_settled on deliveries (target, queued_at desc)
    where state in ('sent', 'skipped');
