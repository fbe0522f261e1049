//! The one way out for a fetch: a tunnel on loopback that decides, for each connection, whether and where it may go,
//! and counts the bytes that come back.
//!
//! Names are resolved once, here; all addresses of a name are vetted, and the connection goes to the vetted address.
//! It does not matter which library speaks above, how many redirects it follows, which token server a registry names,
//! or how it collects bodies: it has no other road (SOCKS 5, RFC 1928, with a random password, RFC 1929, so that other
//! processes of the machine cannot use the tunnel).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bricklayer_domain::{chain, is_public_address};
use rand::RngCore;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::{FetcherSettings, SourceError};
use crate::source::is_loopback;

/// Most connections of one fetch: a pull needs about four (version, token, manifest, layer), each perhaps redirected.
const MAX_CONNECTIONS: usize = 32;

/// Bytes copied at a time, in each direction.
const COPY_BYTES: usize = 16 * 1024;

/// What a connection costs besides its bodies: certificates, headers, framing. Counted on top of each allowance.
const OVERHEAD_BYTES: u64 = 256 * 1024;

/// The first byte of a TLS connection (a handshake record, RFC 8446 section 5.1).
const TLS_HANDSHAKE: u8 = 22;

/// The user name of the tunnel; the password is the secret.
const USER: &str = "bricklayer";

/// An open tunnel. Dropping it closes every connection.
#[derive(Debug)]
pub(super) struct Gate {
    proxy: String,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    own: Destination,
    /// Whether the operator answers for the own host's lying inside the network.
    own_named: bool,
    allow_loopback_http: bool,
    connect_timeout: Duration,
    password: String,
    /// The bound of the answer that is awaited, in bytes.
    limit: AtomicU64,
    /// Bytes that may still come back, with the overhead.
    allowance: AtomicU64,
    /// The first reason to say no: the library above only sees a broken connection.
    refusal: Mutex<Option<SourceError>>,
}

/// A host and port, the host as an address's text has it (IPv6 without brackets).
#[derive(Debug, Clone, PartialEq, Eq)]
struct Destination {
    host: String,
    port: u16,
}

impl Gate {
    /// Opens a tunnel for a fetch from `host` and `port`; other public hosts may be reached too, for tokens and blobs.
    pub(super) async fn open(settings: &FetcherSettings, host: &str, port: u16) -> Result<Self, SourceError> {
        let internal = |error: io::Error| SourceError::Internal(format!("the tunnel cannot be opened ({error})"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(internal)?;
        let address = listener.local_addr().map_err(internal)?;
        let mut secret = [0u8; 16];
        rand::rng().fill_bytes(&mut secret);
        let password = hex::encode(secret);
        let proxy = format!("socks5h://{USER}:{password}@{address}");
        let shared = Arc::new(Shared {
            own: Destination { host: bare(host).to_owned(), port },
            own_named: settings.policy.names_host(host, port),
            allow_loopback_http: settings.allow_loopback_http,
            connect_timeout: settings.connect_timeout,
            password,
            limit: AtomicU64::new(0),
            allowance: AtomicU64::new(0),
            refusal: Mutex::new(None),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { proxy, shared, _tasks: tasks })
    }

    /// The address of the tunnel, for a client's proxy setting.
    pub(super) fn proxy(&self) -> &str {
        &self.proxy
    }

    /// Lets this many bytes of bodies come back from now on, with the overhead of the connections that carry them.
    pub(super) fn allow(&self, bytes: u64) {
        self.shared.limit.store(bytes, Ordering::Relaxed);
        self.shared.allowance.store(bytes.saturating_add(bytes / 16).saturating_add(OVERHEAD_BYTES), Ordering::Relaxed);
    }

    /// Why the tunnel said no, if it did: the real reason behind a library's error.
    pub(super) fn refusal(&self) -> Option<SourceError> {
        self.shared.refusal.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Ends when the gate is dropped, which aborts this task and with it all that it owns.
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        if connections.len() >= MAX_CONNECTIONS {
            shared.refuse(SourceError::BadAnswer(format!("the answer needs more than {MAX_CONNECTIONS} connections")));
            continue;
        }
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            if let Err(error) = serve(client, &shared).await {
                tracing::debug!(error = chain(&error), "a connection of a fetch ended");
            }
        });
    }
}

/// One connection: the greeting, the decision, the copying.
async fn serve(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    let destination = greet(&mut client, shared).await?;
    let far = match shared.connect(&destination).await {
        Ok(far) => far,
        Err(error) => {
            shared.refuse(error);
            return client.write_all(&reply(REPLY_REFUSED)).await;
        }
    };
    client.write_all(&reply(REPLY_GRANTED)).await?;
    let plain_allowed = shared.allow_loopback_http && destination == shared.own && is_loopback(&destination.host);
    if !plain_allowed {
        let mut first = [0u8; 1];
        if client.peek(&mut first).await? == 1 && first != [TLS_HANDSHAKE] {
            let text =
                format!("{} was asked for over plain http, which is not protected against change", destination.host);
            shared.refuse(SourceError::Refused(text));
            return Ok(());
        }
    }
    let (mut client_read, mut client_write) = client.into_split();
    let (mut far_read, mut far_write) = far.into_split();
    let up = async {
        tokio::io::copy(&mut client_read, &mut far_write).await?;
        far_write.shutdown().await
    };
    let down = async {
        let mut buffer = vec![0u8; COPY_BYTES];
        loop {
            let count = far_read.read(&mut buffer).await?;
            if count == 0 {
                return client_write.shutdown().await;
            }
            if !shared.spend(count) {
                return Err(io::Error::other("the allowance is used up"));
            }
            client_write.write_all(buffer.get(..count).unwrap_or_default()).await?;
        }
    };
    tokio::try_join!(up, down).map(|_| ())
}

const REPLY_GRANTED: u8 = 0;
/// Connection not allowed by ruleset (RFC 1928, section 6).
const REPLY_REFUSED: u8 = 2;

fn reply(code: u8) -> [u8; 10] {
    [5, code, 0, 1, 0, 0, 0, 0, 0, 0]
}

/// The SOCKS greeting: password, then the destination.
async fn greet(client: &mut TcpStream, shared: &Shared) -> io::Result<Destination> {
    let bad = || io::Error::new(io::ErrorKind::InvalidData, "not a greeting of this tunnel");
    let [version, methods] = read_array(client).await?;
    read_bytes(client, methods).await?;
    if version != 5 {
        return Err(bad());
    }
    client.write_all(&[5, 2]).await?;
    let [_version, length] = read_array(client).await?;
    let user = read_bytes(client, length).await?;
    let [length] = read_array(client).await?;
    let password = read_bytes(client, length).await?;
    if user != USER.as_bytes() || password != shared.password.as_bytes() {
        client.write_all(&[1, 1]).await?;
        return Err(bad());
    }
    client.write_all(&[1, 0]).await?;
    let [5, 1, _, kind] = read_array(client).await? else { return Err(bad()) };
    let host = match kind {
        1 => Ipv4Addr::from(read_array::<4>(client).await?).to_string(),
        3 => {
            let [length] = read_array(client).await?;
            String::from_utf8(read_bytes(client, length).await?).map_err(|_| bad())?
        }
        4 => Ipv6Addr::from(read_array::<16>(client).await?).to_string(),
        _ => return Err(bad()),
    };
    let port = u16::from_be_bytes(read_array(client).await?);
    Ok(Destination { host: bare(&host).to_ascii_lowercase(), port })
}

async fn read_array<const N: usize>(client: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0u8; N];
    client.read_exact(&mut bytes).await?;
    Ok(bytes)
}

async fn read_bytes(client: &mut TcpStream, length: u8) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0u8; usize::from(length)];
    client.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// A host without the brackets that URLs put around IPv6 addresses.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

impl Shared {
    /// Resolves, vets all addresses, and connects to the first that answers.
    async fn connect(&self, destination: &Destination) -> Result<TcpStream, SourceError> {
        let Destination { host, port } = destination;
        let unreachable = |reason: String| SourceError::Unreachable { host: host.clone(), reason };
        let attempt = async {
            let addresses: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), *port))
                .await
                .map_err(|error| unreachable(format!("its name cannot be resolved: {error}")))?
                .collect();
            // One bad address spoils the name: a mixture is what a rebinding attack looks like.
            if let Some(bad) = addresses.iter().find(|address| !self.may_reach(destination, address.ip())) {
                return Err(refused_address(host, bad.ip()));
            }
            let mut reason = "its name has no addresses".to_owned();
            for address in addresses {
                match TcpStream::connect(address).await {
                    Ok(stream) => return Ok(stream),
                    Err(error) => reason = error.to_string(),
                }
            }
            Err(unreachable(reason))
        };
        match tokio::time::timeout(self.connect_timeout, attempt).await {
            Ok(result) => result,
            Err(_elapsed) => Err(unreachable(format!("no answer within {} seconds", self.connect_timeout.as_secs()))),
        }
    }

    fn may_reach(&self, destination: &Destination, address: IpAddr) -> bool {
        if is_public_address(address) {
            return true;
        }
        let own = *destination == self.own;
        own && ((self.own_named && is_internal(address)) || (self.allow_loopback_http && address.is_loopback()))
    }

    /// Takes bytes from the allowance.
    fn spend(&self, count: usize) -> bool {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        let spent = self.allowance.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(count));
        if spent.is_err() {
            let limit_bytes = self.limit.load(Ordering::Relaxed);
            self.refuse(SourceError::TooLarge { what: format!("the answer of {}", self.own.host), limit_bytes });
        }
        spent.is_ok()
    }

    fn refuse(&self, error: SourceError) {
        self.refusal.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

fn refused_address(host: &str, address: IpAddr) -> SourceError {
    SourceError::Refused(format!(
        "{host} leads to {address}, which is not a public address; packages come from public hosts, or from hosts that \
         the operator names in plugins.sources"
    ))
}

/// Addresses that a host inside the operator's network may have: private ranges and loopback, never link-local
/// addresses or the metadata services of clouds.
fn is_internal(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private() || address.is_loopback(),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => is_internal(IpAddr::V4(mapped)),
            None => address.is_loopback() || (address.is_unique_local() && address != CLOUD_METADATA_V6),
        },
    }
}

/// The instance metadata service of a large cloud, inside the range of private addresses.
const CLOUD_METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254);

#[cfg(test)]
mod tests;
