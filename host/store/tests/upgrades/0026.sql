insert into permission_rules (project_id, kind, place, rule)
values ({id:1}, 'deny', 0, 'Write(secrets/**)');
insert into without_second_look (project_id)
values ({id:1});
