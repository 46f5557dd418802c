-- The cases that were there before 0046_case_figures.sql, into its sums. In a transaction of its own, so that nobody
-- waits who writes cases: since the triggers are there, whatever changes is in `case_changes` too, and what one snapshot
-- shows of both is the cases of before.
set local role parvaneh_engine;
select pg_advisory_xact_lock(hashtext('parvaneh.case_figures'));

insert into case_figures
select unit_id, false, kind, raw, cell, workflow, version, sum(sign)
from (
    select 1 as sign, unit_id, workflow, version, opened_at, deadline_at, raw_deadline_at, ended_at,
           decision, by_silence
    from cases
    union all
    select -sign, unit_id, workflow, version, opened_at, deadline_at, raw_deadline_at, ended_at,
           decision, by_silence
    from case_changes
) c
cross join lateral (
    select figure_verdict(ended_at, deadline, decision, by_silence) as kind, raw,
           figure_month(ended_at) as cell
    from (values (false, deadline_at), (true, raw_deadline_at)) as judged (raw, deadline)
    where ended_at is not null and raw_deadline_at is not null
    union all
    select 'running', raw, figure_day(deadline)
    from (values (false, deadline_at), (true, raw_deadline_at)) as judged (raw, deadline)
    where ended_at is null and deadline is not null
    union all
    select 'received', false, figure_day(opened_at) where ended_at is null
    union all
    select 'held', false, figure_day(opened_at) where ended_at is null and deadline_at is null
) k
where k.kind is not null
group by 1, 3, 4, 5, 6, 7
having sum(sign) <> 0;

select regroup_case_figures();
reset role;
