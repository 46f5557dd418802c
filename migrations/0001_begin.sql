-- The first schema. See README.md for the rules that every migration keeps.
--
-- Every table of cases has the case's id in its key, nothing here draws from a sequence, and foreign
-- keys lead only to small reference tables, so that the tables could be spread by case over several
-- servers. What belongs to a case is written by one statement only, together with the case's row and
-- only if that row was written (crates/store/src/batch/write.rs): that is why the rows of a case need
-- no foreign key to it, which would cost a look-up for each.

-- The role of the running application. It owns nothing and may do what is granted below.
do $$
begin
    if not exists (select from pg_roles where rolname = 'parvaneh_app') then
        create role parvaneh_app nologin;
        execute format('grant parvaneh_app to %I', current_user);
    end if;
end
$$;

revoke create on schema public from public;
grant usage on schema public to parvaneh_app;

-- ---------------------------------------------------------------------------------------------
-- The installation, and the engine's clock
-- ---------------------------------------------------------------------------------------------

-- One row, written once when the database is founded.
create table installation (
    only_row boolean primary key default true check (only_row),
    -- A sandbox has a movable clock. Decided once, for ever.
    sandbox boolean not null,
    -- How far the engine's clock is ahead of the server's.
    clock_offset interval not null default '0',
    -- Where the engine's clock stands still, if it does.
    frozen_at timestamptz,
    founded_at timestamptz not null default clock_timestamp(),
    constraint only_a_sandbox_moves_its_clock
        check (sandbox or (clock_offset = interval '0' and frozen_at is null))
);

create function installation_is_for_ever() returns trigger language plpgsql as $$
begin
    if tg_op <> 'UPDATE' or new.sandbox <> old.sandbox or new.founded_at <> old.founded_at then
        raise exception 'what an installation is was decided when it was founded'
            using errcode = 'PV001';
    end if;
    return new;
end
$$;
create trigger installation_is_for_ever before update or delete on installation
    for each row execute function installation_is_for_ever();
create trigger installation_is_not_emptied before truncate on installation
    for each statement execute function installation_is_for_ever();

-- The time by which the engine lives.
create function engine_now() returns timestamptz language sql volatile parallel safe
return (select coalesce(frozen_at, clock_timestamp() + clock_offset) from installation);

-- Moves the clock of a sandbox. `action` is 'advance' (by `seconds`), 'freeze' (at `instant`, or where it is) or 'run'.
-- SECURITY DEFINER, because the application may not write the table itself; then `pg_temp` must be named,
-- and last: else a temporary table of the caller's would stand before ours, and its triggers run as the owner.
create function sandbox_clock(action text, seconds double precision, instant timestamptz)
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
        if instant < current_instant and exists (select from cases) then
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

-- ---------------------------------------------------------------------------------------------
-- Reference: small tables that every command needs and the program keeps in memory
-- ---------------------------------------------------------------------------------------------

-- Counts the changes of the reference tables. Every command reads it together with its case, so
-- that no process decides by an organisation or a calendar that another has replaced.
create table reference_state (
    only_row boolean primary key default true check (only_row),
    revision bigint not null
);
insert into reference_state (revision) values (1);

create function reference_changed() returns trigger language plpgsql
security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    update reference_state set revision = revision + 1;
    return null;
end
$$;

create table units (
    id text primary key,
    parent text references units,
    level text not null check (level in ('county', 'province', 'national')),
    title_fa text not null,
    title_en text not null,
    population bigint check (population >= 0),
    check ((parent is null) = (level = 'national'))
);

-- Each unit with itself and with everything above it.
create table unit_closure (
    above text not null references units,
    unit text not null references units,
    -- 0 for the unit itself.
    distance integer not null check (distance >= 0),
    primary key (above, unit)
);
-- The units above a unit, the nearest first: who is told when nobody holds a role at the unit.
create index unit_closure_upwards on unit_closure (unit, distance, above);

create table definitions (
    workflow text not null,
    version integer not null check (version > 0),
    -- SHA-256 of the file's bytes, in hexadecimal.
    hash text not null check (length(hash) = 64),
    -- The file, verbatim.
    source text not null,
    title_fa text not null,
    title_en text not null,
    published_at timestamptz not null,
    -- From when on no case is opened by it; running cases go on.
    retired_at timestamptz,
    primary key (workflow, version)
);

create table calendars (
    id text not null,
    -- SHA-256 of the file's bytes, in hexadecimal.
    version text not null,
    source text not null,
    -- The version that was published last is in force.
    published_at timestamptz not null,
    primary key (id, version)
);

create trigger reference_changed after insert or update or delete or truncate on units
    for each statement execute function reference_changed();
create trigger reference_changed after insert or update or delete or truncate on definitions
    for each statement execute function reference_changed();
create trigger reference_changed after insert or update or delete or truncate on calendars
    for each statement execute function reference_changed();

-- ---------------------------------------------------------------------------------------------
-- People
-- ---------------------------------------------------------------------------------------------

create table people (
    id uuid primary key,
    name text not null check (name <> ''),
    created_at timestamptz not null default clock_timestamp()
);

-- A role held at a unit; it reaches that unit and everything below it.
create table grants (
    person uuid not null references people,
    role text not null,
    unit_id text not null references units,
    granted_at timestamptz not null default clock_timestamp(),
    primary key (person, role, unit_id)
);
-- Who holds a role at a unit: for notices.
create index grants_holders on grants (role, unit_id, person);

-- ---------------------------------------------------------------------------------------------
-- Cases
-- ---------------------------------------------------------------------------------------------

-- The projection: one row a case, equal to the fold of its events. The columns beside `state` are
-- what queries select by.
create table cases (
    id uuid primary key,
    workflow text not null,
    version integer not null,
    unit_id text not null references units,
    applicant uuid not null,
    subject text not null,
    -- The number of its events.
    seq integer not null check (seq > 0),
    -- The number that the writer of this row had read: the guard of every write.
    prev_seq integer not null check (prev_seq >= 0 and prev_seq <= seq),
    -- The hash of its last event.
    head_hash bytea not null check (octet_length(head_hash) = 32),
    -- The whole case.
    state json not null,
    step text not null,
    suspended boolean not null,
    opened_at timestamptz not null,
    recorded_at timestamptz not null,
    -- The earliest instant at which something must happen to it by itself.
    next_due_at timestamptz,
    -- The statutory deadline: the final one once the case has ended, none while it is suspended.
    deadline_at timestamptz,
    -- The same without suspensions and extensions.
    raw_deadline_at timestamptz,
    ended_at timestamptz,
    outcome text,
    decision boolean,
    by_silence boolean,
    foreign key (workflow, version) references definitions,
    check ((ended_at is null) = (outcome is null)),
    check ((ended_at is null) = (decision is null)),
    check ((ended_at is null) = (by_silence is null)),
    check (ended_at is null or next_due_at is null)
) with (fillfactor = 70);
-- Room is left in every page, so that a change that moves no indexed column (a claim, a comment, a
-- vote) needs no new entry in any index. A state of up to a page stays in the row, uncompressed:
-- it is read with every command, and rewriting it elsewhere would cost a second row.
alter table cases alter column state set storage main;
alter table cases set (toast_tuple_target = 4080);

-- What the worker claims. Its whole knowledge of time.
create index cases_due on cases (next_due_at) where next_due_at is not null;
-- On-time figures of a period: what ended in it ...
create index cases_ended on cases (ended_at) where ended_at is not null;
-- ... and what ran past a deadline in it and has not ended.
create index cases_running_deadline on cases (deadline_at)
    where ended_at is null and deadline_at is not null;
create index cases_running_raw_deadline on cases (raw_deadline_at)
    where ended_at is null and raw_deadline_at is not null;
-- An applicant's own cases.
create index cases_of_applicant on cases (applicant, opened_at);

-- The timeline. The application may only append to it.
create table case_events (
    case_id uuid not null,
    -- 1, 2, 3, ... without gaps.
    seq integer not null check (seq > 0),
    kind text not null,
    effective_at timestamptz not null,
    recorded_at timestamptz not null,
    -- Who did it; null for the program.
    actor uuid,
    -- The event's canonical bytes, verbatim (`json` keeps them as they are, `jsonb` would not).
    body json not null,
    -- SHA-256 of the hash before it, followed by the body.
    hash bytea not null check (octet_length(hash) = 32),
    primary key (case_id, seq)
);

create function timeline_is_for_ever() returns trigger language plpgsql as $$
begin
    raise exception 'a timeline is only ever appended to' using errcode = 'PV003';
end
$$;
-- The application has no right to any of this; the trigger stops the owner's slip too.
create trigger timeline_is_for_ever before update or delete or truncate on case_events
    for each statement execute function timeline_is_for_ever();

-- The worklist, open and closed.
create table tasks (
    case_id uuid not null,
    no integer not null check (no > 0),
    step text not null,
    branch text,
    purpose text not null check (purpose in ('act', 'answer', 'vote')),
    -- The owner: a role at the unit, or one person (the applicant).
    owner_role text,
    owner_person uuid,
    unit_id text not null,
    assignee uuid,
    opened_at timestamptz not null,
    -- When somebody first took it: before lies waiting, after lies handling.
    claimed_at timestamptz,
    -- The deadline of its own clock; none while that is suspended, or where it has none.
    due_at timestamptz,
    closed_at timestamptz,
    closed_by uuid,
    outcome text,
    primary key (case_id, no),
    check ((owner_role is null) <> (owner_person is null)),
    check ((closed_at is null) = (outcome is null))
) with (fillfactor = 80);

-- The worklist of a role at a unit, by deadline; what has none comes last.
create index tasks_of_role on tasks
    (owner_role, unit_id, (coalesce(due_at, 'infinity'::timestamptz)), case_id, no)
    where closed_at is null and owner_role is not null;
-- The worklist of an applicant.
create index tasks_of_person on tasks
    (owner_person, (coalesce(due_at, 'infinity'::timestamptz)), case_id, no)
    where closed_at is null and owner_person is not null;
-- What somebody has in hand.
create index tasks_in_hand on tasks
    (assignee, (coalesce(due_at, 'infinity'::timestamptz)), case_id, no)
    where closed_at is null and assignee is not null;
-- Figures by step and owner of a period.
create index tasks_closed on tasks (closed_at) where closed_at is not null;

-- Every warning and escalation level that has fired. The key makes 'at most once for each deadline'
-- a fact of the database.
create table escalations (
    case_id uuid not null,
    -- 0 is the statutory clock, else the task's number.
    clock integer not null,
    -- Its place among the warnings and levels of the clock, from 0.
    level integer not null,
    -- Its number among the warnings, or among the levels, from 1: as people call it.
    number integer not null,
    warning boolean not null,
    -- The event that says so.
    seq integer not null,
    deadline_at timestamptz not null,
    recorded_at timestamptz not null,
    primary key (case_id, clock, level)
);

-- What fired in a period. Rows come in the order of time, so that an index of ranges is enough,
-- and costs the worker next to nothing.
create index escalations_recorded on escalations using brin (recorded_at) with (autosummarize = on);

-- What must reach somebody: written with the event that causes it.
create table outbox (
    case_id uuid not null,
    seq integer not null,
    -- Its place among those whom the event tells.
    no integer not null,
    kind text not null check (kind in ('warning', 'escalation')),
    -- One person, or everybody who holds the role at the unit.
    person uuid,
    role text,
    unit_id text,
    created_at timestamptz not null,
    delivered_at timestamptz,
    -- How many people it reached; 0 is worth somebody's attention.
    reached integer,
    primary key (case_id, seq, no),
    check ((person is null) = (role is not null and unit_id is not null)),
    check ((delivered_at is null) = (reached is null))
);
-- What waits for delivery.
create index outbox_waiting on outbox (created_at) where delivered_at is null;

-- What people are told, once for each event.
create table notices (
    person uuid not null,
    case_id uuid not null,
    seq integer not null,
    kind text not null,
    created_at timestamptz not null,
    read_at timestamptz,
    primary key (person, case_id, seq)
);
-- Somebody's unread notices, the latest first.
create index notices_unread on notices (person, created_at) where read_at is null;

-- Commands that were given with a key: a repeat gets the same answer. The nil UUID is the program.
create table idempotency_keys (
    actor uuid not null,
    key text not null check (length(key) between 1 and 200),
    -- SHA-256 of the request.
    request_hash bytea not null check (octet_length(request_hash) = 32),
    case_id uuid not null,
    -- The events that the command made; none when `last_seq` is below.
    first_seq integer not null,
    last_seq integer not null,
    recorded_at timestamptz not null,
    primary key (actor, key)
);

-- Cases that the worker could not treat. A case that has changed since is no longer parked.
create table parked_cases (
    case_id uuid primary key,
    -- The state of the case that could not be treated.
    seq integer not null,
    code text not null,
    error text not null,
    parked_at timestamptz not null,
    attempts integer not null default 1
);

-- ---------------------------------------------------------------------------------------------
-- What the application may do
-- ---------------------------------------------------------------------------------------------

grant select on all tables in schema public to parvaneh_app;
grant insert on case_events, escalations, idempotency_keys to parvaneh_app;
grant insert, update on cases, tasks, outbox, notices, people, units, definitions, calendars
    to parvaneh_app;
grant insert, update, delete on parked_cases, grants, unit_closure to parvaneh_app;
revoke execute on function sandbox_clock, reference_changed from public;
grant execute on function sandbox_clock to parvaneh_app;
