//! Days at the doors, against what docs/automations.md says, told once more in the simplest way.
//!
//! The reading of the page shares no code with the steps: it keeps a list of what happened, and asks that.

use proptest::prelude::*;

use super::*;

const LINES: [i64; 3] = [50, 75, 0];
const COOLDOWN: i64 = 5;
const MOST: usize = 4;
const SETTLE: [i64; 3] = [0, 3, 1];
const START: i32 = 20_000;

/// What a look in an hour shows.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is asked apart from the others"
)]
#[derive(Clone, Copy, Debug)]
struct Look {
    hours: i64,
    /// The score for two lines of 50 and 75 that are left at 40 and 70, and 0 for the third.
    score: i64,
    third: Door,
    known: bool,
    before: Before,
    late: bool,
    held: Truth,
    reachable: bool,
    /// Whether a push follows that carries out what is ready.
    push: bool,
}

fn looks() -> impl Strategy<Value = Vec<Look>> {
    let before = prop_oneof![
        20 => Just(Before::Known), 1 => Just(Before::New), 1 => Just(Before::First), 1 => Just(Before::Edited), 1 => Just(Before::Restored)
    ];
    let held =
        prop_oneof![6 => Just(Truth::True), 1 => Just(Truth::False), 1 => Just(Truth::Unknown)];
    let third = prop_oneof![Just(IN), Just(BETWEEN), Just(OUT), Just(UNKNOWN)];
    let numbers = (prop_oneof![9 => 1_i64..40, 1 => 40_i64..400], 0_i64..110);
    let often = |share: f64| prop::bool::weighted(share);
    let rest = (often(0.9), often(0.1), often(0.9), often(0.6));
    let look = (numbers, third, before, held, rest).prop_map(
        |((hours, score), third, before, held, (known, late, reachable, push))| Look {
            hours,
            score,
            third,
            known,
            before,
            late,
            held,
            reachable,
            push,
        },
    );
    prop::collection::vec(look, 1..60)
}

fn doors(look: Look) -> [Door; 3] {
    let line = |enter: i64, leave: i64| Door {
        enters: (look.score >= enter).into(),
        leaves: (look.score < leave).into(),
    };
    let lines = if look.known {
        [line(50, 40), line(75, 70)]
    } else {
        [UNKNOWN; 2]
    };
    [lines[0], lines[1], look.third]
}

fn automations() -> Vec<Automation> {
    let line = |place: usize| Automation {
        cooldown: Some(days(5)),
        settle: SETTLE[place] * HOUR,
        ..line(Side::Above, &LINES[place].to_string(), false)
    };
    let third = Automation {
        settle: SETTLE[2] * HOUR,
        max_per_contact: u32::try_from(MOST).ok(),
        ..tagging()
    };
    vec![line(0), line(1), third]
}

/// One entry as the page speaks of it.
#[derive(Clone, Copy, Debug)]
struct Told {
    at: i64,
    state: &'static str,
    inside: bool,
}

/// The page, read naively: for each automation, all that happened.
#[derive(Default)]
struct Page([Vec<Told>; 3]);

const BEGAN: [&str; 5] = ["settling", "ready", "started", "leaving", "handed over"];

impl Page {
    fn look(&mut self, look: Look, at: i64) {
        let doors = doors(look);
        let date = |at: i64| at.div_euclid(24);
        let been =
            [0, 1, 2].map(|place: usize| self.0[place].last().is_some_and(|last| last.inside));
        // Who leaves, and what has waited.
        for (place, door) in doors.iter().enumerate() {
            let Some(last) = self.0[place].last_mut().filter(|last| last.inside) else {
                continue;
            };
            let waits = ["settling", "ready"].contains(&last.state);
            if door.leaves == Truth::True {
                last.inside = false;
                match last.state {
                    "settling" | "ready" => last.state = "withdrawn",
                    "started" if place == 2 => last.state = "leaving",
                    _ => {}
                }
            } else if waits && !look.reachable {
                last.state = "suppressed";
            } else if last.state == "settling" && at >= last.at + SETTLE[place] {
                let long = at >= last.at + SETTLE[place] + 7 * 24;
                match look.held {
                    Truth::False => (last.state, last.inside) = ("withdrawn", false),
                    _ if long => last.state = "withdrawn",
                    Truth::True => last.state = "ready",
                    Truth::Unknown => {}
                }
            }
        }
        // Who enters.
        let mut crossed = [false; 3];
        for (place, door) in doors.iter().enumerate() {
            let all = &self.0[place];
            if door.enters != Truth::True || been[place] {
                continue;
            }
            let began: Vec<&Told> = all
                .iter()
                .filter(|each| BEGAN.contains(&each.state))
                .collect();
            let last = began.last().map(|last| date(last.at));
            let cold = place < 2 && last.is_some_and(|last| date(at) < last + COOLDOWN);
            let state = match look.before {
                Before::First | Before::Edited | Before::Restored => "silent",
                _ if look.late => "silent",
                _ if !look.reachable || cold => "suppressed",
                _ if place == 2 && began.len() >= MOST => "suppressed",
                _ if SETTLE[place] > 0 => "settling",
                _ => "ready",
            };
            crossed[place] = state != "silent";
            self.0[place].push(Told {
                at,
                state,
                inside: true,
            });
        }
        // A jump over both lines starts the higher.
        if crossed[1]
            && let Some(lower) = self.0[0].last_mut()
            && lower.inside
            && ["settling", "ready"].contains(&lower.state)
        {
            lower.state = "suppressed";
        }
    }

    /// Carries out what is ready.
    fn push(&mut self) {
        for told in self.0.iter_mut().flatten() {
            match told.state {
                "ready" | "leaving" => told.state = "started",
                _ => {}
            }
        }
    }
}

/// What the steps are carried out on.
#[derive(Default)]
struct Memory(Vec<(usize, Entry, bool)>);

impl Memory {
    fn past(&self, place: usize) -> Past {
        let of = self.0.iter().filter(|(of, ..)| *of == place);
        let began = of.clone().map(|(_, entry, _)| entry);
        let began =
            began.filter(|entry| entry.state.may_have_started() || entry.state.is_pending());
        let inside = of.clone().filter(|(_, _, inside)| *inside);
        assert!(inside.clone().count() < 2, "inside twice");
        Past {
            inside: inside.map(|(_, entry, _)| *entry).next(),
            entries: u32::try_from(of.count()).unwrap(),
            starts: u32::try_from(began.clone().count()).unwrap(),
            started_on: began.map(|entry| entry.entered_on).max(),
            left_at: None,
        }
    }

    fn carry(&mut self, steps: Vec<Step>, moment: Moment) {
        for step in steps {
            match step {
                Step::Enter {
                    automation,
                    number,
                    state,
                    due_at,
                    ..
                } => {
                    assert_eq!(number, self.past(automation).entries + 1);
                    let entry = Entry {
                        id: i64::try_from(self.0.len()).unwrap(),
                        state,
                        entered_at: moment.now,
                        entered_on: moment.today,
                        due_at,
                        by_hand: false,
                    };
                    self.0.push((automation, entry, true));
                }
                Step::Move {
                    automation,
                    entry,
                    state,
                    leaves,
                    ..
                } => {
                    let (of, entry, inside) = &mut self.0[usize::try_from(entry).unwrap()];
                    assert!(*of == automation && *inside);
                    entry.state = state.unwrap_or(entry.state);
                    *inside &= !leaves;
                }
            }
        }
    }

    fn told(&self) -> [Vec<(&'static str, bool)>; 3] {
        [0, 1, 2].map(|place| {
            let of = self.0.iter().filter(|(of, ..)| *of == place);
            of.map(|(_, entry, inside)| (entry.state.as_str(), *inside))
                .collect()
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn many_days_go_as_the_page_says(looks in looks()) {
        let automations = automations();
        let (mut page, mut memory) = (Page::default(), Memory::default());
        let mut hour = i64::from(START) * 24;
        let mut started: [Vec<i64>; 3] = Default::default();
        for look in looks {
            hour += look.hours;
            let moment = Moment {
                today: Day(i32::try_from(hour.div_euclid(24)).unwrap()),
                now: hour * HOUR,
                reachable: look.reachable,
            };
            let seen = doors(look).map(|door| Seen {
                door,
                before: look.before,
                late: look.late,
                held: look.held,
            });
            let past = [0, 1, 2].map(|place| memory.past(place));
            memory.carry(steps(&automations, &seen, &past, moment), moment);
            page.look(look, hour);
            if look.push {
                page.push();
                for (place, entry, _) in &mut memory.0 {
                    if entry.state == EntryState::Ready {
                        started[*place].push(i64::from(entry.entered_on.0));
                    }
                    if matches!(entry.state, EntryState::Ready | EntryState::Leaving) {
                        entry.state = EntryState::Started;
                    }
                }
            }
            let told = [0, 1, 2].map(|place: usize| {
                let all = page.0[place].iter();
                all.map(|told| (told.state, told.inside)).collect::<Vec<_>>()
            });
            prop_assert_eq!(memory.told(), told);
        }
        for (place, started) in started.iter().enumerate() {
            prop_assert!(started.len() <= memory.told()[place].len());
            let near = started.windows(2).any(|two| two[1] < two[0] + COOLDOWN);
            prop_assert!(place == 2 || !near, "{:?}", started);
        }
        prop_assert!(started[2].len() <= MOST);
    }
}
