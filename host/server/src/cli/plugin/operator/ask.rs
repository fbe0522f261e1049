//! Asking the person at the terminal. Where there is none, nothing is asked and nothing is assumed.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use bricklayer_package::Powers;

use super::Undecided;

/// Whether somebody can be asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asks(bool);

impl Asks {
    /// Somebody, when both ends are a terminal and no data was asked for.
    pub(super) fn new(json: bool) -> Self {
        Self(!json && std::io::stdin().is_terminal() && std::io::stdout().is_terminal())
    }

    /// Whether somebody is there.
    pub(super) const fn somebody(self) -> bool {
        self.0
    }

    /// Yes or no; the text `otherwise` names the flag that says yes.
    pub(super) fn confirm(self, question: &str, otherwise: &str) -> anyhow::Result<bool> {
        if !self.0 {
            return Err(Undecided(otherwise.to_owned()).into());
        }
        Ok(matches!(line(&format!("{question} [y/N] "))?.to_ascii_lowercase().as_str(), "y" | "yes"))
    }

    /// Some of these powers, by their numbers.
    pub(super) fn choose(self, requests: &Powers, otherwise: &str) -> anyhow::Result<Vec<String>> {
        if !self.0 {
            return Err(Undecided(otherwise.to_owned()).into());
        }
        let ids = requests.ids();
        loop {
            let answer = line("Give which of these? [all, none, or numbers such as 1 3] ")?;
            if let Some(chosen) = parse(&answer, &ids) {
                return Ok(chosen);
            }
            writeln!(std::io::stdout(), "Please answer all, none, or numbers between 1 and {}.", ids.len())?;
        }
    }
}

fn parse(answer: &str, ids: &[String]) -> Option<Vec<String>> {
    match answer {
        "all" | "a" => return Some(ids.to_vec()),
        "none" | "n" => return Some(Vec::new()),
        "" => return None,
        _ => {}
    }
    let numbers = answer.split([' ', ',']).filter(|word| !word.is_empty());
    numbers.map(|word| ids.get(word.parse::<usize>().ok()?.checked_sub(1)?).cloned()).collect()
}

/// One line from the terminal; its end is a no to everything.
fn line(prompt: &str) -> anyhow::Result<String> {
    let mut out = std::io::stdout();
    write!(out, "{prompt}")?;
    out.flush()?;
    let mut line = String::new();
    if std::io::stdin().lock().read_line(&mut line)? == 0 {
        return Err(Undecided("nothing was decided".to_owned()).into());
    }
    Ok(line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        let ids: Vec<String> = ["a", "b", "c"].map(ToOwned::to_owned).to_vec();
        let check = |answer: &str, expected: Option<&[&str]>| {
            let expected = expected.map(|ids| ids.iter().map(ToString::to_string).collect());
            assert_eq!(parse(answer, &ids), expected, "{answer:?}");
        };
        check("all", Some(&["a", "b", "c"]));
        check("none", Some(&[]));
        check("1 3", Some(&["a", "c"]));
        check("2,3", Some(&["b", "c"]));
        for bad in ["", "0", "4", "1 x", "-1", "yes"] {
            check(bad, None);
        }
    }
}
