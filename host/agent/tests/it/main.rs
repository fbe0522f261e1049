//! The agent's behaviour at its boundary: turns against a log in memory, a table of tools as the far end, and a
//! scripted model server.

mod offline;
mod support;
mod turns;
