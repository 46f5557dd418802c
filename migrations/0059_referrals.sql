-- How soon who refers a task wants it, and telling people of the office of a case.
set local lock_timeout = '5s';

alter table tasks add column urgency text check (urgency in ('urgent', 'immediate'));

-- Rows that are there satisfy them: the kinds become more. They are not read again.
alter table outbox drop constraint outbox_kind_check;
alter table outbox add constraint outbox_kind_check
    check (kind in ('warning', 'escalation', 'received', 'turn', 'decision', 'information')) not valid;
alter table notice_choices drop constraint notice_choices_kind_check;
alter table notice_choices add constraint notice_choices_kind_check
    check (kind in ('warning', 'escalation', 'own_escalation', 'worklist',
                    'received', 'turn', 'decision', 'information'));
