//! `bricklayer plugin new`.

use std::path::PathBuf;
use std::process::ExitCode;

use bricklayer_devkit::{Problem, create};
use bricklayer_package::Language;
use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(super) struct NewArgs {
    /// Its name: lower-case words joined by hyphens
    name: String,
    /// The language to write it in
    #[arg(long, value_name = "LANGUAGE", value_enum)]
    lang: Lang,
    /// Where to make its folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Lang {
    Rust,
    Python,
    #[value(name = "javascript", alias = "js")]
    JavaScript,
}

pub(super) fn run(args: &NewArgs) -> Result<ExitCode, Problem> {
    let language = match args.lang {
        Lang::Rust => Language::Rust,
        Lang::Python => Language::Python,
        Lang::JavaScript => Language::JavaScript,
    };
    let folder = create(&args.name, language, &args.dir)?;
    let source = match args.lang {
        Lang::Rust => "src/lib.rs",
        Lang::Python => "app.py",
        Lang::JavaScript => "plugin.js",
    };
    super::out(&format!(
        "{folder} is a plugin with one tool, get_forecast.\n\n  \
         cd {folder}\n  \
         bricklayer plugin dev      # try it in the chat; edit {source} and see the change\n  \
         bricklayer plugin test     # run the cases of tests.toml\n  \
         bricklayer plugin build    # make the file that others install\n",
        folder = folder.display(),
    ))?;
    Ok(ExitCode::SUCCESS)
}
