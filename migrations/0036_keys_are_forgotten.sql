-- The keys of requests are forgotten after a time: nobody repeats a request after months, and the table
-- would grow for ever. Only old ones: for a day a key is kept, whoever asks.
set local lock_timeout = '5s';

create function keys_stay_for_a_day() returns trigger language plpgsql as $$
begin
    if old.recorded_at > engine_now() - interval '1 day' then
        raise exception 'the key of a request is kept for a day' using errcode = 'PV010';
    end if;
    return old;
end
$$;
create trigger keys_stay_for_a_day before delete on idempotency_keys
    for each row execute function keys_stay_for_a_day();

grant delete on idempotency_keys to parvaneh_engine;
