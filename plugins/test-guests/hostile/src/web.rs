//! HTTP with every part under the caller's hand, straight on `wasi:http`.

use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{Fields, IncomingBody, Method, OutgoingBody, OutgoingRequest, Scheme};
use wasip2::io::streams::StreamError;

use crate::bricklayer::host::http;
use crate::exports::test::hostile::tools::{Request, Response};

pub fn get(path: &str) -> Request {
    Request {
        method: "GET".to_owned(),
        scheme: None,
        authority: "workspace".to_owned(),
        path: path.to_owned(),
        headers: Vec::new(),
        trailers: Vec::new(),
        body: None,
    }
}

pub fn big_header(bytes: u32) -> Result<(), String> {
    Fields::new().set("x-big", &[vec![b'x'; bytes as usize]]).map_err(|error| format!("{error:?}"))
}

fn fields(pairs: &[(String, String)]) -> Result<Fields, String> {
    let fields = Fields::new();
    for (name, value) in pairs {
        fields.append(name, value.as_bytes()).map_err(|error| format!("header {name}: {error:?}"))?;
    }
    Ok(fields)
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "DELETE" => Method::Delete,
        "CONNECT" => Method::Connect,
        other => Method::Other(other.to_owned()),
    }
}

pub fn fetch(request: &Request) -> Result<Response, String> {
    let outgoing = OutgoingRequest::new(fields(&request.headers)?);
    let scheme = match request.scheme.as_deref() {
        None | Some("https") => Scheme::Https,
        Some("http") => Scheme::Http,
        Some(other) => Scheme::Other(other.to_owned()),
    };
    outgoing.set_method(&method(&request.method)).map_err(|()| "method refused")?;
    outgoing.set_scheme(Some(&scheme)).map_err(|()| "scheme refused")?;
    outgoing.set_authority(Some(&request.authority)).map_err(|()| "authority refused")?;
    outgoing.set_path_with_query(Some(&request.path)).map_err(|()| "path refused")?;
    let body = outgoing.body().map_err(|()| "no body")?;
    let pending = handle(outgoing, None).map_err(|code| format!("{code:?}"))?;
    if let Some(text) = &request.body {
        let stream = body.write().map_err(|()| "no stream")?;
        for chunk in text.as_bytes().chunks(4096) {
            if stream.blocking_write_and_flush(chunk).is_err() {
                break;
            }
        }
    }
    let trailers = if request.trailers.is_empty() { None } else { Some(fields(&request.trailers)?) };
    let _ = OutgoingBody::finish(body, trailers);
    pending.subscribe().block();
    let response =
        pending.get().ok_or("not ready")?.map_err(|()| "taken twice")?.map_err(|code| format!("{code:?}"))?;
    let headers = response
        .headers()
        .entries()
        .into_iter()
        .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()))
        .collect();
    let incoming = response.consume().map_err(|()| "no body")?;
    let mut bytes = Vec::new();
    {
        let stream = incoming.stream().map_err(|()| "no stream")?;
        loop {
            match stream.blocking_read(65_536) {
                Ok(chunk) => bytes.extend_from_slice(&chunk),
                Err(StreamError::Closed) => break,
                Err(StreamError::LastOperationFailed(error)) => return Err(error.to_debug_string()),
            }
        }
    }
    drop(IncomingBody::finish(incoming));
    Ok(Response { status: response.status(), headers, body: String::from_utf8_lossy(&bytes).into_owned() })
}

pub fn fetch_plain(request: &Request) -> Result<Response, String> {
    let scheme = request.scheme.as_deref().unwrap_or("https");
    let headers = request.headers.iter().map(|(name, value)| header(name, value)).collect();
    let outgoing = http::Request {
        method: request.method.clone(),
        url: format!("{scheme}://{}{}", request.authority, request.path),
        headers,
        body: request.body.as_ref().map(|text| text.clone().into_bytes()),
        timeout_ms: None,
    };
    let response = http::fetch(&outgoing).map_err(|error| format!("{error:?}"))?;
    Ok(Response {
        status: response.status,
        headers: response.headers.into_iter().map(|header| (header.name, header.value)).collect(),
        body: String::from_utf8_lossy(&response.body).into_owned(),
    })
}

/// Sends all, and says what the call fails with.
pub fn struggle(door: &str, requests: &[Request], how: &str) -> String {
    let send = if door == "plain" { fetch_plain } else { fetch };
    let errors: Vec<String> = requests.iter().map(|request| send(request).err().unwrap_or_default()).collect();
    let Some((verb, index)) = how.split_once(' ') else { return how.to_owned() };
    let Ok(index) = index.parse::<usize>() else { return how.to_owned() };
    match verb {
        "pass" => errors[index].clone(),
        "name" => format!("{}: {}", requests[index].path, errors[index]),
        "crash" => panic!("{}", errors[index]),
        "spin" => loop {
            std::hint::black_box(&errors);
        },
        _ => how.to_owned(),
    }
}

pub fn fetch_sized(path: &str, timeout_ms: Option<u32>, bytes: u32) -> Result<u32, String> {
    let outgoing = http::Request {
        method: "POST".to_owned(),
        url: format!("https://workspace{path}"),
        headers: Vec::new(),
        body: Some(vec![b'x'; bytes as usize]),
        timeout_ms,
    };
    let response = http::fetch(&outgoing).map_err(|error| format!("{error:?}"))?;
    Ok(response.body.len() as u32)
}

fn header(name: &str, value: &str) -> http::Header {
    http::Header { name: name.to_owned(), value: value.to_owned() }
}
