insert into operations (id, project_id, work, plugin, tool, conversation_id, turn_id, call_id, continues_with, state, since, seen_at, outcome)
values ({id:21}, {id:1}, 'w1', 'databricks-jobs', 'mcp__databricks__run_job', {id:2}, {id:3}, {bytes:call_1}, '{"name":"mcp__databricks__wait_for_run","input":{"run_id":7}}', 'running', '2025-06-15T15:06:43Z', '2025-06-15T15:06:43Z', null);
