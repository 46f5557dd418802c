-- no-transaction
-- The cases of a workflow that ended in a period: what a ranking of them reads. Filled once for each
-- case, when it ends.
create index concurrently if not exists cases_ended_by on cases (workflow, ended_at)
    where ended_at is not null;
