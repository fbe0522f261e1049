//! Who may do what with which object: the one place that decides it, for REST and SQL alike.
//!
//! Nothing here reads or writes: `access` loads what decides about an object, this says yes or no. Rules: Databricks'
//! documentation, "Unity Catalog privileges and securable objects" and "Manage privileges in Unity Catalog".
//!
//! - Whoever owns an object holds every privilege on it and on all that is in it.
//! - What is granted on a catalog or schema counts for all that is in it, at present and later.
//! - To reach an object one also needs USE CATALOG and USE SCHEMA of what it is in.
//! - ALL PRIVILEGES stands for every other privilege but MANAGE and the two EXTERNAL USE ones.
//! - Administrators may do everything.

use std::fmt;

use axum::http::StatusCode;

use super::names::{ObjectKind, Securable};
use crate::http::error::ApiError;

/// Groups that everybody is in, as grants name them.
const EVERYBODY: [&str; 2] = ["account users", "users"];

/// The group of administrators.
const ADMINS: &str = "admins";

/// Makes the privileges with their names in SQL.
macro_rules! privileges {
    ($($name:ident = $text:literal,)*) => {
        /// A privilege of Unity Catalog.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Privilege {
            $(
                #[doc = $text]
                $name,
            )*
        }

        impl Privilege {
            const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name in SQL, with blanks: this is how grants are stored.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

privileges! {
    AllPrivileges = "ALL PRIVILEGES",
    ApplyTag = "APPLY TAG",
    Browse = "BROWSE",
    CreateCatalog = "CREATE CATALOG",
    CreateConnection = "CREATE CONNECTION",
    CreateExternalLocation = "CREATE EXTERNAL LOCATION",
    CreateExternalTable = "CREATE EXTERNAL TABLE",
    CreateExternalVolume = "CREATE EXTERNAL VOLUME",
    CreateForeignCatalog = "CREATE FOREIGN CATALOG",
    CreateFunction = "CREATE FUNCTION",
    CreateManagedStorage = "CREATE MANAGED STORAGE",
    CreateMaterializedView = "CREATE MATERIALIZED VIEW",
    CreateModel = "CREATE MODEL",
    CreateProvider = "CREATE PROVIDER",
    CreateRecipient = "CREATE RECIPIENT",
    CreateSchema = "CREATE SCHEMA",
    CreateShare = "CREATE SHARE",
    CreateStorageCredential = "CREATE STORAGE CREDENTIAL",
    CreateTable = "CREATE TABLE",
    CreateView = "CREATE VIEW",
    CreateVolume = "CREATE VOLUME",
    Execute = "EXECUTE",
    ExternalUseLocation = "EXTERNAL USE LOCATION",
    ExternalUseSchema = "EXTERNAL USE SCHEMA",
    Manage = "MANAGE",
    Modify = "MODIFY",
    ReadFiles = "READ FILES",
    ReadVolume = "READ VOLUME",
    Refresh = "REFRESH",
    Select = "SELECT",
    SetSharePermission = "SET SHARE PERMISSION",
    UseCatalog = "USE CATALOG",
    UseConnection = "USE CONNECTION",
    UseProvider = "USE PROVIDER",
    UseRecipient = "USE RECIPIENT",
    UseSchema = "USE SCHEMA",
    UseShare = "USE SHARE",
    WriteFiles = "WRITE FILES",
    WriteVolume = "WRITE VOLUME",
}

impl Privilege {
    /// Reads `USE_CATALOG`, `USE CATALOG` or `use catalog`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let name = text.trim().replace('_', " ").to_uppercase();
        Self::ALL.iter().copied().find(|privilege| privilege.name() == name)
    }

    /// Its name in the REST interface, with underscores.
    pub(crate) fn api_name(self) -> String {
        self.name().replace(' ', "_")
    }

    /// Whether ALL PRIVILEGES stands for it.
    const fn is_in_all(self) -> bool {
        !matches!(self, Self::Manage | Self::ExternalUseLocation | Self::ExternalUseSchema)
    }

    /// Whether it makes something inside the object that it is granted on.
    fn makes(self) -> bool {
        self.name().starts_with("CREATE ")
    }

    /// Whether it can be granted on an object of this kind; on a catalog or schema also for what is in it.
    pub(crate) fn applies_to(self, on: &Securable) -> bool {
        use Privilege::{
            AllPrivileges, ApplyTag, Browse, CreateCatalog, CreateConnection, CreateExternalLocation,
            CreateExternalTable, CreateExternalVolume, CreateForeignCatalog, CreateFunction, CreateManagedStorage,
            CreateMaterializedView, CreateModel, CreateProvider, CreateRecipient, CreateSchema, CreateShare,
            CreateStorageCredential, CreateTable, CreateView, CreateVolume, Execute, ExternalUseLocation,
            ExternalUseSchema, Manage, Modify, ReadFiles, ReadVolume, Refresh, Select, SetSharePermission, UseCatalog,
            UseConnection, UseProvider, UseRecipient, UseSchema, UseShare, WriteFiles, WriteVolume,
        };
        // What a schema takes, and a catalog for its schemas.
        let in_schemas = [
            AllPrivileges,
            ApplyTag,
            Browse,
            CreateFunction,
            CreateMaterializedView,
            CreateModel,
            CreateTable,
            CreateView,
            CreateVolume,
            Execute,
            ExternalUseSchema,
            Manage,
            Modify,
            ReadVolume,
            Refresh,
            Select,
            UseSchema,
            WriteVolume,
        ];
        match on {
            Securable::Metastore => matches!(
                self,
                CreateCatalog
                    | CreateConnection
                    | CreateExternalLocation
                    | CreateProvider
                    | CreateRecipient
                    | CreateShare
                    | CreateStorageCredential
                    | SetSharePermission
                    | UseProvider
                    | UseRecipient
                    | UseShare
            ),
            Securable::Catalog(_) => matches!(self, UseCatalog | CreateSchema) || in_schemas.contains(&self),
            Securable::Schema(_) => in_schemas.contains(&self),
            Securable::Table(_) | Securable::View(_) => {
                matches!(self, AllPrivileges | ApplyTag | Browse | Manage | Modify | Refresh | Select)
            }
            Securable::Function(_) => matches!(self, AllPrivileges | Execute | Manage),
            Securable::Volume(_) => {
                matches!(self, AllPrivileges | ApplyTag | Browse | Manage | ReadVolume | WriteVolume)
            }
            Securable::Object(kind, _) => match kind {
                ObjectKind::StorageCredential => matches!(
                    self,
                    AllPrivileges | CreateExternalLocation | CreateExternalTable | Manage | ReadFiles | WriteFiles
                ),
                ObjectKind::ExternalLocation => matches!(
                    self,
                    AllPrivileges
                        | Browse
                        | CreateExternalTable
                        | CreateExternalVolume
                        | CreateForeignCatalog
                        | CreateManagedStorage
                        | ExternalUseLocation
                        | Manage
                        | ReadFiles
                        | WriteFiles
                ),
                ObjectKind::Connection => {
                    matches!(self, AllPrivileges | CreateForeignCatalog | Manage | UseConnection)
                }
                // SELECT on a share is granted to recipients and opens nothing here.
                ObjectKind::Share => matches!(self, Select | UseShare | SetSharePermission),
                ObjectKind::Recipient => matches!(self, UseRecipient),
                ObjectKind::Provider => matches!(self, UseProvider),
            },
        }
    }
}

impl fmt::Display for Privilege {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who asks, with the groups they are in.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    user: String,
    is_admin: bool,
}

impl Subject {
    pub(crate) fn new(user: &str, is_admin: bool) -> Self {
        Self { user: user.to_owned(), is_admin }
    }

    /// The groups that the user is in.
    pub(crate) fn groups(&self) -> Vec<&'static str> {
        EVERYBODY.into_iter().chain(self.is_admin.then_some(ADMINS)).collect()
    }

    /// Whether nothing has to be asked for this user.
    pub(crate) fn is_admin(&self) -> bool {
        self.is_admin
    }

    /// Whether a grant to this principal, or its ownership, is the user's.
    pub(crate) fn is(&self, principal: &str) -> bool {
        principal == self.user || EVERYBODY.contains(&principal) || (self.is_admin && principal == ADMINS)
    }
}

/// What decides about an object, the object itself aside from what it is in.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) on: Securable,
    pub(crate) owner: String,
    /// Principals with their privileges.
    pub(crate) grants: Vec<(String, Privilege)>,
}

/// An object with what it is in, from the inside out.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    object: Link,
    around: Vec<Link>,
}

/// What a user lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Denied {
    pub(crate) privilege: Privilege,
    pub(crate) on: Securable,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "User does not have {} on {} '{}'.", self.privilege, self.on.word(), self.on.full_name())
    }
}

impl From<Denied> for ApiError {
    fn from(denied: Denied) -> Self {
        Self::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", denied.to_string())
    }
}

/// A privilege as it counts for a principal on one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Effective {
    pub(crate) principal: String,
    pub(crate) privilege: Privilege,
    /// Where it was granted, when that is not the object itself.
    pub(crate) from: Option<Securable>,
}

impl Chain {
    pub(crate) fn new(object: Link, around: Vec<Link>) -> Self {
        Self { object, around }
    }

    /// The chain of an object in this one's.
    pub(crate) fn inside(&self, object: Link) -> Self {
        let around = std::iter::once(&self.object).chain(&self.around).cloned().collect();
        Self { object, around }
    }

    /// Whether a user may do with the object what needs this privilege; making something in it needs that of it.
    ///
    /// # Errors
    /// What the user lacks, what is around the object first.
    pub(crate) fn check(&self, subject: &Subject, privilege: Privilege) -> Result<(), Denied> {
        if subject.is_admin {
            return Ok(());
        }
        self.check_reach(subject)?;
        if privilege.makes()
            && let Some(first) = use_of(&self.object.on)
        {
            self.check_held(subject, first)?;
        }
        self.check_held(subject, privilege)
    }

    /// Whether a user may know of the object: any privilege on it shows it, BROWSE even without the way to it.
    ///
    /// # Errors
    /// What the user lacks.
    pub(crate) fn check_seen(&self, subject: &Subject) -> Result<(), Denied> {
        if subject.is_admin || self.holds(subject, Privilege::Browse) {
            return Ok(());
        }
        self.check_reach(subject)?;
        let held = |privilege: &Privilege| privilege.applies_to(&self.object.on) && self.holds(subject, *privilege);
        if self.is_owner(subject) || Privilege::ALL.iter().any(held) {
            return Ok(());
        }
        Err(Denied { privilege: shows(&self.object.on), on: self.object.on.clone() })
    }

    /// Whether the user owns the object or what it is in.
    pub(crate) fn is_owner(&self, subject: &Subject) -> bool {
        self.links().any(|link| subject.is(&link.owner))
    }

    /// What counts on the object for anybody, from the inside out.
    pub(crate) fn effective(&self) -> Vec<Effective> {
        let mut found = Vec::new();
        for link in self.links() {
            let is_own = link.on == self.object.on;
            for (principal, privilege) in &link.grants {
                if privilege.applies_to(&self.object.on) && (is_own || link.passes_down(*privilege)) {
                    let from = (!is_own).then(|| link.on.clone());
                    found.push(Effective { principal: principal.clone(), privilege: *privilege, from });
                }
            }
        }
        found
    }

    fn links(&self) -> impl Iterator<Item = &Link> {
        std::iter::once(&self.object).chain(&self.around)
    }

    /// Whether a user may pass what the object is in, from the outside in.
    fn check_reach(&self, subject: &Subject) -> Result<(), Denied> {
        for (at, link) in self.around.iter().enumerate().rev() {
            if let Some(privilege) = use_of(&link.on)
                && !self.around.iter().skip(at).any(|outer| outer.gives(subject, privilege))
            {
                return Err(Denied { privilege, on: link.on.clone() });
            }
        }
        Ok(())
    }

    fn check_held(&self, subject: &Subject, privilege: Privilege) -> Result<(), Denied> {
        if self.holds(subject, privilege) {
            return Ok(());
        }
        Err(Denied { privilege, on: self.object.on.clone() })
    }

    fn holds(&self, subject: &Subject, privilege: Privilege) -> bool {
        let inherits = |link: &Link| link.passes_down(privilege) && link.gives(subject, privilege);
        self.object.gives(subject, privilege) || self.around.iter().any(inherits)
    }
}

impl Link {
    /// Whether what is granted here counts for what is inside. Of the metastore only what opens all objects of a kind
    /// does: whoever may make external locations may not use every credential for them.
    fn passes_down(&self, privilege: Privilege) -> bool {
        use Privilege::{SetSharePermission, UseProvider, UseRecipient, UseShare};
        self.on != Securable::Metastore
            || matches!(privilege, SetSharePermission | UseProvider | UseRecipient | UseShare)
    }

    fn gives(&self, subject: &Subject, privilege: Privilege) -> bool {
        let gives = |held: Privilege| held == privilege || (held == Privilege::AllPrivileges && privilege.is_in_all());
        subject.is(&self.owner) || self.grants.iter().any(|(principal, held)| gives(*held) && subject.is(principal))
    }
}

/// What it takes to get at what is inside.
fn use_of(on: &Securable) -> Option<Privilege> {
    match on {
        Securable::Catalog(_) => Some(Privilege::UseCatalog),
        Securable::Schema(_) => Some(Privilege::UseSchema),
        _ => None,
    }
}

/// The privilege that a refusal to show an object names.
fn shows(on: &Securable) -> Privilege {
    match on {
        Securable::Metastore | Securable::Catalog(_) => Privilege::UseCatalog,
        Securable::Schema(_) => Privilege::UseSchema,
        Securable::Table(_) | Securable::View(_) => Privilege::Select,
        Securable::Function(_) => Privilege::Execute,
        Securable::Volume(_) => Privilege::ReadVolume,
        Securable::Object(kind, _) => match kind {
            ObjectKind::StorageCredential | ObjectKind::ExternalLocation => Privilege::ReadFiles,
            ObjectKind::Connection => Privilege::UseConnection,
            ObjectKind::Share => Privilege::UseShare,
            ObjectKind::Recipient => Privilege::UseRecipient,
            ObjectKind::Provider => Privilege::UseProvider,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{Privilege as P, *};
    use crate::catalog::names::{SchemaName, TableName};

    fn schema() -> SchemaName {
        SchemaName { catalog: "c".to_owned(), schema: "s".to_owned() }
    }

    fn table() -> Securable {
        Securable::Table(TableName { catalog: "c".to_owned(), schema: "s".to_owned(), table: "t".to_owned() })
    }

    /// `c.s.t`, owned by Tom in Sue's schema of Cat's catalog; the letter says where something is granted to whom.
    fn chain(grants: &[(char, &str, P)]) -> Chain {
        let link = |letter, on, owner: &str| Link {
            on,
            owner: owner.to_owned(),
            grants: grants.iter().filter(|g| g.0 == letter).map(|g| (g.1.to_owned(), g.2)).collect(),
        };
        let around =
            vec![link('s', Securable::Schema(schema()), "sue"), link('c', Securable::Catalog("c".to_owned()), "cat")];
        Chain::new(link('t', table(), "tom"), around)
    }

    const WAY: [(char, &str, P); 2] = [('c', "account users", P::UseCatalog), ('s', "account users", P::UseSchema)];

    #[test]
    fn every_privilege_is_refused_where_it_is_not_given() {
        for privilege in P::ALL {
            let denied = chain(&WAY).check(&Subject::new("bob", false), *privilege);
            let around = matches!(privilege, P::UseCatalog | P::UseSchema);
            assert_eq!(denied.is_ok(), around, "{privilege}");
            assert!(chain(&[]).check(&Subject::new("bob", false), *privilege).is_err(), "{privilege}");
            assert!(chain(&[]).check(&Subject::new("root", true), *privilege).is_ok(), "{privilege}");
        }
    }

    #[test]
    fn what_is_lacking_is_named_from_the_outside_in() {
        let all = [('c', "bob", P::UseCatalog), ('s', "bob", P::UseSchema), ('t', "bob", P::Select)];
        for (grants, lacking) in [
            (&all[1..], Some("USE CATALOG on Catalog 'c'")),
            (&all[..1], Some("USE SCHEMA on Schema 'c.s'")),
            (&all[..2], Some("SELECT on Table 'c.s.t'")),
            (&all[..], None),
        ] {
            let told = chain(grants).check(&Subject::new("bob", false), P::Select).err();
            let told = told.map(|denied| denied.to_string());
            assert_eq!(told, lacking.map(|lacking| format!("User does not have {lacking}.")));
        }
    }

    #[test]
    fn grants_count_for_what_is_inside_and_for_groups() {
        for (grant, need, allowed) in [
            (('t', "bob", P::Select), P::Select, true),
            (('s', "bob", P::Select), P::Select, true),
            (('c', "bob", P::Select), P::Select, true),
            (('c', "ann", P::Select), P::Select, false),
            (('c', "users", P::Select), P::Select, true),
            (('c', "account users", P::Select), P::Modify, false),
            (('c', "admins", P::Select), P::Select, false),
            (('t', "bob", P::AllPrivileges), P::Modify, true),
            (('c', "bob", P::AllPrivileges), P::Select, true),
            (('c', "bob", P::AllPrivileges), P::Manage, false),
            (('c', "bob", P::AllPrivileges), P::ExternalUseSchema, false),
            (('c', "bob", P::Manage), P::Manage, true),
            // Managing an object is not reading it.
            (('t', "bob", P::Manage), P::Select, false),
        ] {
            let with_way: Vec<_> = WAY.into_iter().chain([grant]).collect();
            let found = chain(&with_way).check(&Subject::new("bob", false), need).is_ok();
            assert_eq!(found, allowed, "{grant:?} {need}");
        }
    }

    #[test]
    fn owners_hold_everything_within() {
        for (user, way, allowed) in [
            ("cat", false, true),
            // Whoever owns a schema or a table still needs the way to it.
            ("sue", false, false),
            ("tom", false, false),
            ("sue", true, true),
            ("tom", true, true),
            ("bob", true, false),
        ] {
            let chain = chain(if way { &WAY } else { &[] });
            for privilege in [P::Select, P::Manage] {
                let found = chain.check(&Subject::new(user, false), privilege).is_ok();
                assert_eq!(found, allowed, "{user} {way} {privilege}");
            }
        }
    }

    #[test]
    fn making_something_needs_the_use_of_its_place() {
        let place = |grants: &[(&str, P)]| {
            let link = |on, grants: &[(&str, P)]| Link {
                on,
                owner: "cat".to_owned(),
                grants: grants.iter().map(|g| (g.0.to_owned(), g.1)).collect(),
            };
            Chain::new(link(Securable::Catalog("c".to_owned()), grants), Vec::new())
        };
        for (grants, allowed) in [
            (&[("bob", P::CreateSchema)][..], false),
            (&[("bob", P::UseCatalog)], false),
            (&[("bob", P::UseCatalog), ("bob", P::CreateSchema)], true),
            (&[("bob", P::AllPrivileges)], true),
        ] {
            let found = place(grants).check(&Subject::new("bob", false), P::CreateSchema).is_ok();
            assert_eq!(found, allowed, "{grants:?}");
        }
    }

    #[test]
    fn the_metastore_passes_down_what_opens_all_of_a_kind() {
        let of = |kind, privilege| {
            let link = |on, grants| Link { on, owner: "cat".to_owned(), grants };
            let metastore = link(Securable::Metastore, vec![("bob".to_owned(), privilege)]);
            Chain::new(link(Securable::Object(kind, "x".to_owned()), Vec::new()), vec![metastore])
        };
        for (kind, privilege, allowed) in [
            (ObjectKind::Share, P::UseShare, true),
            (ObjectKind::Recipient, P::UseRecipient, true),
            (ObjectKind::StorageCredential, P::CreateExternalLocation, false),
        ] {
            let chain = of(kind, privilege);
            assert_eq!(chain.check(&Subject::new("bob", false), privilege).is_ok(), allowed, "{privilege}");
            assert_eq!(chain.check_seen(&Subject::new("bob", false)).is_ok(), allowed, "{privilege}");
        }
    }

    #[test]
    fn objects_are_seen_with_any_privilege_on_them() {
        for (grants, seen) in [
            (&[][..], false),
            (&WAY[..], false),
            (&[WAY[0], WAY[1], ('t', "bob", P::Modify)], true),
            (&[WAY[0], WAY[1], ('c', "bob", P::Select)], true),
            (&[WAY[0], WAY[1], ('s', "bob", P::CreateTable)], false),
            (&[WAY[0], ('t', "bob", P::Select)], false),
            (&[('t', "bob", P::Browse)], true),
            (&[('c', "bob", P::Browse)], true),
        ] {
            let found = chain(grants).check_seen(&Subject::new("bob", false)).is_ok();
            assert_eq!(found, seen, "{grants:?}");
        }
        assert!(chain(&WAY).check_seen(&Subject::new("tom", false)).is_ok());
        assert!(chain(&[]).check_seen(&Subject::new("root", true)).is_ok());
    }

    #[test]
    fn what_counts_says_where_it_comes_from() {
        let found = chain(&[('c', "bob", P::UseCatalog), ('c', "bob", P::Select), ('t', "ann", P::Modify)]).effective();
        let catalog = Securable::Catalog("c".to_owned());
        let of = |principal: &str, privilege, from| Effective { principal: principal.to_owned(), privilege, from };
        assert_eq!(found, [of("ann", P::Modify, None), of("bob", P::Select, Some(catalog))]);
    }

    #[test]
    fn names_are_read_as_rest_and_sql_write_them() {
        for privilege in P::ALL {
            assert_eq!(P::parse(privilege.name()), Some(*privilege));
            assert_eq!(P::parse(&privilege.api_name().to_lowercase()), Some(*privilege));
        }
        for bad in ["", "OWN", "SELECT ME"] {
            assert_eq!(P::parse(bad), None, "{bad}");
        }
        assert!(!P::Select.applies_to(&Securable::Metastore) && P::CreateCatalog.applies_to(&Securable::Metastore));
        assert!(!P::CreateTable.applies_to(&table()) && P::CreateTable.applies_to(&Securable::Schema(schema())));
    }
}
