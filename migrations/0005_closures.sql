-- Closures: what a calendar was at any time, what was closed by decision, and the work that carries
-- a change to every running case.

-- The states of each calendar. The last is in force.
create table calendar_revisions (
    calendar text not null,
    no integer not null check (no > 0),
    -- Since when: by this instant the clocks of cases change over, whenever they are looked at.
    since timestamptz not null,
    -- SHA-256 of the published file (`calendars.version`).
    file text not null,
    -- SHA-256 of the file with the closures in force: what events call it.
    version text not null,
    change text not null check (change in ('published', 'closed', 'reopened')),
    closure integer,
    reason text,
    -- When every running case had met it: the states before it are of no use to cases any more.
    settled_at timestamptz,
    primary key (calendar, no),
    foreign key (calendar, file) references calendars (id, version),
    check ((change = 'published') = (closure is null)),
    check ((closure is null) = (reason is null))
);
-- States that some running case may not have met.
create index calendar_revisions_unsettled on calendar_revisions (calendar, no)
    where settled_at is null;

create trigger reference_changed after insert or delete or truncate on calendar_revisions
    for each statement execute function reference_changed();

-- What is published is the first state.
insert into calendar_revisions (calendar, no, since, file, version, change, settled_at)
select distinct on (id) id, 1, published_at, version, version, 'published', published_at
from calendars order by id, published_at desc;

-- Offices that were closed on a day by somebody's decision. Never deleted: a closure that is taken
-- back says so.
create table closures (
    no integer primary key check (no > 0),
    calendar text not null,
    -- The unit, with everything below it.
    unit_id text not null references units,
    -- In the calendar's time zone.
    day date not null,
    -- Minutes of that day, by the clock on the wall; none for the whole day.
    from_minute integer check (from_minute between 0 and 1439),
    to_minute integer check (to_minute between 1 and 1440),
    reason text not null check (reason <> ''),
    -- Null for the operator at the command line.
    closed_by uuid references people,
    closed_at timestamptz not null,
    -- The state of the calendar that it made.
    closed_in integer not null,
    reopened_by uuid references people,
    reopened_at timestamptz,
    reopened_reason text,
    reopened_in integer,
    check ((from_minute is null) = (to_minute is null)),
    check (from_minute < to_minute),
    check ((reopened_at is null) = (reopened_in is null)),
    check ((reopened_at is null) = (reopened_reason is null))
);
-- The closures of a calendar, by their day; and no hour of a unit is closed twice in the same words.
create index closures_of_calendar on closures (calendar, day);
create unique index closures_in_force on closures
    (calendar, unit_id, day, coalesce(from_minute, -1), coalesce(to_minute, -1))
    where reopened_in is null;

-- Work on many cases, in portions through the one write path. A portion that was lost is done again:
-- whatever it asks of a case, it asks for once.
create table jobs (
    id integer primary key check (id > 0),
    kind text not null check (kind <> ''),
    -- What is to be done, and up to where it is done; as the kind has it.
    parameters jsonb not null,
    cursor jsonb,
    -- How many cases it is for, by the count at its beginning; how many were looked at, changed, and
    -- could not be treated.
    total bigint not null check (total >= 0),
    done bigint not null default 0,
    changed bigint not null default 0,
    failed bigint not null default 0,
    -- Why the first of those could not be.
    error text,
    created_at timestamptz not null,
    finished_at timestamptz
);
-- What is left to do, the oldest first.
create index jobs_unfinished on jobs (id) where finished_at is null;

grant select on calendar_revisions, closures, jobs to parvaneh_app;
grant insert, update on calendar_revisions, closures, jobs to parvaneh_app;
