-- Links by which another body that has no system answers one inquiry, once.
--
-- A link is signed by the installation's key, so that nothing of what it opens can be altered, and no copy of
-- this table makes one. Here stands what signing cannot tell: whether it was used or taken back. Times are the
-- server's, as for everything by which somebody comes in.

create table inquiry_links (
    id uuid primary key,
    case_id uuid not null,
    -- The inquiry: its task, so that one that is made anew is another, and its branch.
    task integer not null check (task > 0),
    branch text not null,
    -- Who of the body answers by it.
    person uuid not null references people,
    made_by uuid not null references people,
    made_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null check (expires_at > made_at),
    used_at timestamptz,
    revoked_at timestamptz,
    revoked_by uuid references people,
    check ((revoked_at is null) = (revoked_by is null))
);
-- The links for an inquiry.
create index inquiry_links_of_case on inquiry_links (case_id, branch, made_at);

grant select, insert, update on inquiry_links to parvaneh_app;

alter table inquiry_links enable row level security;
alter table inquiry_links force row level security;
create policy engine on inquiry_links to parvaneh_engine using (true) with check (true);
create policy reach on inquiry_links for select to parvaneh_app
    using ((select true from cases c where c.id = inquiry_links.case_id));
