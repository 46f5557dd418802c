-- no-transaction
-- What transactions have written that the log does not hold yet: for whoever seals.
create index concurrently if not exists case_events_by_xid on case_events (xid) where xid is not null;
