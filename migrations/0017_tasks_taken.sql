-- no-transaction
-- How many tasks somebody has taken this year: by it the fairness floor of a worklist knows whose turn it is.
create index concurrently if not exists tasks_taken on tasks (assignee, claimed_at) where assignee is not null;
