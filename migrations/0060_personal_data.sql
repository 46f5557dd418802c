-- Personal values outside the timelines: events and states hold commitments (crates/core/src/personal.rs), what
-- these stand for is here, sealed by a key of the person. Who destroys that key makes them unreadable for ever,
-- wherever copies of them may lie, and changes nothing that was proven.
set local lock_timeout = '5s';

-- The keys of people: one in use for each who ever applied for a case with personal values, and those that were
-- destroyed. The row of a destroyed key is the record of it.
create table person_keys (
    id uuid primary key,
    person uuid not null,
    -- Sealed by the installation's key, where there is one. None once it is destroyed.
    key text,
    made_at timestamptz not null default clock_timestamp(),
    destroyed_at timestamptz,
    -- By which account; none where it was done at the command line.
    destroyed_by uuid references people,
    reason text check (length(reason) between 1 and 4000),
    check ((key is null) = (destroyed_at is not null)),
    check ((key is null) = (reason is not null)),
    check (destroyed_by is null or key is null)
);
-- One key of a person is in use: of two that are made at the same time, one is there first.
create unique index person_keys_in_use on person_keys (person) where key is not null;
-- Those of a person, destroyed ones too.
create index person_keys_of on person_keys (person);

create function destroyed_keys_stay() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and old.key is not null and (new.id, new.person, new.made_at) = (old.id, old.person, old.made_at) then
        return new;
    end if;
    raise exception 'a key that was destroyed stays so, with the record of it' using errcode = 'PV011';
end
$$;
create trigger destroyed_keys_stay before update or delete on person_keys
    for each row execute function destroyed_keys_stay();

-- What the commitments of a case stand for: salt and value, sealed by the key of its applicant. Never changed.
create table personal_values (
    case_id uuid not null,
    commitment bytea not null check (octet_length(commitment) = 32),
    key uuid not null,
    sealed bytea not null,
    primary key (case_id, commitment)
);

-- Behind the wall (0030_row_security.sql), with its case. Who reads a case has its values opened by the program, which alone reads the keys.
create policy reach on personal_values for select to parvaneh_app using (
    (select true from cases c where c.id = personal_values.case_id)
);
alter table personal_values enable row level security;
alter table personal_values force row level security;
create policy engine on personal_values to parvaneh_engine using (true) with check (true);

grant select, insert on personal_values to parvaneh_app;
grant select, insert, update on person_keys to parvaneh_engine;
