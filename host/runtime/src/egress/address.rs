//! Which addresses may be connected to: public ones, unless the operator named the host.
//!
//! Names are vetted in the resolver that the connector uses, so that the address checked is the address connected to.
//! IP literals never reach a resolver and are vetted before.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::vec;

use bricklayer_domain::is_public_address;
use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

type Found = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Asks a name server. Asked once for each connection, and its answer is what is connected to.
pub(crate) type Lookup = Arc<dyn Fn(String) -> Found + Send + Sync>;

/// The system's own lookup.
pub(crate) fn system() -> Lookup {
    Arc::new(|name| Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) }))
}

/// A resolver that gives out public addresses only, unless it is for what the operator named.
#[derive(Clone)]
pub(crate) struct VettingResolver {
    /// Whether private addresses are given out as well.
    private: bool,
    lookup: Lookup,
}

impl VettingResolver {
    pub(crate) fn new(private: bool, lookup: Lookup) -> Self {
        Self { private, lookup }
    }
}

impl Service<Name> for VettingResolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let private = self.private;
        let found = (self.lookup)(name.as_str().to_owned());
        Box::pin(async move {
            let found = found.await?;
            // One bad address spoils the name: a mixture is what a rebinding attack looks like.
            if !private && !found.iter().all(|address| is_public_address(address.ip())) {
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, PrivateAddress(name.as_str().to_owned())));
            }
            Ok(found.into_iter())
        })
    }
}

/// A name that resolves to an address that plugins may not reach.
#[derive(Debug, thiserror::Error)]
#[error("{0} resolves to an address that is not public")]
pub(crate) struct PrivateAddress(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_for_a_private_address_does_not_resolve() {
        let mut resolver = VettingResolver::new(false, system());
        let error = resolver.call("localhost".parse().unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        let mut resolver = VettingResolver::new(true, system());
        assert!(resolver.call("localhost".parse().unwrap()).await.unwrap().count() > 0);
    }
}
