-- Counts whatever changes who comes in by what, and what he may do: tokens and sessions that end before their time,
-- accounts, people, roles, what is lent, absence. Whom the gate remembers is let in only while this number is
-- the one of then (crates/store/src/gate.rs), so that one number is read for each request instead of eight tables.
-- What ends by time alone is told with it.
set local lock_timeout = '5s';

create table standing_state (
    only_row boolean primary key default true check (only_row),
    revision bigint not null
) with (fillfactor = 10);
insert into standing_state (revision) values (1);
grant select on standing_state to parvaneh_app, parvaneh_engine;

create function standing_changed() returns trigger language plpgsql
security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    update standing_state set revision = revision + 1;
    return null;
end
$$;
revoke execute on function standing_changed from public;

create trigger standing_changed after insert or update or delete or truncate on grants
    for each statement execute function standing_changed();
create trigger standing_changed after insert or update or delete or truncate on delegations
    for each statement execute function standing_changed();
create trigger standing_changed after insert or update or delete or truncate on absences
    for each statement execute function standing_changed();
-- Whoever has just come, and has no account of his own elsewhere, changes nothing for anybody.
create trigger standing_changed_by_another_account after insert on people
    for each row when (new.natural_person is not null) execute function standing_changed();
create trigger standing_changed after update of natural_person or delete or truncate on people
    for each statement execute function standing_changed();
create trigger standing_changed after update of person, disabled_at, raised_at or delete or truncate on accounts
    for each statement execute function standing_changed();
create trigger standing_changed
    after update of secret_hash, person, scopes, expires_at, revoked_at or delete or truncate on api_tokens
    for each statement execute function standing_changed();
-- By row: who logs in clears away what has ended long ago. That somebody is still there lengthens his session.
create trigger standing_changed_by_a_session after update on sessions
    for each row when (
        old.revoked_at is null
        and ((new.secret_hash, new.person, new.revoked_at, new.renewed_at, new.former_hash, new.former_until)
             is distinct from
             (old.secret_hash, old.person, old.revoked_at, old.renewed_at, old.former_hash, old.former_until)
             or new.seen_at < old.seen_at or new.expires_at < old.expires_at))
    execute function standing_changed();
create trigger standing_changed_by_an_end after delete on sessions
    for each row when (old.revoked_at is null and old.expires_at > clock_timestamp())
    execute function standing_changed();
create trigger standing_changed after truncate on sessions
    for each statement execute function standing_changed();
