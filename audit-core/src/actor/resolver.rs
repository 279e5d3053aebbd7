//! The rule that finds the actor in whatever a framework keeps beside a request.

use std::sync::Arc;

use crate::actor::Actor;

type Find<E> = Arc<dyn Fn(&E) -> Option<Actor> + Send + Sync>;

/// The application's rule, if it gave one. `E` is what the framework keeps. For adapters.
pub struct ActorResolver<E: ?Sized>(Option<Find<E>>);

impl<E: ?Sized> Clone for ActorResolver<E> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<E: ?Sized> Default for ActorResolver<E> {
    /// No rule.
    fn default() -> Self {
        Self(None)
    }
}

impl<E: ?Sized> ActorResolver<E> {
    /// The application's rule.
    pub fn new(find: impl Fn(&E) -> Option<Actor> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(find)))
    }

    /// Whom the rule finds; without one, or if it finds nobody, whom `otherwise` does.
    pub fn resolve(&self, kept: &E, otherwise: impl FnOnce(&E) -> Option<Actor>) -> Option<Actor> {
        let given = self.0.as_ref().and_then(|find| find(kept));
        given.or_else(|| otherwise(kept))
    }
}
