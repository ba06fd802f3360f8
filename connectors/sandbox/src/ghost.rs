//! Ghost's Admin API.
