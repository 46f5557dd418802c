-- no-transaction
-- A case by its tracking code, the last twelve digits of its identifier. Nothing of it ever changes.
create index concurrently if not exists cases_by_code on cases ("right"(id::text, 12));
