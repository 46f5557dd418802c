-- no-transaction
-- Whose names some letters occur in.
create index concurrently if not exists people_by_letters on people using gin (letter_groups(folded(name)));
