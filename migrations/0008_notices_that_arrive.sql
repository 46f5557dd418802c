-- Notices by e-mail and webhooks: who wants them how, and what became of each.

-- Where and how a person is told. Without a row, or without an address, only in the program itself.
create table notice_preferences (
    person uuid primary key references people,
    email text check (length(email) between 3 and 254),
    language text not null default 'fa' check (language in ('fa', 'en')),
    -- When on a working day the digest comes: local time of the calendar.
    digest_at time not null default '08:00',
    calendar text not null default 'ir',
    -- The last day whose digest was begun, or on which none is due.
    digested_on date,
    updated_at timestamptz not null default clock_timestamp()
);
-- Who gets digests.
create index notice_preferences_digests on notice_preferences (digested_on) where email is not null;

-- What a person has chosen; where there is no row, the kind's default holds.
create table notice_choices (
    person uuid not null references people,
    kind text not null check (kind in ('warning', 'escalation', 'own_escalation', 'worklist')),
    choice text not null check (choice in ('at_once', 'digest', 'off')),
    primary key (person, kind),
    constraint own_escalations_are_always_told check (kind <> 'own_escalation' or choice <> 'off'),
    constraint a_worklist_comes_in_the_digest check (kind <> 'worklist' or choice <> 'at_once')
);

-- Programs that are told of events.
create table webhooks (
    id uuid primary key,
    url text not null check (length(url) between 1 and 2000),
    -- By which each delivery is signed: the program must know it, so it is kept as it is.
    secret text not null check (length(secret) >= 24),
    -- Only events of this workflow, of cases at or below this unit, of these kinds; null is all.
    workflow text,
    unit_id text references units,
    kinds text[] check (cardinality(kinds) > 0),
    created_at timestamptz not null default clock_timestamp(),
    disabled_at timestamptz,
    disabled_because text,
    check ((disabled_at is null) = (disabled_because is null))
);
-- Every process must know whether there is a webhook at all: the write path asks only then.
create trigger reference_changed after insert or update or delete or truncate on webhooks
    for each statement execute function reference_changed();

-- One row for each reason to send something on a channel. The key makes 'once for the same reason' a
-- fact of the database.
create table deliveries (
    -- The case; of a digest, the person.
    about uuid not null,
    channel text not null check (channel in ('email', 'digest', 'webhook')),
    -- The person, or the webhook.
    target uuid not null,
    -- The event; of a digest, its day, counted from 1970-01-01.
    no integer not null,
    -- Of a notice or digest its kind, of a webhook's delivery that of the event.
    kind text not null,
    state text not null check (state in
        ('gathered', 'digested', 'waiting', 'sending', 'sent', 'skipped', 'failed', 'uncertain')),
    -- The digest in which it was told.
    digest integer,
    attempts integer not null default 0,
    -- By the server's clock, and not the engine's: what is sent leaves for the world outside.
    next_at timestamptz not null default clock_timestamp(),
    -- Who has it, and until when.
    claim uuid,
    claimed_until timestamptz,
    last_error text,
    -- By the engine's clock.
    created_at timestamptz not null,
    -- By the server's clock, as all of the sending.
    queued_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz,
    primary key (about, channel, target, no),
    check ((claim is null) = (claimed_until is null)),
    check ((digest is null) = (state <> 'digested')),
    check (state <> 'sending' or claim is not null),
    check ((ended_at is null) = (state in ('gathered', 'digested', 'waiting', 'sending')))
) with (fillfactor = 80);
-- The mails that are to be sent ...
create index deliveries_mails on deliveries (next_at)
    where state = 'waiting' and channel <> 'webhook';
-- ... and the events, for each webhook by itself: one that hangs holds up no other.
create index deliveries_events on deliveries (target, next_at)
    where state = 'waiting' and channel = 'webhook';
-- What was being sent when its worker ended.
create index deliveries_sending on deliveries (claimed_until) where state = 'sending';
-- What waits for the next digest of a person, and what is told in one.
create index deliveries_gathered on deliveries (target) where state in ('gathered', 'digested');
-- What could not be sent, for people.
create index deliveries_failed on deliveries (ended_at) where state in ('failed', 'uncertain');

grant select, insert, update on notice_preferences, deliveries to parvaneh_app;
grant select, insert, update, delete on notice_choices, webhooks to parvaneh_app;
