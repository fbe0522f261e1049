//! Bounds of what is read and kept: each ends in a finding that names it.

/// Bytes of one configuration file; the largest seen in public bundles has a fifth of a mebibyte.
pub(crate) const MAX_FILE_BYTES: usize = 4 * 1024 * 1024;

/// Bytes of all configuration files of a bundle: what a plugin's memory holds as text and tree at once.
pub(crate) const MAX_TOTAL_BYTES: usize = 16 * 1024 * 1024;

/// Lists and mappings within each other; walks over the tree recurse.
pub(crate) const MAX_DEPTH: usize = 64;

/// Values of one file, those that aliases repeat counted each time, and of a bundle after its references are resolved.
pub(crate) const MAX_VALUES: usize = 250_000;

/// Keys of one mapping: a key is looked for from the first.
pub(crate) const MAX_KEYS: usize = 4_096;

/// Tasks of a job: what the workspace takes, and what makes comparing each with each cheap.
pub(crate) const MAX_TASKS: usize = 1_000;

/// Files that `include` names.
pub(crate) const MAX_INCLUDED_FILES: usize = 1_000;

/// Rounds in which the official command line puts references in: one more for each list or mapping that holds further
/// ones.
pub(crate) const MAX_REFERENCE_ROUNDS: usize = 11;

/// References followed from one to the next: each is a call within a call.
pub(crate) const MAX_REFERENCE_DEPTH: usize = 30;

/// Bytes of a text after its references are put in.
pub(crate) const MAX_TEXT_BYTES: usize = 1024 * 1024;

/// Findings that are kept; nobody reads more.
pub(crate) const MAX_FINDINGS: usize = 500;

/// Files and folders that are looked at, to choose what is uploaded or to expand a pattern.
pub(crate) const MAX_WALKED: usize = 100_000;

/// Bytes at the beginning of a file that say whether it is a notebook.
pub(crate) const NOTEBOOK_HEAD_BYTES: usize = 128;

/// Bytes of a `.gitignore`.
pub(crate) const MAX_IGNORE_BYTES: usize = 256 * 1024;

/// Patterns of all ignore files of a bundle: each is tried on each path.
pub(crate) const MAX_IGNORE_PATTERNS: usize = 2_000;
