//! A subject whose connector commits one of the classic bugs: in what it declares, answers, sends or logs.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use engaged_connectors::{
    Account, Action, Capabilities, Change, Clock, Connector, ConnectorError, Cursor, Former, Look,
    Outcome, Page, Removal, RemovalSpec, Start, Stream, Who, Write,
    conformance::{
        Access, Edit, Edited, Golden, Scene, Sent, SettingKind, Settings, Shown, Skip, Stand,
        Subject, Truth, Unwritable,
    },
    connector::StreamSpec,
    http::{Transport, TransportError},
    model::{Event, EventKind, Status},
    webhook::{Delivery, Doubt, News, Trust, Webhook},
};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use serde_json::Value;
use tracing::{instrument::WithSubscriber as _, subscriber::NoSubscriber};

/// The bugs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    SettingGone,
    SettingRequired,
    SecretAsText,
    TokenAsText,
    KeyInDebug,
    SlowCheck,
    ConfigurationAsProvider,
    ProviderAsConfiguration,
    RightsUnnamed,
    DeclaresOneMore,
    AnswersAnything,
    ClaimsThePresent,
    ClaimsFields,
    DeniesFields,
    BringsOtherKinds,
    DeclaresTheFree,
    RoundsTimes,
    UnknownUncounted,
    SwallowsRejects,
    TakesSilenceForConsent,
    AsksForEver,
    UnknownIsFatal,
    LosesTheLastRow,
    CountsTheYield,
    DoublesRows,
    TimesMove,
    ScansInPart,
    CursorAhead,
    NothingUntilThen,
    SilentFuture,
    AfterTheLastTime,
    SinceOneSecondLater,
    OneTagMoreEachTime,
    BadRowFailsAll,
    DoubtIsRefusal,
    AppliedWithoutDoing,
    TakesEveryValue,
    AsksAgainAtOnce,
    WaitsAsTold,
    StormsWhenBusy,
    IgnoresTheQuota,
    RetriesTheKey,
    SilentRefusal,
    RefusalPasses,
    OldToken,
    FollowsRedirects,
    FollowsLinks,
    WritesToCheck,
    LogsTheKey,
    LogsAddresses,
    QuotesTheAddress,
    RepeatsAStart,
    DoubtIsRetry,
    DeniesStarts,
    TakesNobodyOff,
    TakesOffMore,
    RestoresWhoLeft,
    HidesItsWebhooks,
    BelievesAnything,
    IgnoresTheStamp,
    OneDoubtForAll,
    DoubtsTheGenuine,
    PathIsEnough,
    NamesAnew,
    OneNameForAll,
    EventsAnew,
    EventsByBody,
    TwinsUndeclared,
    BelievesTheFuture,
    FallsOverJunk,
    HintsNowhere,
    HintsElsewhere,
}

/// A subject with a bug.
pub struct Mutant {
    inner: &'static dyn Subject,
    bug: Bug,
}

impl Mutant {
    pub fn new(inner: &'static dyn Subject, bug: Bug) -> Self {
        Self { inner, bug }
    }
}

#[async_trait]
impl Subject for Mutant {
    fn platform(&self) -> &'static str {
        self.inner.platform()
    }

    fn skips(&self) -> &'static [Skip] {
        match self.bug {
            Bug::HidesItsWebhooks => &[Skip {
                check: "K14",
                part: None,
                reason: "webhooks are not built yet",
            }],
            _ => self.inner.skips(),
        }
    }

    fn settings(&self) -> Settings {
        let mut settings = self.inner.settings();
        match self.bug {
            Bug::SettingGone => settings.now.retain(|setting| setting.name != "lists"),
            Bug::SettingRequired => settings
                .now
                .iter_mut()
                .for_each(|setting| setting.required |= setting.name == "lists"),
            Bug::SecretAsText => settings
                .now
                .iter_mut()
                .filter(|setting| setting.name == "key")
                .for_each(|setting| {
                    setting.kind = SettingKind::Plain("string".into());
                }),
            Bug::TokenAsText => {
                let mut token = settings
                    .now
                    .iter()
                    .find(|setting| setting.name == "base_url")
                    .unwrap()
                    .clone();
                token.name = "access_token".into();
                settings.now.push(token);
            }
            _ => {}
        }
        settings
    }

    fn golden(&self) -> Vec<Golden> {
        self.inner.golden()
    }

    fn unseen(&self) -> &'static [(EventKind, &'static str)] {
        self.inner.unseen()
    }

    fn page_size(&self) -> &'static str {
        self.inner.page_size()
    }

    fn unwritable(&self) -> Vec<Unwritable> {
        self.inner.unwritable()
    }

    fn actions(&self) -> Vec<Action> {
        self.inner.actions()
    }

    fn reads_elsewhere(&self) -> bool {
        self.inner.reads_elsewhere()
    }

    fn signed_headers(&self) -> &'static [&'static str] {
        self.inner.signed_headers()
    }

    fn quota_spent(&self) -> Option<HeaderMap> {
        let left = (
            header::HeaderName::from_static("x-ratelimit-remaining"),
            HeaderValue::from_static("0"),
        );
        (self.bug == Bug::IgnoresTheQuota).then(|| HeaderMap::from_iter([left]))
    }

    async fn stand(&self, scene: Scene) -> Result<Box<dyn Stand>, String> {
        let inner = self.inner.stand(scene).await?;
        Ok(Box::new(Crooked {
            inner,
            bug: self.bug,
        }))
    }
}

/// A stand whose connectors have the bug.
struct Crooked {
    inner: Box<dyn Stand>,
    bug: Bug,
}

#[async_trait]
impl Stand for Crooked {
    fn connect(
        &self,
        access: &Access,
        clock: Arc<dyn Clock>,
        transport: Arc<dyn Transport>,
    ) -> Result<Box<dyn Connector>, ConnectorError> {
        let crooked = Arc::new(CrookedLine {
            inner: transport,
            bug: self.bug,
            token: Mutex::default(),
        });
        let inner = self.inner.connect(access, Arc::clone(&clock), crooked)?;
        let capabilities = declare(inner.capabilities(), self.bug);
        let key = self.inner.secrets().remove(0);
        Ok(Box::new(Bugged {
            inner,
            bug: self.bug,
            clock,
            key,
            capabilities,
            ahead: Mutex::default(),
            pushes: AtomicU64::default(),
        }))
    }

    fn line(&self) -> Arc<dyn Transport> {
        self.inner.line()
    }

    fn secrets(&self) -> Vec<String> {
        self.inner.secrets()
    }

    fn settings_shown(&self) -> String {
        let shown = self.inner.settings_shown();
        if self.bug == Bug::KeyInDebug {
            format!("{shown} {}", self.secrets()[0])
        } else {
            shown
        }
    }

    async fn refusal(&self, status: StatusCode) -> Response<Bytes> {
        self.inner.refusal(status).await
    }

    fn truth(&self) -> Truth {
        self.inner.truth()
    }

    fn tell(&self, event: &Event) -> Option<String> {
        self.inner.tell(event)
    }

    fn shown(&self) -> BTreeMap<String, Shown> {
        self.inner.shown()
    }

    fn mailed(&self) -> BTreeSet<String> {
        self.inner.mailed()
    }

    fn starts(&self) -> BTreeMap<String, usize> {
        self.inner.starts()
    }

    async fn leaves(&self, contact: &str) -> Result<(), String> {
        self.inner.leaves(contact).await
    }

    async fn deliveries(&self) -> Vec<Sent> {
        self.inner.deliveries().await
    }

    fn sent_again(&self, sent: &Sent) -> Sent {
        self.inner.sent_again(sent)
    }

    fn published(&self, name: &str) -> Option<String> {
        self.inner.published(name)
    }

    fn writes(&self) -> usize {
        self.inner.writes()
    }

    async fn edit(&self, edit: Edit) -> Result<Edited, String> {
        self.inner.edit(edit).await
    }

    fn add_unknown(&self, path: &str, answer: &mut Value) -> u64 {
        self.inner.add_unknown(path, answer)
    }
}

/// The declaration with the bug in it.
fn declare(good: &Capabilities, bug: Bug) -> Capabilities {
    let mut declared = good.clone();
    match bug {
        Bug::DeclaresOneMore => {
            let more = StreamSpec {
                stream: Stream("dreams"),
                kinds: &[EventKind::Webinar],
                lateness: Duration::ZERO,
                counted: false,
            };
            let all: Vec<StreamSpec> = good.streams.iter().cloned().chain([more]).collect();
            declared.streams = Box::leak(all.into_boxed_slice());
        }
        Bug::ClaimsFields => declared.fields = true,
        Bug::DeclaresTheFree => declared.frozen = &[Status::Subscribed],
        Bug::TwinsUndeclared => declared.twins = None,
        Bug::DeniesStarts => declared.starts = &[],
        Bug::DeniesFields => (declared.fields, declared.creates_fields) = (false, false),
        _ => {}
    }
    declared
}

/// A connector with the bug.
struct Bugged {
    inner: Box<dyn Connector>,
    bug: Bug,
    clock: Arc<dyn Clock>,
    key: String,
    capabilities: Capabilities,
    /// A page that was fetched before it was asked for, by the cursor that leads behind it.
    ahead: Mutex<BTreeMap<String, Page>>,
    pushes: AtomicU64,
}

/// A cursor with a time beside it.
fn stamped(cursor: &Cursor, at: DateTime<Utc>) -> Cursor {
    Cursor::encode(&(at, cursor.as_str())).unwrap()
}

fn unstamped(cursor: &Cursor) -> (DateTime<Utc>, Cursor) {
    let (at, inner): (DateTime<Utc>, String) = cursor.decode().unwrap();
    (at, Cursor::from_stored(inner))
}

fn transient() -> ConnectorError {
    ConnectorError::Transient {
        what: "check".into(),
        detail: "something happened".into(),
    }
}

impl Bugged {
    /// Bugs that look at a page when it has come.
    fn spoil(&self, page: &mut Page) -> Result<(), ConnectorError> {
        match self.bug {
            Bug::ClaimsThePresent => page
                .covered
                .iter_mut()
                .for_each(|claim| claim.through = self.clock.now()),
            Bug::BringsOtherKinds => page
                .events
                .iter_mut()
                .take(1)
                .for_each(|event| event.kind = EventKind::Reply),
            Bug::RoundsTimes => page.events.iter_mut().for_each(|event| {
                event.at = event.at.duration_trunc(TimeDelta::minutes(1)).unwrap();
            }),
            Bug::UnknownUncounted => page.unknown = 0,
            Bug::SwallowsRejects => page.rejects.clear(),
            Bug::TakesSilenceForConsent => {
                for contact in &mut page.contacts {
                    contact.status = contact.status.or(Some(Status::Subscribed));
                }
            }
            Bug::UnknownIsFatal if page.unknown > 0 => {
                return Err(ConnectorError::Contract {
                    what: "a page".into(),
                    detail: "a kind is unknown".into(),
                });
            }
            Bug::LosesTheLastRow => drop((page.events.pop(), page.contacts.pop())),
            // It takes a page that yields nothing for the last one.
            Bug::CountsTheYield => page.done |= page.events.is_empty() && page.contacts.is_empty(),
            Bug::DoublesRows => {
                let again = page.events.first().cloned().map(|event| Event {
                    id: event.id.as_ref().map(|id| format!("{id}-again")),
                    ..event
                });
                page.events.extend(again);
            }
            Bug::TimesMove => {
                let by = TimeDelta::seconds(
                    i64::try_from(self.pushes.fetch_add(1, Ordering::Relaxed)).unwrap(),
                );
                page.events.iter_mut().for_each(|event| event.at += by);
            }
            Bug::ScansInPart => {
                let mut twice = BTreeSet::new();
                let half = page.contacts.len() / 2;
                page.contacts
                    .retain(|contact| twice.insert(contact.id.clone()) && twice.len() <= half);
            }
            Bug::LogsAddresses => {
                for contact in &page.contacts {
                    tracing::debug!(
                        email = contact
                            .email
                            .as_ref()
                            .map(engaged_connectors::model::Address::reveal),
                        "read"
                    );
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Fetches one page more than it gives, and gives the cursor behind that one.
    async fn pull_ahead(
        &self,
        stream: Stream,
        cursor: Option<&Cursor>,
    ) -> Result<Page, ConnectorError> {
        let key = |cursor: &Cursor| format!("{} {}", stream.0, cursor.as_str());
        let kept = cursor.and_then(|cursor| self.ahead.lock().unwrap().remove(&key(cursor)));
        let mut page = match kept {
            Some(page) => page,
            None => self.inner.pull(stream, cursor).await?,
        };
        if !page.done {
            let next = self.inner.pull(stream, Some(&page.next)).await?;
            page.next = next.next.clone();
            self.ahead.lock().unwrap().insert(key(&page.next), next);
        }
        Ok(page)
    }

    /// Reads on strictly after the time at which the last page ended.
    async fn pull_after(
        &self,
        stream: Stream,
        cursor: Option<&Cursor>,
    ) -> Result<Page, ConnectorError> {
        let (last, inner) = cursor.map(unstamped).unzip();
        let mut page = self.inner.pull(stream, inner.as_ref()).await?;
        let end = page.events.last().map(|event| event.at);
        page.events.retain(|event| Some(event.at) != last);
        page.next = stamped(&page.next, end.or(last).unwrap_or(DateTime::UNIX_EPOCH));
        Ok(page)
    }

    /// Believes its cursor when it says that all is read until some time.
    async fn pull_until(
        &self,
        stream: Stream,
        cursor: Option<&Cursor>,
    ) -> Result<Page, ConnectorError> {
        let (until, inner) = cursor.map(unstamped).unzip();
        if let (Some(until), Some(cursor)) = (until, cursor)
            && until > self.clock.now()
        {
            tracing::warn!("nothing can be new");
            return Ok(Page::empty(cursor.clone(), true));
        }
        let mut page = self.inner.pull(stream, inner.as_ref()).await?;
        page.next = stamped(&page.next, self.clock.now());
        Ok(page)
    }
}

#[async_trait]
impl Connector for Bugged {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn check(&self) -> Result<Account, ConnectorError> {
        match self.bug {
            Bug::SlowCheck => tokio::time::sleep(Duration::from_secs(11)).await,
            Bug::LogsTheKey => tracing::trace!(key = self.key, "signing in"),
            Bug::WritesToCheck => {
                let bogus = Change {
                    contact: "0".repeat(24),
                    email: None,
                    write: Write::AddTag {
                        tag: "engaged:check".into(),
                    },
                };
                let field = Change {
                    contact: String::new(),
                    email: None,
                    write: Write::CreateField {
                        field: "CHECK".into(),
                    },
                };
                let _ = self.inner.push(&[bogus, field]).await;
            }
            _ => {}
        }
        let mut answer = self.inner.check().await;
        match (&mut answer, self.bug) {
            (
                Err(ConnectorError::Config { .. } | ConnectorError::Auth { .. }),
                Bug::ConfigurationAsProvider,
            ) => return Err(transient()),
            (Err(ConnectorError::Transient { what, detail }), Bug::ProviderAsConfiguration) => {
                return Err(ConnectorError::Config {
                    what: what.clone(),
                    detail: detail.clone(),
                });
            }
            (Ok(account), Bug::RightsUnnamed) => account.missing.clear(),
            (Err(ConnectorError::Auth { missing, .. }), Bug::RightsUnnamed) => *missing = None,
            _ => {}
        }
        answer
    }

    async fn pull(&self, stream: Stream, cursor: Option<&Cursor>) -> Result<Page, ConnectorError> {
        let mut page = match self.bug {
            Bug::CursorAhead => self.pull_ahead(stream, cursor).await?,
            Bug::AfterTheLastTime => self.pull_after(stream, cursor).await?,
            Bug::NothingUntilThen => self.pull_until(stream, cursor).await?,
            Bug::SilentFuture => {
                self.inner
                    .pull(stream, cursor)
                    .with_subscriber(NoSubscriber::new())
                    .await?
            }
            Bug::AsksForEver => loop {
                let page = self.inner.pull(stream, cursor).await?;
                if page.rejects.is_empty() {
                    break page;
                }
            },
            Bug::AnswersAnything if stream.0 == "no-such-stream" => {
                Page::empty(Cursor::encode(&())?, true)
            }
            Bug::SilentRefusal | Bug::RefusalPasses => {
                match (self.inner.pull(stream, cursor).await, self.bug) {
                    (Err(ConnectorError::Auth { .. }), Bug::SilentRefusal) => {
                        let next = cursor.cloned().map_or_else(|| Cursor::encode(&()), Ok)?;
                        return Ok(Page::empty(next, true));
                    }
                    (Err(ConnectorError::Auth { .. }), _) => return Err(transient()),
                    (answer, _) => answer?,
                }
            }
            _ => self.inner.pull(stream, cursor).await?,
        };
        self.spoil(&mut page)?;
        Ok(page)
    }

    async fn push(&self, changes: &[Change]) -> Result<Vec<Outcome>, ConnectorError> {
        let times = self.pushes.fetch_add(1, Ordering::Relaxed);
        match self.bug {
            Bug::AppliedWithoutDoing => return Ok(vec![Outcome::Applied; changes.len()]),
            Bug::TakesEveryValue
                if changes.len() == 1 && matches!(changes[0].write, Write::SetField { .. }) =>
            {
                self.inner.push(changes).await?;
                return Ok(vec![Outcome::Applied]);
            }
            Bug::OneTagMoreEachTime => {
                let more = changes
                    .iter()
                    .filter(|change| matches!(change.write, Write::AddTag { .. }))
                    .map(|change| Change {
                        write: Write::AddTag {
                            tag: format!("engaged:again {times}"),
                        },
                        ..change.clone()
                    });
                self.inner.push(&more.collect::<Vec<_>>()).await?;
            }
            _ => {}
        }
        let mut outcomes = self.inner.push(changes).await?;
        match self.bug {
            Bug::BadRowFailsAll => {
                if let Some(bad) = outcomes
                    .iter()
                    .find(|outcome| matches!(outcome, Outcome::Rejected(_)))
                    .cloned()
                {
                    outcomes.fill(bad);
                }
            }
            Bug::DoubtIsRefusal => {
                for outcome in &mut outcomes {
                    if let Outcome::Ambiguous(why) = outcome {
                        *outcome = Outcome::Rejected(why.clone());
                    }
                }
            }
            Bug::QuotesTheAddress => {
                for (outcome, change) in outcomes.iter_mut().zip(changes) {
                    if let Some(email) = &change.email {
                        *outcome = Outcome::Rejected(format!("{} is not known", email.reveal()));
                    }
                }
            }
            _ => {}
        }
        Ok(outcomes)
    }

    fn webhook(&self) -> Option<&dyn Webhook> {
        self.inner.webhook().map(|_| self as &dyn Webhook)
    }

    async fn fields(&self) -> Result<Vec<String>, ConnectorError> {
        self.inner.fields().await
    }

    async fn start(&self, starts: &[Start]) -> Result<Vec<Outcome>, ConnectorError> {
        let outcomes = self.inner.start(starts).await?;
        let doubt = |outcome: &Outcome| matches!(outcome, Outcome::Ambiguous(_));
        match self.bug {
            Bug::RepeatsAStart if outcomes.iter().any(doubt) => self.inner.start(starts).await,
            Bug::DoubtIsRetry => Ok(outcomes
                .into_iter()
                .map(|outcome| match outcome {
                    Outcome::Ambiguous(why) => Outcome::Retry(why, None),
                    other => other,
                })
                .collect()),
            _ => Ok(outcomes),
        }
    }

    async fn look(&self, contacts: &[Who]) -> Result<Vec<Option<Look>>, ConnectorError> {
        self.inner.look(contacts).await
    }

    async fn remove(
        &self,
        contacts: &[Who],
        removal: Removal,
    ) -> Result<Vec<Outcome>, ConnectorError> {
        let declared = |spec: &RemovalSpec| spec.removal == removal;
        match self.bug {
            Bug::TakesNobodyOff if self.capabilities.removals.iter().any(declared) => {
                Ok(vec![Outcome::Applied; contacts.len()])
            }
            Bug::TakesOffMore => {
                let outcomes = self.inner.remove(contacts, removal).await?;
                let page = self
                    .inner
                    .pull(self.capabilities.streams[0].stream, None)
                    .await?;
                let more = page.contacts.iter().rev();
                let mut more = more.filter(|one| one.status == Some(Status::Subscribed));
                let more = more.next().unwrap();
                let more = Who {
                    contact: more.id.clone(),
                    email: more.email.clone(),
                };
                self.inner.remove(&[more], removal).await?;
                Ok(outcomes)
            }
            _ => self.inner.remove(contacts, removal).await,
        }
    }

    async fn restore(&self, contacts: &[Former]) -> Result<Vec<Outcome>, ConnectorError> {
        self.inner.restore(contacts).await
    }
}

impl Bugged {
    fn hook(&self) -> &dyn Webhook {
        self.inner.webhook().unwrap()
    }

    /// Bugs in what a delivery is taken to say.
    fn spoil_news(&self, news: &mut News, body: &[u8]) {
        let again = |event: &mut Event, by: String| {
            event.id = event.id.take().map(|id| format!("{id}:{by}"));
        };
        let times = self.pushes.fetch_add(1, Ordering::Relaxed);
        match self.bug {
            Bug::EventsAnew => news
                .events
                .iter_mut()
                .for_each(|event| again(event, times.to_string())),
            Bug::EventsByBody => {
                let sum: u64 = body.iter().map(|byte| u64::from(*byte)).sum();
                news.events
                    .iter_mut()
                    .for_each(|event| again(event, sum.to_string()));
            }
            Bug::HintsNowhere => news.poll.clear(),
            Bug::HintsElsewhere => news.poll = vec![Stream("dreams")],
            _ => {}
        }
    }
}

impl Webhook for Bugged {
    fn trust(&self) -> Trust {
        match self.bug {
            Bug::PathIsEnough => Trust::PathOnly,
            _ => self.hook().trust(),
        }
    }

    fn key_at(&self, delivery: &Delivery<'_>) -> Result<Option<String>, Doubt> {
        match self.bug {
            Bug::BelievesAnything => Ok(None),
            _ => self.hook().key_at(delivery),
        }
    }

    fn verify(
        &self,
        delivery: &Delivery<'_>,
        key: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), Doubt> {
        match (self.hook().verify(delivery, key, now), self.bug) {
            (_, Bug::BelievesAnything) | (Err(Doubt::Stale), Bug::IgnoresTheStamp) => Ok(()),
            (Err(_), Bug::OneDoubtForAll) => Err(Doubt::Unsigned),
            (Ok(()), Bug::DoubtsTheGenuine) if now > self.clock.now() => Err(Doubt::Stale),
            (said, _) => said,
        }
    }

    fn name(&self, delivery: &Delivery<'_>) -> Option<String> {
        match self.bug {
            Bug::NamesAnew => {
                let times = self.pushes.fetch_add(1, Ordering::Relaxed);
                Some(times.to_string())
            }
            Bug::OneNameForAll => Some("a delivery".into()),
            _ => self.hook().name(delivery),
        }
    }

    fn read(
        &self,
        delivery: &Delivery<'_>,
        received_at: DateTime<Utc>,
    ) -> Result<News, ConnectorError> {
        let at = match self.bug {
            Bug::BelievesTheFuture => received_at + TimeDelta::days(30),
            _ => received_at,
        };
        let mut news = self.hook().read(delivery, at);
        assert!(
            self.bug != Bug::FallsOverJunk || news.is_ok(),
            "what is this?"
        );
        if let Ok(news) = &mut news {
            self.spoil_news(news, delivery.body);
        }
        news
    }
}

/// A transport with the bug, between the connector and the probe.
struct CrookedLine {
    inner: Arc<dyn Transport>,
    bug: Bug,
    /// The first signature, used for ever.
    token: Mutex<Option<HeaderValue>>,
}

impl CrookedLine {
    async fn again(
        &self,
        request: &Request<Bytes>,
        times: usize,
    ) -> Result<Response<Bytes>, TransportError> {
        for _ in 1..times {
            self.inner.send(request.clone()).await?;
        }
        self.inner.send(request.clone()).await
    }

    /// The same request, to another address.
    async fn follow(
        &self,
        request: &Request<Bytes>,
        to: &str,
    ) -> Result<Response<Bytes>, TransportError> {
        let mut next = request.clone();
        *next.uri_mut() = to.parse().unwrap();
        self.inner.send(next).await
    }
}

#[async_trait]
impl Transport for CrookedLine {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        if self.bug == Bug::SinceOneSecondLater {
            request = one_second_later(request);
        }
        if self.bug == Bug::OldToken
            && let Some(own) = request.headers_mut().get_mut("authorization")
        {
            *own = self
                .token
                .lock()
                .unwrap()
                .get_or_insert(own.clone())
                .clone();
        }
        let answer = self.inner.send(request.clone()).await?;
        let header = |name: &str| {
            answer
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        match (answer.status().as_u16(), self.bug) {
            (429, Bug::AsksAgainAtOnce) => self.again(&request, 1).await,
            (429, Bug::StormsWhenBusy) if header("retry-after").is_none() => {
                self.again(&request, 5).await
            }
            (429, Bug::WaitsAsTold) => {
                let wait = header("retry-after").map_or(1, seconds_told);
                tokio::time::sleep(Duration::from_secs(wait)).await;
                self.again(&request, 1).await
            }
            (401 | 403, Bug::RetriesTheKey) => self.again(&request, 3).await,
            (300..=399, Bug::FollowsRedirects) => {
                let to = header("location").unwrap().to_owned();
                self.follow(&request, &to).await
            }
            (200, Bug::FollowsLinks) => {
                let link = serde_json::from_slice(answer.body())
                    .ok()
                    .and_then(|body: Value| first_link(&body));
                if let Some(link) = link.filter(|link| link.contains("elsewhere.example")) {
                    self.follow(&request, &link).await?;
                }
                Ok(answer)
            }
            // It reads who changed a subscription, and takes everybody for itself.
            (200, Bug::RestoresWhoLeft) if request.uri().path().ends_with("/events/") => {
                let text = String::from_utf8(answer.body().to_vec()).unwrap();
                let text = text.replace(r#""source":"member""#, r#""source":"api""#);
                Ok(answer.map(|_| text.into()))
            }
            _ => Ok(answer),
        }
    }
}

/// The seconds that a `Retry-After` asks for, taken at its word; the checks' clock stands at 2026-06-10, noon.
fn seconds_told(value: &str) -> u64 {
    let date = DateTime::parse_from_rfc2822(value).ok();
    let left = date.and_then(|date| u64::try_from(date.timestamp() - 1_781_092_800).ok());
    value.parse().ok().or(left).unwrap_or(1)
}

/// A filter on the time of change that leaves the last second out.
fn one_second_later(mut request: Request<Bytes>) -> Request<Bytes> {
    let mut url = url::Url::parse(&request.uri().to_string()).unwrap();
    let later = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
        let at = value
            .parse::<DateTime<Utc>>()
            .ok()
            .filter(|_| name == "since_last_changed");
        let value = at.map_or_else(
            || value.into_owned(),
            |at| (at + TimeDelta::seconds(1)).to_rfc3339(),
        );
        (name.into_owned(), value)
    };
    let pairs: Vec<(String, String)> = url.query_pairs().map(later).collect();
    if !pairs.is_empty() {
        url.query_pairs_mut().clear().extend_pairs(pairs);
        *request.uri_mut() = url.as_str().parse().unwrap();
    }
    request
}

fn first_link(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text.starts_with("http").then(|| text.clone()),
        Value::Array(items) => items.iter().find_map(first_link),
        Value::Object(map) => map.values().find_map(first_link),
        _ => None,
    }
}
