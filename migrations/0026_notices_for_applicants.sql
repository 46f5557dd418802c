-- What an applicant is told of his case: that it was received, that it waits for him, how it ended.
set local lock_timeout = '5s';

-- Rows that are there satisfy them: the kinds become more. They are not read again.
alter table outbox drop constraint outbox_kind_check;
alter table outbox add constraint outbox_kind_check
    check (kind in ('warning', 'escalation', 'received', 'turn', 'decision')) not valid;
alter table notice_choices drop constraint notice_choices_kind_check;
alter table notice_choices add constraint notice_choices_kind_check
    check (kind in ('warning', 'escalation', 'own_escalation', 'worklist',
                    'received', 'turn', 'decision'));

-- Whether a webhook is told what was filled in, and what papers are called. Those that are there go on
-- as they were; new ones are told only where that is asked for.
alter table webhooks add column with_values boolean not null default true;
alter table webhooks alter column with_values set default false;
