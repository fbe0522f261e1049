insert into project_skills (project_id, enabled, copies)
values ({id:1}, '["databricks-sql"]', '{"databricks-sql":"0f"}');
