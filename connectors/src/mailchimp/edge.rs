//! Tells the API from what stands in front of it. Under heavy load the edge
//! answers 403 with a page of HTML (sheet, section 2). To the client a 403 is a
//! key that lacks a right, which blocks a connection until a person acts; here
//! it becomes the 429 that it means. The API's own 403 is JSON and stays.

use std::sync::Arc;

use ::http::{Request, Response, StatusCode};
use async_trait::async_trait;
use bytes::Bytes;
use serde::de::IgnoredAny;

use crate::http::{Transport, TransportError};

/// The transport below, with that one answer renamed.
pub(super) struct Edge(pub(super) Arc<dyn Transport>);

#[async_trait]
impl Transport for Edge {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let mut response = self.0.send(request).await?;
        let json = |body| serde_json::from_slice::<IgnoredAny>(body).is_ok();
        if response.status() == StatusCode::FORBIDDEN && !json(response.body()) {
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        }
        Ok(response)
    }
}
