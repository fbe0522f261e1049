//! A call whose tool is found and whose arguments are read: made once, and used by all that happens to the call.

use std::fmt;
use std::sync::Arc;

use bricklayer_domain::{ToolErrorKind, ToolFailure, canonical_json, digest_of_canonical};
use serde_json::Value;
use wasmtime::component::Val;

use crate::convert;
use crate::plugin::Tool;

/// A call that is ready to be judged and made, by [`Runtime::review`](crate::Runtime::review) and
/// [`Runtime::run`](crate::Runtime::run), in this order and as often as wanted. It holds its tool, so that what was
/// judged is what runs. Cheap to clone.
///
/// One whose arguments do not fit is a prepared call as well: nobody needs to be asked about it, and it fails when it is
/// run, so that its record is written where those of all calls are.
#[derive(Clone)]
pub struct PreparedCall {
    tool: Tool,
    arguments: Result<Arc<Vec<Val>>, Arc<ToolFailure>>,
    argument_digest: Arc<str>,
    /// For plugins that say what a call would do or meet: the arguments as they are asked about.
    canonical: Option<Arc<str>>,
}

impl fmt::Debug for PreparedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedCall")
            .field("tool", &self.tool)
            .field("argument_digest", &self.argument_digest)
            .finish_non_exhaustive()
    }
}

impl Tool {
    /// Validates arguments against the tool's types and converts them. Runs nothing.
    #[must_use]
    pub fn prepare(&self, input: &Value) -> PreparedCall {
        let arguments = convert::arguments(&self.entry().function, input)
            .map(Arc::new)
            .map_err(|fault| Arc::new(ToolFailure::new(ToolErrorKind::InvalidInput, fault.to_string())));
        let canonical = canonical_json(input);
        let asked = self.plugin().review().is_some() || self.plugin().previews();
        PreparedCall {
            tool: self.clone(),
            arguments,
            argument_digest: digest_of_canonical(&canonical).into(),
            canonical: asked.then(|| canonical.into()),
        }
    }
}

impl PreparedCall {
    /// The tool that is called.
    #[must_use]
    pub const fn tool(&self) -> &Tool {
        &self.tool
    }

    /// Why the arguments do not fit, when they do not.
    #[must_use]
    pub fn fault(&self) -> Option<&ToolFailure> {
        self.arguments.as_ref().err().map(|failure| &**failure)
    }

    /// [`argument_digest`](bricklayer_domain::argument_digest) of the arguments.
    #[must_use]
    pub const fn argument_digest(&self) -> &Arc<str> {
        &self.argument_digest
    }

    pub(crate) fn arguments(&self) -> Result<&Arc<Vec<Val>>, &ToolFailure> {
        self.arguments.as_ref().map_err(|failure| &**failure)
    }

    /// The arguments as a plugin is asked about them; none when it cannot be asked.
    pub(crate) fn canonical(&self) -> Option<&Arc<str>> {
        self.canonical.as_ref()
    }
}
