-- no-transaction
-- Open cases of a unit, for work on all of them: portions of a key that moves no more than a case does.
create index concurrently if not exists cases_open_of_unit on cases (unit_id, id)
    where ended_at is null;
