//! Access lists of objects: what principals were given on what belongs to others. The areas that own objects ask here;
//! the area of permissions changes the lists.

use sqlx::{QueryBuilder, Sqlite};

use crate::{
    database::{self, Database},
    identity::EVERYBODY,
};

/// What somebody may do with an object, from little to much. Of one kind of object, who may do more may do less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    CanAttachTo,
    CanView,
    CanRead,
    CanUse,
    CanMonitor,
    CanRun,
    CanRestart,
    CanManageRun,
    CanEdit,
    CanManage,
    IsOwner,
}

/// Levels as the API spells them.
const WORDS: [(Level, &str); 11] = [
    (Level::CanAttachTo, "CAN_ATTACH_TO"),
    (Level::CanView, "CAN_VIEW"),
    (Level::CanRead, "CAN_READ"),
    (Level::CanUse, "CAN_USE"),
    (Level::CanMonitor, "CAN_MONITOR"),
    (Level::CanRun, "CAN_RUN"),
    (Level::CanRestart, "CAN_RESTART"),
    (Level::CanManageRun, "CAN_MANAGE_RUN"),
    (Level::CanEdit, "CAN_EDIT"),
    (Level::CanManage, "CAN_MANAGE"),
    (Level::IsOwner, "IS_OWNER"),
];

impl Level {
    pub(crate) fn as_str(self) -> &'static str {
        WORDS.iter().find(|(level, _)| *level == self).map_or("", |(_, word)| word)
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        WORDS.iter().find(|(_, word)| *word == text).map(|(level, _)| *level)
    }
}

/// What a principal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PrincipalKind {
    User,
    Group,
    ServicePrincipal,
}

impl PrincipalKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::User => "USER",
            Self::Group => "GROUP",
            Self::ServicePrincipal => "SERVICE_PRINCIPAL",
        }
    }

    fn stored(text: &str) -> Self {
        match text {
            "GROUP" => Self::Group,
            "SERVICE_PRINCIPAL" => Self::ServicePrincipal,
            _ => Self::User,
        }
    }
}

/// What one principal was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: PrincipalKind,
    pub(crate) principal: String,
    pub(crate) level: Level,
}

/// All access lists; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Acls {
    database: Database,
}

impl Acls {
    pub(crate) const fn new(database: Database) -> Self {
        Self { database }
    }

    /// What was given on an object, by principal.
    pub(crate) async fn entries(&self, object: &str) -> database::Result<Vec<Entry>> {
        let rows: Vec<(String, String, String)> =
            sqlx::query_as("SELECT kind, principal, level FROM object_acls WHERE object = ? ORDER BY principal")
                .bind(object)
                .fetch_all(self.database.read())
                .await?;
        let entry = |(kind, principal, level): (String, String, String)| {
            Some(Entry { kind: PrincipalKind::stored(&kind), principal, level: Level::parse(&level)? })
        };
        Ok(rows.into_iter().filter_map(entry).collect())
    }

    /// The most that a user was given on any of these objects.
    pub(crate) async fn level(&self, objects: &[String], user: &str) -> database::Result<Option<Level>> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT level FROM object_acls WHERE principal IN (");
        query.push_bind(user).push(", ").push_bind(EVERYBODY).push(") AND object IN (");
        let mut list = query.separated(", ");
        for object in objects {
            list.push_bind(object.as_str());
        }
        query.push(")");
        let words: Vec<String> = query.build_query_scalar().fetch_all(self.database.read()).await?;
        Ok(words.iter().filter_map(|word| Level::parse(word)).max())
    }

    /// The numbers of the objects of a kind (`jobs`) on which a user was given anything.
    pub(crate) async fn given(&self, kind: &str, user: &str) -> database::Result<Vec<i64>> {
        let rows: Vec<String> =
            sqlx::query_scalar("SELECT object FROM object_acls WHERE principal IN (?, ?) AND object LIKE ? || '/%'")
                .bind(user)
                .bind(EVERYBODY)
                .bind(kind)
                .fetch_all(self.database.read())
                .await?;
        Ok(rows.iter().filter_map(|object| object.rsplit('/').next()?.parse().ok()).collect())
    }

    /// Gives what the entries say; with `replace`, what is in none of them is taken back.
    pub(crate) async fn give(&self, object: &str, entries: &[Entry], replace: bool) -> database::Result<()> {
        let mut change = self.database.change().await?;
        if replace {
            sqlx::query("DELETE FROM object_acls WHERE object = ?").bind(object).execute(&mut *change).await?;
        }
        for Entry { kind, principal, level } in entries {
            let give = "INSERT INTO object_acls (object, kind, principal, level) VALUES (?, ?, ?, ?) \
                        ON CONFLICT (object, principal) DO UPDATE SET kind = excluded.kind, level = excluded.level";
            let give = sqlx::query(give).bind(object).bind(kind.as_str()).bind(principal).bind(level.as_str());
            give.execute(&mut *change).await?;
        }
        Ok(change.commit().await?)
    }

    /// Forgets what was given on an object that is gone.
    pub(crate) async fn forget(&self, object: &str) -> database::Result<()> {
        self.give(object, &[], true).await
    }
}
