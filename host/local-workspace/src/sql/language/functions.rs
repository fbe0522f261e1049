//! Spark's functions that DuckDB lacks or has with another meaning, as macros of the in-memory database.

const FUNCTIONS: &str = include_str!("functions.sql");

/// One cast to a whole number, with words in braces.
const CAST: &str = include_str!("casts.sql");

/// The statements that make all macros.
pub(crate) fn definitions() -> String {
    let mut text = String::new();
    for (spark, duckdb) in [("int", "INTEGER"), ("bigint", "BIGINT")] {
        let refuse =
            format!("error('[CAST_INVALID_INPUT]' || CAST(x AS VARCHAR) || '|STRING|{}')", spark.to_uppercase());
        for (name, cast, malformed) in [("spark_cast", "CAST", refuse.as_str()), ("spark_try_cast", "TRY_CAST", "NULL")]
        {
            let filled = CAST.replace("{name}", &format!("{name}_{spark}")).replace("{cast}", cast);
            text.push_str(&filled.replace("{type}", duckdb).replace("{malformed}", malformed));
        }
    }
    text.push_str(FUNCTIONS);
    text
}
