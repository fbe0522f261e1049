//! Jobs: settings, runs and their tasks, schedules.
//!
//! Rules: Jobs API 2.2 of the public REST reference; older versions of its paths answer the same.

mod graph;
mod model;
mod references;
mod schedule;
mod settings;
