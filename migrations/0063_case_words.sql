-- Cases and people by any part of what they are called. Behind the wall the database uses no index for a condition that is
-- not known to keep what it sees to itself, so a list of cases that were searched by words looked at every case in
-- reach: seconds over a million. The program looks here first, in its own name, which cases the words can mean, and
-- lists of these what the reader may see.
set local lock_timeout = '5s';

-- All groups of three letters that follow each other in a text. They are ours because those of `pg_trgm` leave out
-- Persian letters where the database's locale is C.
create function letter_groups(text) returns text[] language sql immutable strict parallel safe
return array(select substr($1, n, 3) from generate_series(1, length($1) - 2) n);

create table case_words (
    case_id uuid primary key,
    -- Which received it.
    unit_id text not null,
    -- Its subject as it is searched (`folded`), and behind a mark its tracking code.
    words text not null
);

create function case_is_called() returns trigger language plpgsql as $$
begin
    insert into case_words values (new.id, new.unit_id, folded(new.subject) || chr(31) || right(new.id::text, 12))
    on conflict do nothing;
    return null;
end
$$;
-- What a case is about and who received it never changes.
create trigger case_is_called after insert on cases for each row execute function case_is_called();

create policy engine on case_words to parvaneh_engine using (true) with check (true);
create policy reach on case_words for select to parvaneh_app
    using ((select true from cases c where c.id = case_words.case_id));
alter table case_words enable row level security;
alter table case_words force row level security;
grant select on case_words to parvaneh_app;
grant insert on case_words to parvaneh_engine;
