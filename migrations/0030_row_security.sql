-- A second wall behind what the program asks: whoever reads for a person gets only rows of cases in his
-- reach, whatever the statement forgot to say. See docs/ARCHITECTURE.md.
--
-- Three roles. `parvaneh_app` has every right that the program has, and sees of the tables of cases what
-- belongs to the reader that its transaction has named, and without one nothing. `parvaneh_engine` has
-- the same rights, and sees everything: the write path, the worker and the operators' commands. Its
-- policy is `true`, which the planner takes away: it costs nothing. `parvaneh_program` is what logs in. It
-- inherits nothing, so that a connection that has not said which of the two it is may do nothing.
--
-- A later migration that changes rows of these tables does so after `set local role parvaneh_engine`: the
-- owner is behind the wall as well, and would change none.

set local lock_timeout = '5s';

do $$
declare
    member name;
begin
    if not exists (select from pg_roles where rolname = 'parvaneh_engine') then
        create role parvaneh_engine nologin;
        grant parvaneh_app to parvaneh_engine;
    end if;
    if not exists (select from pg_roles where rolname = 'parvaneh_program') then
        create role parvaneh_program nologin noinherit;
        grant parvaneh_engine to parvaneh_program;
    end if;
    -- Whatever logged in to become `parvaneh_app`, and the owner.
    for member in
        select m.rolname
        from pg_auth_members a
        join pg_roles m on m.oid = a.member
        where a.roleid = 'parvaneh_app'::regrole
          and m.rolname not in ('parvaneh_engine', 'parvaneh_program')
          and not pg_has_role(m.oid, 'parvaneh_program', 'member')
    loop
        execute format('grant parvaneh_program to %I', member);
    end loop;
end
$$;

-- ---------------------------------------------------------------------------------------------
-- Who reads: the setting `parvaneh.reader` of the transaction, as JSON
--   accounts: those of the natural person
--   reach:    [workflow or null for every one, unit], with all below it
--   offices:  [role, unit], with all below it: whose tasks he does or answers
-- These functions are put into the statement that uses them, and read once for each.
-- ---------------------------------------------------------------------------------------------

create function reader() returns json language sql stable parallel safe
return nullif(current_setting('parvaneh.reader', true), '')::json;

create function reader_accounts() returns setof uuid language sql stable parallel safe
begin atomic
    select account::uuid from json_array_elements_text(reader() -> 'accounts') as account;
end;

create function reader_reach() returns table (workflow text, unit text)
language sql stable parallel safe
begin atomic
    select held ->> 0, below.unit
    from json_array_elements(reader() -> 'reach') as held
    join unit_closure below on below.above = held ->> 1;
end;

create function reader_offices() returns table (role text, unit text)
language sql stable parallel safe
begin atomic
    select held ->> 0, below.unit
    from json_array_elements(reader() -> 'offices') as held
    join unit_closure below on below.above = held ->> 1;
end;

-- ---------------------------------------------------------------------------------------------
-- What he sees
-- ---------------------------------------------------------------------------------------------

-- The rule of crates/core/src/reach.rs. Each list is hashed once a statement.
create policy reach on cases for select to parvaneh_app using (
    unit_id in (select unit from reader_reach() where workflow is null)
    or (workflow, unit_id) in (select workflow, unit from reader_reach() where workflow is not null)
    or applicant in (select reader_accounts())
);

-- What is his to do or to answer, also of a case that he doesn't see; and every task of a case that he does.
-- The look-up of a case is a scalar subselect, so that it is always one by its key, and never a hash of all
-- cases.
create policy reach on tasks for select to parvaneh_app using (
    (coalesce(owner_role, ''), unit_id) in (select role, unit from reader_offices())
    or owner_person in (select reader_accounts())
    or (select true from cases c where c.id = tasks.case_id)
);

-- What he was told, as long as he sees of what.
create policy reach on notices for select to parvaneh_app using (
    person in (select reader_accounts())
    and ((select true from cases c where c.id = notices.case_id)
         or (select true from tasks t where t.case_id = notices.case_id limit 1))
);

create policy reach on idempotency_keys for select to parvaneh_app using (
    actor in (select reader_accounts())
);

-- His own licences, and those that a case in his reach has granted or changed last.
create policy reach on licences for select to parvaneh_app using (
    holder in (select reader_accounts())
    or (select true from cases c where c.id = licences.granted_by)
    or (select true from cases c where c.id = licences.changed_by)
);
create policy reach on licence_changes for select to parvaneh_app using (
    (select true from licences l where l.number = licence_changes.number)
);

-- Everything else that belongs to a case. (Nobody reads `deliveries` for a person.)
do $$
declare
    found name;
begin
    for found in
        select c.relname
        from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
          and a.attname = 'case_id' and not a.attisdropped
          and not exists (select from pg_policy p where p.polrelid = c.oid)
    loop
        execute format(
            'create policy reach on %1$I for select to parvaneh_app using ((select true from cases c where c.id = %1$I.case_id))',
            found);
    end loop;
    for found in
        select distinct c.relname
        from pg_class c left join pg_policy p on p.polrelid = c.oid
        where c.relnamespace = 'public'::regnamespace and (p.oid is not null or c.relname = 'deliveries')
    loop
        execute format('create policy engine on %I to parvaneh_engine using (true) with check (true)', found);
        execute format('alter table %I enable row level security', found);
        execute format('alter table %I force row level security', found);
    end loop;
end
$$;

-- ---------------------------------------------------------------------------------------------
-- The clock of a sandbox runs as the owner, who sees no case any more
-- ---------------------------------------------------------------------------------------------

-- As in 0001_begin.sql, but for how it knows whether there is a case: by whether the table was ever written.
create or replace function sandbox_clock(action text, seconds double precision, instant timestamptz)
returns timestamptz language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    here installation;
    current_instant timestamptz;
begin
    select * into here from installation for update;
    current_instant := engine_now();
    if not coalesce(here.sandbox, false) then
        raise exception 'this database is not a sandbox: its clock cannot be moved'
            using errcode = 'PV001';
    end if;
    if action = 'advance' then
        if not coalesce(seconds >= 0, false) then
            raise exception 'a clock can only be advanced' using errcode = 'PV002';
        end if;
        if here.frozen_at is null then
            update installation
                set clock_offset = clock_offset + make_interval(secs => seconds);
        else
            update installation set frozen_at = here.frozen_at + make_interval(secs => seconds);
        end if;
    elsif action = 'freeze' then
        instant := coalesce(instant, current_instant);
        -- Before the first case it may be set to any time; then it only goes forward.
        if instant < current_instant and pg_relation_size('public.cases') > 0 then
            raise exception 'the clock does not go back behind what is recorded'
                using errcode = 'PV002';
        end if;
        update installation set frozen_at = instant;
    elsif action = 'run' then
        -- Kept as seconds: an interval with days in it depends on the session's time zone.
        update installation
            set frozen_at = null,
                clock_offset = make_interval(secs =>
                    extract(epoch from here.frozen_at - clock_timestamp())::double precision)
            where here.frozen_at is not null;
    else
        raise exception 'a clock is advanced, frozen or run' using errcode = 'PV002';
    end if;
    current_instant := engine_now();
    -- Every calendar holds 1990 to 2100, and a deadline lies ahead.
    if not current_instant between '1990-01-01 00:00Z' and '2090-01-01 00:00Z' then
        raise exception 'calendars do not reach to %', current_instant using errcode = 'PV002';
    end if;
    return current_instant;
end
$$;
