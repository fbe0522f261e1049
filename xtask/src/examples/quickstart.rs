//! Runs `docs/QUICKSTART.md`: its commands, its message in the chat, its change.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::{Author, LANGUAGES};

/// What an author has.
const PROMISED: Duration = Duration::from_secs(600);

/// Longest wait for an answer of the host; it starts a workspace first.
const ANSWER: Duration = Duration::from_secs(120);

/// What the page writes where the language stands.
const WRITTEN: &str = "--lang python";

/// A fenced block of the page.
struct Block {
    kind: String,
    lines: Vec<String>,
}

pub(super) fn run(author: &Author<'_>) -> Result<()> {
    let page = fs::read_to_string(author.layout.root.join("docs/QUICKSTART.md"))?;
    let blocks = blocks(&page);
    ensure!(blocks.iter().any(|block| block.kind == "sh"), "the page has no commands");
    for (language, program) in LANGUAGES {
        if !Author::has(program) {
            continue;
        }
        let began = Instant::now();
        let folder = author.folder.join("quickstart").join(language);
        fs::create_dir_all(&folder)?;
        Reader { author, language, folder, dev: None }.follow(&blocks).with_context(|| format!("in {language}"))?;
        let took = began.elapsed();
        ensure!(took < PROMISED, "the page promises ten minutes; in {language} its commands took {took:?}");
        eprintln!("the quick start in {language}: {} s", took.as_secs());
    }
    Ok(())
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(kind), None) => open = Some(Block { kind: kind.to_owned(), lines: Vec::new() }),
            (None, Some(block)) => block.lines.push(line.to_owned()),
            (None, None) => {}
        }
    }
    blocks
}

/// Somebody who does what the page says.
struct Reader<'a> {
    author: &'a Author<'a>,
    language: &'a str,
    folder: PathBuf,
    dev: Option<Dev>,
}

impl Reader<'_> {
    fn follow(mut self, blocks: &[Block]) -> Result<()> {
        let mut message = None;
        let mut changed = false;
        for block in blocks {
            match block.kind.as_str() {
                "sh" => {
                    for line in &block.lines {
                        // Section 3 ends with Ctrl-C.
                        if changed {
                            self.stop()?;
                        }
                        self.command(line)?;
                    }
                }
                "text" => {
                    let text = block.lines.join("\n");
                    let answer = self.dev()?.ask(&text)?;
                    ensure!(answer.contains("Weather in Berlin"), "the answer is not the tool's:\n{answer}");
                    message = Some(text);
                }
                "diff" => {
                    if !self.change(block)? {
                        continue;
                    }
                    changed = true;
                    let message = message.as_deref().context("a message before the change")?;
                    let dev = self.dev()?;
                    dev.wait_for("now serves")?;
                    let answer = dev.ask(message)?;
                    ensure!(answer.contains("The next days in Berlin"), "the change is not seen:\n{answer}");
                }
                kind => bail!("nobody knows what to do with a block of {kind:?}"),
            }
        }
        ensure!(changed, "no change of the page is for {}", self.language);
        self.expect_built()
    }

    fn command(&mut self, line: &str) -> Result<()> {
        if let Some(folder) = line.strip_prefix("cd ") {
            self.folder = self.folder.join(folder);
            return Ok(());
        }
        let line = line.replace(WRITTEN, &format!("--lang {}", self.language));
        let words: Vec<&str> = line.split_whitespace().collect();
        let ["bricklayer", "plugin", arguments @ ..] = words.as_slice() else { bail!("unknown command: {line}") };
        if arguments == ["dev"] {
            // Any free port: 8000 may be somebody's.
            self.dev = Some(Dev::start(self.author.plugin(&self.folder, &["dev", "--port", "0"]).into_command())?);
            return Ok(());
        }
        self.author.plugin(&self.folder, arguments).run()
    }

    fn dev(&mut self) -> Result<&mut Dev> {
        self.dev.as_mut().context("`bricklayer plugin dev` before it is used")
    }

    fn stop(&mut self) -> Result<()> {
        self.dev.take().map_or(Ok(()), Dev::stop)
    }

    /// Makes a change, when it is one of this language.
    fn change(&self, block: &Block) -> Result<bool> {
        let [from, to] = block.lines.as_slice() else { bail!("a change of one line is one line and another") };
        let from = from.strip_prefix('-').context("the old line begins with -")?;
        let to = to.strip_prefix('+').context("the new line begins with +")?;
        for name in ["app.py", "plugin.js", "src/lib.rs"] {
            let path = self.folder.join(name);
            let Ok(text) = fs::read_to_string(&path) else { continue };
            if text.contains(from) {
                fs::write(&path, text.replace(from, to))?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn expect_built(&self) -> Result<()> {
        let package = self.folder.join("weather/dist/weather-0.1.0.wasm");
        ensure!(package.is_file(), "there is no {}", package.display());
        Ok(())
    }
}

/// A running `bricklayer plugin dev`.
struct Dev {
    child: Child,
    lines: BufReader<ChildStdout>,
    address: String,
    project: String,
}

impl Dev {
    fn start(mut command: Command) -> Result<Self> {
        let mut child = command.stdout(Stdio::piped()).spawn().context("start bricklayer plugin dev")?;
        let lines = BufReader::new(child.stdout.take().context("its output")?);
        let mut dev = Self { child, lines, address: String::new(), project: String::new() };
        let line = dev.wait_for("http://")?;
        let (_, rest) = line.split_once("http://").context("an address")?;
        dev.address = rest.split(['/', ' ', '\n']).next().unwrap_or_default().to_owned();
        let made = dev.request("POST", "/api/projects", "{\"name\":\"quick start\"}")?;
        dev.project = field(&made, "id")?;
        Ok(dev)
    }

    /// Reads what it prints until a line has this.
    fn wait_for(&mut self, text: &str) -> Result<String> {
        let mut line = String::new();
        while self.lines.read_line(&mut line)? > 0 {
            eprint!("dev | {line}");
            if line.contains(text) {
                return Ok(line);
            }
            line.clear();
        }
        bail!("dev ended before it said {text:?}")
    }

    /// Sends a message and reads the turn's stream to its end.
    fn ask(&self, message: &str) -> Result<String> {
        let body = serde_json::json!({"project_id": self.project, "message": message}).to_string();
        let turn = field(&self.request("POST", "/api/invoke_agent", &body)?, "execution_id")?;
        self.request("GET", &format!("/api/stream_progress/{turn}"), "")
    }

    /// One request over HTTP/1.0, whose answer ends with the connection.
    fn request(&self, method: &str, path: &str, body: &str) -> Result<String> {
        let mut stream = TcpStream::connect(&self.address).with_context(|| format!("connect to {}", self.address))?;
        stream.set_read_timeout(Some(ANSWER))?;
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).with_context(|| format!("read the answer to {method} {path}"))?;
        ensure!(answer.starts_with("HTTP/1.0 2"), "{method} {path}: {answer}");
        Ok(answer)
    }

    fn stop(mut self) -> Result<()> {
        interrupt(&self.child)?;
        let status = self.child.wait()?;
        ensure!(status.success(), "dev ended with {status}");
        Ok(())
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        // Ended already when all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ctrl-C.
fn interrupt(child: &Child) -> Result<()> {
    let id = child.id().to_string();
    ensure!(Command::new("kill").args(["-INT", &id]).status()?.success(), "dev cannot be interrupted");
    Ok(())
}

fn field(answer: &str, name: &str) -> Result<String> {
    let (_, body) = answer.split_once("\r\n\r\n").context("a body")?;
    let body: serde_json::Value = serde_json::from_str(body).with_context(|| body.to_owned())?;
    let value = body.get(name).and_then(serde_json::Value::as_str).with_context(|| format!("{name} in {body}"))?;
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_page_has_commands_a_message_and_a_change_per_language() {
        let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/QUICKSTART.md")).unwrap();
        let count = |kind: &str| blocks(&page).iter().filter(|block| block.kind == kind).count();
        assert_eq!((count("text"), count("diff")), (1, 3));
        assert!(count("sh") > 3 && page.contains(WRITTEN));
    }
}
