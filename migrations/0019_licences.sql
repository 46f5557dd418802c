-- The register of licences, and what cases are about.
--
-- A licence is shared by the cases that make and change it, so it cannot stand in one case's own rows. It is written
-- by the statement that writes a case (crates/store/src/batch/write.rs), in the same commit as the end that changes it:
-- nothing else writes here. The table equals the fold of all timelines.

create table licences (
    -- Year and unit of the grant, and ten signs that follow from the case: nobody counts, so no grant waits for
    -- another.
    number text primary key,
    kind text not null check (kind <> ''),
    holder uuid not null,
    unit_id text not null references units,
    -- What the case that granted it was about.
    subject text not null,
    valid_from date not null,
    -- The last day.
    valid_until date not null check (valid_until >= valid_from),
    state text not null check (state in ('active', 'suspended', 'revoked')),
    mark text,
    -- How many cases have made and changed it.
    changes integer not null check (changes > 0),
    granted_by uuid not null,
    changed_by uuid not null,
    -- The event of the last change.
    changed_seq integer not null,
    changed_at timestamptz not null
);
-- The licences of a person.
create index licences_of_holder on licences (holder, valid_until, number);
-- What expires next.
create index licences_by_expiry on licences (valid_until, number);
-- The same of one unit.
create index licences_of_unit on licences (unit_id, valid_until, number);

-- What became of a licence, case by case. The key is the guard: of two cases that change a licence at the same
-- time, one finds its number taken, and is decided again on what the other has left.
create table licence_changes (
    number text not null,
    no integer not null check (no > 0),
    case_id uuid not null,
    -- The event of the case.
    seq integer not null,
    effect text not null check (effect in
        ('granted', 'renewed', 'amended', 'suspended', 'reinstated', 'revoked')),
    -- As it was afterwards.
    state text not null check (state in ('active', 'suspended', 'revoked')),
    valid_until date not null,
    mark text,
    effective_at timestamptz not null,
    recorded_at timestamptz not null,
    constraint one_change_after_the_other primary key (number, no)
);

-- Cases that are about a licence or about another case.
create table cases_about (
    case_id uuid primary key,
    workflow text not null,
    licence text,
    about_case uuid,
    -- Whether no other case of its workflow about the same may run beside it.
    exclusive boolean not null,
    -- The last day of the licence's validity, where it stays in force until the case is decided.
    stays_from date,
    opened_at timestamptz not null,
    ended_at timestamptz,
    check ((licence is null) <> (about_case is null)),
    check (stays_from is null or licence is not null)
);
-- The cases about a licence, and about a case.
create index cases_about_licence on cases_about (licence, case_id) where licence is not null;
create index cases_about_case on cases_about (about_case, case_id) where about_case is not null;
-- One at a time, where the definition says so: whatever is decided at the same moment.
create unique index one_case_about_a_licence on cases_about (licence, workflow)
    where exclusive and ended_at is null and licence is not null;
create unique index one_case_about_a_case on cases_about (about_case, workflow)
    where exclusive and ended_at is null and about_case is not null;
-- Licences that are in force although their validity has ended.
create index cases_about_staying on cases_about (stays_from)
    where stays_from is not null and ended_at is null;

grant select, insert, update on licences, cases_about to parvaneh_app;
grant select, insert on licence_changes to parvaneh_app;
