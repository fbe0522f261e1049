-- The client's id of a submission is unique among its user's, in whatever conversation it was made: the first message of
-- a new one has none to name. Of those that were sent twice before, the first keeps the id.
update turns
set client_message_id = null
where client_message_id is not null
    and exists (
        select 1
        from turns earlier
        where earlier.user_id = turns.user_id
            and earlier.client_message_id = turns.client_message_id
            and earlier.id < turns.id
    );

drop index turns_by_client_message;

create unique index turns_by_client_message on turns (user_id, client_message_id)
where client_message_id is not null;
