//! Telling readers that a log grew, in this process and in others.
//!
//! A notice says where to look and carries no content: whoever reads it fetches from the log. In SQLite the only
//! listeners are in this process; with PostgreSQL the same notices reach every host through LISTEN and NOTIFY.

use std::fmt::Write as _;
use std::time::Duration;

use bricklayer_domain::{ConversationId, EventSeq, ProjectId, TurnId, chain};
use sqlx::Executor as _;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::broadcast;
use tokio::time::timeout;
use uuid::Uuid;

use crate::engine::{Engine, Tx, args};
use crate::postgres::silent;

/// Notices that a slow subscriber may fall behind before it is told to read everything again; a notice is 48 bytes.
const NOTICE_CAPACITY: usize = 8192;

/// PostgreSQL's channel.
const CHANNEL: &str = "bricklayer";

/// Lines of one notification: PostgreSQL allows 8000 bytes and a line has at most 90.
const LINES_PER_NOTIFICATION: usize = 80;

/// Pause before listening again after the connection failed, so that a dead database is not hammered.
const LISTEN_RETRY_PAUSE: Duration = Duration::from_millis(500);

/// Silence after which the listening connection is asked whether it still is one.
const LISTEN_CHECK_INTERVAL: Duration = Duration::from_secs(3);

/// Longest that connecting to listen, and that question, may take.
const LISTEN_CHECK_LIMIT: Duration = Duration::from_secs(3);

/// Something to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// Events were committed.
    Appended {
        /// To this log.
        conversation: ConversationId,
        /// By this turn.
        turn: TurnId,
        /// The last of them.
        seq: EventSeq,
        /// Whether this process appended them.
        local: bool,
    },
    /// Whoever drives this turn must stop it: the user asked, or its conversation was deleted.
    StopRequested {
        /// The turn.
        turn: TurnId,
    },
    /// A host let turns go: whoever has their users' credentials claims them.
    TurnsFreed,
    /// What lists show of a project changed: one of its conversations was made, renamed or deleted, or one of its turns
    /// began, waits, goes on or ended; without a conversation, the project is gone.
    ProjectChanged {
        /// The project.
        project: ProjectId,
        /// The conversation.
        conversation: Option<ConversationId>,
    },
    /// What plugins are installed, their versions, grants or switches changed: read
    /// [`Store::plugin_snapshot`](crate::Store::plugin_snapshot) again. With SQLite only changes of this process are
    /// told: look at [`Store::plugin_generation`](crate::Store::plugin_generation) now and then.
    PluginsChanged,
    /// Notices were lost (the subscriber was slow, or the connection broke): read every log one is interested in, and
    /// the plugins.
    Resync,
}

/// Receives notices. Made for one reader per process, which hands them on to those concerned.
#[derive(Debug)]
pub struct Notices(broadcast::Receiver<Notice>);

impl Notices {
    /// The next notice; `None` when the store is closed. Safe to drop while waiting.
    pub async fn recv(&mut self) -> Option<Notice> {
        match self.0.recv().await {
            Ok(notice) => Some(notice),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Notice::Resync),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

/// The sending side.
#[derive(Debug, Clone)]
pub(crate) struct NoticeBoard {
    sender: broadcast::Sender<Notice>,
    /// Tells this process's own notifications from others'.
    origin: Uuid,
}

impl NoticeBoard {
    pub(crate) fn new() -> Self {
        Self { sender: broadcast::Sender::new(NOTICE_CAPACITY), origin: Uuid::new_v4() }
    }

    pub(crate) fn subscribe(&self) -> Notices {
        Notices(self.sender.subscribe())
    }

    /// Tells this process. Nobody listening is fine.
    pub(crate) fn publish(&self, notices: &[Notice]) {
        for notice in notices {
            let _ = self.sender.send(*notice);
        }
    }

    /// Tells other processes when, and only when, the transaction commits.
    pub(crate) async fn stage(&self, tx: &mut Tx, notices: &[Notice]) -> Result<(), sqlx::Error> {
        if matches!(tx, Tx::Sqlite(_)) {
            return Ok(());
        }
        for chunk in notices.chunks(LINES_PER_NOTIFICATION) {
            tx.execute("select pg_notify($1, $2)", args![CHANNEL, encode(self.origin, chunk).as_str()]).await?;
        }
        Ok(())
    }

    /// Asks every process to stop these turns. Best effort: the flag and the lease in the database decide.
    pub(crate) async fn stop_requested(&self, engine: &Engine, turns: &[TurnId]) {
        let notices: Vec<Notice> = turns.iter().map(|turn| Notice::StopRequested { turn: *turn }).collect();
        self.tell(engine, &notices).await;
    }

    /// Tells every process that turns can be claimed. Best effort: each looks by itself now and then.
    pub(crate) async fn turns_freed(&self, engine: &Engine) {
        self.tell(engine, &[Notice::TurnsFreed]).await;
    }

    /// Tells every process, outside of any transaction.
    pub(crate) async fn tell(&self, engine: &Engine, notices: &[Notice]) {
        self.publish(notices);
        if let Engine::Postgres(_) = engine {
            for chunk in notices.chunks(LINES_PER_NOTIFICATION) {
                let payload = encode(self.origin, chunk);
                let sent = engine.write("select pg_notify($1, $2)", args![CHANNEL, payload.as_str()]).await;
                if let Err(error) = sent {
                    tracing::warn!(error = chain(&error), "other hosts were not told to look");
                }
            }
        }
    }
}

fn encode(origin: Uuid, notices: &[Notice]) -> String {
    let mut text = origin.simple().to_string();
    for notice in notices {
        // Writing to a string cannot fail.
        let _ = match notice {
            Notice::Appended { conversation, turn, seq, .. } => {
                write!(text, "\na {} {} {seq}", conversation.as_uuid().simple(), turn.as_uuid().simple())
            }
            Notice::StopRequested { turn } => write!(text, "\ns {}", turn.as_uuid().simple()),
            Notice::TurnsFreed => write!(text, "\nf"),
            Notice::ProjectChanged { project, conversation: Some(conversation) } => {
                write!(text, "\nc {} {}", project.as_uuid().simple(), conversation.as_uuid().simple())
            }
            Notice::ProjectChanged { project, conversation: None } => {
                write!(text, "\nc {}", project.as_uuid().simple())
            }
            Notice::PluginsChanged => write!(text, "\np"),
            Notice::Resync => write!(text, "\nr"),
        };
    }
    text
}

/// The notices of a payload, or none when this process sent it. A line that makes no sense (a newer host's) means:
/// look at everything.
fn decode(origin: Uuid, payload: &str) -> Vec<Notice> {
    let mut lines = payload.lines();
    if lines.next().and_then(|line| Uuid::try_parse(line).ok()) == Some(origin) {
        return Vec::new();
    }
    lines.map(|line| decode_line(line).unwrap_or(Notice::Resync)).collect()
}

fn decode_line(line: &str) -> Option<Notice> {
    let mut words = line.split(' ');
    match words.next()? {
        "a" => Some(Notice::Appended {
            conversation: ConversationId::from_uuid(Uuid::try_parse(words.next()?).ok()?),
            turn: TurnId::from_uuid(Uuid::try_parse(words.next()?).ok()?),
            seq: EventSeq(words.next()?.parse().ok()?),
            local: false,
        }),
        "f" => Some(Notice::TurnsFreed),
        "c" => Some(Notice::ProjectChanged {
            project: ProjectId::from_uuid(Uuid::try_parse(words.next()?).ok()?),
            conversation: match words.next() {
                Some(word) => Some(ConversationId::from_uuid(Uuid::try_parse(word).ok()?)),
                None => None,
            },
        }),
        "p" => Some(Notice::PluginsChanged),
        "s" => Some(Notice::StopRequested { turn: TurnId::from_uuid(Uuid::try_parse(words.next()?).ok()?) }),
        _ => None,
    }
}

/// Hears other processes until it is dropped. `ready` fires once the first connection listens.
pub(crate) async fn listen(options: PgConnectOptions, board: NoticeBoard, ready: tokio::sync::oneshot::Sender<()>) {
    let mut ready = Some(ready);
    loop {
        if let Err(error) = listen_once(&options, &board, &mut ready).await {
            tracing::warn!(error = chain(&error), "listening for other hosts' events failed; trying again");
        }
        tokio::time::sleep(LISTEN_RETRY_PAUSE).await;
    }
}

async fn listen_once(
    options: &PgConnectOptions,
    board: &NoticeBoard,
    ready: &mut Option<tokio::sync::oneshot::Sender<()>>,
) -> Result<(), sqlx::Error> {
    // A pool of its own, so that a connection that went silent takes no place among the others.
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(LISTEN_CHECK_LIMIT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_lazy_with(options.clone());
    let mut listener = PgListener::connect_with(&pool).await?;
    timeout(LISTEN_CHECK_LIMIT, listener.listen(CHANNEL)).await.map_err(|_| silent())??;
    match ready.take() {
        Some(ready) => drop(ready.send(())),
        // What was sent while nobody listened is lost.
        None => board.publish(&[Notice::Resync]),
    }
    loop {
        match timeout(LISTEN_CHECK_INTERVAL, listener.try_recv()).await {
            Ok(Ok(Some(notification))) => board.publish(&decode(board.origin, notification.payload())),
            // The connection broke; the next call connects and listens again.
            Ok(Ok(None)) => board.publish(&[Notice::Resync]),
            Ok(Err(error)) => return Err(error),
            // Nothing was said, or nothing comes through any more.
            Err(_) => {
                let answered = timeout(LISTEN_CHECK_LIMIT, listener.execute("select 1")).await;
                answered.map_err(|_| silent())??;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notifications_fit_and_come_back() {
        let notices: Vec<Notice> = (0..LINES_PER_NOTIFICATION)
            .map(|_| Notice::Appended {
                conversation: ConversationId::new(),
                turn: TurnId::new(),
                seq: EventSeq(i64::MAX),
                local: false,
            })
            .collect();
        let payload = encode(Uuid::new_v4(), &notices);
        assert!(payload.len() < 8000, "{}", payload.len());
        assert_eq!(decode(Uuid::new_v4(), &payload), notices);
    }

    #[test]
    fn own_notifications_are_dropped_and_strange_ones_mean_resync() {
        let origin = Uuid::new_v4();
        let stop = [Notice::StopRequested { turn: TurnId::new() }];
        assert_eq!(decode(origin, &encode(origin, &stop)), []);
        assert_eq!(decode(origin, "x\nz 1 2 3"), [Notice::Resync]);
        let bare = [Notice::PluginsChanged, Notice::TurnsFreed];
        assert_eq!(decode(Uuid::new_v4(), &encode(origin, &bare)), bare);
        let (project, conversation) = (ProjectId::new(), Some(ConversationId::new()));
        for conversation in [conversation, None] {
            let changed = [Notice::ProjectChanged { project, conversation }];
            assert_eq!(decode(Uuid::new_v4(), &encode(origin, &changed)), changed);
        }
    }
}
