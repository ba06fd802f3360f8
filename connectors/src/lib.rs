//! All that engaged knows about the platforms' wire formats, and nothing else.
//!
//! A connector turns one platform's API into the platform-neutral words of
//! [`model`], one page at a time, and turns our few kinds of change back into
//! requests. It keeps no state of its own: where to resume stands in the
//! [`cursor::Cursor`] that the caller commits together with the page. It never
//! sees the store, the rules or the scores.

pub mod activecampaign;
pub mod clock;
pub mod conformance;
pub mod connector;
pub mod copernica;
pub mod cursor;
pub mod error;
pub mod ghost;
pub mod http;
pub mod hubspot;
pub mod mailchimp;
pub mod model;
pub mod outgoing;
pub mod webhook;

pub use clock::Clock;
pub use connector::{
    Account, Action, Capabilities, Change, Connector, Former, Look, Outcome, Page, Removal,
    RemovalSpec, Start, StartKind, Stream, Who, Write,
};
pub use cursor::Cursor;
pub use error::ConnectorError;
