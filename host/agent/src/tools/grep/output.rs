//! Matches of one file as the searcher finds them, and as lines of an answer.

use std::io;

use grep_matcher::Matcher as _;
use grep_regex::RegexMatcher;
use grep_searcher::{Searcher, Sink, SinkContext, SinkMatch};
use tokio_util::sync::CancellationToken;

/// Characters shown of one line.
const MAX_LINE_CHARS: usize = 500;

/// What was found in one file.
#[derive(Debug)]
pub(super) struct FileHits {
    pub(super) path: String,
    pub(super) matches: u64,
    pub(super) lines: Vec<HitLine>,
}

/// One line of an answer.
#[derive(Debug)]
pub(super) enum HitLine {
    Match { number: u64, text: String },
    Context { number: u64, text: String },
    Gap,
}

/// Collects a file's matches.
pub(super) struct HitSink<'a> {
    hits: FileHits,
    matcher: &'a RegexMatcher,
    keep_lines: bool,
    only_matching: bool,
    room: usize,
    first_only: bool,
    cancel: &'a CancellationToken,
}

impl<'a> HitSink<'a> {
    pub(super) fn new(
        path: String,
        matcher: &'a RegexMatcher,
        keep_lines: bool,
        only_matching: bool,
        room: usize,
        cancel: &'a CancellationToken,
    ) -> Self {
        let hits = FileHits { path, matches: 0, lines: Vec::new() };
        Self { hits, matcher, keep_lines, only_matching, room, first_only: false, cancel }
    }

    pub(super) fn stop_at_first(&mut self) {
        self.first_only = true;
    }

    pub(super) fn into_hits(self) -> FileHits {
        self.hits
    }

    fn goes_on(&self) -> bool {
        !self.first_only && self.hits.lines.len() < self.room && !self.cancel.is_cancelled()
    }

    fn add_parts(&mut self, number: u64, bytes: &[u8]) -> io::Result<()> {
        let mut parts = Vec::new();
        let found = self.matcher.find_iter(bytes, |part| {
            parts.push(part);
            parts.len() < self.room
        });
        found.map_err(io::Error::other)?;
        for part in parts {
            let text = bytes.get(part.start()..part.end()).map(shown).unwrap_or_default();
            self.hits.lines.push(HitLine::Match { number, text });
        }
        Ok(())
    }
}

fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end_matches(['\n', '\r']);
    match text.char_indices().nth(MAX_LINE_CHARS) {
        Some((at, _)) => format!("{}… [line cut]", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

impl Sink for HitSink<'_> {
    type Error = io::Error;

    fn matched(&mut self, _searcher: &Searcher, found: &SinkMatch<'_>) -> Result<bool, io::Error> {
        let first = found.line_number().unwrap_or(0);
        let lines = found.lines().count() as u64;
        self.hits.matches = self.hits.matches.saturating_add(1);
        if self.keep_lines && self.only_matching {
            self.add_parts(first, found.bytes())?;
        } else if self.keep_lines {
            for (number, line) in (first..first.saturating_add(lines)).zip(found.lines()) {
                self.hits.lines.push(HitLine::Match { number, text: shown(line) });
            }
        }
        Ok(self.goes_on())
    }

    fn context(&mut self, _searcher: &Searcher, context: &SinkContext<'_>) -> Result<bool, io::Error> {
        if self.keep_lines && !self.only_matching {
            let number = context.line_number().unwrap_or(0);
            self.hits.lines.push(HitLine::Context { number, text: shown(context.bytes()) });
        }
        Ok(self.goes_on())
    }

    fn context_break(&mut self, _searcher: &Searcher) -> Result<bool, io::Error> {
        if self.keep_lines {
            self.hits.lines.push(HitLine::Gap);
        }
        Ok(true)
    }
}

/// Lines as ripgrep prints them: `path:line:text`, context with `-`, gaps as `--`.
pub(super) fn content_lines(hits: &[FileHits], numbers: bool, with_context: bool) -> Vec<String> {
    let mut out = Vec::new();
    for (index, file) in hits.iter().enumerate() {
        if with_context && index > 0 {
            out.push("--".to_owned());
        }
        for line in &file.lines {
            out.push(match line {
                HitLine::Match { number, text } if numbers => format!("{}:{number}:{text}", file.path),
                HitLine::Match { text, .. } => format!("{}:{text}", file.path),
                HitLine::Context { number, text } if numbers => format!("{}-{number}-{text}", file.path),
                HitLine::Context { text, .. } => format!("{}-{text}", file.path),
                HitLine::Gap => "--".to_owned(),
            });
        }
    }
    out
}
