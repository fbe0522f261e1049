//! What an author does wrong, and what he is told to do.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::{Author, expect_failure};

/// A mistake: a file of a new plugin in JavaScript, what is replaced in it, the verb, and the words of the way out.
struct Mistake {
    what: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
    verb: &'static str,
    says: &'static str,
}

const MISTAKES: [Mistake; 17] = [
    Mistake {
        what: "a function without documentation",
        file: "wit/world.wit",
        from: "    /// Tells the weather of the next days in a city.\n    ///\n    /// Use it when somebody asks about the weather. The answer is a forecast and not what was measured.\n",
        to: "",
        verb: "check",
        says: "write `/// What it does.` above the function `get-forecast`",
    },
    Mistake {
        what: "a tool that no function is",
        file: "plugin.toml",
        from: "[tools.get_forecast]",
        to: "[tools.get_weather]",
        verb: "check",
        says: "It has: get_forecast",
    },
    Mistake {
        what: "a package that the manifest does not name",
        file: "wit/world.wit",
        from: "package my:",
        to: "package your:",
        verb: "check",
        says: "begin wit/world.wit with `package my:",
    },
    Mistake {
        what: "a world that exports no tools",
        file: "wit/world.wit",
        from: "    export tools;\n",
        to: "",
        verb: "build",
        says: "write an interface with functions in wit/world.wit, and `export` it in the world",
    },
    Mistake {
        what: "a host without a grant",
        file: "plugin.js",
        from: "https://api.weather.example",
        to: "https://api.other.example",
        verb: "check",
        says: "audience = \"api.other.example\"",
    },
    Mistake {
        what: "a syntax error",
        file: "plugin.js",
        from: "export const tools = {",
        to: "export const tools = {{",
        verb: "build",
        says: "node | plugin.js:10",
    },
    Mistake {
        what: "a case of a tool that is not there",
        file: "tests.toml",
        from: "tool = \"get_forecast\"\narguments = { city = \"Atlantis\" }",
        to: "tool = \"forecast\"\narguments = { city = \"Atlantis\" }",
        verb: "check",
        says: "the tools are: get_forecast",
    },
    Mistake {
        what: "an expectation that is not met",
        file: "tests.toml",
        from: "min_celsius = 13, max_celsius = 24 }",
        to: "min_celsius = 13, max_celsius = 25 }",
        verb: "test",
        says: "days[0].max_celsius: expected 24, found 25",
    },
    Mistake {
        what: "an operation that is not as expected",
        file: "plugin.js",
        from: "verb: 'READ FORECAST'",
        to: "verb: 'SELL FORECAST'",
        verb: "test",
        says: "operations: [0].verb: expected \"READ FORECAST\", found \"SELL FORECAST\"",
    },
    Mistake {
        what: "a tool that the module lacks",
        file: "plugin.js",
        from: "  getForecast({",
        to: "  getForecasts({",
        verb: "build",
        says: "plugin.js has no tools.getForecast",
    },
    Mistake {
        what: "a result without a field",
        file: "plugin.js",
        from: "      maxCelsius: day.max_celsius,\n",
        to: "",
        verb: "test",
        says: "the result's field days[0].maxCelsius: the WIT wants a number, and the tool gives nothing",
    },
    Mistake {
        what: "a field in snake case",
        file: "plugin.js",
        from: "maxCelsius: day.max_celsius",
        to: "max_celsius: day.max_celsius",
        verb: "test",
        says: "it has max_celsius, and fields are written in camel case: maxCelsius",
    },
    Mistake {
        what: "an exception",
        file: "plugin.js",
        from: "const wanted = days ?? DEFAULT_DAYS;",
        to: "const wanted = undefined.days;",
        verb: "test",
        says: "found failed: TypeError",
    },
    Mistake {
        what: "an async tool",
        file: "plugin.js",
        from: "  getForecast({",
        to: "  async getForecast({",
        verb: "test",
        says: "the tool is an async function",
    },
    Mistake {
        what: "a random number at the top of the module",
        file: "plugin.js",
        from: "const DEFAULT_DAYS = 3;",
        to: "const DEFAULT_DAYS = Math.random();",
        verb: "build",
        says: "move Math.random() and crypto into a tool",
    },
    Mistake {
        what: "a name that WIT does not allow",
        file: "wit/world.wit",
        from: "get-forecast: func",
        to: "getForecast: func",
        verb: "check",
        says: "world.wit:",
    },
    Mistake {
        what: "a function of WIT that is async",
        file: "wit/world.wit",
        from: "get-forecast: func",
        to: "get-forecast: async func",
        verb: "check",
        says: "a call returns when its work is done",
    },
];

pub(super) fn run(author: &Author<'_>) -> Result<()> {
    let parent = author.folder.join("mistakes");
    fs::create_dir_all(&parent)?;
    names(author, &parent)?;
    if Author::has("node") {
        for (number, mistake) in MISTAKES.iter().enumerate() {
            made(author, &parent, number, mistake).with_context(|| format!("the mistake: {}", mistake.what))?;
        }
        chance(author, &parent)?;
    }
    toolchains(author, &parent)
}

fn names(author: &Author<'_>, parent: &Path) -> Result<()> {
    expect_failure(author.plugin(parent, &["new", "My_Plugin", "--lang", "rust"]), "lower-case words")?;
    expect_failure(author.plugin(parent, &["new", "list", "--lang", "python"]), "take `list-tools`")?;
    expect_failure(author.plugin(parent, &["build"]), "bricklayer plugin new")?;
    author.plugin(parent, &["new", "taken", "--lang", "rust"]).output()?;
    expect_failure(author.plugin(parent, &["new", "taken", "--lang", "rust"]), "choose another name")
}

fn made(author: &Author<'_>, parent: &Path, number: usize, mistake: &Mistake) -> Result<()> {
    let name = format!("mistake-a{number}");
    author.plugin(parent, &["new", &name, "--lang", "javascript"]).output()?;
    let folder = parent.join(&name);
    let path = folder.join(mistake.file);
    let text = fs::read_to_string(&path)?;
    ensure!(text.contains(mistake.from), "{} does not contain {:?}", mistake.file, mistake.from);
    fs::write(&path, text.replace(mistake.from, mistake.to))?;
    let program = author.plugin(&folder, &[mistake.verb]);
    // A host without a grant is a guess, and so no error.
    if mistake.says.starts_with("audience") {
        let (success, said) = program.said()?;
        ensure!(success && said.contains(mistake.says), "it should have hinted {:?}; it said:\n{said}", mistake.says);
        return Ok(());
    }
    expect_failure(program, mistake.says)
}

/// What is drawn by chance differs in each call: an interpreter's own numbers are stored with it when it is built. And a
/// key or a host's data never gets into a plugin's folder.
fn chance(author: &Author<'_>, parent: &Path) -> Result<()> {
    author.plugin(parent, &["new", "chance", "--lang", "javascript"]).output()?;
    let folder = parent.join("chance");
    let path = folder.join("plugin.js");
    let text = fs::read_to_string(&path)?;
    let drawn =
        "city: `${Math.random()} ${crypto.randomUUID()} ${crypto.getRandomValues(new Uint32Array(2))}`, days: found }";
    fs::write(&path, text.replace("city: answer.city, days: found }", drawn))?;
    let draw = || -> Result<String> {
        let (_, said) = author.plugin(&folder, &["test"]).said()?;
        let found = said
            .lines()
            .find_map(|line| line.split_once("expected \"Berlin\", found "))
            .map(|(_, found)| found.to_owned());
        found.with_context(|| format!("no city was drawn:\n{said}"))
    };
    let (first, second) = (draw()?, draw()?);
    for (before, after) in first.split([' ', ',']).zip(second.split([' ', ','])) {
        ensure!(before != after, "two calls drew the same: {first} and {second}");
    }
    expect_failure(author.plugin(&folder, &["keygen", "--out", "mine"]), "name a place outside of it")?;
    expect_failure(author.plugin(&folder, &["list"]), "within the plugin's folder")
}

/// Tools that are missing or old, by a folder of programs that stand before the real ones.
fn toolchains(author: &Author<'_>, parent: &Path) -> Result<()> {
    let fake = parent.join("programs");
    fs::create_dir_all(&fake)?;
    for (program, says) in [("rustc", "rustc 1.60.0 (old)"), ("node", "v12.0.0"), ("python3", "Python 3.8.1")] {
        script(&fake.join(program), &format!("#!/bin/sh\necho '{says}'\n"))?;
    }
    let path = std::env::join_paths(
        std::iter::once(fake).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    )?;
    let nowhere = parent.join("nowhere");
    let cases = [
        ("rust", "rustup update stable", "install it from https://rustup.rs"),
        ("javascript", "install a newer one from https://nodejs.org", "install Node 20 or newer"),
        ("python", "a newer one from https://www.python.org", "install Python 3.10 or newer"),
    ];
    for (language, old, missing) in cases {
        let name = format!("tools-{language}");
        author.plugin(parent, &["new", &name, "--lang", language]).output()?;
        let build = || author.plugin(&parent.join(&name), &["build"]).env("XDG_CACHE_HOME", parent.join("empty-cache"));
        expect_failure(build().env("PATH", &path), old)?;
        expect_failure(build().env("PATH", &nowhere), missing)?;
    }
    // A Rust without the target.
    let sysroot = parent.join("sysroot");
    fs::create_dir_all(&sysroot)?;
    let words = "#!/bin/sh\ncase \"$1\" in --version) echo 'rustc 1.99.0 (new)';; *) echo /nowhere;; esac\n";
    script(&sysroot.join("rustc"), words)?;
    let build = author.plugin(&parent.join("tools-rust"), &["build"]).env("PATH", &sysroot);
    expect_failure(build, "rustup target add wasm32-wasip2")
}

fn script(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}
