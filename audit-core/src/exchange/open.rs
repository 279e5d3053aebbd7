//! The exchanges that are open, so that a shutdown can end each with a record.

use std::sync::{Mutex, PoisonError, Weak};

use slab::Slab;

use crate::exchange::shared::Shared;

const SHARDS: usize = 8;

/// Where an exchange stands in [`OpenExchanges`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticket {
    shard: usize,
    key: usize,
}

/// A set of weak references, in shards, so that threads rarely meet at one lock.
pub(crate) struct OpenExchanges {
    shards: [Mutex<Slab<Weak<Shared>>>; SHARDS],
}

impl OpenExchanges {
    pub(crate) fn new() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::new(Slab::new())) }
    }

    fn shard(&self, shard: usize) -> std::sync::MutexGuard<'_, Slab<Weak<Shared>>> {
        self.shards[shard % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an exchange; `hint` spreads them over the shards.
    pub(crate) fn insert(&self, hint: usize, exchange: Weak<Shared>) -> Ticket {
        let shard = hint % SHARDS;
        Ticket { shard, key: self.shard(shard).insert(exchange) }
    }

    pub(crate) fn remove(&self, ticket: Ticket) {
        self.shard(ticket.shard).try_remove(ticket.key);
    }

    /// How many are open now.
    pub(crate) fn len(&self) -> usize {
        (0..SHARDS).map(|shard| self.shard(shard).len()).sum()
    }

    /// Calls `each` with every exchange that is open, holding no lock meanwhile.
    pub(crate) fn for_each(&self, mut each: impl FnMut(&Shared)) {
        for shard in 0..SHARDS {
            let exchanges: Vec<_> = self.shard(shard).iter().filter_map(|(_, weak)| weak.upgrade()).collect();
            for exchange in exchanges {
                each(&exchange);
            }
        }
    }
}
