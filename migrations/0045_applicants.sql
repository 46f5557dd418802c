-- What applicants need before they have a case: an account of their own, and a place for what they have begun.

-- Applications that somebody has begun and not handed in yet: what he has typed so far, kept for him alone.
--
-- All times here are the server's: what nobody goes on with is thrown away by a clock that nobody moves.
set local lock_timeout = '5s';

create table application_drafts (
    -- Made by the program; the case bears it once the application is handed in.
    id uuid primary key,
    person uuid not null references people,
    workflow text not null,
    -- Each answer by the name of its question. A question that was left open on purpose has null.
    answers jsonb not null default '{}' check (jsonb_typeof(answers) = 'object'),
    -- The contents of the files among them (0034_contents.sql): they stay as long as the draft does.
    uploads uuid[] not null default '{}',
    begun_at timestamptz not null default clock_timestamp(),
    changed_at timestamptz not null default clock_timestamp()
);
-- Somebody's; what can be thrown away; and in which draft a content waits.
create index application_drafts_of_person on application_drafts (person, changed_at desc);
create index application_drafts_old on application_drafts (changed_at);
create index application_drafts_uploads on application_drafts using gin (uploads);

-- Behind the wall (0030_row_security.sql): nobody's but his own.
create policy reach on application_drafts for select to parvaneh_app using (
    person = any ((select reader_accounts())::uuid[])
);
create policy engine on application_drafts to parvaneh_engine using (true) with check (true);
alter table application_drafts enable row level security;
alter table application_drafts force row level security;

grant select, insert, update, delete on application_drafts to parvaneh_app;

-- ---------------------------------------------------------------------------------------------
-- Coming in by a code that is sent by mail, for applicants: into the account that has the address, or to make one.
-- ---------------------------------------------------------------------------------------------

create table entry_codes (
    -- The browser that asked keeps it: the code alone is worth nothing.
    id uuid primary key,
    email text not null check (length(email) between 3 and 254),
    -- Whose account it opens; nobody's where none has that address, or where a code is not enough for it.
    person uuid references accounts,
    -- Whether anything is sent: not where a code is not enough.
    sends boolean not null,
    language text not null check (language in ('fa', 'en')),
    site text not null check (length(site) between 1 and 2000),
    asked_at timestamptz not null default clock_timestamp(),
    -- SHA-256 of the installation's pepper, the id and the code; none until the mail is written.
    code_hash bytea check (octet_length(code_hash) = 32),
    tries integer not null default 0 check (tries >= 0),
    -- When the right code came, and when it was used up.
    proved_at timestamptz,
    used_at timestamptz
);
-- How many an address has asked for lately; and what can be cleared away.
create index entry_codes_of_address on entry_codes (lower(email), asked_at);
create index entry_codes_old on entry_codes (asked_at);

-- About a code, to nobody yet. Rows that are there satisfy it: they are not read again.
alter table deliveries drop constraint deliveries_channel_check;
alter table deliveries add constraint deliveries_channel_check
    check (channel in ('email', 'digest', 'webhook', 'recovery', 'code')) not valid;

-- By which number somebody is known who has made his account himself: a national id (10 digits) or that of a legal
-- person (11), as he has typed it. Two may have the same: nobody has looked at a paper yet.
create table applicants (
    person uuid primary key references people,
    identifier text not null check (identifier ~ '^([0-9]{10}|[0-9]{11})$'),
    registered_at timestamptz not null default clock_timestamp()
);

grant select, insert, update, delete on entry_codes to parvaneh_app;
grant select, insert on applicants to parvaneh_app;
