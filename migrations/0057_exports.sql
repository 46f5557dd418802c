-- Exports: what somebody has taken along of what he sees. Each has a timeline of its own (`export_events`), chained like
-- a case's and only appended to; the row beside it is how far it has come.
set local lock_timeout = '5s';

create table exports (
    id uuid primary key,
    -- By whom, by the account with which he came in.
    asker uuid not null references people,
    -- Of what: crates/store/src/export/scope.rs.
    scope json not null,
    format text not null check (length(format) between 1 and 20),
    -- How it is written, as the format has it.
    options json not null,
    -- What for.
    reason text not null check (length(reason) between 3 and 1000),
    -- `streamed` is one that went straight to who asked; its bytes are kept nowhere.
    state text not null check (state in ('waiting', 'running', 'done', 'streamed', 'failed', 'cancelled', 'forgotten')),
    created_at timestamptz not null default clock_timestamp(),
    -- Who works on it is heard from now and then; who is not gives it to the next.
    heard_at timestamptz,
    -- How often somebody has begun.
    attempts integer not null default 0,
    -- Cases: how many there are to look at, and how many have been.
    cases_total bigint not null default 0,
    cases_done bigint not null default 0,
    -- How many events it holds, of how many cases.
    events bigint not null default 0,
    cases bigint not null default 0,
    size bigint,
    sha256 bytea check (octet_length(sha256) = 32),
    error text,
    finished_at timestamptz,
    -- Until when its bytes can be had; by the server's clock, which nobody moves.
    kept_until timestamptz,
    check (state <> 'done' or (size, sha256, finished_at, kept_until) is not null)
);
-- Somebody's own, the latest first.
create index exports_of_asker on exports (asker, id);
-- What is to be done.
create index exports_to_do on exports (created_at) where state in ('waiting', 'running');
-- What is old enough to be forgotten.
create index exports_kept on exports (kept_until) where state in ('done', 'cancelled');

create table export_events (
    export_id uuid not null references exports,
    -- 1, 2, 3, ... without gaps.
    seq integer not null check (seq > 0),
    recorded_at timestamptz not null,
    -- Canonical JSON, verbatim.
    body json not null,
    -- SHA-256 of the hash before it, followed by the body.
    hash bytea not null check (octet_length(hash) = 32),
    -- By which whoever seals finds what is new, as in case_events (0055_log.sql).
    xid xid8 not null default pg_current_xact_id(),
    primary key (export_id, seq)
);
create index export_events_by_xid on export_events (xid);
create trigger export_events_are_for_ever before update or delete or truncate on export_events
    for each statement execute function timeline_is_for_ever();

create function export_stays() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and (new.id, new.asker, new.format, new.reason, new.created_at)
            = (old.id, old.asker, old.format, old.reason, old.created_at)
        and new.scope::text = old.scope::text and new.options::text = old.options::text
        and (old.sha256 is null or new.sha256 = old.sha256) then
        return new;
    end if;
    raise exception 'who exported what and why stays as it is' using errcode = 'PV003';
end
$$;
create trigger export_stays before update or delete on exports
    for each row execute function export_stays();

-- Behind the wall: one's own; all of them, who audits everything.
alter table exports enable row level security;
alter table exports force row level security;
alter table export_events enable row level security;
alter table export_events force row level security;
create policy engine on exports to parvaneh_engine using (true) with check (true);
create policy engine on export_events to parvaneh_engine using (true) with check (true);
create policy reach on exports for select to parvaneh_app using (
    asker = any ((select reader_accounts())::uuid[])
    or '*' = any ((select reader_list('parvaneh.workflows'))::text[])
);
create policy reach on export_events for select to parvaneh_app using (
    (select true from exports x where x.id = export_events.export_id)
);

grant select, insert, update on exports to parvaneh_app;
grant select, insert on export_events to parvaneh_app;
