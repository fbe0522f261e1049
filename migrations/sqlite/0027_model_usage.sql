-- What the calls of models took: added up for each conversation, user, day (UTC, days since 1970) and model, in the
-- transaction that stores the end of the call. Rows outlive their conversation: what was spent stays spent.
create table model_usage (
    conversation_id blob not null,
    user_id text not null,
    day integer not null,
    model text not null,
    calls integer not null,
    input_tokens integer not null,
    output_tokens integer not null,
    cache_creation_input_tokens integer not null,
    cache_read_input_tokens integer not null,
    cost_micro_usd integer not null,
    primary key (conversation_id, user_id, day, model)
) strict;

create index model_usage_by_user on model_usage (user_id, day);
