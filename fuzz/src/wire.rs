//! What connectors make of a platform's answers.
//!
//! Whatever comes, a page is taken whole or refused, with a reason that tells
//! neither the key nor an address; the same answers give the same page, the
//! store takes it, and the connector reads the cursor that it gave. The key
//! goes nowhere but to the platform, wherever a link leads.
//!
//! One byte says what is asked (a digit reads that stream, a letter does
//! something else); then come the answers, each behind a [`BETWEEN`].

use engaged::score::calendar::Zone;
use engaged_connectors::{
    Action, Change, Connector, ConnectorError, Cursor, Former, Outcome, Page, Removal, Start,
    Stream, Who, Write, conformance::PREFIX, model::Status,
};

use super::{
    platform::{Answer, BETWEEN, Platform, block_on},
    scratch::{NOW_MS, holds_no_address, rolled_back},
};

/// So many pages are read of one input.
const PAGES_MAX: usize = 4;

/// `ActiveCampaign`'s answers.
pub fn activecampaign(bytes: &[u8]) {
    run("activecampaign", bytes);
}

/// Copernica's answers.
pub fn copernica(bytes: &[u8]) {
    run("copernica", bytes);
}

/// Ghost's answers.
pub fn ghost(bytes: &[u8]) {
    run("ghost", bytes);
}

/// `HubSpot`'s answers.
pub fn hubspot(bytes: &[u8]) {
    run("hubspot", bytes);
}

/// Mailchimp's answers.
pub fn mailchimp(bytes: &[u8]) {
    run("mailchimp", bytes);
}

fn run(name: &str, bytes: &[u8]) {
    let platform = Platform::of(name);
    let mut parts = bytes.split(|byte| *byte == BETWEEN);
    let what = parts.next().and_then(|part| part.first()).copied();
    let answers: Vec<Answer> = parts.map(Answer::read).collect();
    match what.unwrap_or(b'0') {
        letter @ b'a'..=b'z' => {
            let told = block_on(act(platform, platform.connector(answers).as_ref(), letter));
            platform.keeps_quiet(&told);
        }
        digit => pulled(platform, digit, None, answers),
    }
}

/// Reads a stream, from a cursor on.
pub fn pulled(
    platform: &'static Platform,
    digit: u8,
    cursor: Option<Cursor>,
    answers: Vec<Answer>,
) {
    let pages = read(platform, digit, cursor.clone(), answers.clone());
    let again = read(platform, digit, cursor, answers);
    assert_eq!(
        format!("{pages:?}"),
        format!("{again:?}"),
        "the same answers"
    );
    let (stream, pages, error) = pages;
    if let Some(error) = error {
        platform.keeps_quiet(&error.to_string());
    }
    for reject in pages.iter().flat_map(|page| &page.rejects) {
        holds_no_address(&reject.reason);
    }
    if let Some(last) = pages.last() {
        resumes(platform, stream, &last.next);
        stored(platform.name, stream, pages);
    }
}

type Read = (Stream, Vec<Page>, Option<ConnectorError>);

fn read(
    platform: &'static Platform,
    digit: u8,
    mut cursor: Option<Cursor>,
    answers: Vec<Answer>,
) -> Read {
    let connector = platform.connector(answers);
    let streams = connector.capabilities().streams;
    let stream = streams[usize::from(digit) % streams.len()].stream;
    let mut pages = Vec::new();
    while pages.len() < PAGES_MAX {
        match block_on(connector.pull(stream, cursor.as_ref())) {
            Ok(page) => {
                let done = page.done;
                cursor = Some(page.next.clone());
                pages.push(page);
                if done {
                    break;
                }
            }
            Err(error) => return (stream, pages, Some(error)),
        }
    }
    (stream, pages, None)
}

/// The connector reads its own cursor, whatever made it give that.
fn resumes(platform: &'static Platform, stream: Stream, next: &Cursor) {
    let connector = platform.connector(Vec::new());
    let stored = Cursor::from_stored(next.as_str().to_owned());
    if let Err(error) = block_on(connector.pull(stream, Some(&stored))) {
        let unread = error.to_string().contains("a stored cursor");
        assert!(!unread, "{error}: {}", next.as_str());
    }
}

/// What a connector gives, the store takes.
fn stored(platform: &'static str, stream: Stream, pages: Vec<Page>) {
    rolled_back(move |tx| {
        let connection = tx.connection("fuzzed", platform, NOW_MS)?;
        let zone = Zone::new(chrono_tz::Europe::Amsterdam);
        for page in &pages {
            tx.commit_page(connection.id, stream, page, &zone, NOW_MS)?;
        }
        Ok(())
    });
}

/// Asks for something else than a stream, by a letter; what was said when it failed.
pub async fn act(platform: &Platform, connector: &dyn Connector, letter: u8) -> String {
    let people = platform.people.as_slice();
    let mut asked = people.len();
    let outcomes = match letter {
        b'c' => return said(&connector.check().await),
        b'f' => return said(&connector.fields().await),
        b'l' => return said(&connector.lists().await),
        b'k' => {
            let looks = connector.look(people).await;
            if let Ok(looks) = &looks {
                assert_eq!(looks.len(), people.len(), "one look for each");
            }
            return looks
                .err()
                .map(|error| error.to_string())
                .unwrap_or_default();
        }
        b'a' | b'b' | b'd' | b'g' => {
            connector
                .remove(people, Removal::ALL[usize::from(letter) % 4])
                .await
        }
        b's' => {
            let start = Start {
                contact: people[0].contact.clone(),
                email: people[0].email.clone(),
                key: "key".into(),
                action: Action::Event("win back".into()),
            };
            connector.start(&[start.clone(), start]).await
        }
        b'u' => {
            let former = |who: &Who| Former {
                who: who.clone(),
                removal: Removal::Unsubscribe,
                status: Status::Subscribed,
                lists: vec!["Newsletter".into()],
                tags: vec![format!("{PREFIX}hot")],
            };
            connector
                .restore(&people.iter().map(former).collect::<Vec<_>>())
                .await
        }
        _ => {
            let changes = changes(&people[0]);
            asked = changes.len();
            connector.push(&changes).await
        }
    };
    match outcomes {
        Ok(outcomes) => {
            assert_eq!(outcomes.len(), asked, "one outcome for each");
            let reasons = outcomes.iter().filter_map(|outcome| match outcome {
                Outcome::Applied => None,
                Outcome::Rejected(why) | Outcome::Retry(why, _) | Outcome::Ambiguous(why) => {
                    Some(why.as_str())
                }
            });
            reasons.collect::<Vec<_>>().join("\n")
        }
        Err(error) => error.to_string(),
    }
}

fn changes(who: &Who) -> [Change; 3] {
    let change = |write| Change {
        contact: who.contact.clone(),
        email: who.email.clone(),
        write,
    };
    [
        change(Write::SetField {
            field: "ENGSCORE".into(),
            value: Some("42".into()),
        }),
        change(Write::AddTag {
            tag: format!("{PREFIX}hot"),
        }),
        change(Write::RemoveTag {
            tag: format!("{PREFIX}cold"),
        }),
    ]
}

fn said<T>(result: &Result<T, ConnectorError>) -> String {
    result
        .as_ref()
        .err()
        .map(ToString::to_string)
        .unwrap_or_default()
}
