insert into mcp_sessions (id, user_id, project_id, client, used_at)
values ({id:9}, 'ann@example.com', {id:1}, '{"a":1}', '2025-06-15T15:06:41Z');
insert into mcp_projects (user_id, folder, project_id)
values ('ann@example.com', '/work', {id:1});
