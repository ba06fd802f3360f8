//! Copernica and HubSpot in one configuration while platforms and the network between play every fault that the stand-ins
//! know, on reads and on writes. After each pass the faults end, and the judge of the kill loop looks.
//!
//! The faults are a deck of cards. Each pass is dealt some of them, at requests by chance; what did not fire goes back
//! into the deck, and the storm ends when every card has fired. By the numbers of the fault matrix: F22 too many, F23
//! server errors, F24 cut bodies, F25 latency and no answer, F26 half bodies, F28 elsewhere, F29 login pages, F30 lost
//! answers, F31, F35 and F37 an answer of before.

use std::{collections::BTreeMap, net::TcpListener, time::Duration};

use engaged_sandbox::fault::{Fault, Rule, RuleId, When};
use http::Method;

use crate::{
    judge::{self, Violation},
    pair::{self, restore, scene},
    rounds::Rounds,
    side::{Name, Side},
    stage::Stage,
    told::Told,
    watch::Left,
    writing::turn,
};

/// So many cards in one pass.
const HAND: usize = 4;
/// Each card is in the deck once for so many wanted rounds of a part: at another request, beside other cards.
const ROUNDS_EACH: u32 = 2;
/// A storm of more passes for each card has one that cannot fire.
const PASSES: usize = 10;
/// Within so many cycles after the last fault a platform shows what it should.
const CYCLES: u32 = 2;

/// A fault on one platform, on its reads or on its writes.
#[derive(Clone, Copy, Debug)]
struct Card {
    name: Name,
    writes: bool,
    fault: Fault,
}

impl Card {
    fn word(&self) -> String {
        let what = if self.writes { "writes" } else { "reads" };
        let more = match self.fault {
            Fault::TooMany { retry_after: None } => " without a time".to_owned(),
            Fault::TooMany {
                retry_after: Some(seconds),
            } => format!(" for {seconds} s"),
            Fault::ServerError(status) => format!(" {status}"),
            _ => String::new(),
        };
        format!("{:?} {what}: {}{more}", self.name, self.fault.name())
    }

    /// The rule that plays it, at one of the requests that a usual run makes.
    fn rule(&self, side: Side<'_>, usual: &[u32], rounds: &mut Rounds) -> Rule {
        if !self.writes {
            if self.fault == Fault::DuplicatePage {
                // Wherever a path is asked for again.
                let again = Rule::new("", When::From(1), self.fault).on(Method::GET);
                return again.at_most(rounds.pick(3).into());
            }
            let nth = rounds.pick(if self.name == Name::HubSpot { 8 } else { 30 });
            return Rule::new("", When::Nth(nth.into()), self.fault).on(Method::GET);
        }
        let kinds = u32::try_from(side.pushes().len()).unwrap();
        let kind = rounds.chance.below(kinds) as usize;
        let (method, path) = &side.pushes()[kind];
        let nth = rounds.pick(usual[kind].max(1));
        Rule::new(path, When::Nth(nth.into()), self.fault).on(method.clone())
    }
}

/// Every fault on both platforms, for reads or for writes.
fn deck(writes: bool, port: u16) -> Vec<Card> {
    let mut faults = vec![
        Fault::TooMany {
            retry_after: Some(1),
        },
        Fault::TooMany { retry_after: None },
        // A year.
        Fault::TooMany {
            retry_after: Some(31_536_000),
        },
        Fault::ServerError(500),
        Fault::ServerError(502),
        Fault::ServerError(503),
        Fault::CutBody,
        Fault::HalfBody,
        Fault::LoginPage,
        Fault::Elsewhere(port),
        Fault::AnswerLost,
        Fault::NoAnswer,
        Fault::Latency(Duration::from_millis(700)),
    ];
    if !writes {
        faults.push(Fault::DuplicatePage);
    }
    let names = [Name::Copernica, Name::HubSpot];
    let cards = faults.into_iter().flat_map(|fault| {
        names.map(|name| Card {
            name,
            writes,
            fault,
        })
    });
    cards.collect()
}

/// Deals cards until each has fired; what each pass does with its hand is `pass`.
struct Storm<'a> {
    sides: Vec<Side<'a>>,
    deck: Vec<Card>,
    /// How often each fired.
    fired: BTreeMap<String, u64>,
    /// How many requests of each kind a usual push makes, by side.
    usual: Vec<Vec<u32>>,
    /// Where redirects lead to: nobody may come.
    elsewhere: TcpListener,
    passes: usize,
    passes_max: usize,
}

/// The hand of a pass: each card with the rule that plays it.
type Hand = Vec<(Card, RuleId)>;

impl<'a> Storm<'a> {
    fn new(
        stage: &'a Stage,
        writes: bool,
        (part, of): (u32, u32),
        usual: Vec<Vec<u32>>,
        times: u32,
    ) -> Self {
        let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
        elsewhere.set_nonblocking(true).unwrap();
        let deck = deck(writes, elsewhere.local_addr().unwrap().port());
        let own = deck
            .into_iter()
            .skip(part as usize - 1)
            .step_by(of as usize);
        let own = own.collect::<Vec<Card>>().repeat(times as usize);
        Self {
            sides: Side::all(stage),
            passes_max: own.len() * PASSES,
            deck: own,
            fired: BTreeMap::new(),
            usual,
            elsewhere,
            passes: 0,
        }
    }

    fn side(&self, name: Name) -> (Side<'a>, &[u32]) {
        let place = self.sides.iter().position(|side| side.name == name);
        let place = place.unwrap();
        (
            self.sides[place],
            self.usual.get(place).map_or(&[], Vec::as_slice),
        )
    }

    fn go_on(&self, rounds: &Rounds) -> bool {
        !self.deck.is_empty() && rounds.broken.is_empty()
    }

    /// Takes some cards and plays them from now on.
    fn deal(&mut self, rounds: &mut Rounds) -> Hand {
        self.passes += 1;
        assert!(
            self.passes < self.passes_max,
            "these do not fire: {:?}",
            self.deck
        );
        let mut hand = Hand::new();
        while hand.len() < HAND && !self.deck.is_empty() {
            let place = rounds.chance.below(u32::try_from(self.deck.len()).unwrap());
            let card = self.deck.swap_remove(place as usize);
            let (side, usual) = self.side(card.name);
            let rule = card.rule(side, usual, rounds);
            hand.push((card, side.faults().add(rule)));
        }
        hand
    }

    /// Ends the faults of a hand; how often they fired in all.
    fn end(&mut self, hand: Hand, rounds: &mut Rounds) -> usize {
        let mut times = 0;
        for (card, rule) in hand {
            let faults = self.side(card.name).0.faults();
            faults.end(rule);
            let fired = faults.fired(rule);
            times += fired;
            if fired == 0 {
                self.deck.push(card);
            } else {
                *self.fired.entry(card.word()).or_default() += fired;
            }
        }
        if let Ok((_, from)) = self.elsewhere.accept() {
            let what = format!("{from} went where an answer pointed to");
            rounds.broken.push(Violation::Touched(what));
        }
        usize::try_from(times).unwrap()
    }

    /// Says what fired in how many passes; the phase has as many effective rounds as faults that fired.
    fn tell(&self, rounds: &mut Rounds) {
        for (word, times) in &self.fired {
            for _ in 0..*times {
                rounds.count(true, word.clone());
            }
        }
        println!("{} passes", self.passes);
    }
}

/// Faults while a day of news is read, in one part of so many, each time from where the day before ended.
pub fn reads(rounds: &mut Rounds, part: (u32, u32)) {
    let stage = rounds.stage(&scene());
    let end = stage.world.read().unwrap().end();
    stage.cycle_at(engaged_sandbox::people::time(end));
    let before = stage.files();
    stage.day_of_news();
    let mut storm = Storm::new(
        &stage,
        false,
        part,
        Vec::new(),
        rounds.wanted().div_ceil(ROUNDS_EACH),
    );
    while storm.go_on(rounds) {
        restore(&stage, &before);
        let hand = storm.deal(rounds);
        // People work in the account meanwhile, so that pages change while they are read.
        std::thread::scope(|scope| {
            let work = scope.spawn(|| stage.program.run(&["sync"]));
            stage.copernica.as_ref().unwrap().annotate(2);
            let contacts = stage.hubspot.as_ref().unwrap().contacts();
            for contact in contacts.iter().take(2) {
                let hubspot = stage.hubspot.as_ref().unwrap();
                hubspot.change_by_hand(&contact.address, "Zwolle");
            }
            work.join().unwrap();
        });
        rounds.broken.extend(Left::by(&stage.program).is_sound());
        storm.end(hand, rounds);
        rounds.broken.extend(judge::run(&stage.program, &["sync"]));
        rounds.broken.extend(judge::store(&stage));
    }
    rounds.broken.extend(judge::run(&stage.program, &["score"]));
    rounds.broken.extend(judge::itself(&stage.program));
    storm.tell(rounds);
}

/// Faults while both are pushed to.
pub fn writes(rounds: &mut Rounds, part: (u32, u32)) {
    let stage = rounds.stage(&scene());
    stage.settle();
    let mut turned = true;
    let usual = pair::undisturbed(&stage, turned, rounds);
    let mut storm = Storm::new(
        &stage,
        true,
        part,
        usual,
        rounds.wanted().div_ceil(ROUNDS_EACH),
    );
    while storm.go_on(rounds) {
        turned = !turned;
        turn(&stage, turned);
        let sides = storm.sides.clone();
        let mut told: Vec<Told> = sides.iter().map(|side| Told::begin(*side)).collect();
        let hand = storm.deal(rounds);
        stage.program.run(&["apply"]);
        let left = Left::by(&stage.program);
        rounds.broken.extend(left.is_sound());
        let fired = storm.end(hand, rounds);
        for (side, told) in sides.iter().zip(&mut told) {
            told.kills += fired;
            rounds.broken.extend(told.accounted(*side, &left));
        }
        rounds.broken.extend(judge::plan(&stage));
        // What the fault left in doubt may be wanted no more.
        if rounds.pick(3) == 1 {
            turned = !turned;
            turn(&stage, turned);
            for (side, told) in sides.iter().zip(&mut told) {
                told.turned(*side);
            }
        }
        for _ in 1..CYCLES {
            wait(&stage);
            stage.program.run(&["once"]);
        }
        wait(&stage);
        rounds.broken.extend(pair::converge(&sides, &told));
        rounds.broken.extend(judge::store(&stage));
    }
    storm.tell(rounds);
}

/// Time passes: what waits for another try is due.
fn wait(stage: &Stage) {
    let due = "update outbox set not_before_at = 0 where state = 'retry'";
    stage.database().execute(due, ()).unwrap();
}
