//! What becomes of contacts at the doors of automations, row by row of docs/automations.md.

use super::*;
use crate::{
    rules::{syntax::Unit, truth::Truth},
    score::{calendar::Day, evaluate::Door},
};

const HOUR: Millis = 3_600_000;
const DAY: Millis = 24 * HOUR;

fn automation(name: &str) -> Automation {
    Automation {
        name: name.to_owned(),
        fingerprint: String::new(),
        threshold: None,
        cooldown: None,
        settle: 0,
        max_per_contact: None,
        start: Start {
            connection: Some("news".to_owned()),
            begin: Begin::Automation("journey".to_owned()),
        },
    }
}

fn tagging() -> Automation {
    let mut automation = automation("tag");
    automation.start.begin = Begin::Tag("hot".to_owned());
    automation
}

fn line(side: Side, number: &str, strict: bool) -> Automation {
    Automation {
        threshold: Some(Threshold {
            score: "engagement".to_owned(),
            side,
            number: Decimal::parse(number).unwrap(),
            strict,
        }),
        ..automation(&format!("{side:?} {number} {strict}"))
    }
}

const IN: Door = Door {
    enters: Truth::True,
    leaves: Truth::False,
};
const BETWEEN: Door = Door {
    enters: Truth::False,
    leaves: Truth::False,
};
const OUT: Door = Door {
    enters: Truth::False,
    leaves: Truth::True,
};
const UNKNOWN: Door = Door {
    enters: Truth::Unknown,
    leaves: Truth::Unknown,
};

fn at(door: Door) -> Seen {
    Seen {
        door,
        before: Before::Known,
        late: false,
        held: Truth::True,
    }
}

fn on(day: &str) -> Moment {
    let today = Day::parse(day).unwrap();
    Moment {
        today,
        now: Millis::from(today.0) * DAY + 12 * HOUR,
        reachable: true,
    }
}

fn today() -> Moment {
    on("2026-06-15")
}

/// Who is inside by an entry in that state, made a day before.
fn inside(state: EntryState, due_at: Option<Millis>) -> Past {
    let entered_on = Day::parse("2026-06-14").unwrap();
    Past {
        inside: Some(Entry {
            id: 7,
            state,
            entered_at: Millis::from(entered_on.0) * DAY,
            entered_on,
            due_at,
            by_hand: false,
        }),
        entries: 1,
        starts: u32::from(state.may_have_started() || state.is_pending()),
        started_on: Some(entered_on),
        left_at: None,
    }
}

fn outside(started_on: &str, starts: u32) -> Past {
    Past {
        inside: None,
        entries: starts,
        starts,
        started_on: Day::parse(started_on),
        left_at: None,
    }
}

/// One automation's one step; `None` if nothing changes.
fn step(automation: &Automation, seen: Seen, past: Past, moment: Moment) -> Option<Step> {
    let all = steps(std::slice::from_ref(automation), &[seen], &[past], moment);
    assert!(all.len() < 2, "{all:?}");
    all.into_iter().next()
}

/// What an entry becomes, and why.
fn entry(automation: &Automation, seen: Seen, past: Past, moment: Moment) -> Became {
    match step(automation, seen, past, moment) {
        Some(Step::Enter { state, reason, .. }) => (state.as_str(), reason),
        step => panic!("nobody entered: {step:?}"),
    }
}

/// What becomes of the entry by which somebody is inside, why, and whether they leave.
fn moved(
    automation: &Automation,
    seen: Seen,
    past: Past,
    moment: Moment,
) -> (Option<EntryState>, Option<String>, bool) {
    match step(automation, seen, past, moment) {
        Some(Step::Move {
            state,
            reason,
            leaves,
            ..
        }) => (state, reason, leaves),
        step => panic!("nothing moved: {step:?}"),
    }
}

/// What an entry became, and why.
type Became = (&'static str, Option<String>);

fn because(state: &'static str, words: &str) -> Became {
    (state, Some(words.to_owned()))
}

#[test]
fn who_begins_to_be_inside_enters_once_and_between_the_lines_nothing_happens() {
    let it = automation("it");
    assert_eq!(
        step(&it, at(IN), Past::default(), today()),
        Some(Step::Enter {
            automation: 0,
            number: 1,
            state: EntryState::Ready,
            reason: None,
            due_at: None,
        })
    );
    for door in [BETWEEN, OUT, UNKNOWN] {
        assert_eq!(step(&it, at(door), Past::default(), today()), None);
    }
    let past = inside(EntryState::Started, None);
    for door in [IN, BETWEEN, UNKNOWN] {
        assert_eq!(step(&it, at(door), past, today()), None);
    }
    assert_eq!(moved(&it, at(OUT), past, today()), (None, None, true));
}

#[test]
fn an_entry_has_the_number_after_the_last() {
    let past = outside("2025-01-01", 4);
    let entered = step(&automation("it"), at(IN), past, today());
    assert!(matches!(entered, Some(Step::Enter { number: 5, .. })));
}

#[test]
fn what_does_not_lie_in_the_present_is_silent_even_where_something_else_forbids_it() {
    let it = Automation {
        max_per_contact: Some(1),
        cooldown: Some(days(30)),
        ..automation("it")
    };
    let past = outside("2026-06-14", 1);
    let gone = Moment {
        reachable: false,
        ..today()
    };
    for (before, late, words) in [
        (Before::First, false, "first import"),
        (Before::First, true, "first import"),
        (Before::Edited, true, "the rules were edited"),
        (Before::Restored, false, "restored from a backup"),
        (Before::Known, true, "late news of the past"),
        (Before::New, true, "late news of the past"),
    ] {
        let seen = Seen {
            before,
            late,
            ..at(IN)
        };
        assert_eq!(entry(&it, seen, past, gone), because("silent", words));
    }
    let new = Seen {
        before: Before::New,
        ..at(IN)
    };
    assert_eq!(entry(&it, new, Past::default(), today()), ("ready", None));
}

fn days(number: u32) -> Window {
    Window {
        number,
        unit: Unit::Day,
    }
}

#[test]
fn a_cooldown_of_thirty_days_from_the_first_of_june_ends_with_june() {
    let it = Automation {
        cooldown: Some(days(30)),
        ..automation("it")
    };
    let past = outside("2026-06-01", 1);
    for day in ["2026-06-01", "2026-06-29", "2026-06-30"] {
        let expected = because("suppressed", "cooldown until 2026-07-01");
        assert_eq!(entry(&it, at(IN), past, on(day)), expected);
    }
    assert_eq!(entry(&it, at(IN), past, on("2026-07-01")), ("ready", None));
    let month = Automation {
        cooldown: Some(Window {
            number: 1,
            unit: Unit::Month,
        }),
        ..automation("it")
    };
    let past = outside("2026-01-31", 1);
    let still = entry(&month, at(IN), past, on("2026-02-27"));
    assert_eq!(still.0, "suppressed");
    assert_eq!(entry(&month, at(IN), past, on("2026-02-28")).0, "ready");
    // Who was never started anything for has no cooldown.
    let never = Past {
        entries: 3,
        ..Past::default()
    };
    assert_eq!(entry(&it, at(IN), never, today()).0, "ready");
}

#[test]
fn a_contact_is_started_no_more_often_than_is_said() {
    let it = Automation {
        max_per_contact: Some(3),
        ..automation("it")
    };
    let often = |starts| entry(&it, at(IN), outside("2020-01-01", starts), today());
    assert_eq!(often(2), ("ready", None));
    assert_eq!(often(3), because("suppressed", "max_per_contact = 3"));
    assert_eq!(often(4).0, "suppressed");
}

#[test]
fn for_whom_we_may_not_write_to_nothing_starts_nor_goes_on_to() {
    let it = automation("it");
    let gone = Moment {
        reachable: false,
        ..today()
    };
    let expected = because("suppressed", "not subscribed");
    assert_eq!(entry(&it, at(IN), Past::default(), gone), expected);
    for state in [EntryState::Settling, EntryState::Ready] {
        let past = inside(state, Some(today().now));
        let expected = (
            Some(EntryState::Suppressed),
            Some("not subscribed".to_owned()),
            false,
        );
        assert_eq!(moved(&it, at(IN), past, gone), expected);
    }
    for state in [EntryState::Started, EntryState::InDoubt, EntryState::Silent] {
        assert_eq!(step(&it, at(IN), inside(state, None), gone), None);
    }
}

#[test]
fn an_entry_settles_before_it_is_ready() {
    let it = Automation {
        settle: 2 * HOUR,
        ..automation("it")
    };
    let now = today();
    assert_eq!(
        step(&it, at(IN), Past::default(), now),
        Some(Step::Enter {
            automation: 0,
            number: 1,
            state: EntryState::Settling,
            reason: None,
            due_at: Some(now.now + 2 * HOUR),
        })
    );
    let early = inside(EntryState::Settling, Some(now.now + 1));
    assert_eq!(step(&it, at(IN), early, now), None);
    let due = inside(EntryState::Settling, Some(now.now));
    let ready = (Some(EntryState::Ready), None, false);
    assert_eq!(moved(&it, at(IN), due, now), ready);
    // It held when it was made, and nobody has left since.
    assert_eq!(moved(&it, at(BETWEEN), due, now), ready);
    let machine = Seen {
        held: Truth::False,
        ..at(BETWEEN)
    };
    let words = Some("did not hold, as we know now".to_owned());
    let withdrawn = (Some(EntryState::Withdrawn), words, true);
    assert_eq!(moved(&it, machine, due, now), withdrawn);
    assert_eq!(step(&it, machine, early, now), None);
    // Nobody looked for a week.
    let long = inside(EntryState::Settling, Some(now.now - 7 * DAY));
    let words = Some("waited too long to be started".to_owned());
    let withdrawn = (Some(EntryState::Withdrawn), words, false);
    assert_eq!(moved(&it, at(IN), long, now), withdrawn);
}

#[test]
fn an_entry_of_which_it_is_not_known_whether_it_held_waits() {
    let it = automation("it");
    let unknown = Seen {
        held: Truth::Unknown,
        ..at(UNKNOWN)
    };
    let due = inside(EntryState::Settling, Some(today().now - DAY));
    assert_eq!(step(&it, unknown, due, today()), None);
    let long = inside(EntryState::Settling, Some(today().now - 7 * DAY));
    let (state, _, leaves) = moved(&it, unknown, long, today());
    assert_eq!((state, leaves), (Some(EntryState::Withdrawn), false));
}

#[test]
fn what_is_handed_over_is_so_when_it_has_settled() {
    let mut it = automation("it");
    it.start.begin = Begin::HandOver("Sales".to_owned());
    assert_eq!(
        entry(&it, at(IN), Past::default(), today()).0,
        "handed over"
    );
    let due = inside(EntryState::Settling, Some(today().now));
    let over = (Some(EntryState::HandedOver), None, false);
    assert_eq!(moved(&it, at(IN), due, today()), over);
}

#[test]
fn who_leaves_before_the_start_is_not_started_and_a_tag_is_taken_off() {
    let words = || Some("left before it was started".to_owned());
    for state in [EntryState::Settling, EntryState::Ready] {
        let past = inside(state, Some(today().now));
        let withdrawn = (Some(EntryState::Withdrawn), words(), true);
        assert_eq!(moved(&tagging(), at(OUT), past, today()), withdrawn);
    }
    let leaves =
        |automation: &Automation, state| moved(automation, at(OUT), inside(state, None), today());
    let leaving = (Some(EntryState::Leaving), None, true);
    assert_eq!(leaves(&tagging(), EntryState::Started), leaving);
    for state in [
        EntryState::Attempting,
        EntryState::InDoubt,
        EntryState::Silent,
        EntryState::Suppressed,
        EntryState::Refused,
    ] {
        assert_eq!(leaves(&tagging(), state), (None, None, true));
    }
    let other = leaves(&automation("it"), EntryState::Started);
    assert_eq!(other, (None, None, true));
}

/// The states in which all those enter who cross these lines at once.
fn crossing(automations: &[Automation], seen: &[Seen], past: &[Past]) -> Vec<Option<EntryState>> {
    let all = steps(automations, seen, past, today());
    let mut states = vec![None; automations.len()];
    for step in all {
        let (place, state) = match step {
            Step::Enter {
                automation, state, ..
            } => (automation, Some(state)),
            Step::Move {
                automation, state, ..
            } => (automation, state),
        };
        assert_eq!(states[place], None, "one step for each");
        states[place] = state;
    }
    states
}

#[test]
fn a_jump_over_several_lines_starts_the_one_furthest_out() {
    const READY: Option<EntryState> = Some(EntryState::Ready);
    const NOT: Option<EntryState> = Some(EntryState::Suppressed);
    use Side::{Above, Below};
    let all = |lines: &[Automation]| {
        let (seen, past) = (
            vec![at(IN); lines.len()],
            vec![Past::default(); lines.len()],
        );
        crossing(lines, &seen, &past)
    };
    let above = [
        line(Above, "50", false),
        line(Above, "90", false),
        line(Above, "75", false),
    ];
    assert_eq!(all(&above), [NOT, READY, NOT]);
    let below = [
        line(Below, "50", false),
        line(Below, "9.5", false),
        line(Below, "10", true),
    ];
    assert_eq!(all(&below), [NOT, READY, NOT]);
    // `> 50` lies beyond `>= 50`, and `< 50` beyond `<= 50`; a line is not beyond itself.
    for side in [Above, Below] {
        let two = [line(side, "50", true), line(side, "50", false)];
        assert_eq!(all(&two), [READY, NOT]);
        let same = [line(side, "50", true), line(side, "50.0", true)];
        assert_eq!(all(&same), [READY, READY]);
    }
    // Other scores, other sides, and what is no line, are other things.
    let mut other = line(Above, "10", false);
    other.threshold.as_mut().unwrap().score = "fit".to_owned();
    let apart = [
        line(Above, "50", false),
        line(Below, "60", false),
        other,
        automation("it"),
    ];
    assert_eq!(all(&apart), [READY; 4]);
}

#[test]
fn a_lower_line_is_crossed_alone_where_the_higher_is_silent_or_was_crossed_before() {
    let lines = [
        line(Side::Above, "50", false),
        line(Side::Above, "75", false),
    ];
    let edited = Seen {
        before: Before::Edited,
        ..at(IN)
    };
    let none = Past::default();
    assert_eq!(
        crossing(&lines, &[at(IN), edited], &[none, none]),
        [Some(EntryState::Ready), Some(EntryState::Silent)]
    );
    assert_eq!(
        crossing(&lines, &[edited, at(IN)], &[none, none]),
        [Some(EntryState::Silent), Some(EntryState::Ready)]
    );
    let been = inside(EntryState::Started, None);
    assert_eq!(
        crossing(&lines, &[at(IN), at(IN)], &[none, been]),
        [Some(EntryState::Ready), None]
    );
}

#[test]
fn who_waits_at_a_lower_line_and_crosses_a_higher_one_has_jumped_over_both() {
    const NOT: Option<EntryState> = Some(EntryState::Suppressed);
    const READY: Option<EntryState> = Some(EntryState::Ready);
    let lines = [
        line(Side::Above, "50", false),
        line(Side::Above, "75", false),
    ];
    let both =
        |first: Past, seen: Seen| crossing(&lines, &[seen, at(IN)], &[first, Past::default()]);
    let now = today().now;
    let waits = inside(EntryState::Settling, Some(now + HOUR));
    assert_eq!(both(waits, at(IN)), [NOT, READY]);
    // Also where the waiting is over in the same run.
    let due = inside(EntryState::Settling, Some(now));
    assert_eq!(both(due, at(IN)), [NOT, READY]);
    let ready = inside(EntryState::Ready, None);
    assert_eq!(both(ready, at(IN)), [NOT, READY]);
    // What is started stays started, and what leaves leaves.
    let started = inside(EntryState::Started, None);
    assert_eq!(both(started, at(IN)), [None, READY]);
    let withdrawn = Some(EntryState::Withdrawn);
    assert_eq!(both(waits, at(OUT)), [withdrawn, READY]);
    let machine = Seen {
        held: Truth::False,
        ..at(BETWEEN)
    };
    assert_eq!(both(due, machine), [withdrawn, READY]);
    // A higher line that is crossed in silence takes nothing from the lower.
    let late = Seen {
        late: true,
        ..at(IN)
    };
    let seen = [at(IN), late];
    let states = crossing(&lines, &seen, &[ready, Past::default()]);
    assert_eq!(states, [None, Some(EntryState::Silent)]);
}

mod days;
