-- What steps and owners did, by unit, workflow and time, summed: as 0046_case_figures.sql does it for cases. The figures
-- of a year over the whole nation read three million tasks before, and ended in a time limit.
--
-- A task that was closed counts in the month of its end. Whatever changes that is written beside it, by a trigger
-- (`task_changes`), and put into the sums (`task_figures`) by the worker; a reader adds what has not been put there yet.
--
-- Whose the late days of a case are is not told by a column: the program finds it out (crates/core/src/measure.rs), by
-- the days of the case's calendar. Cases of which it has to be found out anew are named in `late_changes`; what was found
-- out last stands in `late_case_days`, and counts in the sums in the month in which the case ended. A reader finds it
-- out by himself for those that are named. Cases that are late and run still are read as they are: they lose
-- a day each day.
set local lock_timeout = '5s';

-- The years of the calendar: the first of each twelve months.
create table figure_years (starts_at timestamptz primary key);
insert into figure_years
select starts_at from (select starts_at, row_number() over (order by starts_at) as number from figure_months) months
where number % 12 = 1;

create function figure_year(at timestamptz) returns timestamptz language sql stable parallel safe
return coalesce((select max(y.starts_at) from figure_years y where y.starts_at <= at), '-infinity');

-- ---------------------------------------------------------------------------------------------
-- The sums, and what has still to be added
-- ---------------------------------------------------------------------------------------------

create table task_figures (
    -- The unit that received the cases.
    unit_id text not null,
    -- With all below it; else the unit by itself.
    whole boolean not null,
    -- How they are told apart: by step, branch and owner, or by owner and the unit where the task stood, which are
    -- several hundred in a nation, and therefore summed by year as well for units with all below.
    way text not null check (way in ('step', 'owner')),
    span text not null check (span in ('month', 'year')),
    cell timestamptz not null,
    workflow text not null,
    -- Empty where it is not told apart, or there is none.
    step text not null,
    branch text not null,
    owner text not null,
    place text not null,
    -- How many were closed, after their own deadline, and so before anybody had taken them.
    closed bigint not null,
    late bigint not null,
    late_in_queue bigint not null,
    -- As in `tasks`: microseconds of working time.
    waited bigint not null,
    handled bigint not null,
    untouched bigint not null,
    late_waiting bigint not null,
    late_handling bigint not null,
    -- In how many cases a task was open while they were late (by step), and how many late days are theirs, in parts of
    -- which a day has 2520: it can be divided by as many as ten.
    held_up bigint not null,
    lost_waiting bigint not null,
    lost_handling bigint not null,
    primary key (unit_id, whole, way, span, cell, workflow, step, branch, owner, place)
) with (fillfactor = 80);

-- A heap: it is read as a whole, and soon empty again.
create table task_changes (
    unit_id text not null,
    workflow text not null,
    -- By what it belongs to a month: when the task was closed, or its case ended.
    at timestamptz not null,
    step text not null,
    branch text not null,
    owner text not null,
    place text not null,
    -- More or less than before.
    closed bigint not null,
    late bigint not null,
    late_in_queue bigint not null,
    waited bigint not null,
    handled bigint not null,
    untouched bigint not null,
    late_waiting bigint not null,
    late_handling bigint not null,
    held_up bigint not null default 0,
    lost_waiting bigint not null default 0,
    lost_handling bigint not null default 0
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_insert_threshold = -1);

-- A heap too. The same case can stand there more than once.
create table late_changes (case_id uuid not null)
    with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
          autovacuum_vacuum_insert_threshold = -1);

create table late_case_days (
    case_id uuid not null,
    no integer not null,
    -- As they were when it was found out.
    unit_id text not null,
    workflow text not null,
    at timestamptz not null,
    step text not null,
    branch text not null,
    owner text not null,
    place text not null,
    held_up bigint not null,
    lost_waiting bigint not null,
    lost_handling bigint not null,
    primary key (case_id, no)
);

-- Which tasks are work that is counted: a vote is none of its own, and what was no longer needed was none. A task that is
-- open when its case has ended changes nothing of the case's late days: whatever is done to it then is later than
-- they are. So what happens to open tasks needs no look at their case, and costs nothing.
create function task_counts_otherwise() returns trigger language plpgsql as $$
declare
    t tasks;
    sign integer;
    unit text;
    of_workflow text;
    while_late boolean;
begin
    foreach sign in array array[-1, 1] loop
        if sign = -1 then
            continue when tg_op = 'INSERT';
            t := old;
        else
            continue when tg_op = 'DELETE';
            t := new;
        end if;
        continue when t.closed_at is null or t.purpose = 'vote';
        select c.unit_id, c.workflow, c.ended_at > c.deadline_at
        into unit, of_workflow, while_late
        from cases c where c.id = t.case_id;
        continue when not found;
        if t.outcome not in ('not_needed', 'withdrawn', 'silence_of_authority') then
            insert into task_changes values (
                unit, of_workflow, t.closed_at, t.step, coalesce(t.branch, ''),
                coalesce(t.owner_role, 'applicant'), t.unit_id,
                sign,
                case when t.closed_at > t.due_at then sign else 0 end,
                case when t.closed_at > t.due_at and coalesce(t.claimed_at, t.closed_at) > t.due_at
                     then sign else 0 end,
                sign * coalesce(t.waited, 0), sign * coalesce(t.handled, 0),
                sign * coalesce(t.untouched, 0), sign * coalesce(t.late_waiting, 0),
                sign * coalesce(t.late_handling, 0));
        end if;
        if while_late then
            insert into late_changes values (t.case_id);
        end if;
    end loop;
    return null;
end
$$;

create function late_days_otherwise() returns trigger language plpgsql as $$
begin
    insert into late_changes values (case tg_op when 'DELETE' then old.id else new.id end);
    return null;
end
$$;

-- Puts up to so many changes into the sums, and says how many they were. One at a time: who comes second leaves it.
create function fold_task_changes(most integer) returns integer language plpgsql as $$
declare
    taken integer;
    emptied task_figures[];
begin
    if not pg_try_advisory_xact_lock(hashtext('parvaneh.task_figures')) then
        return 0;
    end if;
    with changes as (
        delete from task_changes
        where ctid = any (array(select ctid from task_changes limit most))
        returning *
    ), counted as (
        select c.unit_id, k.way, k.span, k.cell, c.workflow, k.step, k.branch, c.owner, k.place,
               sum(c.closed)::bigint as closed, sum(c.late)::bigint as late,
               sum(c.late_in_queue)::bigint as late_in_queue, sum(c.waited)::bigint as waited,
               sum(c.handled)::bigint as handled, sum(c.untouched)::bigint as untouched,
               sum(c.late_waiting)::bigint as late_waiting, sum(c.late_handling)::bigint as late_handling,
               sum(c.held_up)::bigint as held_up, sum(c.lost_waiting)::bigint as lost_waiting,
               sum(c.lost_handling)::bigint as lost_handling
        from changes c cross join lateral (
            values ('step', 'month', figure_month(c.at), c.step, c.branch, ''),
                   ('owner', 'month', figure_month(c.at), '', '', c.place),
                   ('owner', 'year', figure_year(c.at), '', '', c.place)
        ) k (way, span, cell, step, branch, place)
        group by 1, 2, 3, 4, 5, 6, 7, 8, 9
    ), added as (
        insert into task_figures as f
        select unit_id, false, way, span, cell, workflow, step, branch, owner, place, closed, late, late_in_queue,
               waited, handled, untouched, late_waiting, late_handling, held_up, lost_waiting, lost_handling
        from counted where span = 'month'
        union all
        select up.above, true, way, span, cell, workflow, step, branch, owner, place, sum(closed), sum(late),
               sum(late_in_queue), sum(waited), sum(handled), sum(untouched), sum(late_waiting), sum(late_handling),
               sum(held_up), sum(lost_waiting), sum(lost_handling)
        from counted join unit_closure up on up.unit = counted.unit_id
        group by 1, 3, 4, 5, 6, 7, 8, 9, 10
        on conflict (unit_id, whole, way, span, cell, workflow, step, branch, owner, place) do update set
            closed = f.closed + excluded.closed, late = f.late + excluded.late,
            late_in_queue = f.late_in_queue + excluded.late_in_queue, waited = f.waited + excluded.waited,
            handled = f.handled + excluded.handled, untouched = f.untouched + excluded.untouched,
            late_waiting = f.late_waiting + excluded.late_waiting,
            late_handling = f.late_handling + excluded.late_handling, held_up = f.held_up + excluded.held_up,
            lost_waiting = f.lost_waiting + excluded.lost_waiting,
            lost_handling = f.lost_handling + excluded.lost_handling
        returning f.*
    )
    select (select count(*) from changes),
           (select array_agg(added::task_figures) from added
            where (closed, late, late_in_queue, waited, handled, untouched, late_waiting, late_handling, held_up,
                   lost_waiting, lost_handling) = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    into taken, emptied;
    delete from task_figures f using unnest(emptied) e
    where (f.unit_id, f.whole, f.way, f.span, f.cell, f.workflow, f.step, f.branch, f.owner, f.place)
        = (e.unit_id, e.whole, e.way, e.span, e.cell, e.workflow, e.step, e.branch, e.owner, e.place);
    return taken;
end
$$;

-- Sums the units anew with all below them, after the organisation has changed.
create function regroup_task_figures() returns void language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtext('parvaneh.task_figures'));
    delete from task_figures where whole;
    insert into task_figures
    select up.above, true, f.way, s.span, s.cell, f.workflow, f.step, f.branch, f.owner, f.place, sum(closed),
           sum(late), sum(late_in_queue), sum(waited), sum(handled), sum(untouched), sum(late_waiting),
           sum(late_handling), sum(held_up), sum(lost_waiting), sum(lost_handling)
    from task_figures f
    join unit_closure up on up.unit = f.unit_id
    cross join lateral (
        select 'month' as span, f.cell
        union all
        select 'year', figure_year(f.cell) where f.way = 'owner'
    ) s
    where not f.whole
    group by 1, 3, 4, 5, 6, 7, 8, 9, 10;
end
$$;

grant select, insert, update, delete on task_figures to parvaneh_app;
grant select, insert, delete on task_changes to parvaneh_app;
grant select, insert, delete on late_changes to parvaneh_app;
grant select, insert, delete on late_case_days to parvaneh_app;
grant select on figure_years to parvaneh_app;

-- The wall: figures of what lies in the reader's reach, and what is known of cases that he sees.
do $$
declare
    walled text;
    visible text;
begin
    foreach walled in array array['task_figures', 'task_changes', 'late_changes', 'late_case_days'] loop
        execute format('alter table %I enable row level security', walled);
        execute format('alter table %I force row level security', walled);
        execute format('create policy engine on %I to parvaneh_engine using (true) with check (true)', walled);
        if walled like 'task%' then
            visible := $policy$
                '*' = any ((select reader_list('parvaneh.workflows'))::text[])
                or workflow = any ((select reader_list('parvaneh.workflows'))::text[])
                or workflow || chr(31) || unit_id = any ((select reader_list('parvaneh.places'))::text[])
                or '*' || chr(31) || unit_id = any ((select reader_list('parvaneh.places'))::text[])$policy$;
        else
            visible := format('(select true from cases c where c.id = %I.case_id)', walled);
        end if;
        execute format('create policy reach on %I for select to parvaneh_app using (%s)', walled, visible);
    end loop;
end
$$;

-- Only of what changes how a closed task counts: a claim, a remark, a paper write nothing here.
create trigger task_counts after insert on tasks
    for each row when (new.closed_at is not null) execute function task_counts_otherwise();
create trigger task_counts_no_more after delete on tasks
    for each row when (old.closed_at is not null) execute function task_counts_otherwise();
create trigger task_counts_otherwise after update on tasks
    for each row when (
        (old.closed_at is not null or new.closed_at is not null)
        and (old.closed_at, old.due_at, old.claimed_at, old.outcome, old.step, old.branch, old.owner_role, old.unit_id,
             old.purpose, old.opened_at, old.waited, old.handled, old.untouched, old.late_waiting, old.late_handling)
            is distinct from
            (new.closed_at, new.due_at, new.claimed_at, new.outcome, new.step, new.branch, new.owner_role, new.unit_id,
             new.purpose, new.opened_at, new.waited, new.handled, new.untouched, new.late_waiting, new.late_handling))
    execute function task_counts_otherwise();

create trigger late_days after insert on cases
    for each row when (new.ended_at > new.deadline_at) execute function late_days_otherwise();
create trigger late_days_no_more after delete on cases
    for each row when (old.ended_at > old.deadline_at) execute function late_days_otherwise();
create trigger late_days_otherwise after update on cases
    for each row when (
        (old.ended_at > old.deadline_at or new.ended_at > new.deadline_at)
        and (old.deadline_at, old.ended_at, old.version) is distinct from (new.deadline_at, new.ended_at, new.version))
    execute function late_days_otherwise();
