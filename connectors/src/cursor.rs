//! An opaque position in one stream of one connection.

use serde::{Serialize, de::DeserializeOwned};

use crate::error::ConnectorError;

/// Where to resume a stream. Only the connector that made it can read it; the
/// caller stores it in the transaction that stores the page it came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(String);

impl Cursor {
    /// Packs a connector's own position.
    pub fn encode<T: Serialize>(position: &T) -> Result<Self, ConnectorError> {
        serde_json::to_string(position)
            .map(Self)
            .map_err(|source| ConnectorError::Contract {
                what: "a cursor could not be written".into(),
                detail: source.to_string(),
            })
    }

    /// Reads the position back. A cursor that another version wrote and this
    /// one cannot read is a contract error: the caller keeps it and says so.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, ConnectorError> {
        serde_json::from_str(&self.0).map_err(|source| ConnectorError::Contract {
            what: "a stored cursor cannot be read".into(),
            detail: source.to_string(),
        })
    }

    /// The text as the store keeps it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text as the store kept it.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }
}
