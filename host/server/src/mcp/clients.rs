//! What this host remembers of MCP clients from one call to the next: which files they have seen, and the order of their
//! calls. A turn has the same from its log; a client that goes on at another host reads its files again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bricklayer_agent::SeenFiles;
use bricklayer_domain::McpSessionId;
use bricklayer_tools::{GateLimits, Places};

/// Clients that are remembered; the one that called longest ago makes room for another. Some kilobytes each.
const MAX_CLIENTS: usize = 2_000;

/// What is remembered of one client.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) seen: SeenFiles,
    pub(super) places: Places,
}

#[derive(Debug, Default)]
struct Table {
    clients: HashMap<McpSessionId, (Arc<Client>, u64)>,
    calls: u64,
}

/// All clients.
#[derive(Debug, Default)]
pub(super) struct Clients(Mutex<Table>);

impl Clients {
    /// The client of a session.
    pub(super) fn of(&self, session: McpSessionId) -> Arc<Client> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.calls += 1;
        let now = table.calls;
        if !table.clients.contains_key(&session) && table.clients.len() >= MAX_CLIENTS {
            let oldest = table.clients.iter().min_by_key(|(_, (_, called))| *called).map(|(id, _)| *id);
            oldest.map(|id| table.clients.remove(&id));
        }
        let (client, called) = table.clients.entry(session).or_insert_with(|| {
            let places = Places::new(&GateLimits::default());
            (Arc::new(Client { seen: SeenFiles::default(), places }), now)
        });
        *called = now;
        Arc::clone(client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_remembered_until_others_need_the_room() {
        let clients = Clients::default();
        let ids: Vec<_> = (0..=MAX_CLIENTS).map(|_| McpSessionId::new()).collect();
        let first: Vec<_> = ids[..MAX_CLIENTS].iter().map(|id| clients.of(*id)).collect();
        assert!(Arc::ptr_eq(&clients.of(ids[0]), &first[0]));
        clients.of(ids[MAX_CLIENTS]);
        assert!(Arc::ptr_eq(&clients.of(ids[0]), &first[0]));
        assert!(!Arc::ptr_eq(&clients.of(ids[1]), &first[1]));
    }
}
