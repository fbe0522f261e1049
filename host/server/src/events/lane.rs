//! Lanes, as their events tell them.

use bricklayer_domain::{Lane, LaneId, LaneParent};
use serde::Serialize;
use utoipa::ToSchema;

/// A line of a conversation beside its main one: of a subagent, or of a fork.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WireLane {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    pub id: String,
    /// What it belongs to.
    pub parent: WireLaneParent,
}

/// What a lane belongs to: a call, of which it is the subagent, or a message, after which it is the fork.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WireLaneParent {
    /// The lane of the call or the message; absent for the main one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Uuid)]
    pub lane_id: Option<String>,
    /// The turn of the call; absent for a fork.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Uuid)]
    pub execution_id: Option<String>,
    /// The call; absent for a fork.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_id: Option<String>,
    /// The last event of the parent that belongs to the fork as well; absent for a subagent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<i64>,
}

impl From<Lane> for WireLane {
    fn from(lane: Lane) -> Self {
        let above = lane.parent.lane();
        let lane_id = (above != LaneId::MAIN).then(|| above.to_string());
        let (execution_id, tool_id, through) = match lane.parent {
            LaneParent::Call { lane: _, turn, call } => (Some(turn.to_string()), Some(call.0), None),
            LaneParent::Message { lane: _, through } => (None, None, Some(through.0)),
        };
        Self { id: lane.id.to_string(), parent: WireLaneParent { lane_id, execution_id, tool_id, through } }
    }
}

impl WireLane {
    /// Whether it is a subagent's: then its end is not its turn's.
    #[must_use]
    pub const fn is_of_a_call(&self) -> bool {
        self.parent.tool_id.is_some()
    }
}
