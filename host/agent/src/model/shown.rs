//! Pictures and documents that the model is shown as they are. The log names them as results; their bytes are loaded for
//! a request.

use std::collections::HashMap;
use std::sync::Arc;

use bricklayer_domain::{AttachmentType, ResultId};

/// What stands in the place of what is not shown.
pub(crate) const NOT_SHOWN: &str =
    "[A picture or document of this result is not shown here; call the tool again to see it.]";

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// What it is.
    pub media_type: AttachmentType,
    /// All of it, in base64.
    pub base64: String,
}

/// Those of a request, by their results. None stands for one that there is no room for, or that is gone.
pub type ShownResults = Arc<HashMap<ResultId, Option<Arc<Shown>>>>;
