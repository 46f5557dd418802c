-- Who comes in by an identity provider (OpenID Connect): which of its people is which of ours.
set local lock_timeout = '5s';

-- The provider's name of a person, its subject, belongs to one of our accounts. As long as he has not
-- come, only the e-mail address may be known with which he is expected: it opens nothing by itself, but
-- binds the subject of whoever first comes with it, if the provider has verified it.
create table identities (
    id uuid primary key,
    person uuid not null references accounts,
    -- The provider, as its tokens name it.
    issuer text not null check (length(issuer) between 1 and 500),
    subject text check (length(subject) between 1 and 255),
    email text check (length(email) between 3 and 320),
    -- Who linked or invited; none for the command line.
    made_by uuid references people,
    created_at timestamptz not null default clock_timestamp(),
    -- When the subject became known.
    linked_at timestamptz,
    last_login_at timestamptz,
    check (subject is not null or email is not null),
    check ((subject is null) = (linked_at is null))
);
-- One person of a provider is one of ours; an address is expected for one.
create unique index identities_subject on identities (issuer, subject);
create unique index identities_expected on identities (issuer, lower(email)) where subject is null;
create index identities_of_person on identities (person, created_at);

-- Logins by a provider that have begun a session: by each only one does. Cleared after a day, which no
-- login lives.
create table identity_logins (
    nonce_hash bytea primary key check (octet_length(nonce_hash) = 32),
    at timestamptz not null default clock_timestamp()
);
create index identity_logins_at on identity_logins (at);

-- By which identity a session began: it ends with the link.
alter table sessions add column identity uuid references identities on delete set null;
create index sessions_of_identity on sessions (identity) where identity is not null;

-- Rows that are there satisfy it: the kinds become more. They are not read again.
alter table account_events drop constraint account_events_kind_check;
alter table account_events add constraint account_events_kind_check
    check (kind in (
        'second_factor_set', 'second_factor_removed', 'second_factor_reset',
        'recovery_code_used', 'recovery_codes_renewed',
        'password_set', 'password_changed', 'password_recovery_asked',
        'account_disabled', 'account_enabled',
        'identity_linked', 'identity_bound', 'identity_removed')) not valid;

grant select, insert, update, delete on identities, identity_logins to parvaneh_app;
