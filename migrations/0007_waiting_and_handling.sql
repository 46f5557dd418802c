-- Waiting and handling apart: when a task was first worked on, and how its working time divides.
--
-- Columns without a default are added without rewriting the table, but not while somebody holds it.
set local lock_timeout = '5s';

alter table tasks
    -- The first act of work on it after somebody took it (a remark, a paper, an answer, its action).
    add column first_touched_at timestamptz,
    -- Written when the task is closed, in microseconds of working time by its calendar, without what
    -- was suspended; null for what was closed before this migration. Until somebody took it ...
    add column waited bigint check (waited >= 0),
    -- ... from then on ...
    add column handled bigint check (handled >= 0),
    -- ... and of that, until it was first touched.
    add column untouched bigint check (untouched >= 0),
    -- How much of `waited` and of `handled` lay after its own deadline.
    add column late_waiting bigint check (late_waiting >= 0),
    add column late_handling bigint check (late_handling >= 0);
