//! Tallies, days, moves and lists against a model that keeps every contact's state and counts by hand.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const PEOPLE: usize = 6;
const SCORES: [&str; 2] = ["engagement", "fit"];
const BANDS: [&str; 2] = ["high", "low"];
const SEGMENTS: [&str; 2] = ["cold", "hot"];
const STAGES: [&str; 2] = ["customer", "lead"];
const REASONS: [&str; 2] = ["coverage_gap", "not_mailed"];

#[derive(Clone, Debug)]
enum Step {
    /// A run finds these, by the rules of that number.
    Run(u8, Vec<(usize, ContactState)>),
    /// Two turn out to be one.
    Merge(usize, usize),
    /// So many days go by.
    Wait(i32),
    /// A scan no longer finds somebody, or does again.
    Scan(usize, bool),
    /// Somebody opened a mail; with an id, the platform changes its mind about when.
    Open(usize, bool, i64),
}

fn some_of(names: [&'static str; 2]) -> impl Strategy<Value = Option<String>> {
    prop::option::of(prop::sample::select(names.to_vec()).prop_map(str::to_owned))
}

prop_compose! {
    fn any_score(name: &'static str)(there in prop::bool::weighted(0.8), raw in 0..4_000_i64, band in some_of(BANDS)) -> Option<ScoreRow> {
        there.then(|| ScoreRow { name: name.into(), raw, shown: raw / 1_000, band })
    }
}

prop_compose! {
    fn any_state()(
        scores in (any_score(SCORES[0]), any_score(SCORES[1])),
        segments in prop::sample::subsequence(SEGMENTS.to_vec(), 0..=2),
        stage in some_of(STAGES),
        unjudged in some_of(REASONS),
    ) -> ContactState {
        ContactState {
            scores: [scores.0, scores.1].into_iter().flatten().collect(),
            segments: segments.into_iter().map(str::to_owned).collect(),
            stage,
            next_change_on: None,
            unjudged,
        }
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    let found = prop::collection::vec((0..PEOPLE, any_state()), 0..6);
    prop_oneof![
        6 => (0..3_u8, found).prop_map(|(rules, found)| Step::Run(rules, found)),
        1 => (0..PEOPLE, 0..PEOPLE).prop_map(|(a, b)| Step::Merge(a, b)),
        3 => (1..4).prop_map(Step::Wait),
        1 => (0..PEOPLE, any::<bool>()).prop_map(|(who, there)| Step::Scan(who, there)),
        1 => (0..PEOPLE, any::<bool>(), 0..5_i64).prop_map(|(who, known, at)| Step::Open(who, known, at)),
    ]
}

type Moves = BTreeMap<(End, End), i64>;

/// What the store should say.
struct Model {
    today: Day,
    states: BTreeMap<usize, ContactState>,
    merged: BTreeMap<usize, usize>,
    /// After the last run of each day.
    days: BTreeMap<Day, (usize, BTreeMap<usize, ContactState>)>,
    moves: BTreeMap<(Day, Grouping<'static>), Moves>,
}

const GROUPINGS: [Grouping<'static>; 5] = [
    Grouping::Bands(SCORES[0]),
    Grouping::Bands(SCORES[1]),
    Grouping::Segments,
    Grouping::Stages,
    Grouping::Judged,
];

/// The groups that a contact is in; `None`: in no band, or judged.
fn groups(state: &ContactState, of: Grouping<'_>) -> Vec<Option<String>> {
    match of {
        Grouping::Bands(name) => {
            let scores = state.scores.iter().filter(|score| score.name == name);
            scores.map(|score| score.band.clone()).collect()
        }
        Grouping::Segments => state.segments.iter().cloned().map(Some).collect(),
        Grouping::Stages => state.stage.iter().cloned().map(Some).collect(),
        Grouping::Judged => vec![state.unjudged.clone()],
    }
}

fn sizes(contacts: usize, states: &BTreeMap<usize, ContactState>, of: Grouping<'_>) -> Sizes {
    let mut groups_of: BTreeMap<Option<String>, i64> = BTreeMap::new();
    for group in states.values().flat_map(|state| groups(state, of)) {
        *groups_of.entry(group).or_default() += 1;
    }
    let groups = groups_of.into_iter();
    Sizes {
        contacts: i64::try_from(contacts).unwrap(),
        groups: groups
            .map(|(name, contacts)| Size { name, contacts })
            .collect(),
    }
}

fn by_name(mut sizes: Sizes) -> Sizes {
    sizes.groups.sort_by(|a, b| a.name.cmp(&b.name));
    sizes
}

impl Model {
    fn root(&self, mut who: usize) -> usize {
        while let Some(&into) = self.merged.get(&who) {
            who = into;
        }
        who
    }

    fn contacts(&self) -> usize {
        PEOPLE - self.merged.len()
    }

    fn find(&mut self, who: usize, state: &ContactState) {
        if self.merged.contains_key(&who) {
            return;
        }
        let before = self.states.insert(who, state.clone());
        for of in GROUPINGS {
            let outside = match (&before, of) {
                (None, _) => End::New,
                (Some(before), Grouping::Bands(_)) if groups(before, of).is_empty() => End::New,
                _ => End::Outside,
            };
            let was = before
                .as_ref()
                .map(|state| groups(state, of))
                .unwrap_or_default();
            let is = groups(state, of);
            let end = |group: &Option<String>| group.clone().map_or(End::Outside, End::In);
            let moves = self.moves.entry((self.today, of)).or_default();
            let mut add = |from: End, to: End| *moves.entry((from, to)).or_default() += 1;
            if of == Grouping::Segments {
                for left in was.iter().filter(|group| !is.contains(group)) {
                    add(end(left), End::Outside);
                }
                for entered in is.iter().filter(|group| !was.contains(group)) {
                    add(outside.clone(), end(entered));
                }
                continue;
            }
            match (was.first(), is.first()) {
                (Some(was), Some(is)) if was != is => add(end(was), end(is)),
                (None, Some(is)) => add(outside, end(is)),
                // A score that is no longer computed has no bands; who leaves the stages is outside.
                (Some(was), None) if of == Grouping::Stages => add(end(was), End::Outside),
                _ => {}
            }
        }
    }

    /// What a list holds, in its order: points and number.
    fn list(&self, among: Among<'_>, order: Order<'_>) -> Vec<usize> {
        let mut found: Vec<(i64, usize)> = Vec::new();
        for who in (0..PEOPLE).filter(|who| !self.merged.contains_key(who)) {
            let state = self.states.get(&who).cloned().unwrap_or_default();
            let known = self.states.contains_key(&who);
            let band = |score: &str| {
                let mut scores = state.scores.iter();
                scores
                    .find(|each| each.name == score)
                    .map(|score| score.band.clone())
            };
            let inside = match among {
                Among::Everybody => true,
                Among::Segment(name) => state.segments.iter().any(|segment| segment == name),
                Among::Stage(name) => state.stage.as_deref() == Some(name),
                Among::Unjudged(reason) => known && state.unjudged.as_deref() == Some(reason),
                Among::Band { score, band: asked } => {
                    band(score).is_some_and(|band| band.as_deref() == asked)
                }
                Among::Address(prefix) => (0..PEOPLE).any(|each| {
                    self.root(each) == who && format!("p{each}@x.example").starts_with(prefix)
                }),
            };
            let points = |score: &str| {
                let mut scores = state.scores.iter();
                scores
                    .find(|each| each.name == score)
                    .map(|score| score.shown)
            };
            let key = match order {
                _ if matches!(among, Among::Address(_)) => {
                    (0..PEOPLE).find(|each| {
                        self.root(*each) == who
                            && matches!(among, Among::Address(prefix) if format!("p{each}@x.example").starts_with(prefix))
                    })
                    .map(|first| i64::try_from(first).unwrap())
                }
                Order::Number => Some(0),
                Order::MostPoints(score) => points(score).map(|points| -points),
                Order::FewestPoints(score) => points(score),
            };
            if let (true, Some(key)) = (inside, key) {
                found.push((key, who));
            }
        }
        found.sort_by_key(|(key, who)| match order {
            // The whole order is turned round.
            Order::MostPoints(_) if !matches!(among, Among::Address(_)) => {
                (*key, -i64::try_from(*who).unwrap())
            }
            _ => (*key, i64::try_from(*who).unwrap()),
        });
        found.into_iter().map(|(_, who)| who).collect()
    }
}

struct Played {
    bench: Bench,
    ids: Vec<ContactId>,
    model: Model,
}

fn start() -> Played {
    let bench = bench();
    let rows: Vec<Contact> = (0..PEOPLE)
        .map(|who| contact(&format!("c{who}"), Some(&format!("p{who}@x.example"))))
        .collect();
    bench.contacts(NOW, &rows);
    let ids = (0..PEOPLE)
        .map(|who| {
            let email = address(&format!("p{who}@x.example"));
            bench
                .store
                .read(|conn| Ok(conn.find_contact(&email)?.unwrap()))
                .unwrap()
        })
        .collect();
    let model = Model {
        today: day("2026-06-15"),
        states: BTreeMap::new(),
        merged: BTreeMap::new(),
        days: BTreeMap::new(),
        moves: BTreeMap::new(),
    };
    Played { bench, ids, model }
}

impl Played {
    fn run(&mut self, rules: u8, found: &[(usize, ContactState)]) {
        let store = self.bench.store.clone();
        let (today, rules) = (self.model.today, format!("f{rules}"));
        let rows: Vec<_> = found
            .iter()
            .map(|(who, state)| (self.ids[*who], state.clone()))
            .collect();
        store
            .write(move |tx| {
                let rules = tx.rule_version(&rules, "rules", NOW)?;
                let mut results = tx.results(rules, today, NOW)?;
                for (contact, state) in &rows {
                    results.write(*contact, state)?;
                }
                Ok(())
            })
            .unwrap();
        store.write(move |tx| tx.take_day(today, NOW)).unwrap();
        for (who, state) in found {
            self.model.find(*who, state);
        }
        let kept = (self.model.contacts(), self.model.states.clone());
        self.model.days.insert(today, kept);
    }

    fn step(&mut self, number: usize, step: &Step) {
        let store = self.bench.store.clone();
        let connection = self.bench.connection;
        match step {
            Step::Run(rules, found) => self.run(*rules, found),
            Step::Merge(a, b) => {
                // Each has its own connection, on which the other is nobody.
                let rows = [a, b].map(|who| contact("7", Some(&format!("p{who}@x.example"))));
                store
                    .write(move |tx| {
                        let connection = tx.connection(&format!("on {number}"), "brevo", NOW)?.id;
                        for row in rows {
                            tx.upsert_contacts(
                                connection,
                                &[row],
                                None,
                                NOW,
                                &mut PageCommit::default(),
                            )?;
                        }
                        Ok(())
                    })
                    .unwrap();
                let (from, into) = (self.model.root(*a), self.model.root(*b));
                if from != into {
                    self.model.states.remove(&from);
                    self.model.merged.insert(from, into);
                }
            }
            Step::Wait(days) => self.model.today.0 += days,
            Step::Scan(who, true) => {
                let row = contact(&format!("c{who}"), None);
                self.bench.contacts(NOW, &[row]);
            }
            Step::Scan(who, false) => {
                let gone = Gone {
                    contact: self.ids[*who],
                    platform_id: format!("c{who}"),
                };
                store
                    .write(move |tx| tx.mark_gone(connection, &[gone.clone(), gone], NOW))
                    .unwrap();
            }
            Step::Open(who, known, when) => {
                let mut open = event(
                    &format!("p{who}@x.example"),
                    EventKind::Open,
                    at(NOW + when),
                );
                open.id = known.then(|| "e1".into());
                self.bench.append(NOW, &[open]);
            }
        }
    }

    fn read<T>(&self, read: impl FnOnce(&Conn) -> Result<T, StoreError>) -> T {
        self.bench.store.read(read).unwrap()
    }

    fn check_counts(&self) {
        assert_eq!(self.read(|conn| conn.compare_tallies(9)), [""; 0]);
        let model = &self.model;
        for of in GROUPINGS {
            let now = by_name(self.read(|conn| conn.group_sizes(of)));
            assert_eq!(now, sizes(model.contacts(), &model.states, of), "{of:?}");
        }
    }

    fn check_days(&self) {
        let (from, to) = (day("2026-06-13"), Day(self.model.today.0 + 2));
        let model = &self.model;
        for of in GROUPINGS {
            let read = self.read(|conn| conn.sizes_between(of, from, to));
            let days: Vec<Day> = read.iter().map(|each| each.on).collect();
            assert_eq!(days, (from.0..=to.0).map(Day).collect::<Vec<_>>());
            for each in read {
                let known = model.days.get(&each.on);
                let known = known.map(|(contacts, states)| sizes(*contacts, states, of));
                assert_eq!(each.sizes.map(by_name), known, "{of:?} on {:?}", each.on);
            }
            let mut sum = Moves::new();
            for each in self.read(|conn| conn.moves_by_day(of, from, to)) {
                let moves = each.moves.map(counts);
                let known = model.moves.get(&(each.on, of)).cloned();
                let ran = model.days.contains_key(&each.on);
                assert_eq!(
                    moves,
                    ran.then(|| known.unwrap_or_default()),
                    "{of:?} on {:?}",
                    each.on
                );
                for (ends, number) in moves.unwrap_or_default() {
                    *sum.entry(ends).or_default() += number;
                }
            }
            assert_eq!(counts(self.read(|conn| conn.moves(of, from, to))), sum);
        }
        for score in SCORES {
            let now = in_order(self.read(|conn| conn.spread(score)));
            assert_eq!(now, spread(&model.states, score));
            let then = self.read(|conn| conn.spread_on(score, model.today));
            // A day on which nobody was scored yet has no spread.
            let mut days = model.days.iter().rev();
            let newest =
                days.find(|(_, (_, states))| states.values().any(|state| !state.scores.is_empty()));
            let known = newest.map(|(on, (_, states))| (*on, spread(states, score)));
            assert_eq!(then.map(|(on, points)| (on, in_order(points))), known);
        }
    }

    fn check_lists(&self) {
        let mut lists = vec![
            Among::Everybody,
            Among::Segment("nobody's"),
            Among::Address("p"),
            Among::Address("P1"),
            Among::Address("q"),
        ];
        for number in 0..2 {
            lists.push(Among::Segment(SEGMENTS[number]));
            lists.push(Among::Stage(STAGES[number]));
            lists.push(Among::Unjudged(REASONS[number]));
            for band in [None, Some(BANDS[0]), Some(BANDS[1])] {
                lists.push(Among::Band {
                    score: SCORES[number],
                    band,
                });
            }
        }
        let orders = SCORES.map(|score| [Order::MostPoints(score), Order::FewestPoints(score)]);
        for among in lists {
            let lower = match among {
                Among::Address("P1") => Among::Address("p1"),
                other => other,
            };
            for order in orders.into_iter().flatten().chain([Order::Number]) {
                let known = self.model.list(lower, order);
                assert_eq!(self.walk(among, order), known, "{among:?} {order:?}");
            }
            let length = self.read(|conn| conn.length_of(among));
            let known = self.model.list(lower, Order::Number).len();
            assert_eq!(
                (length.contacts, length.or_more),
                (i64::try_from(known).unwrap(), false),
                "{among:?}"
            );
        }
    }

    /// A whole list, two contacts a page; places go through their text.
    fn walk(&self, among: Among<'_>, order: Order<'_>) -> Vec<usize> {
        let mut wanted = Wanted {
            among,
            order,
            size: 2,
            after: None,
        };
        let mut found = Vec::new();
        loop {
            let page = self.read(|conn| conn.listing(&wanted));
            assert!(page.as_asked && page.contacts.len() <= 2);
            for each in page.contacts {
                let who = self.ids.iter().position(|id| *id == each.id).unwrap();
                assert_eq!(each.email, Some(address(&format!("p{who}@x.example"))));
                let known = self.model.states.get(&who).cloned();
                assert_eq!(each.state.map(sorted), known.map(sorted));
                found.push(who);
            }
            let Some(next) = page.next else { return found };
            assert_eq!(next.to_string().parse(), Ok(next));
            wanted.after = Some(next);
        }
    }
}

fn in_order(mut points: Vec<AtPoints>) -> Vec<AtPoints> {
    points.sort_by(|a, b| (a.shown, &a.band).cmp(&(b.shown, &b.band)));
    points
}

fn sorted(mut state: ContactState) -> ContactState {
    state.scores.sort_by(|a, b| a.name.cmp(&b.name));
    state.segments.sort();
    state
}

fn counts(moves: Vec<Moved>) -> Moves {
    moves
        .into_iter()
        .map(|each| ((each.from, each.to), each.contacts))
        .collect()
}

fn spread(states: &BTreeMap<usize, ContactState>, name: &str) -> Vec<AtPoints> {
    let mut found: BTreeMap<(i64, Option<String>), i64> = BTreeMap::new();
    for score in states
        .values()
        .flat_map(|state| &state.scores)
        .filter(|score| score.name == name)
    {
        *found.entry((score.shown, score.band.clone())).or_default() += 1;
    }
    let found = found.into_iter();
    found
        .map(|((shown, band), contacts)| AtPoints {
            shown,
            band,
            contacts,
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn tallies_days_moves_and_lists_are_what_counting_by_hand_gives(steps in prop::collection::vec(any_step(), 1..25)) {
        let mut played = start();
        for (number, step) in steps.iter().enumerate() {
            played.step(number, step);
            played.check_counts();
        }
        played.check_days();
        played.check_lists();
    }
}

#[test]
fn days_are_kept_whole_for_five_weeks_then_the_first_of_each_week_for_two_years() {
    let bench = bench();
    let take = |on: Day| bench.store.write(move |tx| tx.take_day(on, NOW)).unwrap();
    let first = day("2024-01-01");
    // It is down from a Saturday to the Tuesday after, a year on.
    let down = [
        day("2026-01-03"),
        day("2026-01-04"),
        day("2026-01-05"),
        day("2026-01-06"),
    ];
    let last = day("2026-06-14");
    for on in (first.0..=last.0).map(Day).filter(|on| !down.contains(on)) {
        take(on);
    }
    // Clocks that were ahead, and behind.
    take(day("2029-01-01"));
    take(day("1970-01-01"));
    take(last);
    let points = bench
        .store
        .read(|conn| conn.sizes_between(Grouping::Judged, day("2025-12-24"), day("2026-06-16")))
        .unwrap();
    let ran = |on: &str| {
        let found = points.iter().find(|point| point.on == day(on));
        found.map(|point| point.sizes.is_some())
    };
    // On what was thinned something ran: it is no gap.
    assert_eq!(
        [ran("2025-12-28"), ran("2025-12-29"), ran("2025-12-30")],
        [None, Some(true), None]
    );
    assert_eq!(
        [ran("2026-01-03"), ran("2026-01-06"), ran("2026-01-07")],
        [Some(false), Some(false), Some(true)]
    );
    assert_eq!(
        [ran("2026-05-04"), ran("2026-05-10"), ran("2026-05-11")],
        [Some(true), None, Some(true)]
    );
    assert_eq!(
        [ran("2026-05-12"), ran("2026-06-14"), ran("2026-06-15")],
        [Some(true), Some(true), Some(false)]
    );
    assert_eq!(bench.count("select count(*) from day"), 732);
    // Five weeks of days, and a hundred weeks before them.
    let whole = bench.count("select count(*) from day where whole");
    assert!((35 + 98..=35 + 102).contains(&whole), "{whole}");
}

#[test]
fn what_is_too_long_to_be_sorted_comes_in_the_order_of_its_index_and_says_so() {
    let bench = bench();
    bench
        .store
        .write(|tx| {
            tx.sql.execute_batch(
                "insert into word (id, text) values (900, 'hot'), (901, 'engagement'), (902, 'high'), (903, 'fit');
                 insert into tally values ('segment', 0, 900, 20001);
                 insert into spread values (901, 7, 902, 20001);
                 insert into contact (id, known_at) values (1, 0), (2, 0), (3, 0);
                 insert into segment_member values (1, 900, '2026-06-15'), (2, 900, '2026-06-15'), (3, 900, '2026-06-15');
                 insert into score values (1, 901, 7000, 7, 902), (2, 901, 8000, 8, 902), (3, 901, 7000, 7, 902);",
            )?;
            Ok(())
        })
        .unwrap();
    let read = |among, order| {
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let wanted = Wanted {
                among,
                order,
                size: 1,
                after,
            };
            let page = bench.store.read(|conn| conn.listing(&wanted)).unwrap();
            ids.extend(page.contacts.iter().map(|each| each.id.0));
            after = page.next;
            if after.is_none() {
                return (ids, page.as_asked);
            }
        }
    };
    let (hot, high) = (
        Among::Segment("hot"),
        Among::Band {
            score: "engagement",
            band: Some("high"),
        },
    );
    assert_eq!(read(hot, Order::Number), (vec![1, 2, 3], true));
    assert_eq!(
        read(hot, Order::MostPoints("engagement")),
        (vec![1, 2, 3], false)
    );
    assert_eq!(
        read(high, Order::FewestPoints("engagement")),
        (vec![1, 3, 2], true)
    );
    assert_eq!(
        read(high, Order::FewestPoints("fit")),
        (vec![2, 3, 1], false)
    );
    assert_eq!(read(high, Order::Number), (vec![2, 3, 1], false));
}

#[test]
fn a_place_of_another_list_leads_nowhere_and_no_text_is_a_place_by_chance() {
    let bench = bench();
    bench.contacts(NOW, &[contact("7", Some("a@x.example"))]);
    for (text, among) in [
        ("a0", Among::Everybody),
        ("n0", Among::Address("a")),
        ("m5.1", Among::Everybody),
        ("o5.1", Among::Segment("hot")),
    ] {
        let after = Some(text.parse().unwrap());
        let wanted = Wanted {
            among,
            order: Order::Number,
            size: 9,
            after,
        };
        assert_eq!(
            bench
                .store
                .read(|conn| conn.listing(&wanted))
                .unwrap()
                .contacts,
            []
        );
    }
    for text in [
        "",
        "n",
        "x1",
        "n1.2",
        "m1",
        "m1.",
        "é1",
        "n9223372036854775808",
    ] {
        assert_eq!(text.parse::<Place>(), Err(NoPlace), "{text}");
    }
}

/// What is done to writes: to which of two targets, and how.
fn any_write() -> impl Strategy<Value = (u8, u8)> {
    (0..10_u8, 0..2_u8)
}

fn write(
    tx: &Tx,
    connection: ConnectionId,
    (what, target): (u8, u8),
    known_at: Millis,
) -> Result<(), StoreError> {
    let row = |lane: Lane, target: String, value: &str| NewOutboxRow {
        plan: Some(known_at % 3),
        connection,
        contact: None,
        platform_id: "1".into(),
        write: "call".into(),
        target,
        value: Some(value.into()),
        reason: "score".into(),
        lane,
    };
    let all = |states: &[OutboxState]| -> Result<Vec<i64>, StoreError> {
        let mut ids = Vec::new();
        for state in states {
            ids.extend(
                tx.outbox(connection, *state, 9)?
                    .into_iter()
                    .map(|row| row.id),
            );
        }
        Ok(ids)
    };
    let open = [OutboxState::Planned, OutboxState::Retry];
    match what {
        0..=2 => {
            let value = known_at.to_string();
            tx.enqueue(&row(Lane::Set, format!("field:{target}"), &value), known_at)?;
        }
        3 => tx.enqueue_start(&row(Lane::Start, format!("start:{target}"), "x"), known_at)?,
        4 => {
            let ids = all(&open)?;
            tx.begin_attempt(&ids[..ids.len().min(2)], "t", known_at)?;
        }
        5 | 6 => {
            let under_way = all(&[OutboxState::Attempting])?;
            let states = [
                OutboxState::Applied,
                OutboxState::Retry,
                OutboxState::Rejected,
                OutboxState::Ambiguous,
            ];
            if let Some(id) = under_way.first() {
                let state = states[usize::try_from(known_at % 4).unwrap()];
                tx.settle(*id, state, None, None, known_at)?;
            }
        }
        7 => {
            tx.doubt_attempts(known_at)?;
        }
        8 => {
            tx.doubt_attempts_on(connection, known_at)?;
            tx.abandon_starts(connection, Some(known_at % 3), known_at)?;
        }
        _ => {
            tx.abandon_unplanned(connection, Some(known_at % 3), target == 0, known_at)?;
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn writes_are_tallied_by_their_states(steps in prop::collection::vec(any_write(), 1..40)) {
        let bench = bench();
        let connection = bench.connection;
        bench.store.write(|tx| Ok(tx.sql.execute_batch("pragma defer_foreign_keys = on; insert into plan (id, fingerprint, state, summary, known_at, decided_at, decided_by) values
          (1, '', '', '', 0, null, null), (2, '', '', '', 0, null, null), (3, '', '', '', 0, null, null)")?)).unwrap();
        for (number, step) in (0..).zip(steps) {
            bench.store.write(move |tx| write(tx, connection, step, 3 * number + 1)).unwrap();
            prop_assert_eq!(bench.store.read(|conn| conn.compare_tallies(9)).unwrap(), [""; 0]);
        }
    }
}
