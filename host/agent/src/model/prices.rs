//! What tokens cost: the operator's own prices, and else the providers' list prices.
//!
//! An estimate and no invoice: what a contract, a region, a batch or a workspace's own unit changes about a list price, only
//! the operator's prices know.

use bricklayer_domain::Usage;

/// Longest part of a model's name in a price, in characters.
const MAX_PART_CHARS: usize = 200;

/// Most prices of an operator.
const MAX_PRICES: usize = 200;

/// Highest price, in US dollars for a million tokens; ten times the dearest list price that there was.
const MAX_DOLLARS: f64 = 10_000.0;

/// Millionths of a US dollar for a million tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Price {
    /// Tokens read that are in no cache.
    pub input: u64,
    /// Tokens written.
    pub output: u64,
    /// Tokens read from the provider's cache.
    pub cache_read: u64,
    /// Tokens put into the provider's cache.
    pub cache_write: u64,
}

impl Price {
    /// What a call cost, in millionths of a US dollar, to the nearest.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> u64 {
        let part = |tokens: u64, price: u64| u128::from(tokens).saturating_mul(u128::from(price));
        let sum = part(usage.input_tokens, self.input)
            .saturating_add(part(usage.output_tokens, self.output))
            .saturating_add(part(usage.cache_read_input_tokens, self.cache_read))
            .saturating_add(part(usage.cache_creation_input_tokens, self.cache_write));
        u64::try_from(sum.saturating_add(500_000) / 1_000_000).unwrap_or(u64::MAX)
    }
}

/// A price of all models whose name has a part.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    part: String,
    price: Price,
}

/// The prices that the host goes by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prices {
    /// The operator's, longest part first.
    own: Vec<Line>,
}

/// Why a text is no list of prices; reads on after the setting's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// Not `NAME INPUT OUTPUT` with or without the two prices of the cache.
    #[error(
        "must be `NAME INPUT OUTPUT` or `NAME INPUT OUTPUT CACHE_READ CACHE_WRITE`, in US dollars for a million tokens, with \
         `;` between models; this is not: {0:?}"
    )]
    Line(String),
    /// Not a number, negative or beyond all bounds.
    #[error("must have prices between 0 and {MAX_DOLLARS} US dollars for a million tokens; this is none: {0:?}")]
    Number(String),
    /// Too many.
    #[error("must have at most {MAX_PRICES} prices")]
    TooMany,
}

impl Prices {
    /// Reads an operator's prices: `NAME INPUT OUTPUT [CACHE_READ CACHE_WRITE]`, in US dollars for a million tokens, `;`
    /// between them. `NAME` is a part of models' names, and the longest one that fits counts. Without the prices of the cache,
    /// reading costs a tenth of the input and writing a quarter more, as Anthropic has it.
    ///
    /// # Errors
    /// [`PriceError`].
    pub fn parse(text: &str) -> Result<Self, PriceError> {
        let lines = text.split(';').map(str::trim).filter(|line| !line.is_empty());
        let mut own = lines.map(line).collect::<Result<Vec<_>, _>>()?;
        if own.len() > MAX_PRICES {
            return Err(PriceError::TooMany);
        }
        own.sort_by_key(|line| std::cmp::Reverse(line.part.len()));
        Ok(Self { own })
    }

    /// The price of a model's tokens; none when nobody said.
    #[must_use]
    pub fn of(&self, model: &str) -> Option<Price> {
        let model = model.to_ascii_lowercase();
        if let Some(line) = self.own.iter().find(|line| model.contains(&line.part)) {
            return Some(line.price);
        }
        LISTED.iter().find(|listed| model.contains(listed.part)).map(Listed::price)
    }

    /// A call's tokens with what they cost.
    #[must_use]
    pub fn priced(&self, model: &str, usage: Usage) -> Usage {
        Usage { cost_micro_usd: self.of(model).map_or(0, |price| price.cost(&usage)), ..usage }
    }
}

fn line(text: &str) -> Result<Line, PriceError> {
    let wrong = || PriceError::Line(text.chars().take(MAX_PART_CHARS).collect());
    let words: Vec<&str> = text.split_whitespace().collect();
    let (part, numbers) = words.split_first().ok_or_else(wrong)?;
    let numbers = numbers.iter().map(|word| micro_dollars(word)).collect::<Result<Vec<_>, _>>()?;
    let price = match *numbers.as_slice() {
        [input, output] => with_usual_cache(input, output),
        [input, output, cache_read, cache_write] => Price { input, output, cache_read, cache_write },
        _ => return Err(wrong()),
    };
    if part.chars().count() > MAX_PART_CHARS {
        return Err(wrong());
    }
    Ok(Line { part: part.to_ascii_lowercase(), price })
}

fn micro_dollars(word: &str) -> Result<u64, PriceError> {
    let dollars = word.parse::<f64>().ok().filter(|dollars| (0.0..=MAX_DOLLARS).contains(dollars));
    // Within the bound a millionth is far from where doubles lose it.
    let micro = |dollars: f64| (dollars * 1_000_000.0).round() as u64;
    dollars.map(micro).ok_or_else(|| PriceError::Number(word.chars().take(MAX_PART_CHARS).collect()))
}

const fn with_usual_cache(input: u64, output: u64) -> Price {
    Price { input, output, cache_read: input / 10, cache_write: input / 4 * 5 }
}

/// A provider's list price, in cents for a million tokens.
struct Listed {
    part: &'static str,
    input: u64,
    output: u64,
    /// Reading from the cache, where it is no tenth of the input; writing costs nothing more then.
    cache_read: Option<u64>,
}

impl Listed {
    const fn price(&self) -> Price {
        const MICRO: u64 = 10_000;
        let (input, output) = (self.input * MICRO, self.output * MICRO);
        match self.cache_read {
            None => with_usual_cache(input, output),
            Some(cents) => Price { input, output, cache_read: cents * MICRO, cache_write: input },
        }
    }
}

const fn listed(part: &'static str, input: u64, output: u64) -> Listed {
    Listed { part, input, output, cache_read: None }
}

const fn cached(part: &'static str, input: u64, output: u64, cache_read: u64) -> Listed {
    Listed { part, input, output, cache_read: Some(cache_read) }
}

/// Prices as the providers' pages had them when this was written, for names that people use with tools. The first whose part
/// stands in a name counts.
const LISTED: &[Listed] = &[
    listed("claude-3-haiku", 25, 125),
    listed("claude-3-5-haiku", 80, 400),
    listed("claude-haiku", 100, 500),
    listed("claude-opus-4-0", 1500, 7500),
    listed("claude-opus-4-1", 1500, 7500),
    listed("claude-opus-4-2", 1500, 7500),
    listed("claude-opus", 500, 2500),
    listed("claude", 300, 1500),
    cached("gpt-5-mini", 25, 200, 3),
    cached("gpt-5-nano", 5, 40, 1),
    cached("gpt-5", 125, 1000, 13),
    cached("gpt-4.1-mini", 40, 160, 10),
    cached("gpt-4.1", 200, 800, 50),
    cached("gpt-4o-mini", 15, 60, 8),
    cached("gpt-4o", 250, 1000, 125),
    cached("gemini-2.5-flash", 30, 250, 3),
    cached("gemini-2-5-flash", 30, 250, 3),
    cached("gemini-2.5-pro", 125, 1000, 13),
    cached("gemini-2-5-pro", 125, 1000, 13),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(input_tokens: u64, output_tokens: u64, read: u64, write: u64) -> Usage {
        Usage {
            input_tokens,
            output_tokens,
            cache_read_input_tokens: read,
            cache_creation_input_tokens: write,
            ..Usage::default()
        }
    }

    #[test]
    fn calls_cost_what_their_tokens_do() {
        let own = Prices::parse("sonnet 1 2; claude-sonnet-4-5 3 15 0.5 4;mine 0 0.000001").unwrap();
        for (model, tokens, micro_dollars) in [
            // The list's: 3 and 15 dollars, a tenth, a quarter more.
            ("databricks-claude-3-7", usage(1_000_000, 0, 0, 0), 3_000_000),
            ("databricks-claude-3-7", usage(0, 1_000_000, 1_000_000, 1_000_000), 15_000_000 + 300_000 + 3_750_000),
            ("claude-opus-4-5", usage(1_000, 1_000, 0, 0), 5_000 + 25_000),
            ("claude-opus-4-1", usage(1_000, 1_000, 0, 0), 15_000 + 75_000),
            ("GPT-5-mini", usage(0, 0, 1_000_000, 1_000_000), 30_000 + 250_000),
            // The operator's: the longest part counts.
            ("claude-sonnet-4-5", usage(1_000_000, 0, 1_000_000, 1_000_000), 3_000_000 + 500_000 + 4_000_000),
            ("claude-sonnet-4", usage(1_000_000, 1_000_000, 0, 0), 3_000_000),
            // To the nearest millionth.
            ("mine", usage(u64::MAX, 499_999, 0, 0), 0),
            ("mine", usage(0, 500_000, 0, 0), 1),
            ("somebody's own", usage(1_000_000, 1_000_000, 0, 0), 0),
            ("claude-sonnet-4-5", usage(u64::MAX, u64::MAX, u64::MAX, u64::MAX), u64::MAX),
        ] {
            assert_eq!(own.priced(model, tokens).cost_micro_usd, micro_dollars, "{model} {tokens:?}");
        }
        assert_eq!(own.of("somebody's own"), None);
    }

    #[test]
    fn prices_that_are_none_are_refused() {
        for text in ["claude", "claude 1", "claude 1 2 3", "claude 1 2 3 4 5", "claude 1;gpt 1 2"] {
            assert!(matches!(Prices::parse(text), Err(PriceError::Line(_))), "{text}");
        }
        for text in ["a -1 2", "a 1 x", "a 1 NaN", "a 1 inf", "a 10001 1", "a 1e9 1"] {
            assert!(matches!(Prices::parse(text), Err(PriceError::Number(_))), "{text}");
        }
        assert_eq!(Prices::parse(" ; "), Ok(Prices::default()));
        assert_eq!(Prices::parse(&"a 1 2;".repeat(MAX_PRICES + 1)), Err(PriceError::TooMany));
    }
}
