-- no-transaction
-- The cases that run by a version of a definition: how many are left of a retired one, and which would
-- move to another. The columns stay what they are, so that no change of a running case touches it.
create index concurrently if not exists cases_running_by on cases (workflow, version, id)
    where ended_at is null;
