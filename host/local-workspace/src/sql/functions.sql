-- Spark functions as DuckDB macros. They live in the in-memory database, which every connection searches before DuckDB's
-- own functions; bodies therefore name DuckDB's functions in full where a macro has the same name.

-- Operators under ANSI mode.
CREATE MACRO spark_divide(a, b) AS CASE WHEN b = 0 THEN error('[DIVIDE_BY_ZERO]') ELSE a / b END;
CREATE MACRO spark_integer_divide(a, b) AS CASE WHEN b = 0 THEN error('[DIVIDE_BY_ZERO]') ELSE CAST(trunc(a // b) AS BIGINT) END;
CREATE MACRO spark_modulo(a, b) AS CASE WHEN b = 0 THEN error('[REMAINDER_BY_ZERO]') ELSE system.main.mod(a, b) END;
CREATE MACRO pmod(a, b) AS CASE WHEN b = 0 THEN error('[REMAINDER_BY_ZERO]') ELSE system.main.mod(system.main.mod(a, b) + b, b) END;
CREATE MACRO spark_array_at(list, i) AS
  CASE WHEN i < 0 OR i >= len(list)
       THEN error('[INVALID_ARRAY_INDEX]' || CAST(i AS VARCHAR) || '|' || CAST(len(list) AS VARCHAR))
       ELSE list[i + 1] END;

-- Casts: text must be a whole number, fractions are cut, not rounded.
CREATE MACRO spark_cast_int
  (x VARCHAR) AS CASE WHEN x IS NULL OR regexp_full_match(trim(x), '[+-]?[0-9]+') THEN CAST(trim(x) AS INTEGER)
                      ELSE error('[CAST_INVALID_INPUT]' || x || '|STRING|INT') END,
  (x HUGEINT) AS CAST(x AS INTEGER),
  (x DOUBLE) AS CAST(trunc(x) AS INTEGER),
  (x BOOLEAN) AS CAST(x AS INTEGER),
  (x TIMESTAMP) AS CAST(epoch(x) AS INTEGER);
CREATE MACRO spark_cast_bigint
  (x VARCHAR) AS CASE WHEN x IS NULL OR regexp_full_match(trim(x), '[+-]?[0-9]+') THEN CAST(trim(x) AS BIGINT)
                      ELSE error('[CAST_INVALID_INPUT]' || x || '|STRING|BIGINT') END,
  (x HUGEINT) AS CAST(x AS BIGINT),
  (x DOUBLE) AS CAST(trunc(x) AS BIGINT),
  (x BOOLEAN) AS CAST(x AS BIGINT),
  (x TIMESTAMP) AS CAST(floor(epoch(x)) AS BIGINT);
CREATE MACRO spark_try_cast_int
  (x VARCHAR) AS CASE WHEN regexp_full_match(trim(x), '[+-]?[0-9]+') THEN TRY_CAST(trim(x) AS INTEGER) END,
  (x HUGEINT) AS TRY_CAST(x AS INTEGER),
  (x DOUBLE) AS TRY_CAST(trunc(x) AS INTEGER),
  (x BOOLEAN) AS TRY_CAST(x AS INTEGER);
CREATE MACRO spark_try_cast_bigint
  (x VARCHAR) AS CASE WHEN regexp_full_match(trim(x), '[+-]?[0-9]+') THEN TRY_CAST(trim(x) AS BIGINT) END,
  (x HUGEINT) AS TRY_CAST(x AS BIGINT),
  (x DOUBLE) AS TRY_CAST(trunc(x) AS BIGINT),
  (x BOOLEAN) AS TRY_CAST(x AS BIGINT);

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
  (a BIGINT, b BIGINT) AS generate_series(a, b, CASE WHEN a <= b THEN 1 ELSE -1 END),
  (a DATE, b DATE) AS list_transform(generate_series(CAST(a AS TIMESTAMP), CAST(b AS TIMESTAMP), INTERVAL 1 DAY), bl_x -> CAST(bl_x AS DATE)),
  (a BIGINT, b BIGINT, s BIGINT) AS generate_series(a, b, s),
  (a DATE, b DATE, s INTERVAL) AS list_transform(generate_series(CAST(a AS TIMESTAMP), CAST(b AS TIMESTAMP), s), bl_x -> CAST(bl_x AS DATE)),
  (a TIMESTAMP, b TIMESTAMP, s INTERVAL) AS generate_series(a, b, s);

-- Text.
-- The last form is for lists: templates that say len() are printed as LENGTH().
CREATE MACRO length(x VARCHAR) AS CAST(system.main.length(x) AS INTEGER), (x BLOB) AS CAST(octet_length(x) AS INTEGER),
  (x) AS CAST(system.main.len(x) AS INTEGER);
CREATE MACRO char_length(x) AS CAST(system.main.length(CAST(x AS VARCHAR)) AS INTEGER);
CREATE MACRO character_length(x) AS CAST(system.main.length(CAST(x AS VARCHAR)) AS INTEGER);
CREATE MACRO reverse(x VARCHAR) AS system.main.reverse(x), (x) AS list_reverse(x);
CREATE MACRO initcap(x) AS array_to_string(list_transform(string_split(lower(x), ' '), bl_w -> upper(bl_w[1]) || bl_w[2:]), ' ');
CREATE MACRO substring_index(s, d, n) AS
  CASE WHEN n > 0 THEN array_to_string(string_split(s, d)[1:n], d)
       WHEN n < 0 THEN array_to_string(string_split(s, d)[n:], d) ELSE '' END;
CREATE MACRO format_number(x, d) AS format('{:,.' || CAST(d AS VARCHAR) || 'f}', CAST(x AS DOUBLE));
CREATE MACRO spark_concat_ws(s, x VARCHAR) AS x, (s, x) AS array_to_string(x, s);
CREATE MACRO hex(x BIGINT) AS upper(to_hex(x)), (x VARCHAR) AS system.main.hex(x), (x BLOB) AS system.main.hex(x);
CREATE MACRO split_part(s, d, n) AS coalesce(system.main.split_part(s, d, n), '');
CREATE MACRO str_to_map(x) AS map_from_entries(list_transform(string_split(x, ','), bl_p -> {'key': string_split(bl_p, ':')[1], 'value': string_split(bl_p, ':')[2]}));

-- Arrays.
CREATE MACRO array_distinct(x) AS list_filter(x, (bl_e, bl_i) -> list_position(x, bl_e) = bl_i);
CREATE MACRO slice(x, start, n) AS
  CASE WHEN start < 0 THEN list_slice(x, len(x) + start + 1, len(x) + start + n) ELSE list_slice(x, start, start + n - 1) END;

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
