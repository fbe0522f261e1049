//! Reports of transfers in the family's own types.

use bricklayer_databricks::transfer::{Report, State, Transfer};

use crate::types;

/// The report; `did` is what was done (`Uploaded`), `to` where the files went.
pub(crate) fn of(report: Report, did: &str, to: &str) -> types::TransferReport {
    types::TransferReport {
        text: report.text(did, to),
        complete: report.is_complete(),
        total: report.transfers.len() as u32,
        done: report.done(),
        unchanged: report.unchanged(),
        failed: report.failed(),
        not_tried: report.not_tried(),
        bytes: report.bytes(),
        destination: to.to_owned(),
        moved: report.done() > 0,
        transfers: report.named().into_iter().map(transfer).collect(),
    }
}

fn transfer(transfer: Transfer) -> types::Transfer {
    let (state, error) = match transfer.state {
        State::Done => (types::TransferState::Done, None),
        State::Unchanged => (types::TransferState::Unchanged, None),
        State::Failed(failure) => (types::TransferState::Failed, Some(failure.message)),
        State::NotTried => (types::TransferState::NotTried, None),
    };
    types::Transfer { local_path: transfer.local, remote_path: transfer.remote, state, bytes: transfer.bytes, error }
}
