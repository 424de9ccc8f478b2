//! Who acts, and what their roles allow.

use crate::region::RegionCode;
use crate::text::Text;
use std::collections::BTreeSet;
use uuid::Uuid;

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $id:literal,)*) => {
        /// What can be allowed or not.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action { $($(#[$doc])* $name,)* }

        impl Action {
            /// Every action.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name used in packs and in the API.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// The action of a name used in packs.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|action| action.as_str() == text)
            }
        }
    };
}

actions! {
    /// See figures, curves and maps.
    SituationRead = "situation.read",
    /// See records without personal fields.
    RecordRead = "record.read",
    /// See personal fields.
    RecordReadPersonal = "record.read_personal",
    /// Enter, change and withdraw records.
    RecordWrite = "record.write",
    /// Import files.
    RecordImport = "record.import",
    /// Take records out as files.
    RecordExport = "record.export",
    /// See signals.
    SignalRead = "signal.read",
    /// Assess signals.
    SignalAssess = "signal.assess",
    /// Decide response levels and answer proposals of them.
    LevelDecide = "level.decide",
    /// Draft publications.
    PublicationDraft = "publication.draft",
    /// Approve and publish.
    PublicationPublish = "publication.publish",
    /// Write articles and hand them to reviewers.
    ArticleWrite = "article.write",
    /// Approve, schedule and withdraw articles that others wrote.
    ArticleReview = "article.review",
    /// Arrange the channels of the portal.
    ChannelManage = "channel.manage",
    /// Answer what is known about a person: take out everything that is recorded of them.
    PersonExport = "person.export",
    /// Erase persons.
    PersonErase = "person.erase",
    /// Manage accounts, grants and tokens of others.
    UserManage = "user.manage",
    /// Read the audit log.
    AuditRead = "audit.read",
}

impl Action {
    /// True for what is done to records: a role may be limited to some registers in it.
    pub fn is_on_records(self) -> bool {
        matches!(
            self,
            Self::RecordRead
                | Self::RecordReadPersonal
                | Self::RecordWrite
                | Self::RecordImport
                | Self::RecordExport
        )
    }
}

/// A role held for a region and everything below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Role as declared in packs.
    pub role: String,
    /// Region.
    pub region: RegionCode,
}

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActorKind {
    /// A person with an account.
    Person,
    /// A job or command of the installation.
    System,
}

/// Who acts, with the grants that decide what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Account, or nil for the system.
    pub id: Uuid,
    /// Name that stands in audit entries and versions.
    pub name: String,
    /// Person or system.
    pub kind: ActorKind,
    /// Grants; the system needs none.
    pub grants: Vec<Grant>,
}

impl Actor {
    /// A job or command of the installation, which may do everything and is named in the audit log.
    pub fn system(name: &str) -> Self {
        Self { id: Uuid::nil(), name: name.to_owned(), kind: ActorKind::System, grants: Vec::new() }
    }
}

/// A role as a pack declares it.
#[derive(Debug, Clone)]
pub struct RoleDeclaration {
    /// Identifier.
    pub id: String,
    /// Shown name.
    pub label: Text,
    /// What it allows.
    pub actions: BTreeSet<Action>,
    /// Registers to which its actions on records are limited; empty for a role that meets every register. One of a
    /// pack that is not installed is allowed, and allows nothing.
    pub registers: BTreeSet<String>,
}

/// The roles of an installation.
#[derive(Debug, Clone, Default)]
pub struct Roles(pub Vec<RoleDeclaration>);

impl Roles {
    /// The role of an identifier.
    pub fn get(&self, role: &str) -> Option<&RoleDeclaration> {
        self.0.iter().find(|r| r.id == role)
    }

    /// Whether a role allows an action whatever the register; an unknown role allows nothing.
    pub fn allows(&self, role: &str, action: Action) -> bool {
        let is_wide = |r: &RoleDeclaration| r.registers.is_empty() || !action.is_on_records();
        self.get(role).is_some_and(|r| r.actions.contains(&action) && is_wide(r))
    }

    /// Whether a role allows an action on the records of a register.
    pub fn allows_on(&self, role: &str, action: Action, register: &str) -> bool {
        let limited = |r: &RoleDeclaration| r.actions.contains(&action) && r.registers.contains(register);
        self.allows(role, action) || self.get(role).is_some_and(limited)
    }

    /// Shown name of a role; its identifier if unknown.
    pub fn label(&self, role: &str) -> Text {
        self.get(role).map_or_else(|| Text::new(role, role), |r| r.label.clone())
    }
}
