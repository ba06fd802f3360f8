//! Who opened and who clicked, by the links of a campaign. The links are documented, with a pseudo link `open` named
//! Read Tracker; who is behind them (`/links/{id}/linkData`) is not, and only `contact` or `subscriberid` and
//! `tstamp` of its rows are believed (sheet 4.2).

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    ActiveCampaign,
    walk::{self, List, Stretch, Walk},
    wire::{id, reject, text, time, told, whom},
};
use crate::{
    error::ConnectorError,
    model::{Event, EventKind, Reject},
};

/// One tracked link of a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Link {
    id: String,
    /// The id that its events bear. A campaign may have two Read Trackers (sheet 4.2); whether both list one open is
    /// not known, so both go by the first, and one open of one time is one event.
    name: String,
    /// The address; `None` for a Read Tracker.
    url: Option<String>,
}

/// The links of a campaign, and what of them cannot be read. One that is gone has none.
pub(super) async fn links(
    ac: &ActiveCampaign,
    campaign: &str,
) -> Result<(VecDeque<Link>, Vec<Reject>), ConnectorError> {
    let path = format!("campaigns/{campaign}/links");
    let list = List {
        path: &path,
        name: "links",
        query: &[],
    };
    let (mut walk, mut found) = (Walk::default(), Vec::new());
    while let Some(stretch) = walk::step_unless_gone(ac, &list, &mut walk).await? {
        found.extend(stretch.rows);
        if stretch.over {
            break;
        }
    }
    Ok(read(&found))
}

fn read(rows: &[Value]) -> (VecDeque<Link>, Vec<Reject>) {
    let (mut links, mut odd) = (Vec::<Link>::new(), Vec::new());
    for row in rows {
        let (Some(own), Ok(url)) = (id(row, "id"), told(row, "link")) else {
            odd.push(reject(row, None, "the link has no id, or no address"));
            continue;
        };
        if url.is_empty() {
            continue;
        }
        if text(row, "tracked").as_deref() == Some("0") || links.iter().any(|link| link.id == own) {
            continue;
        }
        let opens = url == "open" || row["name"] == "Read Tracker";
        links.push(Link {
            name: own.clone(),
            id: own,
            url: (!opens).then_some(url),
        });
    }
    let trackers = links.iter().filter(|link| link.url.is_none());
    let first = trackers.min_by_key(|link| (link.id.len(), link.id.clone()));
    if let Some(first) = first.map(|link| link.id.clone()) {
        let trackers = links.iter_mut().filter(|link| link.url.is_none());
        trackers.for_each(|link| link.name.clone_from(&first));
    }
    (links.into(), odd)
}

/// A page of those behind a link; `None` where the account does not have it, or not in a shape that we know.
pub(super) async fn step(
    ac: &ActiveCampaign,
    link: &Link,
    walk: &mut Walk,
) -> Result<Option<Stretch>, ConnectorError> {
    let path = format!("links/{}/linkData", link.id);
    let list = List {
        path: &path,
        name: "linkData",
        query: &[],
    };
    let stretch = walk::guess_step(ac, &list, walk).await?;
    let known = |row: &Value| whom(row).is_ok() && matches!(time(row, "tstamp"), Ok(Some(_)));
    let known = |stretch: &Stretch| stretch.rows.is_empty() || stretch.rows.iter().any(known);
    Ok(stretch.filter(known))
}

/// One open or click.
pub(super) fn event(campaign: &str, link: &Link, row: &Value) -> Result<Event, Reject> {
    let contact = whom(row).map_err(|why| reject(row, None, why))?;
    let at = time(row, "tstamp").and_then(|at| at.ok_or("the row has no time"));
    let at = at.map_err(|why| reject(row, None, why))?;
    let who = contact.id.clone().unwrap_or_default();
    let kind = if link.url.is_some() {
        EventKind::Click
    } else {
        EventKind::Open
    };
    Ok(Event {
        id: Some(format!("linkdata:{}:{who}:{}", link.name, at.timestamp())),
        campaign: Some(campaign.to_owned()),
        link: link.url.clone(),
        ..Event::new(contact, kind, at)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn two_read_trackers_are_one() {
        let rows = [
            json!({"id": "12", "link": "open", "name": "Read Tracker", "messageid": "0"}),
            json!({"id": "9", "link": "open", "name": "Read Tracker", "messageid": "3"}),
            json!({"id": "13", "link": "https://example.org/a", "name": "", "tracked": "1"}),
            json!({"id": "14", "link": "https://example.org/b", "tracked": "0"}),
        ];
        let (links, odd) = read(&rows);
        assert_eq!(odd, []);
        let told: Vec<_> = links.iter().map(|link| (&*link.name, &link.url)).collect();
        let url = Some("https://example.org/a".to_owned());
        assert_eq!(told, [("9", &None), ("9", &None), ("13", &url)]);
        let row =
            json!({"subscriberid": "4127", "tstamp": "2026-02-03T00:13:02-06:00", "times": "3"});
        let events = [&links[0], &links[1]].map(|link| event("31", link, &row).unwrap());
        assert_eq!(events[0], events[1]);
        assert_eq!(events[0].kind, EventKind::Open);
        assert_eq!(event("31", &links[2], &row).unwrap().kind, EventKind::Click);
    }
}
