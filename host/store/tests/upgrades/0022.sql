insert into tool_choices (project_id, name, choice)
values ({id:1}, 'databricks-jobs', 'hidden');
