//! What one call may write to files. wasmtime bounds what a guest holds and not what it leaves on disk, so the four
//! functions that make a file larger are wrapped here; each byte written counts, wherever it goes, for the call and for
//! its project.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::filesystem::types::{ErrorCode, HostDescriptor as _};
use wasmtime_wasi::p2::{DynOutputStream, FsResult, OutputStream, Pollable, StreamError, StreamResult};

use crate::call::CallState;
use crate::fault::LimitHit;
use crate::project_size::ProjectShare;

/// The interface that is wrapped, as wasmtime-wasi names it.
const TYPES: &str = "wasi:filesystem/types@0.2.12";

/// Bytes that a call may still write; shared by all its open files.
#[derive(Debug, Clone)]
pub(crate) struct DiskShare {
    left: Arc<AtomicU64>,
    /// Absent where the call has no folder.
    project: Option<Arc<ProjectShare>>,
}

impl DiskShare {
    pub(crate) fn new(bytes: u64, project: Option<ProjectShare>) -> Self {
        Self { left: Arc::new(AtomicU64::new(bytes)), project: project.map(Arc::new) }
    }

    /// Must come before the first byte is taken.
    async fn begin(self) {
        if let Some(project) = &self.project {
            project.measure().await;
        }
    }

    fn take(&self, bytes: u64) -> Result<(), LimitHit> {
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        taken.map_err(|_| LimitHit::Disk)?;
        self.project.as_ref().map_or(Ok(()), |project| project.take(bytes))
    }
}

type Answer<T> = wasmtime::Result<(Result<T, ErrorCode>,)>;

/// Replaces the functions of wasmtime-wasi; call it after they were added.
pub(crate) fn bound(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut types = linker.instance(TYPES)?;
    types.func_wrap_async(
        "[method]descriptor.write-via-stream",
        |mut store: StoreContextMut<'_, CallState>, (file, offset): (Resource<Descriptor>, u64)| {
            Box::new(async move {
                store.data().disk.clone().begin().await;
                let stream = store.data_mut().filesystem().write_via_stream(file, offset);
                counted(store.data_mut(), stream)
            })
        },
    )?;
    types.func_wrap_async(
        "[method]descriptor.append-via-stream",
        |mut store: StoreContextMut<'_, CallState>, (file,): (Resource<Descriptor>,)| {
            Box::new(async move {
                store.data().disk.clone().begin().await;
                let stream = store.data_mut().filesystem().append_via_stream(file);
                counted(store.data_mut(), stream)
            })
        },
    )?;
    types.func_wrap_async(
        "[method]descriptor.write",
        |mut store: StoreContextMut<'_, CallState>, (file, bytes, offset): (Resource<Descriptor>, Vec<u8>, u64)| {
            Box::new(async move {
                store.data().disk.clone().begin().await;
                store.data_mut().disk.take(bytes.len() as u64)?;
                answer(store.data_mut().filesystem().write(file, bytes, offset).await)
            })
        },
    )?;
    types.func_wrap_async(
        "[method]descriptor.set-size",
        |mut store: StoreContextMut<'_, CallState>, (file, size): (Resource<Descriptor>, u64)| {
            Box::new(async move {
                store.data().disk.clone().begin().await;
                // As if all of it were written: a file full of holes is filled by whoever copies it.
                store.data_mut().disk.take(size)?;
                answer(store.data_mut().filesystem().set_size(file, size).await)
            })
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

fn answer<T>(result: FsResult<T>) -> Answer<T> {
    match result {
        Ok(value) => Ok((Ok(value),)),
        Err(error) => Ok((Err(error.downcast()?),)),
    }
}

fn counted(state: &mut CallState, stream: FsResult<Resource<DynOutputStream>>) -> Answer<Resource<DynOutputStream>> {
    let stream = match stream {
        Ok(stream) => stream,
        Err(error) => return Ok((Err(error.downcast()?),)),
    };
    let inner = state.table.delete(stream)?;
    let counted: DynOutputStream = Box::new(Counted { inner, share: state.disk.clone() });
    Ok((Ok(state.table.push(counted)?),))
}

/// A stream into a file.
struct Counted {
    inner: DynOutputStream,
    share: DiskShare,
}

#[wasmtime_wasi::async_trait]
impl OutputStream for Counted {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.share.take(bytes.len() as u64).map_err(|hit| StreamError::Trap(hit.into()))?;
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.inner.flush()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.inner.check_write()
    }

    async fn cancel(&mut self) {
        self.inner.cancel().await;
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Counted {
    async fn ready(&mut self) {
        self.inner.ready().await;
    }
}
