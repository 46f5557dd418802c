-- A second factor, logins that are guessed at, sessions that change their secret, recovery by mail.
--
-- All times here are the server's, as those of 0020_identity.sql.
set local lock_timeout = '5s';

-- By which key the secrets in this database are sealed: a known text, sealed by it. Whoever comes with
-- another key is told so before he seals or opens anything.
create table secret_key (
    one boolean primary key default true check (one),
    sealed bytea not null,
    created_at timestamptz not null default clock_timestamp()
);

-- The second factor of a person (RFC 6238). Until it is confirmed by a code it is asked for nowhere.
create table second_factors (
    person uuid primary key references accounts,
    -- The shared secret, sealed by the installation's key.
    sealed bytea not null,
    created_at timestamptz not null default clock_timestamp(),
    confirmed_at timestamptz,
    -- The step of the last code that was taken: neither it nor an earlier one is taken again.
    last_step bigint not null default 0,
    -- Wrong codes since the last right one, and until when none is looked at.
    failures integer not null default 0 check (failures >= 0),
    locked_until timestamptz
);

-- Codes for whoever has lost his device, each good for once: only their SHA-256.
create table recovery_codes (
    person uuid not null references second_factors on delete cascade,
    code_hash bytea not null check (octet_length(code_hash) = 32),
    used_at timestamptz,
    primary key (person, code_hash)
);

-- Whose password was right and whose code is still missing. It opens nothing but the second step.
create table half_sessions (
    secret_hash bytea primary key check (octet_length(secret_hash) = 32),
    person uuid not null references accounts,
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null
);
-- Somebody's; and what can be cleared away.
create index half_sessions_of_person on half_sessions (person);
create index half_sessions_ended on half_sessions (expires_at);

-- Wrong passwords since the last right one, by the hash of the login, whether anybody has it or not:
-- what is closed after guessing tells nobody which logins there are. (What accounts.failures and
-- accounts.locked_until were for, which nobody reads any more.)
create table login_failures (
    login_hash bytea primary key check (octet_length(login_hash) = 32),
    failures integer not null check (failures > 0),
    failed_at timestamptz not null default clock_timestamp(),
    locked_until timestamptz
);
-- What can be cleared away.
create index login_failures_old on login_failures (failed_at);

-- The secret of a session changes when its person gets more rights. The former one is good for a few
-- seconds more: a browser asks several things at once.
alter table sessions
    add column renewed_at timestamptz not null default now(),
    add column former_hash bytea check (octet_length(former_hash) = 32),
    add column former_until timestamptz,
    add check ((former_hash is null) = (former_until is null));
create unique index sessions_former on sessions (former_hash) where former_hash is not null;
alter table accounts add column raised_at timestamptz;

-- What happened to an account: append-only.
create table account_events (
    id bigint generated always as identity primary key,
    person uuid not null references people,
    at timestamptz not null default clock_timestamp(),
    kind text not null check (kind in (
        'second_factor_set', 'second_factor_removed', 'second_factor_reset',
        'recovery_code_used', 'recovery_codes_renewed',
        'password_set', 'password_changed', 'password_recovery_asked',
        'account_disabled', 'account_enabled')),
    -- Who did it; nobody when it was not known who asks.
    by_person uuid references people,
    -- From where.
    address text
);
-- Somebody's, the latest first.
create index account_events_of_person on account_events (person, id desc);

-- Somebody asked for a link by which he sets a new password. The link itself is made when the mail is
-- sent, so that its secret stands nowhere.
create table password_recoveries (
    id uuid primary key,
    person uuid not null references accounts,
    -- To where the mail goes: the address of record when it was asked for.
    email text not null check (length(email) between 3 and 254),
    -- Where people reach the service, without a slash at the end.
    site text not null check (length(site) between 1 and 2000),
    asked_at timestamptz not null default clock_timestamp()
);
-- How many somebody has asked for lately.
create index password_recoveries_of_person on password_recoveries (person, asked_at);
-- Whose address that is.
create index notice_preferences_address on notice_preferences (lower(email)) where email is not null;

-- Rows that are there satisfy them: the values become more. They are not read again.
alter table one_time_links drop constraint one_time_links_purpose_check;
alter table one_time_links add constraint one_time_links_purpose_check
    check (purpose in ('set_password', 'recover_password')) not valid;
-- Somebody's links that work.
create index one_time_links_of_person on one_time_links (person) where used_at is null;
-- About a recovery, to its person.
alter table deliveries drop constraint deliveries_channel_check;
alter table deliveries add constraint deliveries_channel_check
    check (channel in ('email', 'digest', 'webhook', 'recovery')) not valid;

grant select, insert on secret_key, account_events, password_recoveries to parvaneh_app;
grant select, insert, update, delete on second_factors, recovery_codes, half_sessions,
    login_failures to parvaneh_app;
