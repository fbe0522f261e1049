//! Running programs: what failed is named, with what to do about it.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Variables that the outer cargo sets for this process and that would confuse an inner one.
const SCRUBBED: [&str; 6] = [
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_PATH",
    "RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_TARGET",
    "CARGO_PRIMARY_PACKAGE",
];
const SCRUBBED_PREFIXES: [&str; 4] = ["CARGO_PKG_", "CARGO_CFG_", "CARGO_FEATURE_", "DEP_"];

/// A program to run to its end.
#[derive(Debug)]
pub(crate) struct Program {
    command: Command,
    hint: &'static str,
}

impl Program {
    pub(crate) fn new(path: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(path);
        for (key, _) in std::env::vars_os() {
            let name = key.to_string_lossy();
            if SCRUBBED.contains(&&*name) || SCRUBBED_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
                command.env_remove(&key);
            }
        }
        Self { command, hint: "" }
    }

    pub(crate) fn cargo() -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut program = Self::new(cargo);
        program.hint = "install Rust from https://rustup.rs";
        program
    }

    /// Cargo for guests: flags meant for this machine's code do not fit WebAssembly.
    pub(crate) fn guest_cargo() -> Self {
        let mut program = Self::cargo();
        for name in ["RUSTFLAGS", "RUSTC_WRAPPER"] {
            program.command.env_remove(name);
        }
        program
    }

    pub(crate) fn npm() -> Self {
        let mut program = Self::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
        program.hint = "install Node 20 or newer from https://nodejs.org";
        program
    }

    pub(crate) fn directory(mut self, path: &Path) -> Self {
        self.command.current_dir(path);
        self
    }

    pub(crate) fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    pub(crate) fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Runs it; its output goes to ours.
    pub(crate) fn run(mut self) -> Result<()> {
        let status = match self.command.status() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                bail!("`{}` cannot be started because it is not there: {}", self.line(), self.hint)
            }
            status => status.with_context(|| format!("start {:?}", self.command.get_program()))?,
        };
        if !status.success() {
            bail!("`{}` failed: {status}", self.line());
        }
        Ok(())
    }

    /// Runs it and returns what it printed.
    pub(crate) fn output(mut self) -> Result<Vec<u8>> {
        let output = self.command.output().with_context(|| format!("start {:?}", self.command.get_program()))?;
        if !output.status.success() {
            bail!("`{}` failed: {}\n{}", self.line(), output.status, String::from_utf8_lossy(&output.stderr));
        }
        Ok(output.stdout)
    }

    /// Runs it and returns what it said on standard error.
    pub(crate) fn error_output(mut self) -> Result<String> {
        let output = self.command.output().with_context(|| format!("start {:?}", self.command.get_program()))?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            bail!("`{}` failed: {}\n{said}", self.line(), output.status);
        }
        Ok(said)
    }

    /// The command itself, for a program that goes on while others run.
    pub(crate) fn into_command(self) -> Command {
        self.command
    }

    /// Runs it and returns whether it succeeded, and all that it said.
    pub(crate) fn said(mut self) -> Result<(bool, String)> {
        let output = self.command.output().with_context(|| format!("start {:?}", self.command.get_program()))?;
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Ok((output.status.success(), said.join("\n")))
    }

    /// The program and its arguments, for people: without the variables it runs with.
    fn line(&self) -> String {
        let program = Path::new(self.command.get_program());
        let name = program.file_stem().unwrap_or(program.as_os_str()).to_string_lossy();
        let arguments = self.command.get_args().map(|argument| argument.to_string_lossy());
        std::iter::once(name).chain(arguments).collect::<Vec<_>>().join(" ")
    }

    /// Becomes the program, so that signals reach it and not a parent that waits.
    #[cfg(unix)]
    pub(crate) fn replace(mut self) -> Result<()> {
        use std::os::unix::process::CommandExt;
        let error = self.command.exec();
        Err(error).with_context(|| format!("start {:?}", self.command.get_program()))
    }

    #[cfg(not(unix))]
    pub(crate) fn replace(self) -> Result<()> {
        self.run()
    }
}
