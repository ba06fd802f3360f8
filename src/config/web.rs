//! `[web]`: where the dashboard and the API are served, and under which names.

use std::net::SocketAddr;

use url::Url;

use super::{
    code,
    connections::texts,
    found::Found,
    tree::{Node, Table},
};
use crate::diagnostic::Diagnostic;

/// Where the dashboard listens unless told otherwise.
const LISTEN: &str = "127.0.0.1:8425";

/// The dashboard and the API. Without the section nothing is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Web {
    /// Address and port.
    pub listen: SocketAddr,
    /// The address by which people reach it, where that is another: behind a proxy, say.
    pub public_url: Option<Url>,
    /// Other host names under which it may be asked for.
    pub hosts: Vec<String>,
    /// Whether a proxy stands before it that ends TLS and names the client in `X-Forwarded-For`.
    pub behind_proxy: bool,
}

impl Web {
    /// Whether browsers reach it by https, so that cookies may be bound to that.
    pub fn is_https(&self) -> bool {
        self.public_url
            .as_ref()
            .is_some_and(|url| url.scheme() == "https")
    }
}

/// Reads the section.
pub(super) fn check(root: &Table, found: &mut Found) -> Option<Web> {
    let table = root.table("web")?;
    let behind_proxy = table.get("behind_proxy").and_then(Node::truth) == Some(true);
    let listen = listen(table, (LISTEN, "the dashboard"), behind_proxy, found);
    let public_url = match table.get("public_url") {
        Some(node) => public_url(node, found),
        None => None,
    };
    Some(Web {
        listen: listen?,
        public_url,
        hosts: texts(table, "hosts"),
        behind_proxy,
    })
}

/// Address and port of something that speaks no TLS.
pub(super) fn listen(
    table: &Table,
    (default, what): (&str, &str),
    behind_proxy: bool,
    found: &mut Found,
) -> Option<SocketAddr> {
    let node = table.get("listen");
    let text = node.and_then(Node::text).unwrap_or(default);
    let text = text.replacen("localhost:", "127.0.0.1:", 1);
    let Ok(address) = text.parse::<SocketAddr>() else {
        let wrong = Diagnostic::error(code::BAD_VALUE, format!("'{text}' is no address and port"));
        found.add(match node {
            Some(node) => wrong
                .at(&node.place, "not an address and a port")
                .help(format!("write it like \"{default}\"")),
            None => wrong,
        });
        return None;
    };
    if let Some(node) = node
        && !address.ip().is_loopback()
        && !behind_proxy
    {
        found.add(
            Diagnostic::error(
                code::BAD_VALUE,
                format!("{what} speaks no TLS, so it listens on this machine only"),
            )
            .at(&node.place, "other machines could reach it here")
            .help(
                "put a proxy with TLS in front and set behind_proxy = true, or listen on 127.0.0.1",
            ),
        );
        return None;
    }
    Some(address)
}

/// The address of a site, without a path.
pub(super) fn public_url(node: &Node, found: &mut Found) -> Option<Url> {
    let url = Url::parse(node.text()?).ok();
    let url = url.filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.host_str().is_some()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
    });
    if url.is_none() {
        found.add(
            Diagnostic::error(code::BAD_VALUE, "this is not the address of a site")
                .at(&node.place, "scheme and host only")
                .help("write it like \"https://engaged.example.nl\""),
        );
    }
    url
}
