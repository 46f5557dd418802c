-- Sittings of commissions, and their agendas.
--
-- A sitting is shared by many cases, so that it cannot stand in a case's own rows: its row counts the
-- places that are taken, and the statement that writes a case (crates/store/src/batch/write.rs) changes
-- the count. That it never exceeds the capacity is the business of this table alone.

create table sittings (
    id uuid primary key,
    -- The commission: the role of its members at a unit.
    unit_id text not null references units,
    members text not null check (members <> ''),
    sits_at timestamptz not null,
    -- The last instant at which a case can be put on the agenda: computed when it was planned, from the term.
    closes_at timestamptz not null,
    cut_off text not null,
    -- Where it sits.
    place text not null,
    capacity integer not null check (capacity between 1 and 1000),
    -- By cases on the agenda, and by those that were heard.
    taken integer not null default 0,
    state text not null default 'planned' check (state in ('planned', 'held', 'cancelled')),
    minutes text check (minutes <> ''),
    -- Why it was cancelled.
    reason text check (reason <> ''),
    -- Whether the cases on its agenda have still to be told what has become of it.
    unsettled boolean not null default false,
    planned_by uuid not null references people,
    planned_at timestamptz not null,
    -- Who held or cancelled it, and when.
    settled_by uuid references people,
    settled_at timestamptz,
    constraint a_sitting_is_never_over_full check (taken between 0 and capacity),
    check (closes_at <= sits_at),
    check ((state = 'held') = (minutes is not null)),
    check ((state = 'cancelled') = (reason is not null)),
    check ((state = 'planned') = (settled_at is null)),
    check ((settled_at is null) = (settled_by is null))
);
-- A commission sits in one place at a time. Also its sittings by date.
create unique index sittings_of_commission on sittings (unit_id, members, sits_at)
    where state <> 'cancelled';
-- The same with those that were cancelled.
create index sittings_ever on sittings (unit_id, members, sits_at);
-- What the worker has still to settle.
create index sittings_unsettled on sittings (id) where unsettled;

create function sitting_takes_no_more() returns trigger language plpgsql as $$
begin
    raise exception 'the sitting % takes no more cases', new.id using errcode = 'PV004';
end
$$;
-- A case that was decided while the sitting was planned is not written after it was cancelled.
create trigger sitting_takes_no_more before update of taken on sittings
    for each row when (new.taken > old.taken and new.state <> 'planned')
    execute function sitting_takes_no_more();

-- Cases on agendas, now and before.
create table agenda (
    case_id uuid not null,
    -- The event that put it there.
    seq integer not null check (seq > 0),
    sitting uuid not null references sittings,
    put_at timestamptz not null,
    off_at timestamptz,
    -- The result, or why it is off: null while it is on the agenda.
    outcome text,
    primary key (case_id, seq),
    check ((off_at is null) = (outcome is null))
);
-- The agenda of a sitting.
create index agenda_of_sitting on agenda (sitting, case_id);

grant select, insert, update on sittings, agenda to parvaneh_app;
