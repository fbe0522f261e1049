use super::*;

#[track_caller]
fn check(source: &str, expect: &[&str]) {
    let texts: Vec<_> = lex(source).into_iter().map(|token| token.text).collect();
    assert_eq!(texts, expect, "{source}");
}

#[test]
fn keeps_quotes_whole() {
    check("select 'a;''b\\';' x", &["select", "'a;'", "'b\\';'", "x"]);
    check(r#"select "a\";" , `b``;`"#, &["select", r#""a\";""#, ",", "`b``;`"]);
    check(r"select r'\' ; x", &["select", r"r'\'", ";", "x"]);
    check("as $$ a; 'b $$ ;", &["as", "$$ a; 'b $$", ";"]);
    check("as $py$ $$ ; $py$ ;", &["as", "$py$ $$ ; $py$", ";"]);
    check("$1 + $2", &["$", "1", "+", "$", "2"]);
}

#[test]
fn leaves_comments_out_and_keeps_hints() {
    check("a -- b ; c\n d", &["a", "d"]);
    check("a -- b \\\n still ; a comment\n d", &["a", "d"]);
    check("a -- b\r d", &["a", "d"]);
    check("a /* x /* y; */ z */ b", &["a", "b"]);
    check("a /* x /*+ y */ b", &["a", "b"]);
    check("a /* open ;", &["a"]);
    check("select /*+ x('*/') */ y", &["select", "/*+", "x", "(", "'*/'", ")", "*/", "y"]);
}

#[test]
fn takes_what_is_not_closed_to_the_end() {
    check("a 'b ; c", &["a", "'b ; c"]);
    check("a `b ; c", &["a", "`b ; c"]);
    check("a $$ b ; c", &["a", "$$ b ; c"]);
    check("a '\\", &["a", "'\\"]);
    check("é`", &["é", "`"]);
}

#[test]
fn numbers_and_addresses_are_one_token() {
    check(
        "1. delete 1.x .5 1e-5x 1.5e3bd 2L t.1a",
        &["1.", "delete", "1", ".", "x", ".5", "1e-5", "x", "1.5e3bd", "2L", "t", ".", "1a"],
    );
    check("x://--/a ,y", &["x://--/a", ",", "y"]);
    check("a:b://", &["a", ":", "b", ":", "/", "/"]);
}

#[test]
fn names_lose_their_backticks_and_texts_their_quotes() {
    let names: Vec<_> = lex("`a``b`.c").iter().filter_map(Token::name).collect();
    assert_eq!(names, ["a`b", "c"]);
    let texts: Vec<_> = lex("'a' \"b\" r'c' $$d$$ $t$e$t$").iter().filter_map(Token::literal).collect();
    assert_eq!(texts, ["a", "b", "c", "d", "e"]);
}

#[test]
fn letters_that_spark_reads_as_keywords_are_keywords() {
    let tokens = lex("ınſert");
    assert!(tokens[0].is("INSERT"), "{tokens:?}");
}

#[test]
fn texts_that_others_may_read_differently_are_in_doubt() {
    for plain in [
        "select 1 -- x\n, 2",
        "select /*+ broadcast(t) */ 1",
        "select /* x */ 1",
        "select 'a/*b', `--`",
        "select straße",
        "select a:b, c::int, 1.5e3",
        "as $py$ x $py$",
        "select 1\u{a0}+ 1 -- c\r\n+ 2",
    ] {
        assert_eq!(scan(plain).doubt, None, "{plain}");
    }
    for odd in [
        "a /* /*+ */ b",
        "a /* /* */ */ b",
        "a /* b",
        "a 'b",
        "a `b",
        "a */ b",
        "a /*+ b",
        "a -- x \\\n b",
        "a -- x \r b",
        "x://y",
        "a \u{85} b",
        "a \u{feff} b",
        "a -- /* \n b",
        "select /*+ a /* b */ */ 1",
        "insert /*+ a */ into t",
        "select ${x}",
        "as $a1$ x $a1$",
        "as $$ x",
        "a \0 b",
    ] {
        assert!(scan(odd).doubt.is_some(), "{odd:?}");
    }
}
