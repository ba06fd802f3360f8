//! What Ghost sends: that a member was added, changed or deleted (sheet 7).
//!
//! None of it is an event that counts: sign-ups, subscribes and clicks have
//! ids in the timeline, by which they are told apart, and a webhook does not
//! name them. So each delivery is a hint to read the members and what changes
//! with them. Bulk changes and imports send nothing.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{Ghost, MEMBERS, NEWSLETTERS, SIGNUPS};
use crate::{
    error::ConnectorError,
    webhook::{Delivery, Doubt, News, Trust, Webhook, signature},
};

#[derive(Deserialize)]
struct Body {
    member: Option<serde_json::Value>,
}

impl Webhook for Ghost {
    fn trust(&self) -> Trust {
        Trust::Signed
    }

    fn verify(
        &self,
        delivery: &Delivery<'_>,
        _: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), Doubt> {
        signature::ghost::verify(delivery, &self.webhook, now)
    }

    /// Ghost names no delivery. The same change made again has another `updated_at` in its body.
    fn name(&self, _: &Delivery<'_>) -> Option<String> {
        None
    }

    fn read(&self, delivery: &Delivery<'_>, _: DateTime<Utc>) -> Result<News, ConnectorError> {
        let body: Body =
            serde_json::from_slice(delivery.body).map_err(|error| ConnectorError::Contract {
                what: "webhook".into(),
                detail: format!("not a JSON object: line {}", error.line()),
            })?;
        let mut news = News::default();
        if body.member.is_some() {
            news.poll = vec![MEMBERS, NEWSLETTERS, SIGNUPS];
        } else {
            // Of a post, a page, the site: nothing that is read here.
            news.unknown = 1;
        }
        Ok(news)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::fake::Fake, *};
    use crate::Connector as _;

    fn read(body: &str) -> Result<News, ConnectorError> {
        let (ghost, _) = Fake::answering(|_| panic!("a webhook asks nobody"));
        let delivery = Delivery {
            method: "POST",
            url: "https://hooks.example/hooks/site/x",
            headers: &[],
            body: body.as_bytes(),
        };
        let hook = ghost.webhook().unwrap();
        hook.read(&delivery, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn a_member_is_a_hint_and_no_event() {
        let news = read(r#"{"member":{"current":{"id":"a"},"previous":{}}}"#).unwrap();
        assert_eq!(news.poll, [MEMBERS, NEWSLETTERS, SIGNUPS]);
        assert!(news.events.is_empty());
    }

    #[test]
    fn what_is_of_something_else_is_passed_over_and_what_is_no_json_is_odd() {
        let news = read(r#"{"post":{"current":{}}}"#).unwrap();
        assert_eq!((news.unknown, news.poll.len()), (1, 0));
        assert_eq!(read("member=1").unwrap_err().code(), "E0501");
    }
}
