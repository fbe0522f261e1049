//! What a request may use that not every gateway takes. Which of it a provider's model refuses is learnt from the
//! refusal, told to the user once, and left out from then on.

/// One thing that a request may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Feature {
    /// The request's `thinking` field.
    Thinking,
    /// Marks of what is to be cached.
    CacheMarks,
    /// The count of tokens at a stream's end (`stream_options`).
    UsageChunk,
    /// The field `max_tokens`; without it `max_completion_tokens` says the same.
    MaxTokens,
    /// Reasoning of earlier steps, in the list form of chat completions.
    ReasoningBack,
}

impl Feature {
    const ALL: [Self; 5] = [Self::CacheMarks, Self::UsageChunk, Self::MaxTokens, Self::Thinking, Self::ReasoningBack];

    const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// The word by which refusals name it.
    const fn field(self) -> &'static str {
        match self {
            Self::Thinking => "thinking",
            Self::CacheMarks => "cache_control",
            Self::UsageChunk => "stream_options",
            Self::MaxTokens => "max_tokens",
            Self::ReasoningBack => "reasoning",
        }
    }

    /// What going without it means, for the user.
    pub(super) const fn without(self) -> &'static str {
        match self {
            Self::Thinking => "The model does not take a wish for reasoning; asking without it from now on.",
            Self::CacheMarks => "The model does not take marks for its cache; asking without them from now on.",
            Self::UsageChunk => "The model does not count tokens in its stream; asking without that from now on.",
            Self::MaxTokens => "The model takes its output limit in another field; asking with that from now on.",
            Self::ReasoningBack => "The model does not take its earlier reasoning back; asking without it from now on.",
        }
    }
}

/// What is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Features(u8);

impl Default for Features {
    fn default() -> Self {
        Self(u8::MAX)
    }
}

impl Features {
    pub(super) const fn has(self, feature: Feature) -> bool {
        self.0 & feature.bit() != 0
    }

    pub(super) const fn without(self, feature: Feature) -> Self {
        Self(self.0 & !feature.bit())
    }

    /// The feature that a refusal speaks of, when it is still used.
    pub(super) fn refused(self, status: u16, text: &str) -> Option<Feature> {
        if !matches!(status, 400 | 422) {
            return None;
        }
        let text = text.to_lowercase();
        if !REFUSALS.iter().any(|words| text.contains(words)) {
            return None;
        }
        Feature::ALL.into_iter().filter(|feature| self.has(*feature)).find(|feature| {
            let about_history = text.contains("messages.") || text.contains("messages[") || text.contains("signature");
            let anywhere = matches!(feature, Feature::CacheMarks | Feature::ReasoningBack);
            text.contains(feature.field()) && (anywhere || !about_history)
        })
    }
}

/// How gateways say that they do not take a field.
const REFUSALS: &[&str] = &[
    "extra inputs are not permitted",
    "extra fields not permitted",
    "not permitted",
    "not supported",
    "unsupported",
    "does not support",
    "unknown field",
    "unknown parameter",
    "unknown name",
    "unrecognized",
    "unexpected",
    "input should be",
    "input tag",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<Feature>) {
        assert_eq!(Features::default().refused(400, text), expected, "{text}");
    }

    #[test]
    fn refusals_name_what_is_left_out() {
        check("system.0.cache_control: Extra inputs are not permitted", Some(Feature::CacheMarks));
        check("messages.0.content.0.text.cache_control: Extra inputs are not permitted", Some(Feature::CacheMarks));
        check("thinking: Extra inputs are not permitted", Some(Feature::Thinking));
        check("adaptive thinking is not supported on this model", Some(Feature::Thinking));
        check("Unrecognized request argument supplied: stream_options", Some(Feature::UsageChunk));
        check(
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            Some(Feature::MaxTokens),
        );
        check("messages.1.content.0: Input tag 'reasoning' found", Some(Feature::ReasoningBack));
        assert_eq!(Features::default().without(Feature::Thinking).refused(400, "thinking: not permitted"), None);
        assert_eq!(Features::default().refused(403, "thinking: not permitted"), None);
    }

    #[test]
    fn refusals_of_the_history_or_of_a_number_are_not_taken_for_them() {
        check("messages.1.content.0: Invalid `signature` in `thinking` block", None);
        check("messages.1.content.0: unexpected `thinking` block", None);
        check("A maximum of 4 blocks with cache_control may be provided. Found 5.", None);
        check("max_tokens: 32000 > 8192, which is the maximum allowed number of output tokens", None);
        check("messages.4.content.0: unexpected `tool_use_id` found in `tool_result` blocks: x", None);
        check("prompt is too long", None);
    }
}
