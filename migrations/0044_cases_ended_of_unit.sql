-- no-transaction
-- The cases of a unit that have ended, the last first, as lists of them ask. Filled once for each case, when it ends.
create index concurrently if not exists cases_ended_of_unit on cases (unit_id, ended_at desc, id desc)
    where ended_at is not null;
