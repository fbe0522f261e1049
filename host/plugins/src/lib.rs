//! The life of a plugin on a host: inspected, installed, given powers, updated while in use, rolled back, removed.
//!
//! [`PluginService`] is the one handle. A change is checked against the operator's [`Policy`], prepared (compiled,
//! linked, started once), and then published by one transaction of the store; the live catalogue follows the database,
//! on this host at once and on others within seconds. What people decide comes in through the HTTP API and the command
//! line: **nothing here is reachable from a tool**, so that no model can give itself anything.

mod catalogue;
mod change;
mod error;
mod failures;
mod inspect;
mod live;
mod loaded;
mod policy;
mod record;
mod service;
mod shipped;
mod sync;
mod table;
mod trial;
mod view;

pub use catalogue::{VersionDiff, is_reserved, tools_of};
pub use change::{UpdateFrom, UpdateOutcome};
pub use error::PluginError;
pub use inspect::{Inspection, InstalledAs, PackageFrom};
pub use policy::{Actor, Admins, Ceilings, Installers, Policy};
pub use service::{PluginParts, PluginService};
pub use table::{BoundCall, BoundTool, ProjectTools};
pub use view::{Given, PendingView, PluginStatus, PluginView, Scope};
