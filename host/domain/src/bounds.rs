//! Bounds that several parts must agree on: what is read of a model must fit into the log, and what fits into a message
//! a tool must be able to take.

/// Largest message of a model, in bytes of the JSON that keeps it. Protects the host and the log; a model's own output
/// limit is far below it.
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// Blocks of one message: texts, reasoning, tool calls. A message with hundreds is a fault.
pub const MAX_MESSAGE_BLOCKS: usize = 256;

/// Largest event of a log as JSON: a largest message, or the arguments of a call out of one, with all that stands around
/// them.
pub const MAX_EVENT_BYTES: usize = 2 * MAX_MESSAGE_BYTES;

/// Most events of one append: a fullest message with an outcome for each of its calls, and what surrounds it.
pub const MAX_APPEND_EVENTS: usize = 2 * MAX_MESSAGE_BLOCKS;
