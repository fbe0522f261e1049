//! Magics and commands of the shell within Python.

use ruff_python_ast::IpyEscapeKind;

use super::Walker;
use crate::magic;

impl Walker<'_> {
    pub(super) fn magic(&mut self, kind: IpyEscapeKind, text: &str) {
        match kind {
            IpyEscapeKind::Magic | IpyEscapeKind::Magic2 => magic::line(&mut self.facts, text),
            IpyEscapeKind::Shell | IpyEscapeKind::ShCap => magic::shell(&mut self.facts, text),
            IpyEscapeKind::Help
            | IpyEscapeKind::Help2
            | IpyEscapeKind::Quote
            | IpyEscapeKind::Quote2
            | IpyEscapeKind::Paren => {}
        }
    }
}
