//! `LIKE ANY`, `LIKE ALL` and their kin, which DuckDB lacks, as comparisons with each pattern.
//!
//! `NOT LIKE ANY` asks whether one pattern does not match, `NOT LIKE ALL` whether none does, so the negation belongs to
//! the single comparisons and has to be seen before them.

use polyglot_sql::{
    Expression, Result,
    expressions::{BinaryOp, LikeOp, UnaryOp},
};

use crate::sql::language::builders::bracket;

/// `x NOT LIKE ANY (…)`.
pub(super) fn negated(node: Expression) -> Result<Expression> {
    let Expression::Not(not) = node else { return Ok(node) };
    match spread(not.this, true) {
        Ok(spread) => Ok(spread),
        Err(this) => Ok(Expression::Not(Box::new(UnaryOp { this, ..*not }))),
    }
}

/// `x LIKE ANY (…)`.
pub(super) fn plain(node: Expression) -> Result<Expression> {
    Ok(spread(node, false).unwrap_or_else(|node| node))
}

/// The comparisons that a quantified one stands for; any other node comes back as it is.
#[expect(clippy::result_large_err, reason = "what does not fit is the node itself, given back")]
fn spread(node: Expression, negate: bool) -> std::result::Result<Expression, Expression> {
    let (like, wrap): (LikeOp, fn(Box<LikeOp>) -> Expression) = match node {
        Expression::Like(like) if like.quantifier.is_some() => (*like, Expression::Like),
        Expression::ILike(like) if like.quantifier.is_some() => (*like, Expression::ILike),
        other => return Err(other),
    };
    let all = like.quantifier.as_deref().is_some_and(|word| word.eq_ignore_ascii_case("ALL"));
    let patterns = match like.right.clone() {
        Expression::Tuple(tuple) => tuple.expressions,
        Expression::Paren(paren) => vec![paren.this],
        other => vec![other],
    };
    let one = |pattern: Expression| {
        let single = wrap(Box::new(LikeOp { right: pattern, quantifier: None, ..like.clone() }));
        let single = bracket(single);
        if negate { bracket(Expression::Not(Box::new(UnaryOp::new(single)))) } else { single }
    };
    let joined = patterns.into_iter().map(one).reduce(|left, right| {
        let op = Box::new(BinaryOp::new(left, right));
        if all { Expression::And(op) } else { Expression::Or(op) }
    });
    joined.map(bracket).ok_or_else(|| wrap(Box::new(like)))
}
