//! Skills: folders with a SKILL.md after the Agent Skills specification (agentskills.io), known to a model in three
//! tiers: name and description in its prompt, the body when it loads one, further files when it asks for them.
//!
//! Loading is tolerant, so that what works elsewhere works here; [`problems`] is strict, and agrees with the reference
//! validator. Subagents are files beside them. What a skill says is its author's text: it grants nothing, and nothing
//! outside its folder is read for it.

mod agent;
mod archive;
mod error;
mod folder;
mod front_matter;
mod limits;
mod set;
mod skill;
mod store;
mod validate;
mod yaml;

pub use agent::{AgentDefinition, AgentSet, agent_problems};
pub use archive::{MAX_ARCHIVE_BYTES, PackedSkill, unpack};
pub use error::SkillError;
pub use folder::{FilePath, SkillFile, SkillFolder, digest};
pub use limits::SkillLimits;
pub use set::SkillSet;
pub use skill::{Origin, Skill};
pub use store::SkillStore;
pub use validate::{is_skill_name, problems};
