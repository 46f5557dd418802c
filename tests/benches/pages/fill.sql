-- So many cases ({cases}) beside the one that was opened by the program, over three years up to the clock's now: units by
-- their population, half of the cases of the first workflow and the rest over the others, 36 of a thousand
-- running. Each is a copy of the first one's state and events under its own identifier, so that the pages of running cases
-- are real; how it stands is told by its columns and tasks.
set synchronous_commit = off;

create temporary table counties as
select id, sum(coalesce(population, 1)) over (order by id) as upto
from units where level = 'county';
create index on counties (upto);

-- Who applies, as often as a person comes back.
create temporary table names as select
    array['علی', 'زهرا', 'محمد', 'فاطمه', 'حسین', 'مریم', 'رضا', 'نرگس', 'مهدی', 'سارا'] as first,
    array['کریمی', 'حسینی', 'رضایی', 'یوسفی', 'احمدی', 'کاظمی', 'نوری', 'صادقی', 'مرادی', 'جعفری'] as last;
create temporary table applicants as
select n, gen_random_uuid() as id from generate_series(1, greatest({cases} / 4, 1)) n;
create index on applicants (n);
analyze counties;
analyze applicants;
insert into people (id, name)
select a.id, first[1 + a.n % 10] || ' ' || last[1 + a.n / 10 % 10] || ' ' || a.n from applicants a, names;

-- Who decides: an officer for two thousand cases of three years, one in each county at least.
create temporary table officers as
select unit, many, n, coalesce(case when n = 0 then hired end, gen_random_uuid()) as person, n > 0 or hired is null as is_new
from (
    select c.id as unit, greatest(1, ceil({cases} / 2000.0 * c.population / sum(c.population) over ()))::int as many,
           (select person from grants g where g.role = 'county_officer' and g.unit_id = c.id limit 1) as hired
    from (select id, coalesce(population, 1) as population from units where level = 'county') c
) counties
cross join lateral generate_series(0, many - 1) n;
create index on officers (unit, n);
analyze officers;
insert into people (id, name) select person, 'officer ' || n || ' of ' || unit from officers where is_new;
insert into grants (person, role, unit_id) select person, 'county_officer', unit from officers where is_new;

create temporary table made as
select n, id, unit, workflow, version, opened_at, applicant, term, lasted,
       case when opened_at + lasted < now then opened_at + lasted end as ended_at
from (
    select n,
        -- As the program makes them: the time first.
        (lpad(to_hex((extract(epoch from opened_at) * 1000)::bigint), 12, '0') || '7'
            || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid as id,
        (select c.id from counties c where c.upto > d.place * (select max(upto) from counties)
         order by c.upto limit 1) as unit,
        case when n % 2 = 0 then first.workflow else other.workflow end as workflow,
        case when n % 2 = 0 then first.version else other.version end as version,
        opened_at, interval '60 days' as term,
        -- Three of a hundred are late; of a hundred, one is left undecided.
        case when n % 100 = 7 then interval '400 days'
             when n % 100 in (11, 31, 71) then interval '61 days' + d.length * interval '60 days'
             else interval '5 days' + d.length * interval '54 days' end as lasted,
        now, (select a.id from applicants a where a.n = 1 + d.n % greatest({cases} / 4, 1)) as applicant
    from (
        select n, random() as place, random() as length, engine_now() as now,
               engine_now() - random() * interval '1095 days' as opened_at
        from generate_series(1, {cases}) n
    ) d
    cross join (select workflow, version from cases limit 1) first
    join lateral (
        select workflow, version from definitions
        where workflow <> first.workflow order by md5(workflow || (d.n % 10)) limit 1
    ) other on true
) drawn;
create index on made (id);

insert into cases (
    id, workflow, version, unit_id, applicant, subject, seq, prev_seq, head_hash, state, step, suspended, opened_at,
    recorded_at, next_due_at, deadline_at, raw_deadline_at, ended_at, outcome, decision, by_silence)
select m.id, m.workflow, m.version, m.unit, m.applicant,
       c.subject || ' ' || (array['مهر', 'امید', 'یاری', 'سپهر', 'آینده', 'نوید', 'پیوند', 'رویش'])[1 + m.n % 8] || ' ' || m.n,
       c.seq, c.prev_seq, c.head_hash,
       replace(replace(c.state::text, c.id::text, m.id::text), c.unit_id, m.unit)::json,
       c.step, m.ended_at is null and m.n % 20 = 0, m.opened_at, coalesce(m.ended_at, m.opened_at),
       case when m.ended_at is null then engine_now() + interval '30 days' + m.n % 90 * interval '1 day' end,
       case when m.ended_at is not null or m.n % 20 > 0
            then m.opened_at + m.term + m.n % 4 * interval '3 days' end,
       m.opened_at + m.term, m.ended_at,
       case when m.ended_at is not null then case when m.n % 25 = 3 then 'withdrawn' else 'granted' end end,
       case when m.ended_at is not null then m.n % 25 <> 3 end,
       case when m.ended_at is not null then m.n % 2000 = 11 end
from made m, (select * from cases limit 1) c
order by m.opened_at;

insert into case_events (case_id, seq, kind, effective_at, recorded_at, actor, body, hash)
select m.id, e.seq + again, case when again = 0 then e.kind else 'commented' end,
       m.opened_at, m.opened_at + again * interval '2 days',
       case when again > 0 then (select person from grants order by md5(person::text || m.n % 40) limit 1) end,
       e.body, e.hash
from made m
cross join (select * from case_events order by case_id, seq limit 1) e
cross join generate_series(0, 1) again
order by m.opened_at;

insert into tasks (
    case_id, no, step, purpose, owner_role, unit_id, assignee, opened_at, claimed_at, due_at, closed_at, outcome,
    waited, handled, untouched, late_waiting, late_handling)
select m.id, t.no + before, t.step, t.purpose,
       case when m.n % 2 = 0 then t.owner_role else 'other_' || t.owner_role end, m.unit,
       case when m.n % 3 = 0 and before = last then o.person end,
       m.opened_at + before * m.lasted / 4,
       case when m.n % 3 = 0 then m.opened_at + before * m.lasted / 4 + interval '1 day' end,
       m.opened_at + (before + 1) * m.term / 4,
       case when before < last or m.ended_at is not null then m.opened_at + (before + 1) * m.lasted / 4 end,
       case when before < last or m.ended_at is not null then 'accept' end,
       36e8 + m.n % 9 * 36e8, 72e8, 36e8, 0, 0
from (select *, case when ended_at is null then 1 else 3 end as last from made) m
cross join (select * from tasks limit 1) t
join officers o on o.unit = m.unit and o.n = m.n / 3 % o.many
cross join lateral generate_series(0, m.last) before
order by m.opened_at;

-- Of what came near its deadline it was warned once; what has passed it was escalated, and three days later again.
insert into escalations (case_id, clock, level, number, warning, seq, deadline_at, recorded_at)
select case_id, clock, level, greatest(level, 1), level = 0, 1, due_at, due_at + (level - 1) * interval '3 days'
from (
    select case_id, no as clock, due_at, least(closed_at, engine_now()) as until
    from tasks where due_at is not null
    union all
    select id, 0, deadline_at, least(ended_at, engine_now()) from cases where deadline_at is not null
) clocks
cross join generate_series(0, 2) level
where due_at + (level - 1) * interval '3 days' <= until;
