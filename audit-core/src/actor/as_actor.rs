//! What the `actor` argument of `#[audited]` accepts.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use crate::actor::Actor;

/// A value that names who it is: what `#[audited(actor = …)]` accepts.
///
/// An [`Actor`] names itself, a text the user of that name; an empty text, and `None`, nobody. Implement it for the
/// type that your authentication yields:
///
/// ```
/// use audit_core::{Actor, AsActor};
///
/// struct User { id: i64, login: String }
///
/// impl AsActor for User {
///     fn as_actor(&self) -> Option<Actor> {
///         Some(Actor::user(&self.login).id(self.id))
///     }
/// }
/// # assert_eq!(Some(User { id: 7, login: "ana".to_owned() }).as_actor(), Some(Actor::user("ana").id(7)));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name an actor",
    label = "expected an `Actor`, a text, or a type that implements `AsActor`",
    note = "implement `AsActor` for `{Self}`, or write an expression that gives an `Actor`, such as `Actor::user(&user.name)`"
)]
pub trait AsActor {
    /// Who it is; `None` if that is not known.
    fn as_actor(&self) -> Option<Actor>;
}

impl AsActor for Actor {
    fn as_actor(&self) -> Option<Actor> {
        Some(self.clone())
    }
}

impl AsActor for str {
    fn as_actor(&self) -> Option<Actor> {
        (!self.is_empty()).then(|| Actor::user(self))
    }
}

impl AsActor for String {
    fn as_actor(&self) -> Option<Actor> {
        self.as_str().as_actor()
    }
}

impl AsActor for Cow<'_, str> {
    fn as_actor(&self) -> Option<Actor> {
        str::as_actor(self)
    }
}

impl<T: AsActor> AsActor for Option<T> {
    fn as_actor(&self) -> Option<Actor> {
        self.as_ref().and_then(T::as_actor)
    }
}

/// Pointers name whom their target names.
macro_rules! pointers {
    ($($pointer:ty,)+) => {$(
        impl<T: AsActor + ?Sized> AsActor for $pointer {
            fn as_actor(&self) -> Option<Actor> {
                T::as_actor(self)
            }
        }
    )+};
}

pointers! { &T, &mut T, Box<T>, Rc<T>, Arc<T>, }

#[cfg(test)]
mod tests {
    use super::*;

    fn name(actor: impl AsActor) -> Option<String> {
        actor.as_actor().map(|actor| actor.name().to_owned())
    }

    #[test]
    fn whatever_holds_a_name_names_its_user() {
        let ana = Some("ana".to_owned());
        assert_eq!(name("ana"), ana);
        assert_eq!(name("ana".to_owned()), ana);
        assert_eq!(name(Cow::Borrowed("ana")), ana);
        assert_eq!(name(Some(Arc::<str>::from("ana"))), ana);
        let boxed: &dyn AsActor = &Box::new(Actor::user("ana"));
        assert_eq!(name(boxed), ana);
        assert_eq!(Actor::service("robot").id(7).as_actor(), Some(Actor::service("robot").id(7)));
    }

    #[test]
    fn nobody_is_named_by_nothing() {
        assert_eq!(name(None::<Actor>), None);
        assert_eq!(name(Some(String::new())), None);
    }
}
