insert into resources (id, project_id, kind, resource_id, name, link, whole, tool, conversation_id, turn_id, call_id, created_at)
values ({id:20}, {id:1}, 'job', '12', 'nightly', 'https://w.example/jobs/12', {true}, 'mcp__databricks__create_job', {id:2}, {id:3}, {bytes:call_1}, '2025-06-15T15:06:43Z');
