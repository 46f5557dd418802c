-- What the worklist page needs: searching as people type, and what they keep of it.
set local lock_timeout = '5s';

-- A text as it is searched: without the differences that nobody means. One ye, one kaf, one alef, one he; Latin digits;
-- no half-space, space, hyphen, tatweel, mark of direction or vowel sign; small letters.
create function folded(text) returns text
    language sql immutable strict parallel safe
    return lower(translate($1,
        -- يىكةۀآأإٱؤئ and the Persian and Arabic digits; then what is left out.
        U&'\064A\0649\0643\0629\06C0\0622\0623\0625\0671\0624\0626\06F0\06F1\06F2\06F3\06F4\06F5\06F6\06F7\06F8\06F9\0660\0661\0662\0663\0664\0665\0666\0667\0668\0669\200C\200D\200E\200F\0640\0020\00A0\002D\064B\064C\064D\064E\064F\0650\0651\0652\0654\0670',
        U&'\06CC\06CC\06A9\0647\0647\0627\0627\0627\0627\0648\06CC\0030\0031\0032\0033\0034\0035\0036\0037\0038\0039\0030\0031\0032\0033\0034\0035\0036\0037\0038\0039'));

-- What somebody has called a choice of filters.
create table saved_filters (
    person uuid not null references people,
    name text not null check (length(name) between 1 and 60),
    -- As the address has it, without a question mark.
    query text not null check (length(query) <= 1000),
    saved_at timestamptz not null default clock_timestamp(),
    primary key (person, name)
);

grant select, insert, update, delete on saved_filters to parvaneh_app;
