-- One conversation with two turns that ended: what the first version wrote.
insert into projects (id, user_id, name, created_at)
values ({id:1}, 'ann@example.com', 'taxi', '2025-06-15T15:06:40.000001Z');
insert into conversations (id, project_id, user_id, title, settings, created_at, updated_at)
values ({id:2}, {id:1}, 'ann@example.com', 'how many rides', '{}', '2025-06-15T15:06:40.000002Z', '2025-06-15T15:06:41Z');
insert into turns (id, conversation_id, project_id, user_id, status, client_message_id, first_seq, last_seq,
    stop_requested, lease_worker, lease_token, lease_expires_at, created_at, updated_at)
values ({id:3}, {id:2}, {id:1}, 'ann@example.com', 'completed', {id:9}, 1, 5,
        {false}, null, 1, '2025-06-15T15:06:41Z', '2025-06-15T15:06:40.000003Z', '2025-06-15T15:06:41Z'),
    ({id:4}, {id:2}, {id:1}, 'ann@example.com', 'cancelled', null, 6, 7,
        {true}, null, 1, '2025-06-15T15:06:42Z', '2025-06-15T15:06:41Z', '2025-06-15T15:06:42Z');
insert into events (conversation_id, seq, turn_id, kind, body, at)
values ({id:2}, 1, {id:3}, 'turn_started', '{"type":"turn_started","message":"how many rides","settings":{}}', '2025-06-15T15:06:40Z'),
    ({id:2}, 2, {id:3}, 'text_delta', '{"type":"text_delta","step":0,"block":0,"offset":0,"text":"Fo"}', '2025-06-15T15:06:40Z'),
    ({id:2}, 3, {id:3}, 'tool_finished', '{"type":"tool_finished","call":"call_1","name":"execute_sql","outcome":{"content":"41","structured":{"rows":[["41"]]},"is_error":false},"duration_ms":1}', '2025-06-15T15:06:40Z'),
    ({id:2}, 4, {id:3}, 'assistant_message', '{"type":"assistant_message","step":0,"blocks":[{"type":"text","text":"Forty-one."}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1},"aborted":false}', '2025-06-15T15:06:41Z'),
    ({id:2}, 5, {id:3}, 'turn_finished', '{"type":"turn_finished","end":{"outcome":"completed"},"usage":{"input_tokens":1,"output_tokens":1},"steps":1,"duration_ms":1}', '2025-06-15T15:06:41Z'),
    ({id:2}, 6, {id:4}, 'turn_started', '{"type":"turn_started","message":"again","settings":{}}', '2025-06-15T15:06:41Z'),
    ({id:2}, 7, {id:4}, 'turn_finished', '{"type":"turn_finished","end":{"outcome":"cancelled"},"usage":{"input_tokens":0,"output_tokens":0},"steps":0,"duration_ms":1}', '2025-06-15T15:06:42Z');
insert into approvals (turn_id, call_id, requested_seq, decision, answered_seq)
values ({id:4}, {bytes:call_2}, 6, 'no', 6);
