//! How long events are kept, and which kinds are kept as long as their contact.

use engaged_connectors::model::EventKind;

use super::syntax::Window;

/// What is never deleted because it is old: by these we know whom we may write to.
pub const STAYING: [EventKind; 6] = [
    EventKind::Subscribe,
    EventKind::Unsubscribe,
    EventKind::Complaint,
    EventKind::Bounce,
    EventKind::HardBounce,
    EventKind::SoftBounce,
];

/// Mail that came back.
pub const BOUNCES: [EventKind; 3] = [
    EventKind::Bounce,
    EventKind::HardBounce,
    EventKind::SoftBounce,
];

/// What ends a bounce: of the old events of each of these kinds the last one after a bounce is kept as long as the bounce.
pub const REVIVING: [EventKind; 3] = [EventKind::Delivery, EventKind::Open, EventKind::Click];

/// `[retention]`: events older than this are deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Horizon {
    /// How long.
    pub events: Window,
    /// Kinds that stay, beside [`STAYING`]; `bounce` means hard and soft ones too.
    pub keep: Vec<EventKind>,
}

impl Horizon {
    /// Whether old events of a kind are deleted.
    pub fn forgets(&self, kind: &EventKind) -> bool {
        !STAYING.contains(kind) && !self.keep.contains(kind)
    }
}
