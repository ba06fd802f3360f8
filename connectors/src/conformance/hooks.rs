//! K14: what a platform sends by itself is believed if it is genuine, counts once, and harms nobody if it is not.
//!
//! The check asks the connector what the intake would ask it: is it the platform's, which delivery is it, what does it say.
//! That a delivery is kept once by its name, and an event once by its id, is the intake's and the store's (`known_by`; the
//! engine's own tests); here it is judged that names and ids let them. Where a platform signs nothing, the subject says so,
//! and then only what nothing else tells may come by its word.

mod forgery;

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
};

use chrono::{DateTime, TimeDelta, Utc};

use self::forgery::{forgeries, turned};
use super::{
    Access, Edit, Finding, KeyKind, Sent, Subject, Tally,
    taken::{Bench, Taken, contains, streams},
};
use crate::{
    clock::Clock as _,
    connector::{Connector, Page, Stream},
    cursor::Cursor,
    model::{Event, EventKind},
    webhook::{Doubt, News, Trust, Webhook, known_by},
};

/// After so long nobody needs to believe a signature: `HubSpot` says five minutes, Copernica's own library one.
const STALE: TimeDelta = TimeDelta::seconds(301);
/// So long a delivery may be under way.
const UNDER_WAY: TimeDelta = TimeDelta::seconds(30);
/// So many deliveries are forged, from the first and the last on.
const FORGED: usize = 3;
/// Bodies that no platform sends.
const JUNK: [&[u8]; 9] = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b"[1, null, \"x\", [[]]]",
    b"{\"type\": {\"type\": [1]}",
    b"type=&type=%ff%00&contact[id]=-1",
    b"<html><body>Bad gateway</body></html>",
    &[0xff, 0xfe, 0, 0x80, b'=', b'&', b'%'],
];

/// A delivery, the same once more, and when they came.
struct Came {
    sent: Sent,
    again: Sent,
    at: DateTime<Utc>,
}

pub(super) async fn judged(subject: &dyn Subject, tally: &mut Tally) -> Result<(), Box<Finding>> {
    let bench = Bench::new(subject, 40).await?;
    let connector = bench.connector()?;
    let Some(webhook) = connector.webhook() else {
        return Err(wrong(
            "the connector reads no webhooks",
            "the connector",
            "then the check does not apply: the subject skips it, with the reason",
        ));
    };
    let mut scene = Scene::new(&bench, connector.as_ref()).await?;
    scene.two_days().await?;
    for came in &scene.came {
        believed(&bench, webhook, came)?;
        tally.add("genuine believed", 1);
    }
    tally.at_least(2, "genuine believed")?;
    forged(&bench, webhook, &scene.came, tally)?;
    names(webhook, &scene.came, tally)?;
    let said = readings(connector.as_ref(), webhook, &scene.came)?;
    junk(&bench, webhook, &scene.came, tally)?;
    scene.events(&said, webhook.trust(), tally).await?;
    scene.hints(&said, tally).await?;
    Ok(())
}

fn wrong(what: impl Into<String>, place: &str, why: impl Into<String>) -> Box<Finding> {
    Finding::new(what, place)
        .why(why)
        .next("see \"Webhooks\" in connectors/README.md")
        .boxed()
}

/// Whether a part of this check does not apply.
fn skips(subject: &dyn Subject, part: &str) -> bool {
    let mut skips = subject.skips().iter();
    skips.any(|skip| skip.check == "K14" && skip.part == Some(part))
}

/// Whether a delivery is believed, with the key that the platform publishes.
fn judge(
    bench: &Bench<'_>,
    webhook: &dyn Webhook,
    sent: &Sent,
    now: DateTime<Utc>,
) -> Result<(), Doubt> {
    let delivery = sent.delivery();
    let name = webhook.key_at(&delivery)?;
    let key = name.and_then(|name| bench.stand.published(&name));
    webhook.verify(&delivery, key.as_deref(), now)
}

fn believed(bench: &Bench<'_>, webhook: &dyn Webhook, came: &Came) -> Result<(), Box<Finding>> {
    for (place, sent, now) in [
        ("a genuine delivery", &came.sent, came.at),
        (
            "a genuine delivery that was under way",
            &came.sent,
            came.at + UNDER_WAY,
        ),
        ("a genuine delivery, sent again", &came.again, came.at),
    ] {
        if let Err(doubt) = judge(bench, webhook, sent, now) {
            return Err(wrong(
                "a genuine delivery is doubted",
                place,
                format!("{doubt}; what it says is lost, since it does not come for ever"),
            ));
        }
    }
    Ok(())
}

/// Everything that makes a signed delivery not the platform's.
fn forged(
    bench: &Bench<'_>,
    webhook: &dyn Webhook,
    came: &[Came],
    tally: &mut Tally,
) -> Result<(), Box<Finding>> {
    let unsigned = skips(bench.subject, "signatures");
    if unsigned != (webhook.trust() == Trust::PathOnly) {
        return Err(wrong(
            "whether the platform signs is declared otherwise than the subject says",
            webhook.trust().as_str(),
            "the subject's word is that of the platform's documents",
        ));
    }
    if unsigned {
        return Ok(());
    }
    let ends = came.iter().take(FORGED);
    for came in ends.chain(came.iter().rev().take(FORGED)) {
        for (what, now) in [
            ("a delivery that was signed long ago", came.at + STALE),
            ("a delivery that is signed in the future", came.at - STALE),
        ] {
            refused(
                judge(bench, webhook, &came.sent, now),
                &[Doubt::Stale],
                what,
            )?;
            tally.add("forgeries refused", 1);
        }
        for forgery in forgeries(bench.subject, &came.sent) {
            let said = caught(
                || judge(bench, webhook, &forgery.sent, came.at),
                &forgery.what,
            )?;
            refused(said, forgery.doubts, &forgery.what)?;
            tally.add("forgeries refused", 1);
        }
        tally.add("forgeries refused", keys(bench, webhook, came)?);
    }
    tally.at_least(20, "forgeries refused")
}

fn refused(said: Result<(), Doubt>, doubts: &[Doubt], what: &str) -> Result<(), Box<Finding>> {
    match said {
        Ok(()) => Err(wrong(
            format!("{what} is believed"),
            "a forged delivery",
            "whoever can send it makes contacts look as they like",
        )),
        Err(doubt) if doubts.is_empty() || doubts.contains(&doubt) => Ok(()),
        Err(doubt) => Err(wrong(
            format!("{what} is doubted for another reason"),
            "a forged delivery",
            format!("{doubt:?}, and {doubts:?} is right: people mend what they are told"),
        )),
    }
}

/// Secrets and keys that are not those of the account; how many were tried.
fn keys(bench: &Bench<'_>, webhook: &dyn Webhook, came: &Came) -> Result<usize, Box<Finding>> {
    let delivery = came.sent.delivery();
    let name = webhook.key_at(&delivery).unwrap_or_default();
    let key = name.and_then(|name| bench.stand.published(&name));
    let mut tried = 2;
    for (what, hook) in [
        (
            "a delivery that is signed by another secret",
            KeyKind::Wrong,
        ),
        ("a delivery where no secret is known", KeyKind::Misshapen),
    ] {
        let access = Access {
            hook,
            ..Access::good()
        };
        let clock = std::sync::Arc::clone(&bench.clock) as _;
        let connector = bench
            .connect(&access, clock)
            .map_err(|error| Finding::error("making the connector", &error))?;
        // Where keys are public, everybody's deliveries are signed by them: the account tells.
        let right: &[Doubt] = if key.is_some() {
            &[Doubt::Foreign]
        } else {
            &[Doubt::Forged]
        };
        let said = connector.webhook().map_or(Err(right[0]), |webhook| {
            judge(bench, webhook, &came.sent, came.at)
        });
        refused(said, right, what)?;
    }
    if let Some(key) = key {
        let other = turned(&key);
        for (what, key, right) in [
            ("a delivery whose key is not published", None, Doubt::NoKey),
            (
                "a delivery that is signed by another key",
                Some(other.as_str()),
                Doubt::Forged,
            ),
        ] {
            refused(webhook.verify(&delivery, key, came.at), &[right], what)?;
            tried += 1;
        }
    }
    Ok(tried)
}

/// By what deliveries are known again: the same for the same, another for another.
fn names(webhook: &dyn Webhook, came: &[Came], tally: &mut Tally) -> Result<(), Box<Finding>> {
    let mut known: BTreeMap<String, &Sent> = BTreeMap::new();
    for Came { sent, again, .. } in came {
        let name = known_by(webhook, &sent.delivery());
        if name != known_by(webhook, &again.delivery()) {
            return Err(wrong(
                "a delivery that comes again counts twice",
                "a genuine delivery, sent again",
                "its name is another one: name what stays the same",
            ));
        }
        tally.add("repetitions known", 1);
        let Some(other) = known.insert(name, sent) else {
            continue;
        };
        // Two deliveries of one event may share its name: whichever is kept says all.
        let same = other.body == sent.body || (!sent.tells.is_empty() && other.tells == sent.tells);
        if !same {
            return Err(wrong(
                "a delivery bears the name of another",
                "two genuine deliveries",
                "the later one would pass for a repetition, and what it says is lost",
            ));
        }
    }
    Ok(())
}

/// Runs what must not panic.
fn caught<T>(run: impl FnOnce() -> T, what: &str) -> Result<T, Box<Finding>> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|_| {
        wrong(
            "the connector falls over a delivery",
            what,
            "anybody who knows the path can send it",
        )
    })
}

/// What the deliveries say, each as it came and again; only of streams and kinds that are declared.
fn readings(
    connector: &dyn Connector,
    webhook: &dyn Webhook,
    came: &[Came],
) -> Result<Vec<News>, Box<Finding>> {
    let declared = streams(connector);
    let mut said = Vec::new();
    for Came { sent, again, at } in came {
        let read = |sent: &Sent| {
            let news = webhook.read(&sent.delivery(), *at);
            news.map_err(|error| Finding::error("a genuine delivery", &error))
        };
        let (news, repeated) = (read(sent)?, read(again)?);
        if (&news.events, &news.poll) != (&repeated.events, &repeated.poll) {
            return Err(wrong(
                "a delivery that comes again says something else",
                "a genuine delivery, sent again",
                "what it tells would count twice",
            ));
        }
        if let Some(reject) = news.rejects.first() {
            return Err(wrong(
                "a genuine delivery is not understood",
                "a genuine delivery",
                reject.reason.clone(),
            ));
        }
        for stream in &news.poll {
            if declared.iter().all(|spec| spec.stream != *stream) {
                return Err(wrong(
                    "a hint names a stream that is not declared",
                    stream.0,
                    "nothing would be polled early",
                ));
            }
        }
        said.push(news);
    }
    Ok(said)
}

/// Bodies that the platform never sends say nothing, and do no harm.
fn junk(
    bench: &Bench<'_>,
    webhook: &dyn Webhook,
    came: &[Came],
    tally: &mut Tally,
) -> Result<(), Box<Finding>> {
    let Some(Came { sent, at, .. }) = came.first() else {
        return Ok(());
    };
    let deep = "[".repeat(100_000).into_bytes();
    let cut = |part: usize| sent.body[..sent.body.len() * part / 7].to_vec();
    let junk = JUNK.iter().map(|body| body.to_vec()).chain([deep]);
    let empty = junk.map(|body| (body, true));
    // What is cut may still be a whole form, so it is only run.
    for (body, says_nothing) in empty.chain((1..7).map(|part| (cut(part), false))) {
        let shown: String = String::from_utf8_lossy(&body).chars().take(40).collect();
        let odd = Sent {
            body,
            ..sent.clone()
        };
        caught(|| judge(bench, webhook, &odd, *at), &shown).map(drop)?;
        caught(|| known_by(webhook, &odd.delivery()), &shown)?;
        let news = caught(|| webhook.read(&odd.delivery(), *at), &shown)?;
        let news = news.unwrap_or_default();
        if says_nothing && !(news.events.is_empty() && news.poll.is_empty()) {
            return Err(wrong(
                "a body that says nothing is taken for news",
                &shown,
                "at most it is an odd delivery",
            ));
        }
        tally.add("odd bodies", 1);
    }
    Ok(())
}

/// Two days of deliveries, and what was polled before them.
struct Scene<'s> {
    bench: &'s Bench<'s>,
    connector: &'s dyn Connector,
    cursors: BTreeMap<&'static str, Cursor>,
    came: Vec<Came>,
    /// What happened, by the stand's names.
    happened: BTreeSet<String>,
}

impl<'s> Scene<'s> {
    async fn new(bench: &'s Bench<'s>, connector: &'s dyn Connector) -> Result<Self, Box<Finding>> {
        bench.stand.deliveries().await;
        let mut cursors = BTreeMap::new();
        bench
            .read_all(connector, &mut cursors, &mut Taken::default())
            .await?;
        Ok(Self {
            bench,
            connector,
            cursors,
            came: Vec::new(),
            happened: BTreeSet::new(),
        })
    }

    async fn two_days(&mut self) -> Result<(), Box<Finding>> {
        for _ in 0..2 {
            let edited = self.bench.edit(Edit::News).await?;
            self.happened.extend(edited.events);
            let at = self.bench.clock.now();
            for sent in self.bench.stand.deliveries().await {
                let again = self.bench.stand.sent_again(&sent);
                self.came.push(Came { sent, again, at });
            }
        }
        Ok(())
    }

    /// What counts by the deliveries' word: all of it, once, and nothing that a poll could have told.
    async fn events(
        &self,
        said: &[News],
        trust: Trust,
        tally: &mut Tally,
    ) -> Result<(), Box<Finding>> {
        let stand = self.bench.stand.as_ref();
        let mut taken = Taken::default();
        for news in said {
            let mut page = Page::empty(Cursor::from_stored(String::new()), true);
            page.events.clone_from(&news.events);
            taken.take(page);
        }
        taken.steady()?;
        let told = taken.told(stand);
        let tells = self.came.iter().flat_map(|came| came.sent.tells.clone());
        let tells: BTreeSet<String> = tells.collect();
        contains(&told, &tells, true, "events", "deliveries")?;
        if taken.events().count() > told.len() {
            return Err(wrong(
                "an event that two deliveries tell counts twice",
                "deliveries",
                format!(
                    "{} events are told as {}",
                    told.len(),
                    taken.events().count()
                ),
            ));
        }
        tally.add("events told", taken.rows);
        tally.add("different events", told.len());
        if trust == Trust::PathOnly {
            self.by_path(said)?;
        }
        self.both_ways(&taken, tally).await
    }

    /// Whoever knows the path is believed in what no poll is sure to show, and never about the future.
    fn by_path(&self, said: &[News]) -> Result<(), Box<Finding>> {
        let specs = streams(self.connector).iter();
        let counted: BTreeSet<&EventKind> = specs
            .filter(|spec| spec.counted)
            .flat_map(|spec| spec.kinds)
            .collect();
        let mut events = said.iter().flat_map(|news| &news.events);
        if let Some(event) = events.find(|event| !counted.contains(&event.kind)) {
            return Err(wrong(
                "an unsigned delivery counts although a poll would tell",
                event.kind.as_str(),
                "only kinds of a counted stream come by nobody's signature; everything else is a hint",
            ));
        }
        let webhook = self.connector.webhook();
        for came in &self.came {
            let before = came.at - TimeDelta::days(2);
            let news = webhook.and_then(|webhook| webhook.read(&came.sent.delivery(), before).ok());
            if news.is_some_and(|news| !news.events.is_empty()) {
                return Err(wrong(
                    "an unsigned delivery from the future is believed",
                    "a delivery of the day after tomorrow",
                    "a date far ahead would never become old",
                ));
            }
        }
        Ok(())
    }

    /// What a poll tells as well is seen to be the same: by its id, or by what twins have in common.
    async fn both_ways(&self, told: &Taken, tally: &mut Tally) -> Result<(), Box<Finding>> {
        if told.events().next().is_none() {
            return Ok(());
        }
        let (mut cursors, mut polled) = (self.cursors.clone(), Taken::default());
        self.bench
            .read_all(self.connector, &mut cursors, &mut polled)
            .await?;
        let stand = self.bench.stand.as_ref();
        let polled: BTreeMap<String, &Event> = polled
            .events()
            .filter_map(|event| Some((stand.tell(event)?, event)))
            .collect();
        let twins = self.connector.capabilities().twins;
        let within = twins.and_then(|twins| TimeDelta::from_std(twins).ok());
        for event in told.events() {
            let name = stand.tell(event).unwrap_or_default();
            let Some(other) = polled.get(&name) else {
                continue;
            };
            let by_id = event.id.is_some() && event.id == other.id;
            let alike = (&event.kind, &event.campaign) == (&other.kind, &other.campaign)
                && (event.kind != EventKind::Click || event.link == other.link)
                && within.is_some_and(|within| (event.at - other.at).abs() <= within);
            if !by_id && !alike {
                return Err(wrong(
                    "an event that a delivery and a poll tell counts twice",
                    &name,
                    "they share no id, and `twins` does not pair them",
                ));
            }
            tally.add("told both ways", 1);
        }
        tally.at_least(1, "told both ways")
    }

    /// Hints lead to something: what happened is found in the streams that they name.
    async fn hints(&self, said: &[News], tally: &mut Tally) -> Result<(), Box<Finding>> {
        let hinted: BTreeSet<Stream> = said.iter().flat_map(|news| news.poll.clone()).collect();
        let mut found = Taken::default();
        for stream in &hinted {
            let from = self.cursors.get(stream.0).cloned();
            self.bench
                .read(self.connector, *stream, from, &mut found)
                .await?;
        }
        let found = found.told(self.bench.stand.as_ref());
        let led = found.intersection(&self.happened).count();
        if led == 0 {
            return Err(wrong(
                "hints lead nowhere",
                "the streams that deliveries name",
                format!(
                    "of {} events that happened none is there",
                    self.happened.len()
                ),
            ));
        }
        tally.add("streams hinted at", hinted.len());
        tally.add("events where hints led", led);
        Ok(())
    }
}
