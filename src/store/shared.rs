//! What all connections of one store go by: what may be used of whom, and whether we stop.

use std::sync::{
    Arc, RwLock,
    atomic::{AtomicBool, Ordering},
};

use super::{Conn, Store, StoreError, tracking::Privacy};

/// The same for all connections of a store.
#[derive(Clone, Default)]
pub(super) struct Shared {
    pub(super) privacy: Arc<RwLock<Arc<Privacy>>>,
    /// Whether walks are to end.
    stopping: Arc<AtomicBool>,
}

impl Store {
    /// Ends every walk through contacts, those that go on and those that begin from now on, with [`StoreError::Stopping`]:
    /// the process is about to end. A transaction that walks is rolled back; what was committed before stands.
    pub fn stop_walks(&self) {
        self.shared().stopping.store(true, Ordering::Relaxed);
    }
}

impl Conn {
    /// Whether a walk may go on to the next contact.
    pub(super) fn may_go_on(&self) -> Result<(), StoreError> {
        if self.shared.stopping.load(Ordering::Relaxed) {
            return Err(StoreError::Stopping);
        }
        Ok(())
    }
}
