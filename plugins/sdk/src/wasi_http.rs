//! One exchange over `wasi:http`: send, read the whole answer, within bounds.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method as WasiMethod, OutgoingBody,
    OutgoingRequest, RequestOptions, Scheme,
};
use wasip2::io::poll::poll;
use wasip2::io::streams::{Error as IoError, OutputStream, StreamError};

use crate::project::{End, File};
use crate::{Errand, Method, Part, Probe, Request, Response, TransportError, Upload, WebRequest};

/// The placeholder that the host maps to the caller's workspace (`wit/host.wit`).
const WORKSPACE_AUTHORITY: &str = "workspace";

/// Most bytes of one answer: what the host's egress lets through, and a quarter of a call's memory.
const MAX_RESPONSE_BYTES: usize = 16 * 1024 * 1024;

/// What one read asks for.
const READ_CHUNK_BYTES: u64 = 256 * 1024;

/// What one blocking write may carry (`blocking-write-and-flush` of wasi:io).
const WRITE_CHUNK_BYTES: usize = 4096;

/// What goes out, whoever it is for.
struct Outgoing<'a> {
    method: Method,
    https: bool,
    authority: &'a str,
    path: &'a str,
    headers: Vec<(&'a str, String)>,
    body: Body<'a>,
    /// Longest wait for the answer's head, when it is not the host's own limit.
    first_byte_nanos: Option<u64>,
}

/// What a request carries.
#[derive(Clone, Copy)]
enum Body<'a> {
    Bytes(&'a [u8]),
    Parts(&'a [Part]),
}

impl Body<'_> {
    fn length(self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Parts(parts) => parts.iter().map(Part::bytes).sum(),
        }
    }
}

/// A request that was sent and not answered yet.
struct Pending {
    answer: FutureIncomingResponse,
    /// Where the body of a successful answer goes; into the response otherwise.
    file: Option<String>,
}

/// Sends a request to the workspace and reads the whole answer.
///
/// # Errors
/// When no complete answer came; see [`TransportError`].
pub(crate) fn send(request: &Request) -> Result<Response, TransportError> {
    answer(&begin_at_workspace(request)?)
}

/// Runs errands, `ahead` of them at once, and hands on their whole answers in order.
pub(crate) fn run_each(
    errands: &mut dyn Iterator<Item = Errand>,
    ahead: usize,
    take: &mut dyn FnMut(Result<Response, TransportError>) -> bool,
) {
    let mut begun = VecDeque::new();
    loop {
        while begun.len() < ahead.max(1) {
            let Some(errand) = errands.next() else { break };
            begun.push_back(match errand {
                Errand::Send(request) => begin_at_workspace(&request),
                Errand::Follow { url, headers } => begin_to_follow(&url, &headers),
                Errand::Upload(upload) => begin_upload(&upload),
                Errand::Download { path, file } => begin_download(&path, file),
            });
        }
        let Some(next) = begun.pop_front() else { return };
        if !take(next.and_then(|pending| answer(&pending))) {
            return;
        }
    }
}

/// Asks the workspace for all these paths at once and waits for each at most so long.
pub(crate) fn probe(paths: &[String], wait: Duration) -> Vec<Probe> {
    let began = Instant::now();
    let nanos = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
    let late = || Err(TransportError::Timeout(format!("no answer within {} s", wait.as_secs())));
    let mut probes: Vec<Probe> = paths.iter().map(|_| Probe { answer: late(), took: wait }).collect();
    // A subscription ends before what it is on: fields go in their order.
    let mut waiting = Vec::new();
    for (n, (path, probe)) in paths.iter().zip(&mut probes).enumerate() {
        match begin_get(path, Some(nanos)) {
            Ok(pending) => waiting.push((n, pending.answer.subscribe(), pending)),
            Err(error) => *probe = Probe { answer: Err(error), took: began.elapsed() },
        }
    }
    let end = subscribe_duration(nanos);
    while !waiting.is_empty() {
        let mut all: Vec<_> = waiting.iter().map(|(_, ready, _)| ready).collect();
        all.push(&end);
        let mut ready = poll(&all);
        ready.sort_unstable();
        if ready.contains(&(waiting.len() as u32)) {
            break;
        }
        // From the end, so that the places before stay what they are.
        for at in ready.into_iter().rev() {
            let took = began.elapsed();
            let (n, subscribed, pending) = waiting.swap_remove(at as usize);
            drop(subscribed);
            if let Some(probe) = probes.get_mut(n) {
                *probe = Probe { answer: answer(&pending), took };
            }
        }
    }
    probes
}

fn begin_to_follow(url: &str, headers: &[(String, String)]) -> Result<Pending, TransportError> {
    let odd = || TransportError::Denied("the workspace's link is no http address".to_owned());
    let (scheme, rest) = url.split_once("://").ok_or_else(odd)?;
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    begin(&Outgoing {
        method: Method::Get,
        https: scheme == "https",
        authority,
        path,
        headers: headers.iter().map(|(name, value)| (name.as_str(), value.clone())).collect(),
        body: Body::Bytes(&[]),
        first_byte_nanos: None,
    })
}

fn begin_get(path: &str, first_byte_nanos: Option<u64>) -> Result<Pending, TransportError> {
    begin(&Outgoing {
        method: Method::Get,
        https: true,
        authority: WORKSPACE_AUTHORITY,
        path,
        headers: vec![("accept", "application/json".to_owned())],
        body: Body::Bytes(&[]),
        first_byte_nanos,
    })
}

fn begin_at_workspace(request: &Request) -> Result<Pending, TransportError> {
    let mut headers = vec![("accept", "application/json".to_owned())];
    if request.body.is_some() {
        headers.push(("content-type", "application/json".to_owned()));
    }
    begin(&Outgoing {
        method: request.method,
        https: true,
        authority: WORKSPACE_AUTHORITY,
        path: &request.path,
        headers,
        body: Body::Bytes(request.body.as_deref().unwrap_or("").as_bytes()),
        first_byte_nanos: None,
    })
}

fn begin_upload(upload: &Upload) -> Result<Pending, TransportError> {
    begin(&Outgoing {
        method: upload.method,
        https: true,
        authority: WORKSPACE_AUTHORITY,
        path: &upload.path,
        headers: vec![("accept", "application/json".to_owned()), ("content-type", upload.content_type.clone())],
        body: Body::Parts(&upload.body),
        first_byte_nanos: None,
    })
}

fn begin_download(path: &str, file: String) -> Result<Pending, TransportError> {
    let pending = begin(&Outgoing {
        method: Method::Get,
        https: true,
        authority: WORKSPACE_AUTHORITY,
        path,
        headers: Vec::new(),
        body: Body::Bytes(&[]),
        first_byte_nanos: None,
    })?;
    Ok(Pending { file: Some(file), ..pending })
}

/// Sends a request to a public host and reads the whole answer.
///
/// # Errors
/// When no complete answer came; see [`TransportError`].
pub(crate) fn fetch(request: &WebRequest) -> Result<Response, TransportError> {
    let rest = request
        .url
        .strip_prefix("https://")
        .ok_or_else(|| TransportError::Denied(format!("{} is no https address", request.url)))?;
    let (authority, path) = match rest.find(['/', '?']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let nanos = request.timeout.and_then(|timeout| u64::try_from(timeout.as_nanos()).ok());
    exchange(&Outgoing {
        method: request.method,
        https: true,
        authority,
        path: &path,
        headers: request.headers.iter().map(|(name, value)| (name.as_str(), value.clone())).collect(),
        body: Body::Bytes(&request.body),
        first_byte_nanos: nanos,
    })
}

fn exchange(request: &Outgoing<'_>) -> Result<Response, TransportError> {
    answer(&begin(request)?)
}

fn begin(request: &Outgoing<'_>) -> Result<Pending, TransportError> {
    let outgoing = head(request)?;
    let body = outgoing.body().map_err(|()| broken("the request has no body to write"))?;
    let pending =
        outgoing_handler::handle(outgoing, options(request.first_byte_nanos)).map_err(|code| transport_error(&code))?;
    write_body(body, request.body)?;
    Ok(Pending { answer: pending, file: None })
}

fn answer(pending: &Pending) -> Result<Response, TransportError> {
    let response = loop {
        if let Some(answer) = pending.answer.get() {
            break answer
                .map_err(|()| broken("the answer was taken already"))?
                .map_err(|code| transport_error(&code))?;
        }
        pending.answer.subscribe().block();
    };
    let status = response.status();
    let headers: Vec<(String, String)> = response
        .headers()
        .entries()
        .into_iter()
        .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()))
        .collect();
    let mut answer = Response { status, headers, body: Vec::new() };
    let announced = answer.header("content-length").and_then(|length| length.parse().ok());
    match &pending.file {
        Some(file) if answer.is_success() => save_body(&response, file)?,
        _ => answer.body = read_body(&response, announced)?,
    }
    Ok(answer)
}

fn head(request: &Outgoing<'_>) -> Result<OutgoingRequest, TransportError> {
    let headers = Fields::new();
    let set = |name: &str, value: &str| {
        headers
            .set(name, &[value.as_bytes().to_vec()])
            .map_err(|_| TransportError::Denied(format!("the header {name} cannot be set")))
    };
    for (name, value) in &request.headers {
        set(name, value)?;
    }
    // An upload says its length even when it is nothing: an empty file.
    if request.body.length() > 0 || matches!(request.body, Body::Parts(_)) {
        set("content-length", &request.body.length().to_string())?;
    }
    let outgoing = OutgoingRequest::new(headers);
    let method = match request.method {
        Method::Get => WasiMethod::Get,
        Method::Head => WasiMethod::Head,
        Method::Post => WasiMethod::Post,
        Method::Put => WasiMethod::Put,
        Method::Patch => WasiMethod::Patch,
        Method::Delete => WasiMethod::Delete,
    };
    outgoing
        .set_method(&method)
        .and_then(|()| outgoing.set_scheme(Some(if request.https { &Scheme::Https } else { &Scheme::Http })))
        .and_then(|()| outgoing.set_authority(Some(request.authority)))
        .and_then(|()| outgoing.set_path_with_query(Some(request.path)))
        .map_err(|()| broken("the request line is not valid"))?;
    Ok(outgoing)
}

/// A wait of the request's own. Without one the host's limits hold; each set of options is a resource that hosts may keep
/// to the call's end, so a call of thousands of requests sends none.
fn options(first_byte_nanos: Option<u64>) -> Option<RequestOptions> {
    let nanos = first_byte_nanos?;
    let options = RequestOptions::new();
    let _ = options.set_first_byte_timeout(Some(nanos));
    Some(options)
}

/// Writes and finishes the body. A write that fails is no error of its own: the answer says why (a refusal, mostly).
fn write_body(body: OutgoingBody, content: Body<'_>) -> Result<(), TransportError> {
    if content.length() > 0 {
        let stream = body.write().map_err(|()| broken("the request's body is taken"))?;
        match content {
            Body::Bytes(bytes) => {
                let _ = write_bytes(&stream, bytes);
            }
            Body::Parts(parts) => {
                for part in parts {
                    let written = match part {
                        Part::Bytes(bytes) => write_bytes(&stream, bytes),
                        Part::File { file, bytes } => File::read(file)?.send(*bytes, &stream),
                    };
                    match written {
                        Ok(()) => {}
                        Err(End::File(why)) => return Err(TransportError::File(why)),
                        Err(End::Other) => break,
                    }
                }
            }
        }
    }
    let _ = OutgoingBody::finish(body, None);
    Ok(())
}

fn write_bytes(stream: &OutputStream, bytes: &[u8]) -> Result<(), End> {
    bytes.chunks(WRITE_CHUNK_BYTES).try_for_each(|chunk| stream.blocking_write_and_flush(chunk)).map_err(|_| End::Other)
}

/// Writes an answer's body into a file.
fn save_body(response: &IncomingResponse, file: &str) -> Result<(), TransportError> {
    let incoming = response.consume().map_err(|()| broken("the answer's body is taken"))?;
    {
        let stream = incoming.stream().map_err(|()| broken("the answer's body is taken"))?;
        match File::write(file)?.receive(&stream) {
            Ok(StreamError::Closed) => {}
            Ok(StreamError::LastOperationFailed(error)) => return Err(stream_error(&error)),
            Err(End::File(why)) => return Err(TransportError::File(why)),
            Err(End::Other) => return Err(broken("it ended early")),
        }
    }
    drop(IncomingBody::finish(incoming));
    Ok(())
}

fn read_body(response: &IncomingResponse, announced_bytes: Option<usize>) -> Result<Vec<u8>, TransportError> {
    let incoming = response.consume().map_err(|()| broken("the answer's body is taken"))?;
    // Room at once: a body that grows by doubling needs three times its size for a moment.
    let mut bytes = Vec::with_capacity(announced_bytes.unwrap_or(0).min(MAX_RESPONSE_BYTES));
    {
        let stream = incoming.stream().map_err(|()| broken("the answer's body is taken"))?;
        loop {
            match stream.blocking_read(READ_CHUNK_BYTES) {
                Ok(chunk) if bytes.len() + chunk.len() > MAX_RESPONSE_BYTES => {
                    return Err(TransportError::TooLarge { limit_bytes: MAX_RESPONSE_BYTES });
                }
                Ok(chunk) => bytes.extend_from_slice(&chunk),
                Err(StreamError::Closed) => break,
                Err(StreamError::LastOperationFailed(error)) => return Err(stream_error(&error)),
            }
        }
    }
    // Trailers carry nothing here; finishing lets the host reuse the connection.
    drop(IncomingBody::finish(incoming));
    Ok(bytes)
}

fn stream_error(error: &IoError) -> TransportError {
    let code = wasip2::http::types::http_error_code(error);
    code.map_or_else(|| broken(&error.to_debug_string()), |code| transport_error(&code))
}

fn broken(what: &str) -> TransportError {
    TransportError::Broken(what.to_owned())
}

/// What happened, for people. A refusal keeps its code, by which the host finds it and puts its own reason there.
fn words(code: &ErrorCode) -> String {
    let words = match code {
        ErrorCode::DnsTimeout => "its name was not resolved in time",
        ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => "its name is not known",
        ErrorCode::DestinationUnavailable | ErrorCode::DestinationIpUnroutable => "no connection could be made",
        ErrorCode::ConnectionRefused => "the connection was refused",
        ErrorCode::ConnectionTerminated => "the connection broke",
        ErrorCode::ConnectionTimeout => "the connection was not made in time",
        ErrorCode::ConnectionReadTimeout => "the answer stopped arriving",
        ErrorCode::ConnectionWriteTimeout => "the request was not taken in time",
        ErrorCode::ConnectionLimitReached => "too many connections are open",
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => "no secure connection could be made",
        ErrorCode::TlsCertificateError => "its certificate is not valid",
        ErrorCode::HttpResponseTimeout => "nothing came back in time",
        ErrorCode::HttpResponseIncomplete => "it ended early",
        ErrorCode::HttpResponseContentCoding(_) | ErrorCode::HttpResponseTransferCoding(_) => {
            "it is encoded although that was not asked for"
        }
        ErrorCode::HttpResponseHeaderSize(_)
        | ErrorCode::HttpResponseHeaderSectionSize(_)
        | ErrorCode::HttpResponseTrailerSize(_)
        | ErrorCode::HttpResponseTrailerSectionSize(_) => "its headers are too large",
        ErrorCode::HttpProtocolError | ErrorCode::HttpUpgradeFailed => "it is no valid HTTP",
        ErrorCode::LoopDetected => "the request led back to itself",
        ErrorCode::InternalError(_) => "the host failed",
        ErrorCode::HttpRequestDenied => "ErrorCode::HttpRequestDenied",
        ErrorCode::DestinationIpProhibited => "ErrorCode::DestinationIpProhibited",
        ErrorCode::HttpRequestUriInvalid | ErrorCode::HttpRequestUriTooLong => "ErrorCode::HttpRequestUriInvalid",
        ErrorCode::HttpRequestMethodInvalid => "ErrorCode::HttpRequestMethodInvalid",
        ErrorCode::HttpResponseBodySize(_) => "its body is too large",
        ErrorCode::HttpRequestBodySize(_) | ErrorCode::HttpRequestLengthRequired => "the request's body is too large",
        _ => "the request's headers cannot be sent",
    };
    words.to_owned()
}

fn transport_error(code: &ErrorCode) -> TransportError {
    let said = words(code);
    match code {
        ErrorCode::HttpRequestDenied
        | ErrorCode::DestinationIpProhibited
        | ErrorCode::HttpRequestUriInvalid
        | ErrorCode::HttpRequestMethodInvalid => TransportError::Denied(said),
        ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout
        | ErrorCode::DnsTimeout => TransportError::Timeout(said),
        ErrorCode::HttpResponseBodySize(_) => TransportError::TooLarge { limit_bytes: MAX_RESPONSE_BYTES },
        ErrorCode::DnsError(_)
        | ErrorCode::DestinationNotFound
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionRefused
        | ErrorCode::ConnectionLimitReached
        | ErrorCode::TlsProtocolError
        | ErrorCode::TlsCertificateError
        | ErrorCode::TlsAlertReceived(_) => TransportError::Unreachable(said),
        _ => TransportError::Broken(said),
    }
}
