insert into standing_permissions (id, conversation_id, tool, verb, objects, effect, since)
values ({id:7}, {id:2}, 'execute_sql', 'DROP', '["main.default.t"]', 'destroys', '2025-06-15T15:06:42Z');
