-- The contents of documents: what is known of each. The bytes are kept outside the database
-- (docs/DOCUMENTS.md); the hash of what was attached to a case stands on its timeline.
--
-- All times here are the server's: what nobody attaches is thrown away by a clock that nobody moves.

create table contents (
    -- Made by the program; the name under which the bytes are kept.
    id uuid primary key,
    uploader uuid not null references people,
    begun_at timestamptz not null default clock_timestamp(),
    -- When it was there, whole, durable and looked at; until then the rest is not known.
    arrived_at timestamptz,
    -- As the uploader calls it, without what could make it look like something else.
    name text check (length(name) between 1 and 255),
    media_type text check (length(media_type) between 3 and 127),
    size bigint check (size >= 0),
    sha256 bytea check (octet_length(sha256) = 32),
    -- Whether a virus scanner looked at it and found nothing.
    clean boolean not null default false,
    -- Whether a case holds it. Then it stays.
    attached boolean not null default false,
    check (arrived_at is null or (name, media_type, size, sha256) is not null),
    check (arrived_at is not null or not attached)
);
-- What somebody has that belongs to no case yet; and what can be thrown away.
create index contents_of_uploader on contents (uploader) where not attached;
create index contents_unattached on contents (begun_at) where not attached;

create function attached_content_stays() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE'
        and (new.id, new.uploader, new.name, new.media_type, new.size, new.sha256, new.attached)
            = (old.id, old.uploader, old.name, old.media_type, old.size, old.sha256, old.attached) then
        return new;
    end if;
    raise exception 'a content that a case holds stays as it is' using errcode = 'PV003';
end
$$;
create trigger attached_content_stays before update or delete on contents
    for each row when (old.attached) execute function attached_content_stays();

-- Which contents a case holds: by the event that says so.
create table case_contents (
    case_id uuid not null,
    seq integer not null check (seq > 0),
    -- The kind of paper, or the field.
    name text not null,
    field boolean not null,
    content uuid not null,
    -- Whether it came from the applicant, who may then see it again.
    from_applicant boolean not null,
    primary key (case_id, seq, name)
);

-- By which cases a content can be seen.
create index case_contents_of_content on case_contents (content);

-- Behind the wall (0030_row_security.sql): with its case, and one's own.
create policy reach on case_contents for select to parvaneh_app using (
    (select true from cases c where c.id = case_contents.case_id)
);
create policy reach on contents for select to parvaneh_app using (
    uploader in (select reader_accounts())
    or (select true from case_contents h where h.content = contents.id limit 1)
);
create policy engine on case_contents to parvaneh_engine using (true) with check (true);
create policy engine on contents to parvaneh_engine using (true) with check (true);
alter table case_contents enable row level security;
alter table case_contents force row level security;
alter table contents enable row level security;
alter table contents force row level security;

grant select, insert, update, delete on contents to parvaneh_app;
grant select, insert on case_contents to parvaneh_app;
