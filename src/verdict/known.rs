//! The shipped list of machines, `known.txt`, and the reading of networks.

use std::net::IpAddr;

use ipnet::IpNet;

use super::Agent;
use crate::rules::glob::Glob;

const LIST: &str = include_str!("known.txt");

/// One line of the list.
enum Known {
    Agent(Agent),
    Network(IpNet),
}

fn known() -> impl Iterator<Item = Known> {
    let lines = LIST.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        // A test reads every line; should one be wrong all the same, the others hold.
        .filter_map(read)
}

fn read(line: &str) -> Option<Known> {
    let (class, rest) = line.split_once(' ')?;
    if class == "network" {
        return network(rest.trim()).map(Known::Network);
    }
    let (name, glob) = rest.split_once(' ')?;
    let proxy = match class {
        "scanner" => false,
        "proxy" => true,
        _ => return None,
    };
    Some(Known::Agent(Agent {
        glob: Glob::new(glob.trim()),
        name: name.to_owned(),
        proxy,
    }))
}

pub(super) fn agents() -> Vec<Agent> {
    let agents = known().filter_map(|entry| match entry {
        Known::Agent(agent) => Some(agent),
        Known::Network(_) => None,
    });
    agents.collect()
}

pub(super) fn networks() -> Vec<IpNet> {
    let networks = known().filter_map(|entry| match entry {
        Known::Network(network) => Some(network),
        Known::Agent(_) => None,
    });
    networks.collect()
}

/// Reads a network as people write it, `203.0.113.0/24` or `2001:db8::/32`; an address alone is a network of one.
/// `None` where an address has bits beyond its prefix: that is a slip more often than a wish.
pub fn network(text: &str) -> Option<IpNet> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(IpNet::from(address));
    }
    let network: IpNet = text.parse().ok()?;
    (network.trunc() == network).then_some(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_shipped_list_is_read() {
        let lines = LIST.lines().map(str::trim);
        let lines: Vec<&str> = lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .collect();
        assert!(lines.len() > 10);
        for line in lines {
            assert!(read(line).is_some(), "{line}");
        }
    }

    #[test]
    fn a_network_is_read_as_people_write_it() {
        for (text, read) in [
            ("203.0.113.0/24", Some("203.0.113.0/24")),
            ("203.0.113.7", Some("203.0.113.7/32")),
            ("2001:db8::/32", Some("2001:db8::/32")),
            ("0.0.0.0/0", Some("0.0.0.0/0")),
            ("203.0.113.7/24", None),
            ("203.0.113.0/33", None),
            ("203.0.113", None),
            ("", None),
        ] {
            let found = network(text).map(|network| network.to_string());
            assert_eq!(found.as_deref(), read, "{text}");
        }
    }
}
