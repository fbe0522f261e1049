//! What models cost and how much may be spent on them, as the operator says.

use std::sync::Arc;

use bricklayer_agent::model::Prices;
use bricklayer_domain::{Budget, Overspent};
use bricklayer_store::Spending;

use super::{ConfigError, Layers};

/// Most tokens of a budget: more than a hundred of the longest calls take.
const MAX_TOKENS: u64 = 1_000_000_000;

/// Most US dollars of a budget.
const MAX_USD: f64 = 1_000_000.0;

const PRICES: &str = "model.prices";
const TURN: Keys = Keys { tokens: "limits.turn_tokens", usd: "limits.turn_usd" };
const CONVERSATION: Keys = Keys { tokens: "limits.conversation_tokens", usd: "limits.conversation_usd" };
const DAY: Keys = Keys { tokens: "limits.user_day_tokens", usd: "limits.user_day_usd" };

/// The two settings of a budget.
#[derive(Debug)]
struct Keys {
    tokens: &'static str,
    usd: &'static str,
}

impl Keys {
    const fn of(&self, overspent: Overspent) -> &'static str {
        match overspent {
            Overspent::Tokens { .. } => self.tokens,
            Overspent::Money { .. } => self.usd,
        }
    }
}

/// A budget that is used up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedUp {
    /// A stable word, of turns' ends and of problems.
    pub code: &'static str,
    /// What happened and what to do, for the user.
    pub message: String,
}

/// Prices and budgets.
#[derive(Debug, Clone, Default)]
pub struct SpendingConfig {
    /// What tokens cost.
    pub prices: Arc<Prices>,
    /// What one turn may take.
    pub turn: Budget,
    /// What the turns of one conversation may take.
    pub conversation: Budget,
    /// What one user may take from midnight to midnight UTC.
    pub user_day: Budget,
}

impl SpendingConfig {
    /// # Errors
    /// When a setting is no number or no price.
    pub(super) fn from_layers(layers: &Layers) -> Result<Self, ConfigError> {
        let prices = match layers.get(PRICES) {
            None => Arc::default(),
            Some(value) => {
                Arc::new(Prices::parse(&value.text).map_err(|error| layers.wrong(PRICES, &error.to_string()))?)
            }
        };
        let budget = |keys: &Keys| {
            Ok::<_, ConfigError>(Budget {
                tokens: tokens(layers, keys.tokens)?,
                micro_usd: micro_usd(layers, keys.usd)?,
            })
        };
        Ok(Self { prices, turn: budget(&TURN)?, conversation: budget(&CONVERSATION)?, user_day: budget(&DAY)? })
    }

    /// Whether what was spent before bounds what begins.
    #[must_use]
    pub const fn looks_back(&self) -> bool {
        self.conversation.is_set() || self.user_day.is_set()
    }

    /// Why nothing more may be spent, and what to do; none while something may.
    #[must_use]
    pub fn used_up(&self, spent: &Spending) -> Option<UsedUp> {
        if let Some(overspent) = self.user_day.overspent(&spent.today) {
            let setting = DAY.of(overspent);
            let message = format!(
                "What you asked models today {overspent} (the operator's setting {setting}). Go on after midnight UTC, or ask \
                 the operator for more."
            );
            return Some(UsedUp { code: "day-budget-used-up", message });
        }
        let overspent = self.conversation.overspent(&spent.conversation)?;
        let setting = CONVERSATION.of(overspent);
        let message = format!("This conversation {overspent} (the operator's setting {setting}). Start a new one.");
        Some(UsedUp { code: "conversation-budget-used-up", message })
    }
}

fn tokens(layers: &Layers, key: &'static str) -> Result<Option<u64>, ConfigError> {
    let Some(value) = layers.get(key) else { return Ok(None) };
    let tokens = value.text.parse().ok().filter(|tokens| (1..=MAX_TOKENS).contains(tokens));
    let wrong = || layers.wrong(key, &format!("must be a whole number between 1 and {MAX_TOKENS}"));
    tokens.map(Some).ok_or_else(wrong)
}

fn micro_usd(layers: &Layers, key: &'static str) -> Result<Option<u64>, ConfigError> {
    let Some(value) = layers.get(key) else { return Ok(None) };
    let dollars = value.text.parse::<f64>().ok().filter(|dollars| (0.000_001..=MAX_USD).contains(dollars));
    let wrong = || layers.wrong(key, &format!("must be US dollars, a number above 0 and at most {MAX_USD}"));
    // Within the bound a millionth is far from where doubles lose it.
    dollars.map(|dollars| Some((dollars * 1_000_000.0).round() as u64)).ok_or_else(wrong)
}
