-- A case that moves to another version of its definition begins another round of warnings and levels:
-- what has fired by the ladder of the old version says nothing about the places in the new one. 'At most
-- once for each deadline' holds within a round.
alter table escalations add column round integer not null default 0 check (round >= 0);
alter table escalations drop constraint escalations_pkey;
alter table escalations add primary key (case_id, clock, round, level);
