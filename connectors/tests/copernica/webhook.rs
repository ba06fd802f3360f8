//! What Copernica sends by itself.

use engaged_connectors::{
    Connector as _, Stream,
    copernica::{CLICKS, CONTACTS, OPENS, UNSUBSCRIBES},
    webhook::{Delivery, Doubt, News, Trust},
};

use crate::fake::{Fake, NOW};

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

fn read(kind: &str, body: &str) -> Result<News, String> {
    let headers = [("Content-Type".to_owned(), kind.to_owned())];
    let url = "https://hooks.example.org/copernica";
    let delivery = Delivery {
        method: "POST",
        url,
        headers: &headers,
        body: body.as_bytes(),
    };
    let connector = Fake::new().connector();
    let hook = connector.webhook().unwrap();
    assert_eq!(hook.trust(), Trust::Signed);
    assert_eq!(hook.name(&delivery), None);
    assert_eq!(
        hook.verify(&delivery, None, NOW.parse().unwrap()),
        Err(Doubt::Unsigned)
    );
    hook.read(&delivery, NOW.parse().unwrap())
        .map_err(|error| error.to_string())
}

#[test]
fn a_delivery_is_a_form_or_json_by_its_content_type_and_no_event_but_a_hint() {
    let cases: [(&str, &str, &[Stream]); 8] = [
        (
            FORM,
            "id=kQ3x&type=open&timestamp=2026-02-02+07%3A13%3A02&time=1770012782&recipient=m%40example.org",
            &[OPENS],
        ),
        (
            "application/json",
            r#"{"id":"kQ3x","type":"click","time":1770012782,"recipient":"m@example.org","original":"https://a.example"}"#,
            &[CLICKS],
        ),
        (
            FORM,
            "id=5&type=unsubscribe&time=1770012782&database=7616&profile=18381&mailing=9",
            &[UNSUBSCRIBES, CONTACTS],
        ),
        (
            FORM,
            "type=update&profile=18381&database=7616&parameters[]=x&fields[Email]=m%40example.org&interests[]=a",
            &[CONTACTS],
        ),
        (FORM, "type=create&profile=18381&database=7616", &[CONTACTS]),
        (FORM, "type=type&profile=18381&database=7616", &[CONTACTS]),
        (
            FORM,
            "type=failure&recipient=m%40example.org&action=failed&code=550",
            &[],
        ),
        (FORM, "type=bounce&recipient=m%40example.org&mime=x", &[]),
    ];
    for (kind, body, poll) in cases {
        let news = read(kind, body).unwrap();
        assert_eq!((news.poll.as_slice(), news.unknown), (poll, 0), "{body}");
        assert!(
            news.events.is_empty(),
            "polling reports it too, under another id"
        );
    }
}

#[test]
fn what_is_unheard_of_is_counted_and_what_is_nothing_is_told() {
    let news = read(FORM, "type=levitation&recipient=m%40example.org").unwrap();
    assert_eq!((news.unknown, news.poll.len()), (1, 0));
    let news = read(FORM, "time=1770012782&recipient=m%40example.org").unwrap();
    assert_eq!(
        news.rejects[0].at.unwrap().timestamp(),
        1_770_012_782,
        "time is the only clock without a zone"
    );
    assert!(!news.rejects[0].reason.contains('@'));
    assert!(read("application/json", "no").is_err());
    assert!(read("text/plain", "type=open").is_err());
}
