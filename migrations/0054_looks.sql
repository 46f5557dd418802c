-- Who has looked at what: a row for each person, each case and each thing of it that he was shown, again after
-- some minutes. Only appended to by the program, and forgotten after years.
set local lock_timeout = '5s';

create table looks (
    -- By the account with which he came in.
    person uuid not null,
    -- None where it was no single case: a search.
    case_id uuid,
    -- Which page or operation: crates/web/src/looks.rs.
    what text not null check (length(what) between 1 and 40),
    -- Which document; what was searched for.
    detail text check (length(detail) <= 400),
    at timestamptz not null
);
-- What somebody has looked at, the latest first. A batch that is written again is there once.
create unique index looks_of_person on looks
    (person, at, what, (coalesce(case_id, '00000000-0000-0000-0000-000000000000')), (coalesce(detail, '')));
-- Who has looked at a case.
create index looks_of_case on looks (case_id, at) where case_id is not null;
-- Who has looked at anything in a period; what is old enough to be forgotten.
create index looks_by_time on looks (at);

alter table looks enable row level security;
alter table looks force row level security;
create policy engine on looks to parvaneh_engine using (true) with check (true);
-- Whoever sees a case sees who has looked at it; at what was no case, who sees them all.
create policy reach on looks for select to parvaneh_app using (
    (select true from cases c where c.id = looks.case_id)
    or (case_id is null and '*' = any ((select reader_list('parvaneh.workflows'))::text[]))
);

create function looks_stay_for_months() returns trigger language plpgsql as $$
begin
    if old.at > engine_now() - interval '90 days' then
        raise exception 'who has looked is kept for 90 days at least' using errcode = 'PV010';
    end if;
    return old;
end
$$;
create trigger looks_stay_for_months before delete on looks
    for each row execute function looks_stay_for_months();

grant select, insert on looks to parvaneh_app;
grant delete on looks to parvaneh_engine;
