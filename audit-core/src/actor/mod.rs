//! Who did it.

mod as_actor;
mod resolver;

use std::fmt;
use std::sync::LazyLock;

pub use as_actor::AsActor;
pub use resolver::ActorResolver;

use crate::auditor::InForce;
use crate::redact::Redactor;

/// What kind of party an [`Actor`] is: the record's `actor_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ActorType {
    /// A person who was identified.
    User,
    /// Another program that was identified.
    Service,
    /// This application itself: a job, a migration.
    System,
    /// Somebody who was let in without being identified.
    Anonymous,
    /// Nobody could say: the exchange was cut off before anyone could be named.
    Unknown,
}

impl ActorType {
    /// The word that the record uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Service => "service",
            Self::System => "system",
            Self::Anonymous => "anonymous",
            Self::Unknown => "unknown",
        }
    }
}

/// A user's identifier: a number stays a number in the record, a text stays a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ActorId {
    /// For instance a database key.
    Number(i64),
    /// For instance a UUID or a subject claim.
    Text(String),
}

impl From<i64> for ActorId {
    fn from(id: i64) -> Self {
        Self::Number(id)
    }
}

impl From<i32> for ActorId {
    fn from(id: i32) -> Self {
        Self::Number(id.into())
    }
}

impl From<u32> for ActorId {
    fn from(id: u32) -> Self {
        Self::Number(id.into())
    }
}

impl From<u64> for ActorId {
    /// A number beyond `i64::MAX` is kept exactly, as text.
    fn from(id: u64) -> Self {
        i64::try_from(id).map_or_else(|_| Self::Text(id.to_string()), Self::Number)
    }
}

impl From<String> for ActorId {
    fn from(id: String) -> Self {
        Self::Text(id)
    }
}

impl From<&str> for ActorId {
    fn from(id: &str) -> Self {
        Self::Text(id.to_owned())
    }
}

impl fmt::Display for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// Who did it, as the application's own authentication established it. What has the shape of a secret in any of its
/// texts, such as a token, is hidden when it is named to a record.
///
/// ```
/// use audit_core::Actor;
/// let actor = Actor::user("admin").id(1).role("admin").tenant("city-of-valencia");
/// # assert_eq!(actor.name(), "admin");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Actor {
    pub(crate) kind: ActorType,
    pub(crate) name: String,
    pub(crate) id: Option<ActorId>,
    pub(crate) roles: Vec<String>,
    pub(crate) on_behalf_of: Option<String>,
    pub(crate) tenant: Option<String>,
    pub(crate) session: Option<String>,
}

impl fmt::Debug for Actor {
    /// As a record would show it: without what has the shape of a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        static RULES: LazyLock<Redactor> = LazyLock::new(Redactor::default);
        let (Self { kind, name, id, roles, on_behalf_of, tenant, session }, _) =
            self.clone().redacted(InForce::new(&RULES, None));
        f.debug_struct("Actor")
            .field("kind", &kind)
            .field("name", &name)
            .field("id", &id)
            .field("roles", &roles)
            .field("on_behalf_of", &on_behalf_of)
            .field("tenant", &tenant)
            .field("session", &session)
            .finish()
    }
}

impl Actor {
    fn new(kind: ActorType, name: impl Into<String>) -> Self {
        Self { kind, name: name.into(), id: None, roles: Vec::new(), on_behalf_of: None, tenant: None, session: None }
    }

    /// A person who was identified, by the name they log in with.
    #[must_use]
    pub fn user(name: impl Into<String>) -> Self {
        Self::new(ActorType::User, name)
    }

    /// Another program that was identified, by its name.
    #[must_use]
    pub fn service(name: impl Into<String>) -> Self {
        Self::new(ActorType::Service, name)
    }

    /// This application itself, acting by the given name (`scheduler`, `migration`).
    #[must_use]
    pub fn system(name: impl Into<String>) -> Self {
        Self::new(ActorType::System, name)
    }

    /// Somebody who was let in without being identified. The record's `user` is `anonymous`.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::new(ActorType::Anonymous, ActorType::Anonymous.as_str())
    }

    /// Adds the identifier that does not change when the name does (`user_id`).
    #[must_use]
    pub fn id(mut self, id: impl Into<ActorId>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Adds one role; the record's `actor_roles` lists them separated by commas.
    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.roles.push(role.into());
        self
    }

    /// Says for whom the actor acts: an administrator who took on another user's view, a service with a user's token.
    #[must_use]
    pub fn on_behalf_of(mut self, principal: impl Into<String>) -> Self {
        self.on_behalf_of = Some(principal.into());
        self
    }

    /// Names the tenant (`tenant_id`).
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// Names the session (`session_id`): an identifier of it, never the session's secret.
    #[must_use]
    pub fn session(mut self, session: impl Into<String>) -> Self {
        self.session = Some(session.into());
        self
    }

    /// Without what has the shape of a secret in any of its texts; how many there were.
    pub(crate) fn redacted(mut self, rules: InForce<'_>) -> (Self, u64) {
        let Self { kind: _, name, id, roles, on_behalf_of, tenant, session } = &mut self;
        let id = match id {
            Some(ActorId::Text(id)) => Some(id),
            Some(ActorId::Number(_)) | None => None,
        };
        let optional = id.into_iter().chain(on_behalf_of).chain(tenant).chain(session);
        let mut hidden = 0;
        for text in std::iter::once(name).chain(roles).chain(optional) {
            let (safe, redacted) = rules.text(text);
            if redacted > 0 {
                hidden += redacted;
                *text = safe;
            }
        }
        (self, hidden)
    }

    /// The name, as the record's `user` shows it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What kind of party this is.
    #[must_use]
    pub fn actor_type(&self) -> ActorType {
        self.kind
    }
}
