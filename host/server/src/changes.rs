//! Who watches the lists of a project, and what they are told: which conversation to look at. Content comes from the
//! store, so that a lost or doubled word does no harm.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bricklayer_domain::{ConversationId, ProjectId, UserId};
use tokio::sync::broadcast;

/// Changes that a watcher may lag behind before it is told to look at everything again.
const CHANNEL_CHANGES: usize = 256;

/// Watchers of one user on one host: a window has one, and only while it is looked at; protects memory and
/// connections.
pub(crate) const MAX_WATCHERS_PER_USER: usize = 32;

/// All watchers of this process; cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes {
    table: Arc<Mutex<Table>>,
}

#[derive(Debug, Default)]
struct Table {
    projects: HashMap<ProjectId, broadcast::Sender<Option<ConversationId>>>,
    per_user: HashMap<UserId, usize>,
}

/// The user watches as much as may be.
#[derive(Debug)]
pub(crate) struct TooManyWatchers;

/// One watcher; leaves the table when dropped.
#[derive(Debug)]
pub(crate) struct Watcher {
    changes: Changes,
    user: UserId,
    project: ProjectId,
    receiver: broadcast::Receiver<Option<ConversationId>>,
}

/// What a watcher is told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Look at these conversations.
    Conversations(Vec<ConversationId>),
    /// The project is gone, or words were lost: look at everything.
    Everything,
}

impl Changes {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins the watchers of a project, whose owner the user must be known to be.
    pub(crate) fn watch(&self, user: &UserId, project: ProjectId) -> Result<Watcher, TooManyWatchers> {
        let mut table = self.table();
        let count = table.per_user.entry(user.clone()).or_default();
        if *count >= MAX_WATCHERS_PER_USER {
            return Err(TooManyWatchers);
        }
        *count += 1;
        let sender = table.projects.entry(project).or_insert_with(|| broadcast::Sender::new(CHANNEL_CHANGES));
        let receiver = sender.subscribe();
        Ok(Watcher { changes: self.clone(), user: user.clone(), project, receiver })
    }

    /// Tells the watchers of a project; without a conversation, that the project is gone.
    pub(crate) fn tell(&self, project: ProjectId, conversation: Option<ConversationId>) {
        if let Some(sender) = self.table().projects.get(&project) {
            let _ = sender.send(conversation);
        }
    }

    /// Tells everybody to look at everything.
    pub(crate) fn tell_all(&self) {
        for sender in self.table().projects.values() {
            let _ = sender.send(None);
        }
    }
}

impl Watcher {
    /// What happened since the last time, each conversation once. Safe to drop while waiting.
    pub(crate) async fn next(&mut self) -> Told {
        let mut told = Vec::new();
        let mut word = self.receiver.recv().await.map_err(|_| ());
        loop {
            match word {
                Ok(Some(conversation)) if !told.contains(&conversation) => told.push(conversation),
                Ok(Some(_)) => {}
                Ok(None) | Err(()) => return Told::Everything,
            }
            word = match self.receiver.try_recv() {
                Err(broadcast::error::TryRecvError::Empty) => return Told::Conversations(told),
                other => other.map_err(|_| ()),
            };
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let mut table = self.changes.table();
        if let Some(count) = table.per_user.get_mut(&self.user) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                table.per_user.remove(&self.user);
            }
        }
        // This one's own receiver is still counted.
        if table.projects.get(&self.project).is_some_and(|sender| sender.receiver_count() <= 1) {
            table.projects.remove(&self.project);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> UserId {
        UserId::parse(name).unwrap()
    }

    #[tokio::test]
    async fn watchers_hear_of_their_project_each_conversation_once() {
        let (changes, project) = (Changes::default(), ProjectId::new());
        let mut watcher = changes.watch(&user("ann"), project).unwrap();
        let (one, two) = (ConversationId::new(), ConversationId::new());
        changes.tell(ProjectId::new(), Some(ConversationId::new()));
        for conversation in [one, two, one] {
            changes.tell(project, Some(conversation));
        }
        assert_eq!(watcher.next().await, Told::Conversations(vec![one, two]));
        changes.tell(project, None);
        assert_eq!(watcher.next().await, Told::Everything);
        for _ in 0..=CHANNEL_CHANGES {
            changes.tell(project, Some(one));
        }
        assert_eq!(watcher.next().await, Told::Everything);
    }

    #[test]
    fn watchers_are_bounded_per_user_and_leave_nothing() {
        let (changes, project) = (Changes::default(), ProjectId::new());
        let watchers: Vec<_> =
            (0..MAX_WATCHERS_PER_USER).map(|_| changes.watch(&user("ann"), project).unwrap()).collect();
        assert!(changes.watch(&user("ann"), project).is_err());
        let other = changes.watch(&user("bob"), ProjectId::new()).unwrap();
        drop(watchers);
        assert_eq!(changes.table().projects.len(), 1);
        drop(changes.watch(&user("ann"), project).unwrap());
        drop(other);
        assert!(changes.table().projects.is_empty() && changes.table().per_user.is_empty());
    }
}
