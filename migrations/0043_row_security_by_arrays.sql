-- The same wall as 0030_row_security.sql, for less: a page of a case cost three times as much behind it, most
-- of it for taking JSON apart and joining the organisation, in every statement and for each table anew.
--
-- Whoever reads is named by several settings of the transaction, each an array, or nothing:
--   parvaneh.accounts      those of the natural person
--   parvaneh.workflows     he sees every case of these, or of every workflow (`*`)
--   parvaneh.places        he sees the cases of a workflow, or of every one (`*`), at a unit
--   parvaneh.roles         tasks of these roles are his, wherever they stand
--   parvaneh.desks         tasks of a role are his at a unit
-- A pair is written with U+001F in between. What lies below a unit is named unit by unit; what lies below the
-- root is everything, and is named by the lists without units.
--
-- A program of before names nobody by these, and shows nothing until it is replaced.
--
-- Each function stands in the policies as a scalar subselect, so that it is evaluated once a statement.

set local lock_timeout = '5s';

create function reader_list(setting text) returns text[] language sql stable parallel safe
return nullif(current_setting(setting, true), '')::text[];

drop policy reach on cases;
drop policy reach on tasks;
drop policy reach on notices;
drop policy reach on idempotency_keys;
drop policy reach on licences;
drop policy reach on contents;
drop function reader_accounts();
drop function reader_reach();
drop function reader_offices();
drop function reader();

create function reader_accounts() returns uuid[] language sql stable parallel safe
return reader_list('parvaneh.accounts')::uuid[];

-- The rule of crates/core/src/reach.rs.
create policy reach on cases for select to parvaneh_app using (
    '*' = any ((select reader_list('parvaneh.workflows'))::text[])
    or workflow = any ((select reader_list('parvaneh.workflows'))::text[])
    or workflow || chr(31) || unit_id = any ((select reader_list('parvaneh.places'))::text[])
    or '*' || chr(31) || unit_id = any ((select reader_list('parvaneh.places'))::text[])
    or applicant = any ((select reader_accounts())::uuid[])
);

-- What is his to do or to answer, also of a case that he doesn't see; and every task of a case that he does.
-- The look-up of a case is a scalar subselect, so that it is always one by its key, and never a hash of all
-- cases.
create policy reach on tasks for select to parvaneh_app using (
    owner_role = any ((select reader_list('parvaneh.roles'))::text[])
    or owner_role || chr(31) || unit_id = any ((select reader_list('parvaneh.desks'))::text[])
    or owner_person = any ((select reader_accounts())::uuid[])
    or (select true from cases c where c.id = tasks.case_id)
);

-- What he was told, as long as he sees of what.
create policy reach on notices for select to parvaneh_app using (
    person = any ((select reader_accounts())::uuid[])
    and ((select true from cases c where c.id = notices.case_id)
         or (select true from tasks t where t.case_id = notices.case_id limit 1))
);

create policy reach on idempotency_keys for select to parvaneh_app using (
    actor = any ((select reader_accounts())::uuid[])
);

-- His own licences, and those that a case in his reach has granted or changed last.
create policy reach on licences for select to parvaneh_app using (
    holder = any ((select reader_accounts())::uuid[])
    or (select true from cases c where c.id = licences.granted_by)
    or (select true from cases c where c.id = licences.changed_by)
);

-- His own uploads, and what lies with a case in his reach.
create policy reach on contents for select to parvaneh_app using (
    uploader = any ((select reader_accounts())::uuid[])
    or (select true from case_contents h where h.content = contents.id limit 1)
);
