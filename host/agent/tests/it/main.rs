//! The agent's behaviour at its boundary: turns against a log in memory, a table of tools as the far end, and a
//! scripted model server.

mod anthropic;
mod files;
mod offline;
mod replay;
mod skills;
mod support;
mod turns;
