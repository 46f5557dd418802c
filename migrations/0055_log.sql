-- The log over all timelines: every event gets a position in one Merkle tree, behind the write path, by whoever
-- seals (crates/store/src/log/). See docs/ARCHITECTURE.md and docs/adr.
set local lock_timeout = '5s';

-- Which transaction wrote an event: by it whoever seals finds what is new, late commits included. Events of before
-- have none; they are found by their key.
alter table case_events add column xid xid8;
alter table case_events alter column xid set default pg_current_xact_id();

-- How far the log is. Whoever seals holds this row.
create table log_state (
    only_row boolean primary key default true check (only_row),
    -- How many entries it has.
    size bigint not null default 0 check (size >= 0),
    -- The hashes of the full subtrees that it consists of, the largest first.
    peaks bytea not null default '' check (octet_length(peaks) = 32 * bit_count(size::bit(64))),
    -- What transactions from this one on have written is not in the log yet, or only by chance ...
    below xid8 not null default '0',
    -- ... nor is what these before it have written, which were under way.
    pending xid8[] not null default '{}',
    -- Whose transactions these are. On another server (a restored dump) their numbers say nothing, and everything
    -- is looked through by its key.
    server bigint,
    -- How far that has come; none where nothing is looked through.
    walk_case uuid,
    walk_seq integer,
    -- The public key of the signer, as it says itself: for convenience, and nothing to trust in.
    key text,
    -- Why the signer would not sign what the log has become, and since when.
    refused text,
    refused_at timestamptz,
    check ((refused is null) = (refused_at is null)),
    check ((walk_case is null) = (walk_seq is null))
);
insert into log_state default values;

-- Which event stands at which position. Appended to, like timelines.
create table log_leaves (
    -- 0, 1, 2, ... without gaps; within a case in the order of its events.
    position bigint primary key check (position >= 0),
    case_id uuid not null,
    seq integer not null check (seq > 0),
    -- Where an event stands; and that it stands there once.
    unique (case_id, seq)
);

-- The hashes of the tree, 256 in a row: crates/core/src/log/tiles.rs. Hashes don't shrink when they are compressed.
create table log_tiles (
    level smallint not null check (level between 0 and 7),
    no bigint not null check (no >= 0),
    hashes bytea not null check (octet_length(hashes) % 32 = 0 and octet_length(hashes) between 32 and 8192),
    primary key (level, no)
);
alter table log_tiles alter column hashes set storage external;

-- Checkpoints that have been signed.
create table log_checkpoints (
    size bigint primary key check (size >= 0),
    root bytea not null check (octet_length(root) = 32),
    -- The signed note, verbatim.
    note text not null,
    signed_at timestamptz not null default clock_timestamp()
);

-- Which checkpoint each witness has confirmed last, and how.
create table log_witnesses (
    -- The name of its key.
    witness text primary key,
    size bigint not null check (size >= 0),
    -- The checkpoint with the witness's line.
    note text not null,
    confirmed_at timestamptz not null default clock_timestamp()
);

create function log_is_for_ever() returns trigger language plpgsql as $$
begin
    raise exception 'the log is only ever appended to' using errcode = 'PV011';
end
$$;
create trigger log_is_for_ever before update or delete or truncate on log_leaves
    for each statement execute function log_is_for_ever();
create trigger log_is_for_ever before delete or truncate on log_tiles
    for each statement execute function log_is_for_ever();
create trigger log_is_for_ever before delete or truncate on log_state
    for each statement execute function log_is_for_ever();

alter table log_leaves enable row level security;
alter table log_leaves force row level security;
create policy engine on log_leaves to parvaneh_engine using (true) with check (true);
-- Whoever sees a case sees where its events stand.
create policy reach on log_leaves for select to parvaneh_app using (
    (select true from cases c where c.id = log_leaves.case_id)
);

grant select on log_state, log_leaves, log_tiles, log_checkpoints, log_witnesses to parvaneh_app;
grant insert on log_leaves to parvaneh_engine;
grant insert, update on log_tiles, log_witnesses to parvaneh_engine;
grant update on log_state to parvaneh_engine;
grant insert, delete on log_checkpoints to parvaneh_engine;
