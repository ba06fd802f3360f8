//! Webhooks: nothing is believed that our secret has not signed; what is read is read the same twice, and the store
//! takes it.
//!
//! A byte names the platform; then a line `METHOD ADDRESS`, lines of headers, an empty line, the body.

use chrono::DateTime;
use engaged_connectors::{
    ConnectorError,
    webhook::{self, Delivery, News, Trust, known_by},
};

use super::{
    platform::{ALL, Platform},
    scratch::{NOW_MS, holds_no_address, rolled_back},
};

/// Judges and reads one delivery.
pub fn run(bytes: &[u8]) {
    let Some((&letter, rest)) = bytes.split_first() else {
        return;
    };
    let end = rest.windows(2).position(|two| two == b"\n\n");
    let (head, body) = end.map_or((&b""[..], rest), |end| (&rest[..end], &rest[end + 2..]));
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let (method, url) = lines
        .next()
        .and_then(|line| line.split_once(' '))
        .unwrap_or(("POST", "https://hooks.example/in/x"));
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect();
    let delivery = Delivery {
        method,
        url,
        headers: &headers,
        body,
    };
    let at = DateTime::from_timestamp_millis(NOW_MS).unwrap_or_default();
    let place = usize::from(letter) % (ALL.len() + 2);
    let Some(name) = ALL.get(place) else {
        // Platforms whose connectors are still to come.
        let read = |delivery: &Delivery<'_>| match place {
            5 => webhook::klaviyo::read(delivery),
            _ => webhook::mautic::read(delivery, at),
        };
        return judge(read(&delivery), &read(&delivery));
    };
    let connector = Platform::of(name).deaf();
    let Some(hook) = connector.webhook() else {
        return;
    };
    let key = hook.key_at(&delivery);
    let published = head.lines().last();
    let believed = hook
        .verify(&delivery, published.filter(|_| key.is_ok()), at)
        .is_ok();
    assert!(
        !believed || hook.trust() == Trust::PathOnly,
        "nobody signed this"
    );
    let known = known_by(hook, &delivery);
    assert!(known.len() <= 203 && known.contains(':'), "{known}");
    judge(hook.read(&delivery, at), &hook.read(&delivery, at));
}

fn judge(news: Result<News, ConnectorError>, again: &Result<News, ConnectorError>) {
    assert_eq!(format!("{news:?}"), format!("{again:?}"), "read twice");
    let news = match news {
        Ok(news) => news,
        Err(error) => return holds_no_address(&error.to_string()),
    };
    news.rejects
        .iter()
        .for_each(|reject| holds_no_address(&reject.reason));
    rolled_back(move |tx| {
        let connection = tx.connection("fuzzed", "hooked", NOW_MS)?;
        tx.name_campaigns(connection.id, &news.campaigns)?;
        let mut report = tx.begin_report()?;
        tx.append_told(connection.id, NOW_MS, &news.events, &mut report)?;
        Ok(())
    });
}
