-- The cases of before 0063_case_words.sql, in a transaction of its own, so that nobody waits who writes cases.
set local role parvaneh_engine;
insert into case_words
select id, unit_id, folded(subject) || chr(31) || right(id::text, 12) from cases
on conflict do nothing;
reset role;
