-- Casts to whole numbers: text must be a whole number, fractions are cut, not rounded. The type is asked while the
-- statement runs and not by overloads of the macro: DuckDB cannot choose among those while an aggregate or window has no
-- type yet. `functions.rs` fills in the words in braces.
CREATE MACRO {name}(x) AS
  CASE WHEN typeof(x) = 'VARCHAR'
       THEN CASE WHEN x IS NULL OR regexp_full_match(trim(CAST(x AS VARCHAR)), '[+-]?[0-9]+') THEN {cast}(trim(CAST(x AS VARCHAR)) AS {type})
                 ELSE {malformed} END
       WHEN typeof(x) IN ('DOUBLE', 'FLOAT') THEN {cast}(trunc(TRY_CAST(x AS DOUBLE)) AS {type})
       WHEN typeof(x) LIKE 'DECIMAL%' THEN {cast}(regexp_extract(CAST(x AS VARCHAR), '^-?[0-9]+') AS {type})
       WHEN typeof(x) LIKE 'TIMESTAMP%' THEN {cast}(floor(epoch(TRY_CAST(x AS TIMESTAMP))) AS {type})
       ELSE {cast}(x AS {type}) END;
