use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use chrono::{DateTime, Utc};
use engaged_connectors::http::TransportError;
use http::Response;

use super::*;

#[derive(Default)]
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// Gives the same answer to all, and counts.
struct Told(Arc<AtomicUsize>, Result<Option<Txt>, String>);

#[async_trait]
impl Resolver for Told {
    async fn txt(&self, _: &str) -> Result<Option<Txt>, String> {
        self.0.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        self.1.clone()
    }
}

fn keys(told: Result<Option<Txt>, String>) -> (Arc<Keys>, Arc<AtomicUsize>, Arc<Hands>) {
    let (asked, clock) = (Arc::new(AtomicUsize::new(0)), Arc::new(Hands::default()));
    let resolver = Box::new(Told(Arc::clone(&asked), told));
    let keys = Keys::new(resolver, Arc::clone(&clock) as Arc<dyn Clock>);
    (Arc::new(keys), asked, clock)
}

fn key() -> Txt {
    Txt {
        text: "v=DKIM1; p=AAAA".into(),
        ttl: 300,
    }
}

#[tokio::test]
async fn a_key_is_looked_up_once_however_many_ask_and_again_when_its_time_is_over() {
    let (keys, asked, clock) = keys(Ok(Some(key())));
    let all = (0..50).map(|_| {
        let keys = Arc::clone(&keys);
        tokio::spawn(async move { keys.text("k.copernica.com").await })
    });
    for one in all.collect::<Vec<_>>() {
        assert_eq!(one.await.unwrap(), Some(key().text));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    clock.0.store(299_999, Ordering::SeqCst);
    keys.text("k.copernica.com").await;
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    clock.0.store(300_000, Ordering::SeqCst);
    keys.text("k.copernica.com").await;
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn that_there_is_no_key_is_believed_for_half_a_minute() {
    for told in [Ok(None), Err("no network".to_owned())] {
        let (keys, asked, clock) = keys(told);
        assert_eq!(keys.text("k.copernica.com").await, None);
        assert_eq!(keys.text("k.copernica.com").await, None);
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        clock.0.store(NONE_MS, Ordering::SeqCst);
        assert_eq!(keys.text("k.copernica.com").await, None);
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }
}

#[tokio::test]
async fn any_number_of_names_fills_no_memory() {
    let (keys, _, _) = keys(Ok(Some(key())));
    for name in 0..500 {
        keys.text(&format!("k{name}.copernica.com")).await;
    }
    assert_eq!(lock(&keys.known).len(), NAMES_MAX);
}

struct Served(&'static str, Mutex<Option<String>>);

#[async_trait]
impl Transport for Served {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        *self.1.lock().unwrap() = Some(request.uri().to_string());
        Ok(Response::new(Bytes::from(self.0)))
    }
}

async fn looked_up(answer: &'static str) -> (Result<Option<Txt>, String>, String) {
    let served = Arc::new(Served(answer, Mutex::default()));
    let url = Url::parse("https://resolver.example/dns-query").unwrap();
    let resolver = OverHttps::new(url, Arc::clone(&served) as Arc<dyn Transport>);
    let found = resolver.txt("k._domainkey.copernica.com").await;
    let asked = served.1.lock().unwrap().take().unwrap();
    (found, asked)
}

#[tokio::test]
async fn a_text_in_parts_behind_another_name_is_joined_and_holds_for_the_shortest_time() {
    let (found, asked) = looked_up(
        r#"{"Status":0,"Answer":[{"name":"k.copernica.com","type":5,"TTL":60,"data":"k2.copernica.com."},
        {"name":"k2.copernica.com","type":16,"TTL":300,"data":"\"v=DKIM1\\; k=rsa; \" \"p=AAAA\""}]}"#,
    )
    .await;
    let txt = found.unwrap().unwrap();
    assert_eq!((txt.text.as_str(), txt.ttl), ("v=DKIM1; k=rsa; p=AAAA", 60));
    assert_eq!(
        asked,
        "https://resolver.example/dns-query?name=k._domainkey.copernica.com&type=TXT"
    );
}

#[tokio::test]
async fn no_such_name_is_no_key_and_a_resolver_in_trouble_is_a_fault() {
    assert_eq!(looked_up(r#"{"Status":3}"#).await.0, Ok(None));
    assert_eq!(looked_up(r#"{"Status":0,"Answer":[]}"#).await.0, Ok(None));
    assert!(looked_up(r#"{"Status":2}"#).await.0.is_err());
    assert!(looked_up("<html>").await.0.is_err());
}
