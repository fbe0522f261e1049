//! Cells as syntax trees.
//!
//! The parser and everything that walks or frees a tree calls itself for each level of nesting, and a sandbox has a small
//! stack, so how deep a tree would be is told from the tokens first.

use ruff_python_ast::ModModule;
use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, ParseOptions, Parsed, lexer, parse_unchecked};

use crate::analysis::CellError;

/// How deep a tree may be: a link of a chain (`a.b + c`) counts one, what the parser calls itself for [`NESTED`]. In the
/// sandbox chains of 2,400 links, 250 brackets and 130 f-strings within each other are too much for the stack.
const MAX_DEPTH: usize = 800;

/// Levels of the parser for one bracket, block or sign in front, beside those for a link.
const NESTED: usize = 6;

/// A cell that was parsed.
pub(super) struct Tree {
    pub(super) module: Parsed<ModModule>,
    pub(super) error: Option<CellError>,
}

/// Parses a cell; what is wrong is told of the first place, and what is right is in the tree all the same.
pub(super) fn parse(text: &str, first_line: u32) -> Result<Tree, CellError> {
    let line_at = |offset: usize| {
        let before = text.get(..offset).unwrap_or(text).matches('\n').count();
        first_line.saturating_add(u32::try_from(before).unwrap_or(u32::MAX))
    };
    if let Some(lines) = too_deep(text) {
        let line = first_line.saturating_add(lines);
        return Err(CellError { line, message: "the code is nested too deeply to be read".to_owned() });
    }
    let parsed = parse_unchecked(text, ParseOptions::from(Mode::Ipython));
    let error = parsed
        .errors()
        .first()
        .map(|error| CellError { line: line_at(error.location.start().to_usize()), message: error.error.to_string() });
    match parsed.try_into_module() {
        Some(module) => Ok(Tree { module, error }),
        None => Err(CellError { line: first_line, message: "it is no module of Python".to_owned() }),
    }
}

/// How many lines in a text becomes deeper than is read; those within its strings are not counted.
fn too_deep(text: &str) -> Option<u32> {
    /// An open bracket.
    #[derive(Default)]
    struct Level {
        chain: usize,
        lambdas: usize,
    }
    let mut lexer = lexer::lex(text, Mode::Ipython);
    let mut levels = vec![Level::default()];
    let (mut below, mut indents, mut lines, mut behind_value) = (0_usize, 0_usize, 0_u32, false);
    loop {
        let token = lexer.next_token();
        let inner = levels.len() > 1;
        let level = levels.last_mut()?;
        lines += u32::from(token.is_any_newline());
        match token {
            TokenKind::EndOfFile => return None,
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => {
                below += level.chain + NESTED;
                levels.push(Level::default());
            }
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace if inner => {
                levels.pop();
                let outer = levels.last_mut()?;
                below = below.saturating_sub(outer.chain + NESTED);
                outer.chain += 1;
            }
            TokenKind::Indent => indents += 1,
            TokenKind::Dedent => indents = indents.saturating_sub(1),
            TokenKind::Comma => level.chain = level.lambdas,
            TokenKind::Newline | TokenKind::Semi => *level = Level::default(),
            TokenKind::Lambda => {
                level.lambdas += 2;
                level.chain += 2;
            }
            TokenKind::FStringStart | TokenKind::TStringStart => level.chain += NESTED,
            TokenKind::FStringEnd | TokenKind::TStringEnd => level.chain = level.chain.saturating_sub(NESTED),
            TokenKind::Not | TokenKind::Await | TokenKind::DoubleStar => level.chain += NESTED,
            TokenKind::Plus | TokenKind::Minus | TokenKind::Tilde | TokenKind::Star if !behind_value => {
                level.chain += NESTED;
            }
            TokenKind::Name | TokenKind::Int | TokenKind::Float | TokenKind::Complex | TokenKind::String => {}
            TokenKind::NonLogicalNewline | TokenKind::Comment => continue,
            _ => level.chain += 1,
        }
        behind_value = matches!(
            token,
            TokenKind::Name
                | TokenKind::Int
                | TokenKind::Float
                | TokenKind::Complex
                | TokenKind::String
                | TokenKind::FStringEnd
                | TokenKind::Rpar
                | TokenKind::Rsqb
                | TokenKind::Rbrace
        );
        let chain = levels.last().map_or(0, |level| level.chain);
        if below + chain + indents * NESTED > MAX_DEPTH {
            return Some(lines);
        }
    }
}
