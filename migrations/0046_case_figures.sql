-- How many cases there are, by unit, workflow and time, summed: so that figures cost what they show, and not what
-- there is. Over 300,000 cases one reading of a year took 430 ms, and the dashboard has seven.
--
-- A case counts in cells of time, in fixed days and months: by when it ended, and while it runs by its deadlines and by
-- when it was received. Whatever changes that is written beside it, by a trigger, as what the case was and what it is
-- (`case_changes`); the worker puts these into the sums (`case_figures`) in portions. A reader adds to the sums what has
-- not been put there yet, in the same statement, so that figures are of the same instant as everything else; and what no
-- cell holds alone, such as this morning, it reads from the cases (crates/store/src/read/on_time.rs).
--
-- Days and months begin at midnight of +03:30, whatever a time zone's rules become: where somebody counts other days, the
-- cases themselves are read.
set local lock_timeout = '5s';

-- ---------------------------------------------------------------------------------------------
-- The cells
-- ---------------------------------------------------------------------------------------------

-- The months of the Jalali calendar for as long as calendars go. Its years begin on 20 or 21 March, by the sun.
create table figure_months (starts_at timestamptz primary key);
insert into figure_months
select timestamptz '1990-03-20 00:00+03:30' + make_interval(days => days_before + since_nowruz)
from (
    select (make_date(1989 + n, 3, 20 + substr(
        '111111011101110111011101110111011101110011001100110011001100110011001100010001000100010001000100010001000000001', n, 1)::integer) - date '1990-03-20') as days_before
    from generate_series(1, 111) n
) years,
unnest(array[0, 31, 62, 93, 124, 155, 186, 216, 246, 276, 306, 336]) as since_nowruz;

create function figure_month(at timestamptz) returns timestamptz language sql stable parallel safe
return coalesce((select max(m.starts_at) from figure_months m where m.starts_at <= at), '-infinity');

-- The day, in two parts: its first instant, and the rest, which begins a microsecond later. A deadline at midnight
-- belongs to the day that it ends.
create function figure_day(at timestamptz) returns timestamptz language sql immutable parallel safe
return date_bin('1 day', at, '2000-01-01 00:00+03:30')
    + case when date_bin('1 day', at, '2000-01-01 00:00+03:30') = at
           then interval '0' else interval '1 microsecond' end;

-- ---------------------------------------------------------------------------------------------
-- The sums, and what has still to be added
-- ---------------------------------------------------------------------------------------------

create table case_figures (
    unit_id text not null,
    -- With all below it; else the unit by itself.
    whole boolean not null,
    -- How those that ended count (crates/core/src/measure.rs), by the month in which they did; 'running', by the day of
    -- the deadline; 'received', all that run, and 'held', those of them whose clock doesn't, by the day on which they came.
    kind text not null check (kind in (
        'on_time', 'late', 'by_silence', 'given_up_late', 'running', 'received', 'held')),
    -- By the deadline without suspensions and extensions.
    raw boolean not null,
    cell timestamptz not null,
    workflow text not null,
    version integer not null,
    -- Below nothing only as long as something has still to be added.
    cases bigint not null,
    primary key (unit_id, whole, kind, raw, cell, workflow, version)
) with (fillfactor = 80);

-- What a case was (-1) or is (+1). A heap: it is read as a whole, and soon empty again.
create table case_changes (
    sign smallint not null check (sign in (-1, 1)),
    unit_id text not null,
    workflow text not null,
    version integer not null,
    opened_at timestamptz not null,
    deadline_at timestamptz,
    raw_deadline_at timestamptz,
    ended_at timestamptz,
    decision boolean,
    by_silence boolean
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_insert_threshold = -1);

-- How a case counts that has ended; null where it doesn't.
create function figure_verdict(
    ended_at timestamptz, deadline timestamptz, decision boolean, by_silence boolean)
returns text language sql immutable parallel safe
return case
    when decision and by_silence then 'by_silence'
    when decision and (deadline is null or ended_at <= deadline) then 'on_time'
    when decision then 'late'
    when ended_at > deadline then 'given_up_late'
end;

create function case_counts_otherwise() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' then
        insert into case_changes values (
            -1, old.unit_id, old.workflow, old.version, old.opened_at, old.deadline_at,
            old.raw_deadline_at, old.ended_at, old.decision, old.by_silence);
    end if;
    if tg_op <> 'DELETE' then
        insert into case_changes values (
            1, new.unit_id, new.workflow, new.version, new.opened_at, new.deadline_at,
            new.raw_deadline_at, new.ended_at, new.decision, new.by_silence);
    end if;
    return null;
end
$$;

-- Puts up to so many changes into the sums, and says how many they were. One at a time: who comes second leaves it.
create function fold_case_changes(most integer) returns integer language plpgsql as $$
declare
    taken integer;
    emptied case_figures[];
begin
    if not pg_try_advisory_xact_lock(hashtext('parvaneh.case_figures')) then
        return 0;
    end if;
    with changes as (
        delete from case_changes
        where ctid = any (array(select ctid from case_changes limit most))
        returning *
    ), counted as (
        select c.unit_id, k.kind, k.raw, k.cell, c.workflow, c.version, sum(c.sign) as cases
        from changes c cross join lateral (
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
        group by 1, 2, 3, 4, 5, 6
    ), added as (
        insert into case_figures as f
        select unit_id, false, kind, raw, cell, workflow, version, cases from counted where cases <> 0
        union all
        select up.above, true, kind, raw, cell, workflow, version, sum(cases)
        from counted join unit_closure up on up.unit = counted.unit_id
        group by 1, 3, 4, 5, 6, 7 having sum(cases) <> 0
        on conflict (unit_id, whole, kind, raw, cell, workflow, version)
            do update set cases = f.cases + excluded.cases
        returning *
    )
    select (select count(*) from changes),
           (select array_agg(
                (unit_id, whole, kind, raw, cell, workflow, version, cases)::case_figures)
            from added where cases = 0)
    into taken, emptied;
    delete from case_figures f using unnest(emptied) e
    where (f.unit_id, f.whole, f.kind, f.raw, f.cell, f.workflow, f.version)
        = (e.unit_id, e.whole, e.kind, e.raw, e.cell, e.workflow, e.version);
    return taken;
end
$$;

-- Sums the units anew with all below them, after the organisation has changed.
create function regroup_case_figures() returns void language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtext('parvaneh.case_figures'));
    delete from case_figures where whole;
    insert into case_figures
    select up.above, true, f.kind, f.raw, f.cell, f.workflow, f.version, sum(f.cases)
    from case_figures f join unit_closure up on up.unit = f.unit_id
    where not f.whole
    group by 1, 3, 4, 5, 6, 7;
end
$$;

grant select, insert, update, delete on case_figures to parvaneh_app;
grant select, insert, delete on case_changes to parvaneh_app;
grant select on figure_months to parvaneh_app;

-- The wall: figures of what lies in the reader's reach. A unit is named there with all below it.
do $$
declare
    walled text;
begin
    foreach walled in array array['case_figures', 'case_changes'] loop
        execute format('alter table %I enable row level security', walled);
        execute format('alter table %I force row level security', walled);
        execute format('create policy engine on %I to parvaneh_engine using (true) with check (true)', walled);
        execute format($policy$
            create policy reach on %I for select to parvaneh_app using (
                '*' = any ((select reader_list('parvaneh.workflows'))::text[])
                or workflow = any ((select reader_list('parvaneh.workflows'))::text[])
                or workflow || chr(31) || unit_id = any ((select reader_list('parvaneh.places'))::text[])
                or '*' || chr(31) || unit_id = any ((select reader_list('parvaneh.places'))::text[])
            )$policy$, walled);
    end loop;
end
$$;

-- Only of what changes how a case counts: a claim, a remark, a vote write nothing here.
create trigger case_counts after insert or delete on cases
    for each row execute function case_counts_otherwise();
create trigger case_counts_otherwise after update on cases
    for each row when (
        old.deadline_at is distinct from new.deadline_at
        or old.raw_deadline_at is distinct from new.raw_deadline_at
        or old.ended_at is distinct from new.ended_at
        or old.decision is distinct from new.decision
        or old.by_silence is distinct from new.by_silence
        or old.version <> new.version
        or old.unit_id <> new.unit_id
        or old.workflow <> new.workflow
        or old.opened_at <> new.opened_at)
    execute function case_counts_otherwise();
