insert into plugin_state (project_id, plugin, key, value, updated_at)
values ({id:1}, 'weather', {bytes:last}, {bytes:sunny}, '2025-06-15T15:06:41Z');
