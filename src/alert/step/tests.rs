//! One alert against its whole past, read again from the beginning.

use proptest::prelude::*;

use super::*;

const MINUTE: Millis = 60_000;
const HOUR: Millis = 60 * MINUTE;

const TWO: Damping = Damping {
    failure_after: 2,
    success_after: 2,
    repeat: 24 * HOUR,
};

/// Looks a minute apart, as a text: `b` bad, `g` good, `?` unknown. What was told: `F` firing, `R` resolved.
fn told(looks: &str, damping: Damping) -> String {
    let mut memory = None;
    let mut told = String::new();
    for (at, look) in looks.chars().enumerate() {
        let look = match look {
            'b' => Look::Bad,
            'g' => Look::Good,
            _ => Look::Unknown,
        };
        let now = Millis::try_from(at).unwrap() * MINUTE;
        let (next, word) = step(memory, look, now, damping, true);
        memory = next;
        told.push(match word {
            None => '.',
            Some(Word::Firing) => 'F',
            Some(Word::Resolved) => 'R',
        });
    }
    told
}

#[test]
fn it_takes_so_many_bad_looks_in_a_row_to_fire_and_so_many_good_ones_to_end() {
    assert_eq!(told("bgbgbgb", TWO), ".......");
    assert_eq!(told("gbbbgbgg", TWO), "..F....R");
    assert_eq!(told("bb", TWO), ".F");
    let at_once = Damping {
        failure_after: 1,
        success_after: 1,
        ..TWO
    };
    assert_eq!(told("bg", at_once), "FR");
}

#[test]
fn a_look_that_cannot_judge_changes_nothing() {
    assert_eq!(told("b?b?g??g", TWO), "..F....R");
    assert_eq!(told("????", TWO), "....");
}

#[test]
fn what_still_fires_is_told_again_after_its_time_and_no_sooner() {
    let hourly = Damping {
        repeat: HOUR,
        ..TWO
    };
    let told = told(&"b".repeat(130), hourly);
    let at: Vec<usize> = told.match_indices('F').map(|(at, _)| at).collect();
    assert_eq!(at, [1, 61, 121]);
}

#[test]
fn what_comes_back_soon_must_be_good_for_longer_each_time() {
    let good = |looks| "g".repeat(looks);
    let first = format!("bb{}bb{}", good(2), good(8));
    assert_eq!(told(&first, TWO), ".F.R.F.......R");
    let second = format!("{first}bb{}", good(32));
    assert_eq!(told(&second, TWO).matches('R').count(), 3);
    assert_eq!(
        told(&second[..second.len() - 1], TWO).matches('R').count(),
        2
    );
}

#[test]
fn a_day_of_the_worst_flapping_is_told_a_few_times() {
    let mut memory = None;
    let mut words = 0;
    let mut looks = 0;
    // As bad as can be: bad again as soon as it is called good.
    for minute in 0..24 * 60 {
        let firing = memory.is_some_and(|memory: Memory| memory.state == State::Firing);
        let look = if firing { Look::Good } else { Look::Bad };
        let (next, word) = step(memory, look, minute * MINUTE, TWO, true);
        memory = next;
        words += usize::from(word.is_some());
        looks += 1;
    }
    assert_eq!(looks, 1440);
    assert!(words <= 12, "{words}");
}

#[test]
fn what_was_told_to_nobody_is_told_once_somebody_listens_and_ends_in_silence_if_nobody_did() {
    let (memory, word) = step(
        None,
        Look::Bad,
        0,
        Damping {
            failure_after: 1,
            ..TWO
        },
        false,
    );
    assert_eq!(word, None);
    let (_, word) = step(memory, Look::Bad, 1, TWO, true);
    assert_eq!(word, Some(Word::Firing));
    let (memory, _) = step(memory, Look::Good, 2, TWO, true);
    let (memory, word) = step(memory, Look::Good, 3, TWO, true);
    assert_eq!((memory.unwrap().state, word), (State::Resolved, None));
}

#[test]
fn a_clock_that_ran_ahead_silences_nothing() {
    let (memory, _) = step(
        None,
        Look::Bad,
        0,
        Damping {
            failure_after: 1,
            ..TWO
        },
        true,
    );
    let ahead = memory.map(|memory| Memory {
        told_at: Some(1_000 * 24 * HOUR),
        ..memory
    });
    assert_eq!(step(ahead, Look::Bad, 1, TWO, true).1, Some(Word::Firing));
}

/// What each look tells, by reading all looks so far once more from their beginning.
fn oracle(all: &[(Look, Millis, bool)], damping: Damping) -> Vec<Option<Word>> {
    let judged: Vec<usize> = (0..all.len())
        .filter(|at| all[*at].0 != Look::Unknown)
        .collect();
    let is_bad = |n: usize| all[judged[n]].0 == Look::Bad;
    let time = |n: usize| all[judged[n]].1;
    let (failures, successes) = (
        damping.failure_after as usize,
        damping.success_after as usize,
    );
    let mut words = vec![None; all.len()];
    let mut ended: Vec<(Millis, Millis)> = Vec::new();
    let mut from = 0;
    loop {
        let fires =
            (from + failures - 1..judged.len()).find(|end| (end + 1 - failures..=*end).all(is_bad));
        let Some(fires) = fires else {
            return words;
        };
        // How many times in a row, up to now, a firing came soon after the end before it.
        let firings = ended.iter().map(|(fired, _)| *fired).skip(1);
        let firings: Vec<Millis> = firings.chain([time(fires)]).collect();
        let gaps: Vec<Millis> = firings
            .iter()
            .zip(&ended)
            .map(|(fired, (_, end))| fired - end)
            .collect();
        let soon = gaps.iter().rev().take_while(|gap| **gap < damping.repeat);
        let wanted = successes * 4_usize.pow(u32::try_from(soon.count()).unwrap());
        let run = |end: usize| (fires + 1..=end).rev().take_while(|n| !is_bad(*n)).count();
        let ends = (fires + 1..judged.len()).find(|end| {
            let run = run(*end);
            let long = run > 0 && time(*end) - time(end + 1 - run) >= damping.repeat;
            run >= wanted.max(1) || (run >= successes && long)
        });
        let mut last: Option<Millis> = None;
        for n in fires..ends.unwrap_or(judged.len()) {
            let due = last.is_none_or(|last| time(n) - last >= damping.repeat);
            if is_bad(n) && due && all[judged[n]].2 {
                words[judged[n]] = Some(Word::Firing);
                last = Some(time(n));
            }
        }
        let Some(ends) = ends else {
            return words;
        };
        if last.is_some() {
            words[judged[ends]] = Some(Word::Resolved);
        }
        ended.push((time(fires), time(ends)));
        from = ends + 1;
    }
}

fn looks() -> impl Strategy<Value = Vec<(Look, Millis, bool)>> {
    let look = prop_oneof![4 => Just(Look::Bad), 4 => Just(Look::Good), 1 => Just(Look::Unknown)];
    // Runs, since single looks seldom make anything fire.
    let run = (look, 1..8_usize, 1..4 * 60_i64, prop::bool::weighted(0.9));
    prop::collection::vec(run, 1..40).prop_map(|runs| {
        let mut now = 0;
        let mut all = Vec::new();
        for (look, times, minutes, listens) in runs {
            for _ in 0..times {
                now += minutes * MINUTE;
                all.push((look, now, listens));
            }
        }
        all
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn step_by_step_is_what_the_whole_past_says(
        all in looks(),
        failure_after in 1..4_u32,
        success_after in 1..4_u32,
        hours in 1..48_i64,
    ) {
        let damping = Damping { failure_after, success_after, repeat: hours * HOUR };
        let expected = oracle(&all, damping);
        let mut memory = None;
        let mut found = Vec::new();
        for (look, now, listens) in &all {
            let (next, word) = step(memory, *look, *now, damping, *listens);
            memory = next;
            found.push(word);
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_receiver_hears_firing_then_resolved_and_never_the_same_too_soon(
        all in looks(),
        hours in 1..48_i64,
    ) {
        let damping = Damping { repeat: hours * HOUR, ..TWO };
        let mut memory = None;
        let mut last: Option<(Word, Millis)> = None;
        for (look, now, listens) in all {
            let (next, word) = step(memory, look, now, damping, listens);
            memory = next;
            let Some(word) = word else { continue };
            prop_assert!(listens || word == Word::Resolved);
            match (last, word) {
                (Some((Word::Firing, at)), Word::Firing) => prop_assert!(now - at >= damping.repeat),
                (Some((Word::Resolved, _)) | None, Word::Resolved) => prop_assert!(false, "resolved out of the blue"),
                _ => {}
            }
            last = Some((word, now));
        }
    }
}
