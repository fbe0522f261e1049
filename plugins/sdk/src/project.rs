//! Files of the project's folder as streams, for bodies that pass without being in memory.

use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

use crate::TransportError;

/// Where a plugin finds the project's folder.
pub(crate) const MOUNT: &str = "/project";

/// What one step of a transfer moves at most; the host moves it, and may move less.
const STEP_BYTES: u64 = 1024 * 1024;

/// A file that is being read or written. The streams end before it.
pub(crate) struct File {
    descriptor: Descriptor,
    name: String,
}

/// Which end of a transfer failed.
pub(crate) enum End {
    /// The file.
    File(String),
    /// The other one, which knows by itself why.
    Other,
}

impl File {
    /// Opens a file for reading.
    ///
    /// # Errors
    /// [`TransportError::File`].
    pub(crate) fn read(name: &str) -> Result<Self, TransportError> {
        Self::open(name, OpenFlags::empty(), DescriptorFlags::READ)
    }

    /// Opens an empty file for writing, in the place of what has its name.
    ///
    /// # Errors
    /// [`TransportError::File`].
    pub(crate) fn write(name: &str) -> Result<Self, TransportError> {
        Self::open(name, OpenFlags::CREATE | OpenFlags::TRUNCATE, DescriptorFlags::WRITE)
    }

    fn open(name: &str, how: OpenFlags, what: DescriptorFlags) -> Result<Self, TransportError> {
        let folder = get_directories().into_iter().find(|(_, mount)| mount == MOUNT);
        let (folder, _) =
            folder.ok_or_else(|| TransportError::File("this call has no folder of the project".to_owned()))?;
        let descriptor = folder.open_at(PathFlags::SYMLINK_FOLLOW, name, how, what);
        let failed = |code: ErrorCode| TransportError::File(format!("{name} cannot be opened: {}", code.message()));
        Ok(Self { descriptor: descriptor.map_err(failed)?, name: name.to_owned() })
    }

    /// Moves so many bytes of the file into a stream.
    ///
    /// # Errors
    /// A file that ends earlier or cannot be read, a stream that takes no more.
    pub(crate) fn send(&self, bytes: u64, to: &OutputStream) -> Result<(), End> {
        let from = self.descriptor.read_via_stream(0).map_err(|code| self.failed("read", code.message()))?;
        let mut left = bytes;
        while left > 0 {
            match to.blocking_splice(&from, left.min(STEP_BYTES)) {
                Ok(moved) => left = left.saturating_sub(moved),
                // Either stream may have ended; the file's has when it gives nothing more.
                Err(StreamError::Closed) if from.blocking_read(1).is_err() => {
                    return Err(self.failed("read", "it is shorter than it was"));
                }
                Err(_) => return Err(End::Other),
            }
        }
        Ok(())
    }

    /// Moves a stream into the file, to its end.
    ///
    /// # Errors
    /// A file that takes no more. How the stream ended is for the caller to find out.
    pub(crate) fn receive(&self, from: &InputStream) -> Result<StreamError, End> {
        let to = self.descriptor.write_via_stream(0).map_err(|code| self.failed("written", code.message()))?;
        loop {
            match to.blocking_splice(from, STEP_BYTES) {
                Ok(_) => {}
                Err(error) => {
                    return match to.check_write() {
                        Ok(_) => Ok(error),
                        Err(_) => Err(self.failed("written", "the disk or the limit of the call is full")),
                    };
                }
            }
        }
    }

    fn failed(&self, done: &str, why: impl AsRef<str>) -> End {
        End::File(format!("{} cannot be {done}: {}", self.name, why.as_ref()))
    }
}
