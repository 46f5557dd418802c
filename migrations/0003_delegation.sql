-- Second accounts, delegations and absences. All small beside the tables of cases: what grows with the
-- people of an organisation, not with its cases.

-- ---------------------------------------------------------------------------------------------
-- One natural person, several accounts
-- ---------------------------------------------------------------------------------------------

-- The account by which the natural person is known; none for that account itself. It is never linked
-- on (Store::link sees to it), so that one look tells who somebody is.
alter table people add column natural_person uuid references people
    check (natural_person <> id);
-- The other accounts of a natural person: with every command, for four eyes.
create index people_accounts on people (natural_person) where natural_person is not null;

-- ---------------------------------------------------------------------------------------------
-- Delegations
-- ---------------------------------------------------------------------------------------------

-- A role that was lent for a time. Whether it is in force is judged at each command: by the engine's
-- time, by whether it was revoked, and by whether the lender holds the role.
create table delegations (
    id uuid primary key,
    from_person uuid not null references people,
    to_person uuid not null references people,
    role text not null,
    -- The unit where the lender holds the role, or one below it.
    unit_id text not null references units,
    -- Only in these; in every workflow, when there is none.
    workflows text[] not null default '{}',
    starts_at timestamptz not null,
    -- At this instant no longer.
    ends_at timestamptz not null,
    reason text not null check (reason <> ''),
    -- The absence with which it was made.
    absence uuid,
    given_by uuid not null references people,
    given_at timestamptz not null,
    revoked_at timestamptz,
    revoked_by uuid references people,
    revoked_reason text,
    check (starts_at < ends_at),
    check (from_person <> to_person),
    check ((revoked_at is null) = (revoked_by is null))
);
-- What is lent to somebody now: with every command. What is over is never met again.
create index delegations_to on delegations (to_person, ends_at) where revoked_at is null;
-- What somebody lends: circles, lists, the end of an absence.
create index delegations_from on delegations (from_person, ends_at);

-- ---------------------------------------------------------------------------------------------
-- Absences
-- ---------------------------------------------------------------------------------------------

create table absences (
    id uuid primary key,
    person uuid not null references people,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    reason text not null check (reason <> ''),
    -- Who stands in, by delegations made with the absence.
    substitute uuid references people,
    recorded_by uuid not null references people,
    recorded_at timestamptz not null,
    -- When he came back, or it was called off, before its end.
    ended_at timestamptz,
    ended_by uuid references people,
    -- Up to where his tasks have been handed back, and when all of them were.
    handed_case uuid,
    handed_task integer,
    handed_back_at timestamptz,
    check (starts_at < ends_at),
    check ((ended_at is null) = (ended_by is null))
);
-- Whether somebody is away.
create index absences_of on absences (person, ends_at) where ended_at is null;
-- Whose tasks must still be handed back.
create index absences_to_hand_back on absences (starts_at)
    where handed_back_at is null and ended_at is null;

grant select, insert, update on delegations, absences to parvaneh_app;
