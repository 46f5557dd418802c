-- Changes that concern no single case and were given with a key: a repeat gets the same answer.
set local lock_timeout = '5s';

create table answered_requests (
    person uuid not null,
    key text not null check (length(key) between 1 and 200),
    -- SHA-256 of the request.
    request_hash bytea not null check (octet_length(request_hash) = 32),
    -- The answer; none while the request is under way.
    status integer check (status between 200 and 299),
    body text,
    -- By the server's clock: what was under way when its program ended is free again after a minute.
    begun_at timestamptz not null default clock_timestamp(),
    primary key (person, key),
    check ((status is null) = (body is null))
);

grant select, insert, update, delete on answered_requests to parvaneh_app;
