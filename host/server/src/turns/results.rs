//! Where the results of one call go: into the store of results, under the call's conversation, turn and tool.

use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use bricklayer_domain::{Caller, NewResult, ResultCut, ResultHead, ResultId, ResultOrigin, ResultRef, ToolName, chain};
use bricklayer_results::{Appended, ResultEnd, ResultWriter, Results, ResultsError, WrittenResult};
use bricklayer_runtime::{Appending, CallResult, CallResultEnd, KeptResult, OpenResult, ResultFault, ResultStore};
use bricklayer_tools::{Keeper, ToKeep};

/// The results of one call, and of what goes on for it.
#[derive(Debug)]
pub(super) struct StoreResults {
    results: Results,
    caller: Caller,
    tool: ToolName,
    workspace: Option<String>,
    rerun_of: Option<ResultId>,
    begun: AtomicU32,
}

impl StoreResults {
    pub(super) fn new(results: Results, caller: Caller, tool: ToolName) -> Self {
        Self { results, caller, tool, workspace: None, rerun_of: None, begun: AtomicU32::new(0) }
    }

    /// The host name of the workspace that the call works on.
    pub(super) fn at_workspace(self, workspace: Option<String>) -> Self {
        Self { workspace, ..self }
    }

    /// The result that the call is to make again.
    pub(super) fn instead_of(self, rerun_of: Option<ResultId>) -> Self {
        Self { rerun_of, ..self }
    }

    fn origin(&self, said: ResultOrigin) -> ResultOrigin {
        ResultOrigin {
            tool: Some(self.tool.0.clone()),
            workspace: self.workspace.clone(),
            rerun_of: self.rerun_of,
            ..said
        }
    }
}

/// Keeps what calls that have a conversation do not give their model as text.
#[derive(Debug)]
pub(super) struct StoreKeeper(pub(super) Results);

#[async_trait]
impl Keeper for StoreKeeper {
    async fn keep(&self, it: ToKeep<'_>) -> Option<ResultRef> {
        it.caller.site.conversation()?;
        let results = StoreResults::new(self.0.clone(), it.caller.clone(), it.tool.clone());
        results.begun.store(it.ordinal, Ordering::Relaxed);
        let kept = async {
            let head = ResultHead {
                title: Some(it.title.to_owned()),
                media_type: Some(it.media_type.to_owned()),
                ..ResultHead::new(it.content)
            };
            let mut result = results.open(CallResult { head, origin: ResultOrigin::default() })?;
            result.append_bytes(it.bytes).await?;
            result.finish(CallResultEnd { whole: true, origin: None }).await
        };
        match kept.await {
            Ok(kept) => Some(kept.reference),
            Err(error) => {
                tracing::warn!(error = chain(&error), tool.name = %it.tool, "what a call gave was not kept");
                None
            }
        }
    }
}

impl ResultStore for StoreResults {
    fn open(&self, result: CallResult) -> Result<Box<dyn OpenResult>, ResultFault> {
        let nowhere = || ResultFault::Invalid("this call belongs to no conversation".to_owned());
        let site = &self.caller.site;
        let origin = self.origin(result.origin);
        let writer = self.results.open(NewResult {
            user: self.caller.user.clone(),
            project: self.caller.project,
            conversation: site.conversation().ok_or_else(nowhere)?,
            turn: site.turn(),
            lane: site.lane(),
            call: self.caller.tool_call.clone(),
            ordinal: self.begun.fetch_add(1, Ordering::Relaxed),
            head: result.head,
            origin: origin.clone(),
        });
        // The log of a turn settles what its calls tell of.
        let is_settled_later = site.turn().is_some();
        Ok(Box::new(Writing { writer: writer.map_err(fault)?, origin, is_settled_later }))
    }
}

struct Writing {
    writer: ResultWriter,
    /// What was said at the beginning.
    origin: ResultOrigin,
    /// Whether what is told of it is settled before it is kept.
    is_settled_later: bool,
}

#[async_trait]
impl OpenResult for Writing {
    fn id(&self) -> ResultId {
        self.writer.id()
    }

    fn so_far(&self) -> Option<KeptResult> {
        self.writer.so_far().map(kept)
    }

    async fn append_rows(&mut self, rows: &[u8]) -> Result<Appending, ResultFault> {
        self.writer.append_json(rows).await.map(appending).map_err(fault)
    }

    async fn append_bytes(&mut self, bytes: &[u8]) -> Result<Appending, ResultFault> {
        self.writer.append_bytes(bytes).await.map(appending).map_err(fault)
    }

    async fn finish(self: Box<Self>, end: CallResultEnd) -> Result<KeptResult, ResultFault> {
        let said = end.origin.map(|said| {
            let ResultOrigin { tool, workspace, rerun_of, again, .. } = self.origin.clone();
            ResultOrigin { tool, workspace, rerun_of, again, ..said }
        });
        let origin = said.unwrap_or(self.origin);
        let cut = if end.whole { cut_there(&origin, self.writer.taken()) } else { Some(ResultCut::Interrupted) };
        let end = ResultEnd { origin: Some(origin), cut };
        let written = if self.is_settled_later {
            self.writer.finish_early(end).await
        } else {
            self.writer.finish_told(end).await
        };
        written.map(kept).map_err(fault)
    }
}

/// Why a source gave no more than it did; it counts no further than the limit that it was asked with.
fn cut_there(origin: &ResultOrigin, taken: u64) -> Option<ResultCut> {
    let is_cut = origin.truncated == Some(true);
    is_cut.then_some(if origin.rows == Some(taken) { ResultCut::RowLimit } else { ResultCut::Source })
}

fn kept(written: WrittenResult) -> KeptResult {
    KeptResult { reference: written.reference, told: written.told }
}

const fn appending(appended: Appended) -> Appending {
    match appended {
        Appended::Taken => Appending::Taken,
        Appended::Full(cut) => Appending::Full(cut),
    }
}

fn fault(error: ResultsError) -> ResultFault {
    match error {
        ResultsError::Rows(_) | ResultsError::Query { .. } => ResultFault::Invalid(error.to_string()),
        ResultsError::Store(_) | ResultsError::Broken(_) | ResultsError::Format(_) | ResultsError::BrokenOff => {
            ResultFault::Unavailable(Box::new(error))
        }
    }
}

#[cfg(test)]
mod tests {
    use bricklayer_domain::{CallSite, LaneId, ResultContent, Title, TurnId, UserId};
    use bricklayer_results::ResultsSettings;
    use bricklayer_store::{Store, StoreOptions, StoreUrl};

    use super::*;

    #[tokio::test]
    async fn a_result_is_of_the_lane_of_its_call() {
        let folder = tempfile::tempdir().unwrap();
        let url = StoreUrl::sqlite(folder.path().join("store.db"));
        let store = Store::connect(&url, StoreOptions::default()).await.unwrap();
        let user = UserId::parse("ann@example.com").unwrap();
        let project = store.create_project(&user, &Title::parse("p").unwrap()).await.unwrap().id;
        let conversation = store.create_conversation(&user, project, None).await.unwrap().id;
        let results = Results::new(store.clone(), ResultsSettings::default());
        for lane in [LaneId::MAIN, LaneId::new()] {
            let site = CallSite::Turn { conversation, turn: TurnId::new(), lane };
            let caller = Caller::new(user.clone(), project, site);
            let text = ToKeep {
                caller: &caller,
                tool: &ToolName("t".into()),
                ordinal: 0,
                title: "t",
                content: ResultContent::Text,
                media_type: "text/plain",
                bytes: b"x",
            };
            let kept = StoreKeeper(results.clone()).keep(text).await.unwrap();
            assert_eq!(results.describe(&user, kept.id).await.unwrap().lane, lane);
        }
    }
}
