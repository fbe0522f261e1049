//! What an analysis says. Everything is in the order of the notebook; the same bytes give the same analysis.

use serde::Serialize;

/// How sure a name is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// It stands there as it is.
    #[default]
    Literal,
    /// It follows from constants of the notebook.
    Computed,
    /// It follows when the parameters are known.
    Parameterised,
    /// It cannot be told.
    Unknown,
}

/// A place in a notebook.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The cell, from 0.
    pub cell: u32,
    /// The line, from 1: in the file of a source notebook, else in the cell.
    pub line: u32,
}

/// All that is told of one notebook.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Analysis {
    pub notebook: About,
    pub cells: Vec<CellFacts>,
    pub imports: Vec<Import>,
    pub installs: Vec<Install>,
    pub parameters: Vec<Parameter>,
    pub reads: Vec<TableUse>,
    pub writes: Vec<TableUse>,
    pub paths: Vec<PathUse>,
    pub datasets: Vec<Dataset>,
    pub calls: Vec<Call>,
    pub task_values: Vec<TaskValue>,
    pub secrets: Vec<Secret>,
    pub sql: Vec<Statement>,
    pub functions: Vec<Function>,
    pub requirements: Requirements,
    pub workflow: Workflow,
    pub complexity: Complexity,
    pub findings: Vec<Finding>,
    /// Names and paths that could not be told.
    pub uncomputed: u32,
    pub suggestions: Suggestions,
    /// Whether a part could not be read: cells with errors, or more of something than is kept.
    pub partial: bool,
}

/// The notebook itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct About {
    pub path: String,
    pub format: Format,
    /// `None` where nothing says it.
    pub default_language: Option<Language>,
    pub cells: u32,
    pub lines: u32,
    /// SHA-256 of the bytes, in hexadecimal.
    pub sha256: String,
}

/// How a notebook is written down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// A source file with the notebook header.
    Source,
    /// A Jupyter document.
    Jupyter,
    /// A notebook of a DBC archive.
    Dbc,
    /// A page that a notebook was exported as.
    Html,
    /// A file that is no notebook.
    #[default]
    File,
}

/// What a cell is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    Python,
    Sql,
    Scala,
    R,
    Markdown,
    Shell,
    /// Commands of `%fs`.
    FileSystem,
    /// A `%run`.
    Run,
    /// Anything else: it is not looked into.
    Other,
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CellFacts {
    pub index: u32,
    pub language: Language,
    /// The magic that says its language, without the percent sign.
    pub magic: Option<String>,
    pub title: Option<String>,
    pub first_line: u32,
    pub lines: u32,
    /// Why it could not be read as a whole.
    pub error: Option<CellError>,
}

/// What is wrong in a cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CellError {
    pub line: u32,
    pub message: String,
}

/// Where an imported module comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImportKind {
    /// With the language.
    StandardLibrary,
    /// With every Databricks runtime.
    Runtime,
    /// With the runtime for machine learning.
    MlRuntime,
    /// A file beside the notebook, or one that the project brings.
    Local,
    /// A package of PyPI, CRAN or Maven.
    Package,
}

/// An imported module, at its first place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Import {
    pub module: String,
    pub kind: ImportKind,
    /// What it is installed as.
    pub package: Option<String>,
    /// As an install pins it.
    pub version: Option<String>,
    #[serde(flatten)]
    pub at: Place,
}

/// A library that the notebook installs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Install {
    /// `great_expectations==0.18`, a file of requirements, a wheel.
    pub spec: String,
    /// The name of the package, where it is one.
    pub package: Option<String>,
    pub version: Option<String>,
    /// The option it was given with: `-r`, `--index-url`.
    pub flag: Option<String>,
    #[serde(flatten)]
    pub at: Place,
}

/// What a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParameterKind {
    Text,
    Dropdown,
    Combobox,
    Multiselect,
    /// A widget or job parameter that is used and not declared here.
    Undeclared,
    /// A marker such as `:day` in SQL.
    Marker,
    /// A setting read by `spark.conf.get`: a pipeline's configuration.
    Configuration,
    /// An environment variable.
    Environment,
    /// An argument of the command line.
    Argument,
}

/// A value that comes when the notebook runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Parameter {
    pub name: String,
    pub kind: ParameterKind,
    pub default: Option<String>,
    pub choices: Vec<String>,
    pub label: Option<String>,
    pub declared: bool,
    /// How often its value is asked for.
    pub uses: u32,
    #[serde(flatten)]
    pub at: Place,
}

/// What kind of table a name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TableKind {
    Table,
    /// In `hive_metastore`.
    Legacy,
    /// In `system` or an `information_schema`.
    System,
    /// In `samples`.
    Sample,
    /// Of the pipeline that this is a part of.
    Dataset,
    /// Of another system, by JDBC or a connector.
    External,
}

/// How a table is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Read as it is.
    Batch,
    /// Read or written as a stream.
    Stream,
    /// Only looked at: its existence, its columns.
    Metadata,
    Create,
    Replace,
    Append,
    Overwrite,
    Merge,
    Update,
    Delete,
    Copy,
    Truncate,
    Alter,
    Drop,
    /// OPTIMIZE, VACUUM, ANALYZE.
    Maintain,
    /// Written in a way that is not known.
    Write,
}

impl Mode {
    /// Whether it puts rows or a table there: what others can read afterwards.
    #[must_use]
    pub fn produces(self) -> bool {
        use Mode::{Append, Copy, Create, Merge, Overwrite, Replace, Stream, Update, Write};
        matches!(self, Create | Replace | Append | Overwrite | Merge | Update | Copy | Stream | Write)
    }
}

/// A table that is read or written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableUse {
    /// As far as it is known; `{…}` is a parameter or an expression.
    pub name: String,
    pub parts: Vec<String>,
    pub kind: TableKind,
    /// The call or statement: `spark.table`, `MERGE`.
    pub via: String,
    pub mode: Mode,
    pub certainty: Certainty,
    /// The parameters that the name depends on.
    pub from_parameters: Vec<String>,
    /// The name when each parameter has its default.
    pub with_defaults: Option<String>,
    #[serde(flatten)]
    pub at: Place,
}

/// Where a path leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PathKind {
    Volume,
    Workspace,
    DbfsRoot,
    Mount,
    Cloud,
    Local,
    Http,
    Jdbc,
    /// It cannot be told.
    Unknown,
}

/// What is done at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PathOperation {
    Read,
    Write,
    List,
    Delete,
    MakeFolder,
    Mount,
    Checkpoint,
    SchemaLocation,
    /// A table's data lies there.
    Location,
}

/// A path that is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PathUse {
    pub uri: String,
    pub kind: PathKind,
    pub operation: PathOperation,
    pub via: String,
    pub certainty: Certainty,
    pub from_parameters: Vec<String>,
    #[serde(flatten)]
    pub at: Place,
}

/// What a dataset of a pipeline is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DatasetKind {
    StreamingTable,
    MaterializedView,
    View,
    Sink,
}

/// A dataset that a pipeline makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dataset {
    pub name: String,
    pub kind: DatasetKind,
    pub certainty: Certainty,
    /// The function that gives it, in Python.
    pub function: Option<String>,
    pub expectations: Vec<Expectation>,
    /// The datasets, tables and paths that it is made of.
    pub inputs: Vec<String>,
    /// Whether rows are taken over by changes (apply changes, auto CDC).
    pub changes: bool,
    #[serde(flatten)]
    pub at: Place,
}

/// What must hold of a dataset's rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Expectation {
    pub name: String,
    pub condition: String,
    /// `warn`, `drop` or `fail`.
    pub action: &'static str,
}

/// How another notebook is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallKind {
    /// `%run`: in the same scope.
    Run,
    /// `dbutils.notebook.run`: as a job of its own.
    NotebookRun,
    /// The import of a file of the workspace.
    Import,
}

/// A call of another notebook or file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Call {
    pub kind: CallKind,
    /// As it is written.
    pub target: String,
    /// As a path from the root, where both are known.
    pub resolved: Option<String>,
    pub arguments: Vec<(String, String)>,
    pub certainty: Certainty,
    #[serde(flatten)]
    pub at: Place,
}

/// A value that passes between tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskValue {
    pub key: String,
    /// The task that it comes from; `None` where it is set.
    pub task: Option<String>,
    pub set: bool,
    #[serde(flatten)]
    pub at: Place,
}

/// A secret that is read. Its value is nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Secret {
    pub scope: String,
    pub key: String,
    #[serde(flatten)]
    pub at: Place,
}

/// A statement of SQL, in a cell or within other code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// Its first words: `SELECT`, `MERGE`, `CREATE VIEW`.
    pub kind: String,
    /// The tables in it.
    pub tables: Vec<String>,
    pub ok: bool,
    #[serde(flatten)]
    pub at: Place,
}

/// A function that the notebook defines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Function {
    pub name: String,
    pub parameters: Vec<String>,
    /// Whether it touches nothing but its arguments: no Spark, no files, no output.
    pub pure: bool,
    #[serde(flatten)]
    pub at: Place,
}

/// How a stream goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Streaming {
    /// It takes what there is and ends.
    AvailableNow,
    /// It goes on until it is stopped.
    Continuous,
    /// A pipeline decides.
    Pipeline,
}

/// Why something is required.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// What it is about: `serverless`, `gpu`, `ml-runtime`, `service`.
    pub topic: &'static str,
    pub text: String,
    #[serde(flatten)]
    pub at: Place,
}

/// What the notebook needs to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Requirements {
    pub ml_runtime: bool,
    pub gpu: bool,
    pub serverless_ok: bool,
    pub streaming: Option<Streaming>,
    /// Calls of MLflow, such as `autolog`; models that are registered or loaded by name.
    pub mlflow: Vec<String>,
    /// Systems outside the workspace.
    pub services: Vec<String>,
    pub reasons: Vec<Reason>,
}

impl Default for Requirements {
    fn default() -> Self {
        Self {
            ml_runtime: false,
            gpu: false,
            serverless_ok: true,
            streaming: None,
            mlflow: Vec::new(),
            services: Vec::new(),
            reasons: Vec::new(),
        }
    }
}

/// What a notebook is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorkflowKind {
    /// Datasets of a declarative pipeline.
    Pipeline,
    Etl,
    Streaming,
    MachineLearning,
    Reporting,
    /// It mostly runs other notebooks.
    Orchestration,
    /// It only defines things that others use.
    Library,
    #[default]
    Unknown,
}

/// What a notebook is for, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Workflow {
    pub kind: WorkflowKind,
    /// Per cent of the evidence that speaks for it.
    pub score: u32,
    pub evidence: Vec<String>,
}

/// How much there is to understand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Complexity {
    /// 0 to 100.
    pub score: u32,
    pub factors: Vec<String>,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    Error,
    Warning,
    Info,
}

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule, such as `hard-coded-secret`.
    pub rule: &'static str,
    pub severity: Severity,
    pub certainty: Certainty,
    pub message: String,
    pub fix: String,
    #[serde(flatten)]
    pub at: Place,
}

/// What a bundle of this notebook would have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Suggestions {
    /// `job` or `pipeline`; empty where it is only a part of others.
    pub resource: String,
    /// Job parameters with their defaults.
    pub parameters: Vec<(String, String)>,
    /// Requirements of the environment.
    pub libraries: Vec<String>,
    /// `serverless`, `ml-runtime`, `gpu` or `classic`.
    pub compute: String,
    /// Sentences, each with its reason.
    pub notes: Vec<String>,
}
