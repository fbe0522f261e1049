//! A package from an https address: what it serves must have the digest that was asked for.

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use http::StatusCode;
use http::header::{CONTENT_ENCODING, LOCATION};
use url::Url;

use super::gate::Gate;
use super::{Fetched, FetcherSettings, SourceError, digest_of, expect_digest, innermost};
use crate::signature::MAX_SIGNATURE_BYTES;
use crate::source::{Source, WebSource};

/// Most redirects of one request.
const MAX_REDIRECTS: usize = 3;

const USER_AGENT: &str = concat!("bricklayer/", env!("CARGO_PKG_VERSION"));

/// Gets the package and the signature beside it.
pub(super) async fn get(settings: &FetcherSettings, source: &WebSource) -> Result<Fetched, SourceError> {
    let url = source.url();
    if url.scheme() == "http" && !settings.allow_loopback_http {
        return Err(SourceError::Refused(format!("{url} is plain http, which this host does not use; write https://")));
    }
    let Some(bytes) = get_bounded(settings, url, settings.max_bytes).await? else {
        let remedy = "check the address".to_owned();
        return Err(SourceError::NotFound { what: url.to_string(), remedy });
    };
    let digest = digest_of(&bytes)?;
    expect_digest(url.as_str(), source.digest(), &digest)?;
    let mut beside = url.clone();
    beside.set_path(&format!("{}.minisig", url.path()));
    let limit = u64::try_from(MAX_SIGNATURE_BYTES).unwrap_or(u64::MAX);
    let signature = match get_bounded(settings, &beside, limit).await {
        Ok(signature) => signature,
        // Object stores answer so for what is not there.
        Err(SourceError::Denied { .. }) => None,
        Err(error) => return Err(error),
    };
    let signature_sidecar = signature.map(|text| String::from_utf8_lossy(&text).into_owned());
    Ok(Fetched { bytes, digest, pinned: Source::Web(source.clone()), signature_sidecar })
}

/// The body at an address, or nothing when there is none (404, 410). Follows redirects to the same host, and to hosts
/// that a prefix of the policy names.
async fn get_bounded(settings: &FetcherSettings, url: &Url, limit: u64) -> Result<Option<Bytes>, SourceError> {
    let mut url = url.clone();
    for _ in 0..=MAX_REDIRECTS {
        let (host, port) = authority(&url)?;
        let gate = Gate::open(settings, &host, port).await?;
        gate.allow(limit);
        match request(settings, &gate, &url, limit).await {
            Ok(Answer::Body(bytes)) => return Ok(Some(bytes)),
            Ok(Answer::Nothing) => return Ok(None),
            Ok(Answer::Elsewhere(next)) => url = redirected(settings, &url, &next)?,
            Err(error) => return Err(gate.refusal().unwrap_or(error)),
        }
    }
    Err(SourceError::BadAnswer(format!("{url} redirects more than {MAX_REDIRECTS} times; use the final address")))
}

enum Answer {
    Body(Bytes),
    Elsewhere(String),
    Nothing,
}

async fn request(settings: &FetcherSettings, gate: &Gate, url: &Url, limit: u64) -> Result<Answer, SourceError> {
    let unreachable = |error: reqwest::Error| SourceError::Unreachable {
        host: url.host_str().unwrap_or_default().to_owned(),
        reason: innermost(&error),
    };
    let response = client(settings, gate)?.get(url.clone()).send().await.map_err(unreachable)?;
    let status = response.status();
    if status.is_redirection() {
        let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
        let without = || SourceError::BadAnswer(format!("{url} answered {status} without saying where to go"));
        return location.map(|location| Answer::Elsewhere(location.to_owned())).ok_or_else(without);
    }
    match status {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(Answer::Nothing),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            let remedy = "https sources must be open to everybody; put private packages into a registry".to_owned();
            let (host, _) = authority(url)?;
            return Err(SourceError::Denied { host, reason: status.to_string(), remedy });
        }
        _ => return Err(SourceError::BadAnswer(format!("{url} answered {status}; try again later"))),
    }
    // A digest is of the package, not of a compressed form, and nothing here unpacks: no bomb can go off.
    if let Some(encoding) = response.headers().get(CONTENT_ENCODING).filter(|encoding| *encoding != "identity") {
        let encoding = encoding.to_str().unwrap_or("?").to_owned();
        let text = format!("{url} was sent compressed ({encoding}); serve the package as it is");
        return Err(SourceError::BadAnswer(text));
    }
    let too_large = || SourceError::TooLarge { what: url.to_string(), limit_bytes: limit };
    if response.content_length().is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut body = BytesMut::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(unreachable)?;
        if u64::try_from(body.len().saturating_add(chunk.len())).unwrap_or(u64::MAX) > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer::Body(body.freeze()))
}

fn redirected(settings: &FetcherSettings, from: &Url, location: &str) -> Result<Url, SourceError> {
    let to = from
        .join(location)
        .map_err(|error| SourceError::BadAnswer(format!("{from} redirects to no address ({error})")))?;
    let same = to.scheme() == from.scheme() && authority(&to)? == authority(from)?;
    let plain = to.username().is_empty() && to.password().is_none();
    if plain && (same || (to.scheme() == from.scheme() && settings.policy.names_web(&to))) {
        return Ok(to);
    }
    let host = to.host_str().unwrap_or("?").to_owned();
    Err(SourceError::Refused(format!(
        "{from} redirects to {}://{host}, and redirects to other hosts are followed only where plugins.sources names \
         that host; use the final address, or ask the operator to add https://{host}/",
        to.scheme()
    )))
}

fn authority(url: &Url) -> Result<(String, u16), SourceError> {
    match (url.host_str(), url.port_or_known_default()) {
        (Some(host), Some(port)) => Ok((host.to_owned(), port)),
        _ => Err(SourceError::BadAnswer(format!("{url} names no host"))),
    }
}

fn client(settings: &FetcherSettings, gate: &Gate) -> Result<reqwest::Client, SourceError> {
    let internal = |error: reqwest::Error| SourceError::Internal(innermost(&error));
    let certificates = settings.extra_root_certificates.iter().map(|pem| reqwest::Certificate::from_pem(pem));
    reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .proxy(reqwest::Proxy::all(gate.proxy()).map_err(internal)?)
        .referer(false)
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd()
        .connect_timeout(settings.connect_timeout)
        .tls_certs_merge(certificates.collect::<Result<Vec<_>, _>>().map_err(internal)?)
        .build()
        .map_err(internal)
}
