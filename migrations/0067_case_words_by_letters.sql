-- no-transaction
-- Which cases some letters occur in: by all groups of three of them at once, and by the unit beside them.
create index concurrently if not exists case_words_by_letters on case_words
    using gin ((letter_groups(words) || ('@' || unit_id)));
