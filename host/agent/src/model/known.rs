//! What is known of models whose provider does not say it, by a part of their name. Small on purpose: families that
//! people use with tools, and nothing for those that are in no line here.
//!
//! Written from memory of the providers' pages, and of no other weight than that: what a list says comes before it, and the
//! page shows it as what a model can, never as a promise.

use super::list::Abilities;

/// A family, told by a part of its models' names.
struct Family {
    part: &'static str,
    context_tokens: u64,
    max_output_tokens: u64,
    /// Sees pictures; reasons.
    can: (bool, bool),
}

const fn family(part: &'static str, context_tokens: u64, max_output_tokens: u64, can: (bool, bool)) -> Family {
    Family { part, context_tokens, max_output_tokens, can }
}

/// The first whose part stands in a name counts. All of them call tools.
const FAMILIES: &[Family] = &[
    family("claude-3-haiku", 200_000, 4_096, (true, false)),
    family("claude-3-5", 200_000, 8_192, (true, false)),
    family("claude-3-7", 200_000, 64_000, (true, true)),
    family("claude-opus-4-5", 200_000, 64_000, (true, true)),
    family("claude-opus-4", 200_000, 32_000, (true, true)),
    family("claude", 200_000, 64_000, (true, true)),
    family("gpt-5", 400_000, 128_000, (true, true)),
    family("gpt-4.1", 1_047_576, 32_768, (true, false)),
    family("gpt-4o", 128_000, 16_384, (true, false)),
    family("gpt-oss", 131_072, 32_768, (false, true)),
    family("gemini-2.5", 1_048_576, 65_536, (true, true)),
    family("gemini-2-5", 1_048_576, 65_536, (true, true)),
    family("gemini-3", 1_048_576, 65_536, (true, true)),
    family("llama-4-maverick", 128_000, 8_192, (true, false)),
    family("llama-3", 128_000, 8_192, (false, false)),
];

/// What the table says of a model.
pub(super) fn known(id: &str) -> Abilities {
    let id = id.to_ascii_lowercase();
    let Some(family) = FAMILIES.iter().find(|family| id.contains(family.part)) else { return Abilities::default() };
    let is_anthropics = family.part.starts_with("claude");
    Abilities {
        context_tokens: Some(family.context_tokens),
        max_output_tokens: Some(family.max_output_tokens),
        pictures: Some(family.can.0),
        documents: Some(is_anthropics),
        thinking: Some(family.can.1),
        tools: Some(true),
        prompt_cache: (is_anthropics || family.part.starts_with("gpt-4") || family.part == "gpt-5").then_some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_providers_find_their_family() {
        for (id, context, output) in [
            ("databricks-claude-opus-4-1", 200_000, 32_000),
            ("system.ai.claude-sonnet-4-5", 200_000, 64_000),
            ("gpt-5-mini", 400_000, 128_000),
            ("databricks-gpt-oss-120b", 131_072, 32_768),
            ("databricks-meta-llama-3-3-70b-instruct", 128_000, 8_192),
        ] {
            let abilities = known(id);
            assert_eq!((abilities.context_tokens, abilities.max_output_tokens), (Some(context), Some(output)), "{id}");
        }
        assert_eq!(known("somebody's own"), Abilities::default());
    }
}
