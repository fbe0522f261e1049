use super::*;

const SOURCE: &str = "# Databricks notebook source
x = 1
print(x)

# COMMAND ----------

# MAGIC %sql
# MAGIC SELECT 1;
# MAGIC
# MAGIC SELECT 2

# COMMAND ----------

# DBTITLE 1,What, and why
# MAGIC %md
# MAGIC # Title

# COMMAND ----------

# MAGIC %pip install x

# COMMAND ----------

# a comment of the code
y = 2
";

fn code(language: Language, text: &str) -> Cell {
    Cell { kind: CellKind::Code(language), title: None, text: text.to_owned() }
}

fn expected() -> Notebook {
    let markdown =
        Cell { kind: CellKind::Markdown, title: Some("What, and why".to_owned()), text: "# Title".to_owned() };
    let pip = Cell { kind: CellKind::Other("pip".to_owned()), title: None, text: "install x".to_owned() };
    Notebook {
        language: Language::Python,
        cells: vec![
            code(Language::Python, "x = 1\nprint(x)"),
            code(Language::Sql, "SELECT 1;\n\nSELECT 2"),
            markdown,
            pip,
            code(Language::Python, "# a comment of the code\ny = 2"),
        ],
    }
}

#[test]
fn cells_are_read_and_written_as_they_were() {
    let read = Notebook::from_source(SOURCE, Language::Python);
    assert_eq!(read, expected());
    assert_eq!(read.to_source(), SOURCE);
    assert_eq!(Notebook::from_jupyter(&read.to_jupyter("n")).unwrap(), read);
}

#[test]
fn a_mark_and_other_line_ends_change_nothing() {
    let text = format!("\u{feff}{}", SOURCE.replace('\n', "\r\n"));
    assert_eq!(Notebook::language_of(&text), Some(Language::Python));
    assert_eq!(Notebook::from_source(&text, Language::Python), expected());
}

#[test]
fn each_language_has_its_header() {
    for (language, text) in [
        (
            Language::Sql,
            "-- Databricks notebook source\nSELECT 1\n\n-- COMMAND ----------\n\n-- MAGIC %python\n-- MAGIC print(1)\n",
        ),
        (Language::Scala, "// Databricks notebook source\nval x = 1\n"),
        (Language::R, "# Databricks notebook source\nx <- 1\n"),
    ] {
        let read = Notebook::from_source(text, language);
        assert_eq!(read.to_source(), text);
        assert_eq!(Notebook::language_of(text).map(Language::comment), Some(language.comment()));
        assert_eq!(Notebook::from_jupyter(&read.to_jupyter("n")).unwrap(), read);
    }
    for none in ["", "print(1)", "#Databricks notebook source", "\u{feff}", "# Databricks notebook sources"] {
        assert_eq!(Notebook::language_of(none), None, "{none:?}");
    }
}

#[test]
fn what_is_no_notebook_says_so() {
    for (text, said) in [
        ("", "no Jupyter notebook"),
        ("{}", "no Jupyter notebook"),
        (r#"{"nbformat":3,"cells":[]}"#, "version 3"),
        (r#"{"nbformat":4,"cells":[{"cell_type":"code","source":5}]}"#, "no Jupyter notebook"),
    ] {
        let refused = Notebook::from_jupyter(text).unwrap_err().to_string();
        assert!(refused.contains(said), "{text}: {refused}");
    }
    let lines = r#"{"nbformat":4,"metadata":{"language_info":{"name":"sql"}},"cells":[{"cell_type":"code","source":["SELECT 1;\n","SELECT 2"]}]}"#;
    assert_eq!(Notebook::from_jupyter(lines).unwrap().cells, [code(Language::Sql, "SELECT 1;\nSELECT 2")]);
}
