-- Spark functions as DuckDB macros. They live in the in-memory database, which every connection searches before DuckDB's
-- own functions; bodies therefore name DuckDB's functions in full where a macro has the same name.

-- The length of a list under a name that no printer turns into that of a text.
CREATE MACRO spark_len(x) AS system.main.len(x);

-- Operators under ANSI mode.
CREATE MACRO spark_divide(a, b) AS CASE WHEN b = 0 THEN error('[DIVIDE_BY_ZERO]') ELSE a / b END;
CREATE MACRO spark_integer_divide(a, b) AS CASE WHEN b = 0 THEN error('[DIVIDE_BY_ZERO]') ELSE CAST(trunc(a // b) AS BIGINT) END;
CREATE MACRO spark_modulo(a, b) AS CASE WHEN b = 0 THEN error('[REMAINDER_BY_ZERO]') ELSE system.main.mod(a, b) END;
CREATE MACRO pmod(a, b) AS CASE WHEN b = 0 THEN error('[REMAINDER_BY_ZERO]') ELSE system.main.mod(system.main.mod(a, b) + b, b) END;
CREATE MACRO spark_array_at(list, i) AS
  CASE WHEN i < 0 OR i >= spark_len(list)
       THEN error('[INVALID_ARRAY_INDEX]' || CAST(i AS VARCHAR) || '|' || CAST(spark_len(list) AS VARCHAR))
       ELSE list[i + 1] END;

-- Storing in a column: numbers must fit and lose their fraction, text must be a whole number; text has a length, beyond
-- which only blanks are cut.
CREATE MACRO spark_store_integer(x, low, high, name) AS
  CASE WHEN x IS NULL THEN NULL
       WHEN typeof(x) = 'VARCHAR' AND NOT regexp_full_match(trim(CAST(x AS VARCHAR)), '[+-]?[0-9]+')
       THEN error('[CAST_INVALID_INPUT]' || CAST(x AS VARCHAR) || '|STRING|' || name)
       WHEN coalesce(spark_try_cast_bigint(x) NOT BETWEEN low AND high, TRUE)
       THEN error('[CAST_OVERFLOW_IN_TABLE_INSERT]' || upper(spark_type_name(typeof(x))) || '|' || name)
       ELSE spark_cast_bigint(x) END;
CREATE MACRO spark_store_text(x, n) AS
  CASE WHEN x IS NULL THEN NULL
       WHEN system.main.length(CAST(x AS VARCHAR)) <= n THEN CAST(x AS VARCHAR)
       WHEN system.main.length(rtrim(CAST(x AS VARCHAR), ' ')) <= n THEN substr(CAST(x AS VARCHAR), 1, n)
       ELSE error('[DELTA_EXCEED_CHAR_VARCHAR_LIMIT]' || CAST(x AS VARCHAR) || '|' || CAST(n AS VARCHAR)) END;

-- Text with a zone is the instant that it names; without one it is in the session's zone, UTC.
CREATE MACRO spark_timestamp(x) AS CAST(CAST(x AS TIMESTAMPTZ) AS TIMESTAMP);
CREATE MACRO spark_try_timestamp(x) AS CAST(TRY_CAST(x AS TIMESTAMPTZ) AS TIMESTAMP);

CREATE MACRO spark_type_name(t) AS
  CASE WHEN t LIKE 'DECIMAL%' THEN lower(t)
       WHEN t LIKE '%[]' THEN 'array<' || CASE regexp_replace(t, '\[\]$', '')
            WHEN 'INTEGER' THEN 'int' WHEN 'VARCHAR' THEN 'string' WHEN 'HUGEINT' THEN 'bigint'
            ELSE lower(regexp_replace(t, '\[\]$', '')) END || '>'
       WHEN t LIKE 'STRUCT(%' THEN lower(replace(replace(replace(replace(t, 'STRUCT(', 'struct<'), ')', '>'), 'INTEGER', 'int'), 'VARCHAR', 'string'))
       ELSE CASE t WHEN 'INTEGER' THEN 'int' WHEN 'VARCHAR' THEN 'string' WHEN 'HUGEINT' THEN 'bigint' WHEN 'BLOB' THEN 'binary'
            WHEN '"NULL"' THEN 'void' WHEN 'NULL' THEN 'void' WHEN 'TIMESTAMP WITH TIME ZONE' THEN 'timestamp' WHEN 'JSON' THEN 'string'
            ELSE lower(t) END
  END;

-- Dates. Text is read as a timestamp first, so that both forms are taken.
CREATE MACRO year(x) AS CAST(system.main.year(CAST(x AS TIMESTAMP)) AS INTEGER);
CREATE MACRO quarter(x) AS CAST(system.main.quarter(CAST(x AS TIMESTAMP)) AS INTEGER);
CREATE MACRO month(x) AS CAST(system.main.month(CAST(x AS TIMESTAMP)) AS INTEGER);
CREATE MACRO day(x) AS CAST(system.main.day(CAST(x AS TIMESTAMP)) AS INTEGER);
CREATE MACRO dayofmonth(x) AS CAST(system.main.day(CAST(x AS TIMESTAMP)) AS INTEGER);
CREATE MACRO hour(x) AS CAST(system.main.hour(CAST(x AS TIMESTAMP)) AS INTEGER);
CREATE MACRO minute(x) AS CAST(system.main.minute(CAST(x AS TIMESTAMP)) AS INTEGER);
CREATE MACRO second(x) AS CAST(system.main.second(CAST(x AS TIMESTAMP)) AS INTEGER);
CREATE MACRO dayofweek(x) AS CAST(system.main.dayofweek(CAST(x AS TIMESTAMP)) + 1 AS INTEGER);
CREATE MACRO dayofweek_iso(x) AS CAST(isodow(CAST(x AS TIMESTAMP)) AS INTEGER);
CREATE MACRO weekday(x) AS CAST(isodow(CAST(x AS TIMESTAMP)) - 1 AS INTEGER);
CREATE MACRO dayofyear(x) AS CAST(system.main.dayofyear(CAST(x AS TIMESTAMP)) AS INTEGER);
CREATE MACRO weekofyear(x) AS CAST(system.main.week(CAST(x AS TIMESTAMP)) AS INTEGER);
CREATE MACRO dayname(x) AS left(system.main.dayname(CAST(x AS TIMESTAMP)), 3);
CREATE MACRO monthname(x) AS left(system.main.monthname(CAST(x AS TIMESTAMP)), 3);
CREATE MACRO last_day(x) AS system.main.last_day(CAST(CAST(x AS TIMESTAMP) AS DATE));
CREATE MACRO add_months(x, n) AS CAST(CAST(CAST(x AS TIMESTAMP) AS DATE) + to_months(CAST(n AS INTEGER)) AS DATE);
CREATE MACRO make_date(y, m, d) AS system.main.make_date(CAST(y AS BIGINT), CAST(m AS BIGINT), CAST(d AS BIGINT));
CREATE MACRO spark_day_fraction(x) AS (system.main.day(x) - 1) + epoch(x - system.main.date_trunc('day', x)) / 86400.0;
CREATE MACRO months_between(a, b) AS
  CASE WHEN system.main.day(CAST(a AS TIMESTAMP)) = system.main.day(CAST(b AS TIMESTAMP))
         OR (CAST(CAST(a AS TIMESTAMP) AS DATE) = system.main.last_day(CAST(CAST(a AS TIMESTAMP) AS DATE))
             AND CAST(CAST(b AS TIMESTAMP) AS DATE) = system.main.last_day(CAST(CAST(b AS TIMESTAMP) AS DATE)))
       THEN CAST(date_diff('month', CAST(b AS TIMESTAMP), CAST(a AS TIMESTAMP)) AS DOUBLE)
       ELSE round(date_diff('month', CAST(b AS TIMESTAMP), CAST(a AS TIMESTAMP))
            + (spark_day_fraction(CAST(a AS TIMESTAMP)) - spark_day_fraction(CAST(b AS TIMESTAMP))) / 31.0, 8) END;
CREATE MACRO next_day(x, name) AS
  CAST(CAST(x AS DATE) + CAST((list_position(['MO','TU','WE','TH','FR','SA','SU'], upper(left(name, 2))) - isodow(CAST(x AS DATE)) + 6) % 7 + 1 AS INTEGER) AS DATE);
CREATE MACRO sequence
  (a BIGINT, b BIGINT) AS generate_series(a, CASE WHEN abs(CAST(b AS HUGEINT) - a) > 50000000 THEN error('[VALUE_TOO_LARGE]sequence') ELSE b END, CASE WHEN a <= b THEN 1 ELSE -1 END),
  (a DATE, b DATE) AS list_transform(generate_series(CAST(a AS TIMESTAMP), CAST(b AS TIMESTAMP), INTERVAL 1 DAY), bl_x -> CAST(bl_x AS DATE)),
  (a BIGINT, b BIGINT, s BIGINT) AS generate_series(a, b, s),
  (a DATE, b DATE, s INTERVAL) AS list_transform(generate_series(CAST(a AS TIMESTAMP), CAST(b AS TIMESTAMP), s), bl_x -> CAST(bl_x AS DATE)),
  (a TIMESTAMP, b TIMESTAMP, s INTERVAL) AS generate_series(a, b, s);

-- What would make a value larger than all memory is refused before it begins: the engine counts its own buffers only.
CREATE MACRO spark_count(n, name) AS CASE WHEN TRY_CAST(n AS HUGEINT) > 50000000 THEN error('[VALUE_TOO_LARGE]' || name) ELSE n END;
CREATE MACRO spark_bytes(n, size, name) AS
  CASE WHEN TRY_CAST(n AS HUGEINT) * size > 268435456 THEN error('[VALUE_TOO_LARGE]' || name) ELSE n END;

-- Text.
CREATE MACRO repeat(x, n) AS system.main.repeat(x, spark_bytes(n, strlen(CAST(x AS VARCHAR)), 'repeat'));
CREATE MACRO lpad(x, n, pad) AS system.main.lpad(x, spark_bytes(n, 1, 'lpad'), pad);
CREATE MACRO rpad(x, n, pad) AS system.main.rpad(x, spark_bytes(n, 1, 'rpad'), pad);
CREATE MACRO length(x) AS
  CAST(CASE WHEN typeof(x) = 'BLOB' THEN octet_length(TRY_CAST(CAST(x AS VARCHAR) AS BLOB)) ELSE system.main.length(CAST(x AS VARCHAR)) END AS INTEGER);
CREATE MACRO char_length(x) AS CAST(system.main.length(CAST(x AS VARCHAR)) AS INTEGER);
CREATE MACRO character_length(x) AS CAST(system.main.length(CAST(x AS VARCHAR)) AS INTEGER);
CREATE MACRO reverse(x VARCHAR) AS system.main.reverse(x), (x) AS list_reverse(x);
CREATE MACRO initcap(x) AS array_to_string(list_transform(string_split(lower(x), ' '), bl_w -> upper(bl_w[1]) || bl_w[2:]), ' ');
CREATE MACRO substring_index(s, d, n) AS
  CASE WHEN n > 0 THEN array_to_string(string_split(s, d)[1:n], d)
       WHEN n < 0 THEN array_to_string(string_split(s, d)[n:], d) ELSE '' END;
CREATE MACRO format_number(x, d) AS format('{:,.' || CAST(d AS VARCHAR) || 'f}', CAST(x AS DOUBLE));
-- One argument of concat_ws: an array gives all its elements.
CREATE MACRO spark_concat_ws_item(s, x) AS
  CASE WHEN typeof(x) LIKE '%[]' THEN array_to_string(CAST(x AS VARCHAR[]), s) ELSE CAST(x AS VARCHAR) END;
CREATE MACRO split_part(s, d, n) AS
  CASE WHEN s IS NULL OR d IS NULL OR n IS NULL THEN NULL
       WHEN n = 0 THEN error('[INVALID_INDEX_OF_ZERO]')
       ELSE coalesce(system.main.split_part(s, d, CAST(n AS BIGINT)), '') END;
CREATE MACRO str_to_map(x) AS map_from_entries(list_transform(string_split(x, ','), bl_p -> {'key': string_split(bl_p, ':')[1], 'value': string_split(bl_p, ':')[2]}));

-- Arrays.
CREATE MACRO spark_or_empty(x) AS coalesce(x, []);
CREATE MACRO array_distinct(x) AS list_filter(x, (bl_e, bl_i) -> list_position(x, bl_e) = bl_i);
-- Three-valued: with a NULL among the answers, what is not decided by the others is unknown.
CREATE MACRO spark_any(x) AS
  CASE WHEN x IS NULL THEN NULL WHEN list_contains(x, TRUE) THEN TRUE WHEN list_count(x) < spark_len(x) THEN NULL ELSE FALSE END;
CREATE MACRO spark_all(x) AS
  CASE WHEN x IS NULL THEN NULL WHEN list_contains(x, FALSE) THEN FALSE WHEN list_count(x) < spark_len(x) THEN NULL ELSE TRUE END;
CREATE MACRO spark_array_contains(x, v) AS
  CASE WHEN x IS NULL OR v IS NULL THEN NULL WHEN list_contains(x, v) THEN TRUE WHEN list_count(x) < spark_len(x) THEN NULL ELSE FALSE END;
CREATE MACRO spark_arrays_overlap(x, y) AS
  CASE WHEN x IS NULL OR y IS NULL THEN NULL WHEN list_has_any(x, y) THEN TRUE
       WHEN spark_len(x) > 0 AND spark_len(y) > 0 AND (list_count(x) < spark_len(x) OR list_count(y) < spark_len(y)) THEN NULL
       ELSE FALSE END;
CREATE MACRO spark_array_append(x, v) AS CASE WHEN x IS NOT NULL THEN list_append(x, v) END;
CREATE MACRO spark_array_prepend(x, v) AS CASE WHEN x IS NOT NULL THEN list_prepend(v, x) END;
CREATE MACRO spark_array_position(x, v) AS
  CASE WHEN x IS NOT NULL AND v IS NOT NULL THEN CAST(coalesce(list_position(x, v), 0) AS BIGINT) END;
CREATE MACRO spark_flatten(x) AS CASE WHEN list_count(x) = spark_len(x) THEN flatten(x) END;
CREATE MACRO spark_element_at(x, i) AS
  CASE WHEN i = 0 THEN error('[INVALID_INDEX_OF_ZERO]')
       WHEN abs(i) > spark_len(x)
       THEN error('[INVALID_ARRAY_INDEX_IN_ELEMENT_AT]' || CAST(i AS VARCHAR) || '|' || CAST(spark_len(x) AS VARCHAR))
       ELSE x[i] END;
CREATE MACRO slice(x, start, n) AS
  CASE WHEN x IS NULL OR start IS NULL OR n IS NULL THEN NULL
       WHEN start = 0 THEN error('[INVALID_PARAMETER_VALUE.START]')
       WHEN n < 0 THEN error('[INVALID_PARAMETER_VALUE.LENGTH]' || CAST(n AS VARCHAR))
       WHEN n = 0 OR start < 0 AND spark_len(x) + start < 0 THEN list_slice(x, 1, 0)
       WHEN start < 0 THEN list_slice(x, spark_len(x) + start + 1, spark_len(x) + start + n)
       ELSE list_slice(x, start, start + n - 1) END;

-- Numbers.
CREATE MACRO ceil(x) AS CAST(system.main.ceil(x) AS BIGINT);
CREATE MACRO ceiling(x) AS CAST(system.main.ceil(x) AS BIGINT);
CREATE MACRO floor(x) AS CAST(system.main.floor(x) AS BIGINT);
-- Exact where the root is whole, as in Java.
CREATE MACRO cbrt(x) AS
  CASE WHEN round(system.main.cbrt(x)) * round(system.main.cbrt(x)) * round(system.main.cbrt(x)) = x
       THEN round(system.main.cbrt(x)) ELSE system.main.cbrt(x) END;
CREATE MACRO sign(x) AS CAST(system.main.sign(x) AS DOUBLE);
CREATE MACRO signum(x) AS CAST(system.main.sign(x) AS DOUBLE);
CREATE MACRO bit_count(x) AS CAST(system.main.bit_count(x) AS INTEGER);
CREATE MACRO width_bucket(x, low, high, n) AS
  CASE WHEN x < low THEN 0 WHEN x >= high THEN n + 1 ELSE CAST(system.main.floor((x - low) * n / (high - low)) AS BIGINT) + 1 END;
