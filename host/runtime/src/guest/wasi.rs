//! WASI's part: the project's folder, standard streams, random numbers. wasmtime bounds what a guest holds and not what it
//! leaves on disk, so the four functions that make a file larger are wrapped here.

use bytes::Bytes;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::filesystem::types::{ErrorCode, HostDescriptor as _};
use wasmtime_wasi::p2::{DynOutputStream, FsResult, OutputStream, Pollable, StreamError, StreamResult};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder};

use super::{Frame, GuestState};
use crate::FilesGrant;
use crate::disk::DiskShare;

/// Where a guest finds the project's folder.
const PROJECT_MOUNT: &str = "/project";

/// The interface that is wrapped, as wasmtime-wasi names it.
const TYPES: &str = "wasi:filesystem/types@0.2.12";

/// The folder, the standard streams, and no more random bytes at once than a call may have.
pub(super) fn ctx(frame: &Frame) -> wasmtime::Result<WasiCtx> {
    let (files, stdio) = (frame.call.grants.files, &frame.stdio);
    let mut builder = WasiCtxBuilder::new();
    builder.max_random_size(frame.limits.random_bytes).stdout(stdio.clone()).stderr(stdio.clone());
    let perms = match files {
        FilesGrant::None => None,
        FilesGrant::Read => Some(FsPerms::ReadOnly),
        FilesGrant::ReadWrite => Some(FsPerms::ReadWrite),
    };
    if let (Some(perms), Some(dir)) = (perms, &frame.call.project_dir) {
        builder.preopened_dir(dir, PROJECT_MOUNT, perms)?;
        frame.tally.has_files(files);
    }
    Ok(builder.build())
}

type Answer<T> = wasmtime::Result<(Result<T, ErrorCode>,)>;

/// Replaces the functions of wasmtime-wasi; call it after they were added.
pub(super) fn bound(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut types = linker.instance(TYPES)?;
    types.func_wrap_async(
        "[method]descriptor.write-via-stream",
        |mut store: StoreContextMut<'_, GuestState>, (file, offset): (Resource<Descriptor>, u64)| {
            Box::new(async move {
                store.data().disk.clone().begin().await;
                let stream = store.data_mut().filesystem().write_via_stream(file, offset);
                counted(store.data_mut(), stream)
            })
        },
    )?;
    types.func_wrap_async(
        "[method]descriptor.append-via-stream",
        |mut store: StoreContextMut<'_, GuestState>, (file,): (Resource<Descriptor>,)| {
            Box::new(async move {
                store.data().disk.clone().begin().await;
                let stream = store.data_mut().filesystem().append_via_stream(file);
                counted(store.data_mut(), stream)
            })
        },
    )?;
    types.func_wrap_async(
        "[method]descriptor.write",
        |mut store: StoreContextMut<'_, GuestState>, (file, bytes, offset): (Resource<Descriptor>, Vec<u8>, u64)| {
            Box::new(async move {
                store.data().disk.clone().begin().await;
                store.data_mut().disk.take(bytes.len() as u64)?;
                answer(store.data_mut().filesystem().write(file, bytes, offset).await)
            })
        },
    )?;
    types.func_wrap_async(
        "[method]descriptor.set-size",
        |mut store: StoreContextMut<'_, GuestState>, (file, size): (Resource<Descriptor>, u64)| {
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

fn counted(state: &mut GuestState, stream: FsResult<Resource<DynOutputStream>>) -> Answer<Resource<DynOutputStream>> {
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
