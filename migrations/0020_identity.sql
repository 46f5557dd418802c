-- Who may come in: accounts, sessions, tokens of machines, one-time links; and what a list of the
-- cases in somebody's reach needs.
--
-- All times here are the server's, never the engine's: whoever moves the clock of a sandbox must
-- neither log everybody out nor let anybody guess on.

-- A person who can log in. Whoever only stands in the organisation has none.
create table accounts (
    person uuid primary key references people,
    -- As it was written; compared without case.
    login text not null check (length(login) between 1 and 200),
    -- Argon2id in the PHC form, with its parameters; none for whoever comes by another provider.
    password_hash text,
    password_set_at timestamptz,
    -- Wrong passwords since the last right one, and until when none is looked at.
    failures integer not null default 0 check (failures >= 0),
    locked_until timestamptz,
    -- From when on nothing that belongs to the account opens anything.
    disabled_at timestamptz,
    created_at timestamptz not null default clock_timestamp(),
    last_login_at timestamptz
);
create unique index accounts_login on accounts (lower(login));

-- A browser that has logged in. The cookie holds a random secret; here stands only its SHA-256.
create table sessions (
    id uuid primary key,
    secret_hash bytea not null unique check (octet_length(secret_hash) = 32),
    person uuid not null references accounts,
    created_at timestamptz not null default clock_timestamp(),
    seen_at timestamptz not null default clock_timestamp(),
    -- The end whatever happens; an earlier one, without use, is the program's to reckon.
    expires_at timestamptz not null,
    revoked_at timestamptz,
    -- What the browser said of itself, for the person to recognise it by.
    agent text,
    address text
);
-- Somebody's sessions; and what can be cleared away.
create index sessions_of_person on sessions (person, created_at);
create index sessions_ended on sessions (expires_at);

-- A machine that acts for a person. The token is shown once; here stands only its SHA-256.
create table api_tokens (
    id uuid primary key,
    secret_hash bytea not null unique check (octet_length(secret_hash) = 32),
    person uuid not null references accounts,
    name text not null check (length(name) between 1 and 200),
    -- What it may be used for: 'read', 'write'.
    scopes text[] not null check (scopes <@ array['read', 'write'] and cardinality(scopes) > 0),
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    used_at timestamptz,
    revoked_at timestamptz
);
create index api_tokens_of_person on api_tokens (person, created_at);

-- A link that works once: for the first administrator, or to set a new password.
create table one_time_links (
    secret_hash bytea primary key check (octet_length(secret_hash) = 32),
    purpose text not null check (purpose in ('set_password')),
    person uuid not null references accounts,
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    used_at timestamptz
);

-- The cases of a unit, the latest first: a page of what is in somebody's reach costs as much as it
-- shows for each of his units.
create index cases_of_unit on cases (unit_id, id desc);

grant select, insert, update on accounts, api_tokens, one_time_links to parvaneh_app;
grant select, insert, update, delete on sessions to parvaneh_app;
