//! placeholder
use crate::diagnostic::Expected;
use engaged_connectors::Clock;
use std::sync::Arc;
/// ask
pub struct Ask {
    /// a
    pub once: bool,
    /// b
    pub people: u32,
    /// c
    pub seed: u64,
    /// d
    pub json: bool,
}
/// run
pub async fn run(_: &Ask, _: Arc<dyn Clock>) -> Result<Option<serde_json::Value>, Expected> {
    Ok(None)
}
/// text
pub fn text(_: &serde_json::Value) -> String {
    String::new()
}
