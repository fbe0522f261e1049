//! [`Platform`] over the host's interfaces and WASI.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::bindings::bricklayer::host;
use crate::{CallContext, CleanupHandle, LogLevel, Platform, Request, Response, TransportError, WebRequest, wasi_http};

/// The real host. One per call.
#[derive(Debug, Clone, Copy)]
pub struct Host {
    started: Instant,
}

impl Host {
    /// Starts the call's clock.
    #[must_use]
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }
}

impl Platform for Host {
    fn send(&self, request: &Request) -> Result<Response, TransportError> {
        wasi_http::send(request)
    }

    fn fetch(&self, request: &WebRequest) -> Result<Response, TransportError> {
        wasi_http::fetch(request)
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn unix_seconds(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }

    fn progress(&self, message: &str, done: Option<f64>, total: Option<f64>) {
        host::progress::report(message, done, total);
    }

    fn log(&self, level: LogLevel, message: &str) {
        let level = match level {
            LogLevel::Debug => host::log::Level::Debug,
            LogLevel::Info => host::log::Level::Info,
            LogLevel::Warn => host::log::Level::Warn,
            LogLevel::Error => host::log::Level::Error,
        };
        host::log::write(level, message);
    }

    fn context(&self) -> CallContext {
        host::context::get().into()
    }

    fn register_cleanup(&self, request: &Request) -> Option<CleanupHandle> {
        let Request { method, path, body } = request.clone();
        let request = host::cleanup::Request { method: method.as_str().to_owned(), path, body };
        match host::cleanup::register(&request) {
            Ok(handle) => Some(CleanupHandle(handle)),
            Err(error) => {
                self.log(LogLevel::Warn, &format!("the clean-up request was not registered: {error}"));
                None
            }
        }
    }

    fn withdraw_cleanup(&self, handle: CleanupHandle) {
        host::cleanup::withdraw(handle.0);
    }

    fn offer_continuation(&self, tool: &str, input: &str) -> bool {
        match host::continuation::offer(tool, input) {
            Ok(()) => true,
            Err(error) => {
                self.log(LogLevel::Debug, &format!("no continuation is kept: {error}"));
                false
            }
        }
    }

    fn withdraw_continuation(&self) {
        host::continuation::withdraw();
    }

    fn state_get(&self, key: &str) -> Option<String> {
        host::state::get(key).ok().flatten()
    }

    fn state_set(&self, key: &str, value: &str) {
        if let Err(error) = host::state::set(key, value) {
            self.log(LogLevel::Warn, &format!("a value was not kept: {error}"));
        }
    }

    fn state_delete(&self, key: &str) {
        let _ = host::state::delete(key);
    }

    fn state_keys(&self) -> Vec<String> {
        host::state::list_keys().unwrap_or_default()
    }
}
