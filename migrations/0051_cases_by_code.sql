-- no-transaction
-- A case by its tracking code, the last twelve digits of its identifier: for who asks where his file is. Filled once
-- for each case, when it is opened.
create index concurrently if not exists cases_by_code on cases (right(id::text, 12));
