-- The open tasks of a role in the order of their deadlines, wherever they stand: for whoever works for the whole
-- organisation. By `tasks_of_role` he would be shown the first thousand of each of its units.
create index tasks_of_role_anywhere
    on tasks (owner_role, coalesce(due_at, 'infinity'::timestamptz), case_id, no)
    where closed_at is null and owner_role is not null;
