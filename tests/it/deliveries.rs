//! What ActiveCampaign reports by itself, carried to the listener of the shipped program: some of it lost, and very much of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{Arc, Mutex, RwLock},
};

use bytes::Bytes;
use chrono::{DateTime, NaiveTime, SubsecRound as _, TimeDelta, Utc};
use engaged_connectors::http::{Network, Transport as _};
use engaged_sandbox::{
    activecampaign::{ActiveCampaign, Delivery, Event, Kind, Options},
    fault::FaultPlan,
    ledger::Entry,
    people::{Deed, Publication, Seconds, SharedWorld, World, WorldSpec, time},
    rng::{Rng, mix},
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::{
    hooked::deliver,
    hooks::{daemon, hook},
    program::Program,
    stage::{Running, ahead_to_noon, cycles_at, now, secret, until, zone},
};

/// An absence that rests on three days of opens, and on no sends: the platform does not tell of those.
const RULES: &str = "[absence]\nmin_sends = 0\n[scores.engagement]\nmin_sends = 0\nrules = [\n\
                     { when = \"open\", points = 1 },\n{ when = \"no open in 3 days\", points = -10 },\n]\n";

/// An account with a webhook, and the program that it calls.
struct Account {
    program: Program,
    site: ActiveCampaign,
    world: SharedWorld,
    /// The webhook's path at the program.
    path: String,
    /// How far the zone of the configuration is ahead; asked once, since it changes with the hour.
    ahead: TimeDelta,
    runtime: Runtime,
}

impl Account {
    /// The account as it was so long ago, read by the program as of then.
    fn new(people: u32, ended: TimeDelta, schedule: &str, options: Options) -> Self {
        let runtime = Runtime::new().unwrap();
        let end = (now() - ended).trunc_subsecs(0);
        let spec = WorldSpec {
            history_months: 1,
            ..WorldSpec::small(1, end, people)
        };
        let world = Arc::new(RwLock::new(World::generate(&spec)));
        let starting = ActiveCampaign::start(options, Arc::clone(&world), FaultPlan::none());
        let site = runtime.block_on(starting).unwrap();
        let ahead = ahead_to_noon();
        let program = Program::with(&format!(
            "timezone = \"{}\"\ndatabase = \"engaged.db\"\n[webhooks]\nlisten = \"127.0.0.1:0\"\n[connections.news]\n\
             platform = \"mailblue\"\nkey = {{ file = \"news.key\" }}\nbase_url = \"{}\"\nschedule = \"{schedule}\"\n\
             webhook = {{ path = {{ file = \"news.path\" }} }}\n{RULES}",
            zone(ahead),
            site.base_url()
        ));
        secret(&program, "news.key", site.key());
        let said = program.json(&["hooks", "path", "news"]);
        let (_, path) = said["address"]
            .as_str()
            .unwrap()
            .split_once("/hooks/")
            .unwrap();
        let account = Self {
            path: format!("/hooks/{path}"),
            ahead,
            program,
            site,
            world,
            runtime,
        };
        account.hook();
        let end = account.world.read().unwrap().end();
        cycles_at(&account.program, &account.runtime, time(end), 1);
        account
    }

    /// Asks the account for opens and clicks, as its owner does on a screen.
    fn hook(&self) {
        let hook = json!({"webhook": {
            "name": "engaged", "url": format!("http://127.0.0.1:1{}", self.path), "events": ["open", "click"],
            "sources": ["public"],
        }});
        let request = http::Request::post(format!("{}/webhooks", self.site.base_url()))
            .header("api-token", self.site.key())
            .header("content-type", "application/json")
            .body(Bytes::from(hook.to_string()))
            .unwrap();
        let network = Network::new().unwrap();
        let answer = self.runtime.block_on(network.send(request)).unwrap();
        assert_eq!(answer.status(), 201);
    }

    /// The delivery as bytes on the line, to a path.
    fn request(path: &str, delivery: &Delivery) -> String {
        let body = std::str::from_utf8(&delivery.body).unwrap();
        format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    /// Waits until all that came has been read, and ends the daemon.
    fn read(&self, mut running: Running) {
        let waiting = "select count(*) from delivery where state = 'waiting'";
        until("the inbox is read", || self.number(waiting) == 0);
        running.signal("TERM");
        assert_eq!(running.ended(), Some(0));
        let odd = self.number("select count(*) from delivery where state = 'odd'");
        assert_eq!(odd, 0);
    }

    /// When the present day began, in the zone of the configuration, where it is about noon.
    fn midnight(&self) -> DateTime<Utc> {
        let here = (now() + self.ahead).date_naive();
        here.and_time(NaiveTime::MIN).and_utc() - self.ahead
    }

    fn rows(&self, query: &str) -> Vec<String> {
        let path = self.program.path().join("engaged.db");
        let database = rusqlite::Connection::open(path).unwrap();
        let mut select = database.prepare(query).unwrap();
        let rows = select.query_map((), |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    fn number(&self, query: &str) -> i64 {
        let rows = self.rows(&format!("select cast(({query}) as text)"));
        rows[0].parse().unwrap()
    }

    /// The address of each contact by the platform's id.
    fn addresses(&self) -> BTreeMap<String, String> {
        let contacts = self.site.contacts().into_iter();
        contacts
            .map(|contact| (contact.id, contact.address))
            .collect()
    }
}

/// What became of three days of which deliveries were dropped.
struct Judged {
    /// Who is called absent.
    absent: BTreeSet<String>,
    /// Who read nothing on the last three days, by the platform's own books.
    idle: BTreeSet<String>,
    /// Who read something, of which nothing was delivered.
    victims: BTreeSet<String>,
    /// Days that are not judged, as `status` says.
    holes: Vec<Value>,
    /// What one of the victims is told.
    told: String,
}

/// Three days happen, of which the webhooks are carried but for so many in a hundred; then the account is polled.
fn judged(link_data: bool, dropped: usize) -> Judged {
    let options = Options {
        link_data,
        click_once: false,
        per_second: None,
        ..Options::default()
    };
    let account = Account::new(60, TimeDelta::days(4), "0 0 1 1 *", options);
    for _ in 0..3 {
        account.world.write().unwrap().day_of_news();
    }
    let addresses = account.addresses();
    let since = account.midnight() - TimeDelta::days(2);
    let mut events = account.site.events();
    events.retain(|event| time(event.at) >= since);
    let scanned = scanned(&account);
    let is_read = |event: &&Event| {
        let by = (addresses[&event.contact].clone(), event.at);
        matches!(event.kind, Kind::Open | Kind::Click) && !scanned.contains(&by)
    };
    let read = events.iter().filter(is_read);
    let read: BTreeMap<String, String> = read
        .map(|event| (event.key(), event.contact.clone()))
        .collect();
    // Whoever has come since is too new to be judged.
    let seen = events
        .iter()
        .filter(|event| read.contains_key(&event.key()) || event.kind == Kind::Subscribe);
    let seen: BTreeSet<&String> = seen.map(|event| &event.contact).collect();
    let idle = addresses.iter().filter(|(id, _)| !seen.contains(id));
    let idle = idle.map(|(_, address)| address.clone()).collect();

    let all = account.site.deliveries();
    assert!(all.len() > 60, "{}", all.len());
    let (kept, victims) = drop_some(&all, &read, dropped);
    let victims = victims.iter().map(|id| addresses[id].clone()).collect();
    let (running, address) = daemon(&account.program);
    for delivery in &kept {
        let request = Account::request(&account.path, delivery);
        assert_eq!(deliver(address, &request), Some(200));
    }
    account.read(running);
    let program = &account.program;
    program.expect(0, &["sync"]);
    program.expect(0, &["score"]);
    println!(
        "{} deliveries, {} dropped, {} requests",
        all.len(),
        all.len() - kept.len(),
        account.site.ledger().len()
    );
    let listed = program.json(&["contacts", "--where", "no open in 3 days"]);
    let rows = listed["contacts"].as_array().unwrap().iter();
    let status = program.json(&["status"]);
    // What is missing since ever is from before the webhook, and no news.
    // With nothing missing there is no list of it.
    let short = status["connections"][0]["short"].as_array().cloned();
    let holes = short.unwrap_or_default().into_iter();
    let holes = holes.filter(|each| each["from"] != "1970-01-01");
    let victims: BTreeSet<String> = victims;
    let told = victims.first().map(|who| reason(program, who));
    assert_eq!(program.json(&["verify"])["different"], 0);
    Judged {
        absent: rows
            .map(|row| row["contact"].as_str().unwrap().to_owned())
            .collect(),
        idle,
        victims,
        holes: holes.collect(),
        told: told.unwrap_or_default(),
    }
}

/// Why a contact is not judged absent, or since when they are; nothing for whoever read something.
fn reason(program: &Program, who: &str) -> String {
    let explained = program.json(&["explain", who]);
    let rules = explained["scores"][0]["rules"].as_array().unwrap();
    let mut states = rules.iter().map(|rule| &rule["absence"]["state"]);
    let state = states.find_map(|state| state.as_str().map(str::to_owned));
    state.unwrap_or_default()
}

/// Whose mail was opened or followed by a scanner, and when: no reading of theirs.
fn scanned(account: &Account) -> BTreeSet<(String, Seconds)> {
    let world = account.world.read().unwrap();
    let mut all = BTreeSet::new();
    for campaign in world.campaigns(Publication::Weekly) {
        for act in &campaign.acts {
            if matches!(act.deed, Deed::ScannerOpen | Deed::ScannerClick(_)) {
                let person = campaign.recipients[act.recipient as usize].person;
                all.insert((world.person(person).address(), act.at));
            }
        }
    }
    all
}

/// Leaves out so many in a hundred, somebody's only sign of reading among them; what is left, and who lost all of theirs.
fn drop_some(
    all: &[Delivery],
    read: &BTreeMap<String, String>,
    dropped: usize,
) -> (Vec<Delivery>, BTreeSet<String>) {
    let many = all.len() * dropped / 100;
    for seed in 1.. {
        let mut order: Vec<&Delivery> = all.iter().collect();
        shuffle(&mut order, seed);
        let kept = &order[many..];
        let told: BTreeSet<&String> = kept
            .iter()
            .filter_map(|delivery| read.get(delivery.event.as_ref()?))
            .collect();
        let victims = read.values().filter(|id| !told.contains(id));
        let victims: BTreeSet<String> = victims.cloned().collect();
        if dropped == 0 || !victims.is_empty() {
            return (kept.iter().copied().cloned().collect(), victims);
        }
    }
    unreachable!("some order loses all that somebody did")
}

fn shuffle<T>(all: &mut [T], seed: u64) {
    let mut chance = Rng::new(mix(&[seed]));
    for last in (1..all.len()).rev() {
        let other = chance.below(u32::try_from(last + 1).unwrap()) as usize;
        all.swap(last, other);
    }
}

#[test]
fn where_five_in_a_hundred_deliveries_are_dropped_nobody_is_absent_until_a_poll_finds_what_was_lost()
 {
    // Most of the time is waiting for the platform's pace: one after the other takes three times as long.
    let [whole, lost, found] = std::thread::scope(|scope| {
        let lives = [(false, 0), (false, 5), (true, 5)];
        let lives = lives.map(|(polled, dropped)| scope.spawn(move || judged(polled, dropped)));
        lives.map(|life| life.join().unwrap())
    });
    assert!(whole.idle.len() > 5 && whole.idle.len() < 60);
    assert_eq!(whole.holes, Vec::<Value>::new());
    assert_eq!(
        whole.absent, whole.idle,
        "webhooks alone tell who is absent"
    );

    assert!(!lost.holes.is_empty(), "status says so");
    assert!(!lost.victims.is_empty());
    assert_eq!(lost.absent, BTreeSet::new(), "nobody across a hole");
    assert_eq!(lost.told, "coverage_gap");

    assert_eq!(found.holes, Vec::<Value>::new(), "the hole has closed");
    assert!(!found.victims.is_empty());
    assert_eq!(found.absent, found.idle, "polling tells the same");
    assert!(found.victims.is_disjoint(&found.absent));
}

/// Deliveries in all, of which so many in a hundred are repetitions.
const FLOOD: usize = 20_000;
const REPEATED: usize = 30;
/// Deliveries of somebody who guesses the path, among the others.
const FORGED: usize = 500;
const SENDERS: usize = 8;
/// So far apart does one contact open one mail again: further than a webhook and a report of one event.
const APART: u32 = 150;

/// One delivery of the flood.
struct Sent {
    request: String,
    forged: bool,
}

/// The deliveries of the account in another order, three in ten of them twice or more often, and guesses between them; how
/// many events they tell of.
fn flood(account: &Account) -> (Vec<Sent>, BTreeSet<String>) {
    let all = account.site.deliveries();
    let told: BTreeSet<String> = all.iter().filter_map(|each| each.event.clone()).collect();
    assert_eq!(told.len() * 100 / FLOOD, 100 - REPEATED, "{}", told.len());
    let guess = format!("/hooks/news/{}", "x".repeat(43));
    let send = |path: &str, delivery: &Delivery, forged| Sent {
        request: Account::request(path, delivery),
        forged,
    };
    let own = all.iter().cycle().take(FLOOD);
    let own = own.map(|each| send(&account.path, each, false));
    let forged = all.iter().take(FORGED);
    let forged = forged.map(|each| send(&guess, each, true));
    let mut sent: Vec<Sent> = own.chain(forged).collect();
    shuffle(&mut sent, 7);
    (sent, told)
}

/// Sends all of it from several sides at once; how often each answer came, to genuine and to forged ones.
fn send_all(to: SocketAddr, sent: Vec<Sent>) -> BTreeMap<(bool, Option<u16>), usize> {
    let (queue, answers) = (Mutex::new(sent), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                loop {
                    let Some(next) = queue.lock().unwrap().pop() else {
                        return;
                    };
                    let answer = deliver(to, &next.request);
                    *answers
                        .lock()
                        .unwrap()
                        .entry((next.forged, answer))
                        .or_default() += 1;
                }
            });
        }
    });
    answers.into_inner().unwrap()
}

/// Opens and clicks of the store that came in one way, as kind, campaign, contact, second and link, in order.
fn stored(account: &Account, way: u8) -> Vec<String> {
    let mut rows = account.rows(&format!(
        "select kind.name || '|' || campaign.platform_id || '|' || identity.platform_id || '|' || (event.at / 1000) || '|'
           || coalesce(url.url, '')
         from event join kind on kind.id = event.kind join campaign on campaign.id = event.campaign_id
         join identity on identity.contact_id = event.contact_id left join url on url.id = event.link_id
         where kind.name in ('open', 'click') and way = {way}"
    ));
    rows.sort();
    rows
}

/// The same of the account, each once.
fn true_ones(events: &[Event], is: impl Fn(&Event) -> bool) -> Vec<String> {
    let events = events.iter().filter(|event| is(event));
    let events = events.filter(|event| matches!(event.kind, Kind::Open | Kind::Click));
    let named = events.map(|event| {
        let Event {
            kind,
            campaign,
            contact,
            at,
            detail,
            ..
        } = event;
        format!("{kind}|{campaign}|{contact}|{at}|{detail}")
    });
    let named: BTreeSet<String> = named.collect();
    named.into_iter().collect()
}

#[test]
fn a_flood_of_webhooks_is_kept_whole_and_once_while_the_same_events_are_polled() {
    let options = Options {
        click_once: false,
        per_second: None,
        ..Options::default()
    };
    let account = Account::new(40, TimeDelta::days(3), "* * * * *", options);
    let polled_first = account.site.events();
    for _ in 0..2 {
        account.world.write().unwrap().day_of_news();
    }
    let addresses = account.addresses();
    let times = FLOOD * (100 - REPEATED) / 100 / addresses.len();
    for address in addresses.values() {
        let times = u32::try_from(times).unwrap();
        assert!(account.site.opens_often(address, times, APART));
    }
    let (mut sent, told) = flood(&account);
    let mark = account.site.ledger().len();
    let polled = || account.site.ledger().since(mark);
    let looks = || {
        let looks = |entry: &Entry| entry.path.ends_with("/linkData");
        polled().into_iter().filter(looks).count()
    };
    let (running, address) = daemon(&account.program);
    let begun = now();
    let later = sent.split_off(sent.len() / 2);
    let mut answers = send_all(address, sent);
    // However quick the machine is, the other half comes while the same events are polled.
    until("opens and clicks are polled", || looks() > 0);
    for (answer, times) in send_all(address, later) {
        *answers.entry(answer).or_default() += times;
    }
    let took = (now() - begun).num_milliseconds();
    let (polled, looks) = (polled(), looks());
    account.read(running);
    account.program.expect(0, &["sync"]);
    println!(
        "{FLOOD} deliveries of {} events in {took} ms: {answers:?}; meanwhile {} requests, {looks} of them for opens and clicks",
        told.len(),
        polled.len()
    );

    assert_eq!(
        answers.get(&(false, Some(200))),
        Some(&FLOOD),
        "{answers:?}"
    );
    let refused = |((forged, answer), _): (&(bool, Option<u16>), &usize)| {
        !forged || matches!(answer, Some(401 | 429))
    };
    assert!(answers.iter().all(refused), "{answers:?}");
    assert!(looks > 0, "nothing was polled meanwhile");
    let hook = hook(&account.program).unwrap();
    let number = |count: usize| i64::try_from(count).unwrap();
    assert_eq!(hook.accepted, number(told.len()));
    assert_eq!(hook.repeated, number(FLOOD - told.len()));

    let events = account.site.events();
    let by_hook = true_ones(&events, |event| told.contains(&event.key()));
    // The account shows the latest open of each; what it showed to the first poll was as true.
    let polled = [polled_first, events].concat();
    let by_poll = true_ones(&polled, |event| event.polled);
    assert_eq!(stored(&account, 1), by_hook, "by webhook");
    assert_eq!(stored(&account, 2), by_poll, "by polling");
    let both = by_poll
        .iter()
        .filter(|event| by_hook.binary_search(event).is_ok());
    let confirmed = account.number("select count(*) from confirmed");
    assert_eq!(
        confirmed,
        number(both.count()),
        "what both tell counts once"
    );
    assert_eq!(account.program.json(&["verify"])["different"], 0);
}
