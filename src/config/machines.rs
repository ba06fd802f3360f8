//! `[machines]`: how machines are told from people.

use super::{
    ConnectionConfig, code,
    connections::texts,
    found::Found,
    tree::{Node, Table},
};
use crate::{diagnostic::Diagnostic, verdict};

/// Checks the section. A network that cannot be read is left out, and reported.
pub(super) fn check(
    root: &Table,
    connections: &[ConnectionConfig],
    found: &mut Found,
) -> verdict::Settings {
    let empty = Table::default();
    let machines = root.table("machines").unwrap_or(&empty);
    let first_open_only = connections
        .iter()
        .filter(|connection| connection.platform.tells_first_open_only());
    verdict::Settings {
        judge: machines.get("judge").and_then(Node::truth).unwrap_or(true),
        honeypots: globs(machines, "honeypots", found),
        agents: globs(machines, "agents", found),
        networks: networks(machines, found),
        first_open_only: first_open_only
            .map(|connection| connection.name.clone())
            .collect(),
    }
}

/// A glob without a single letter would take everybody for a machine.
fn globs(machines: &Table, name: &str, found: &mut Found) -> Vec<String> {
    for node in machines.items_of(name) {
        let text = node.text();
        if text.is_some_and(|text| text.trim_matches(['*', '?', ' ', '/']).is_empty()) {
            found.add(anybody(
                node,
                "\"https://shop.example/hp*\" or \"*LinkChecker*\"",
            ));
        }
    }
    texts(machines, name)
}

fn networks(machines: &Table, found: &mut Found) -> Vec<verdict::IpNet> {
    let mut networks = Vec::new();
    for node in machines.items_of("networks") {
        let Some(text) = node.text() else {
            continue;
        };
        match verdict::network(text) {
            Some(network) if network.prefix_len() == 0 => {
                found.add(anybody(node, "\"203.0.113.0/24\""));
                continue;
            }
            Some(network) => {
                networks.push(network);
                continue;
            }
            None => {}
        }
        let meant = text.parse::<verdict::IpNet>().ok();
        found.add(
            Diagnostic::error(code::BAD_VALUE, "this is not a network")
                .at(&node.place, "an address and the length of its prefix")
                .help(meant.map_or_else(
                    || "write it like \"203.0.113.0/24\" or \"2001:db8::/32\"".to_owned(),
                    |meant| format!("did you mean \"{}\"?", meant.trunc()),
                )),
        );
    }
    networks
}

fn anybody(node: &Node, example: &str) -> Diagnostic {
    Diagnostic::error(code::BAD_VALUE, "this is anything and anybody")
        .at(&node.place, "people do that, too")
        .help(format!("name what only machines have, as in {example}"))
}
