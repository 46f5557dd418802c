-- The tasks that were closed before 0052_task_figures.sql, into its sums: as 0047_case_figures_of_before.sql does it for
-- cases, in a transaction of its own. Whose the late days of cases were is found out by the program: until it has, readers
-- find it out by themselves.
set local role parvaneh_engine;
select pg_advisory_xact_lock(hashtext('parvaneh.task_figures'));

insert into task_figures
select c.unit_id, false, k.way, 'month', c.cell, c.workflow, k.step, k.branch, c.owner, k.place, sum(closed), sum(late),
       sum(late_in_queue), sum(waited), sum(handled), sum(untouched), sum(late_waiting), sum(late_handling), sum(held_up),
       sum(lost_waiting), sum(lost_handling)
from (
    select c.unit_id, c.workflow, figure_month(t.closed_at) as cell, t.step, coalesce(t.branch, '') as branch,
           coalesce(t.owner_role, 'applicant') as owner, t.unit_id as place,
           count(*) as closed,
           count(*) filter (where t.closed_at > t.due_at) as late,
           count(*) filter (where t.closed_at > t.due_at and coalesce(t.claimed_at, t.closed_at) > t.due_at)
               as late_in_queue,
           coalesce(sum(t.waited), 0) as waited, coalesce(sum(t.handled), 0) as handled,
           coalesce(sum(t.untouched), 0) as untouched, coalesce(sum(t.late_waiting), 0) as late_waiting,
           coalesce(sum(t.late_handling), 0) as late_handling,
           0 as held_up, 0 as lost_waiting, 0 as lost_handling
    from tasks t join cases c on c.id = t.case_id
    where t.closed_at is not null and t.purpose <> 'vote'
      and t.outcome not in ('not_needed', 'withdrawn', 'silence_of_authority')
    group by 1, 2, 3, 4, 5, 6, 7
    union all
    -- What has been written since: it is put there by the worker.
    select unit_id, workflow, figure_month(at), step, branch, owner, place, -closed, -late, -late_in_queue, -waited,
           -handled, -untouched, -late_waiting, -late_handling, -held_up, -lost_waiting, -lost_handling
    from task_changes
) c
cross join lateral (
    values ('step', c.step, c.branch, ''), ('owner', '', '', c.place)
) k (way, step, branch, place)
group by 1, 3, 5, 6, 7, 8, 9, 10
having (sum(closed), sum(late), sum(late_in_queue), sum(waited), sum(handled), sum(untouched), sum(late_waiting),
        sum(late_handling), sum(held_up), sum(lost_waiting), sum(lost_handling)) <> (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

select regroup_task_figures();

insert into late_changes
select id from cases where ended_at > deadline_at
except
select case_id from late_case_days;
reset role;
