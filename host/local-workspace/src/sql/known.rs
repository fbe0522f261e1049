//! What Databricks SQL has and the local workspace lacks, by name, so that a refusal says whose fault it is.

use super::lexer::{Token, tokenize};

/// Built-in functions that are missing here. Source: Databricks SQL reference, "Built-in functions".
const MISSING_FUNCTIONS: &[&str] = &[
    "aes_decrypt", "aes_encrypt", "ai_analyze_sentiment", "ai_classify", "ai_extract", "ai_fix_grammar", "ai_forecast",
    "ai_gen", "ai_generate_text", "ai_mask", "ai_parse_document", "ai_query", "ai_similarity", "ai_summarize",
    "ai_top_drivers", "ai_translate", "approx_top_k", "array_insert", "assert_true", "bit_get", "bit_reverse",
    "bitmap_bit_position", "bitmap_bucket_number", "bitmap_construct_agg", "bitmap_count", "bitmap_or_agg", "charindex",
    "cloud_files_state", "collate", "collation", "conv", "count_min_sketch", "crc32", "csc", "cube", "current_metastore",
    "current_oauth_custom_identity_claim", "current_recipient", "elt", "event_log", "find_in_set", "from_avro", "from_csv",
    "from_protobuf", "from_xml", "get_warmup", "h3_longlatash3", "hash", "histogram_numeric", "hll_sketch_agg",
    "hll_sketch_estimate", "hll_union", "hll_union_agg", "http_request", "input_file_block_length",
    "input_file_block_start", "input_file_name", "is_account_group_member", "is_member", "is_variant_null", "java_method",
    "list_secrets", "luhn_check", "make_dt_interval", "make_interval", "make_timestamp_ltz", "make_timestamp_ntz",
    "make_ym_interval", "map_zip_with", "mask", "overlay", "parse_url", "percent_rank_approx", "randn", "range_n",
    "read_files", "read_kafka", "read_kinesis", "read_pubsub", "read_pulsar", "read_state_metadata", "read_statestore",
    "reflect", "regexp_instr", "regexp_substr", "remote_query", "rint", "schema_of_csv", "schema_of_json",
    "schema_of_json_agg", "schema_of_variant", "schema_of_variant_agg", "schema_of_xml", "sec", "secret", "sentences",
    "session_window", "shiftrightunsigned", "shuffle", "soundex", "spark_partition_id", "sql_keywords", "st_geomfromtext",
    "table_changes", "theta_sketch_agg", "to_avro", "to_csv", "to_number", "to_protobuf", "to_timestamp_ltz",
    "to_timestamp_ntz", "to_variant_object", "to_varchar", "to_xml", "try_aes_decrypt", "try_make_interval",
    "try_make_timestamp", "try_parse_json", "try_parse_url", "try_reflect", "try_secret", "try_to_binary",
    "try_to_number", "try_url_decode", "try_variant_get", "try_zstd_decompress", "variant_explode",
    "variant_explode_outer", "variant_get", "vector_search", "window", "window_time", "xpath", "xpath_boolean",
    "xpath_double", "xpath_float", "xpath_int", "xpath_long", "xpath_number", "xpath_short", "xpath_string", "xxhash64",
    "zstd_compress", "zstd_decompress",
];

/// Words that stand together in a construct that the parser does not know, and how people call it.
const MISSING_CLAUSES: &[(&[&str], &str)] = &[
    (&["|", ">"], "Pipe syntax"),
    (&["VERSION", "AS", "OF"], "Time travel"),
    (&["TIMESTAMP", "AS", "OF"], "Time travel"),
    (&["YEAR", "TO", "MONTH"], "An INTERVAL of several units"),
    (&["DAY", "TO"], "An INTERVAL of several units"),
    (&["HOUR", "TO"], "An INTERVAL of several units"),
    (&["MINUTE", "TO"], "An INTERVAL of several units"),
    (&["MATCH_RECOGNIZE"], "MATCH_RECOGNIZE"),
    (&["TABLESAMPLE"], "This form of TABLESAMPLE"),
    (&["COLLATE"], "COLLATE"),
    (&["WITHIN", "GROUP"], "This use of WITHIN GROUP"),
    (&["STREAM"], "A STREAM"),
    (&["EXECUTE", "IMMEDIATE"], "EXECUTE IMMEDIATE"),
];

/// Whether Databricks has a function of this name that the local workspace lacks.
pub(crate) fn is_missing_function(name: &str) -> bool {
    MISSING_FUNCTIONS.iter().any(|missing| missing.eq_ignore_ascii_case(name))
}

/// The first construct of a text that Databricks has and the local workspace lacks.
pub(crate) fn missing_clause(text: &str) -> Option<&'static str> {
    let tokens = tokenize(text).ok()?;
    let stands = |at: &[Token], words: &[&str]| {
        at.len() >= words.len() && words.iter().zip(at).all(|(word, token)| token.is(word))
    };
    MISSING_CLAUSES
        .iter()
        .find(|(words, _)| (0..tokens.len()).any(|start| tokens.get(start..).is_some_and(|rest| stands(rest, words))))
        .map(|(_, name)| *name)
}
