//! Kills while pages come in: from nothing, and with a day of news.

use chrono::TimeDelta;
use engaged_sandbox::people::Publication;

use crate::{
    judge,
    rounds::Rounds,
    side::Side,
    stage::{Scene, Stage, now},
    watch::{Left, commits_of, kill},
};

/// Mailchimp forgets nothing, but is read again for two weeks only: no world may lie further back.
const DAYS: u32 = 12;
/// At most so many kills before a sync may run to its end.
const CHAIN: u32 = 3;

fn scene() -> Scene {
    Scene {
        people: 30,
        ended: TimeDelta::days(i64::from(DAYS)),
        ghost: Some(Publication::Monthly),
        mailchimp: true,
        ..Scene::default()
    }
}

/// How far a whole sync goes.
pub struct Whole {
    commits: u32,
    answers: u32,
    streams: i64,
}

fn answers(stage: &Stage) -> usize {
    let sides = Side::all(stage).into_iter();
    sides.map(|side| side.ledger().len()).sum()
}

/// Syncs undisturbed, and judges that too.
pub fn whole(stage: &Stage, rounds: &mut Rounds) -> Whole {
    let mark = answers(stage);
    let commits = commits_of(&stage.program, "sync");
    let whole = Whole {
        commits,
        answers: u32::try_from(answers(stage) - mark).unwrap(),
        streams: stage.number("select count(*) from cursor"),
    };
    assert!(
        whole.streams >= 10 && i64::from(whole.commits) > whole.streams,
        "{commits}"
    );
    rounds.broken.extend(judge::store(stage));
    whole
}

/// Kills syncs, one after the other, then lets one run to its end and judges.
pub fn round(stage: &Stage, whole: &Whole, rounds: &mut Rounds) {
    for _ in 0..rounds.pick(CHAIN) {
        let (started, mark) = (now().timestamp_millis(), answers(stage));
        let (kind, commits, asked) = (
            rounds.pick(3),
            rounds.pick(whole.commits),
            rounds.pick(whole.answers) as usize,
        );
        let alive = kill(&stage.program, "sync", |watch| match kind {
            1 => watch.commits >= commits,
            2 => watch.writes >= commits,
            _ => answers(stage) - mark >= asked,
        });
        let left = Left::by(&stage.program);
        rounds.broken.extend(left.is_sound());
        // Each page sets its stream's cursor, and the last stream's last page is the last write of all.
        let moved = left.number(&format!(
            "select count(*) from cursor where known_at >= {started}"
        ));
        let place = format!("{moved} of {} streams moved", whole.streams);
        rounds.count(alive && (1..whole.streams).contains(&moved), place);
    }
    rounds.broken.extend(judge::run(&stage.program, &["sync"]));
    rounds.broken.extend(judge::store(stage));
}

/// Scores at last what so many kills have left, which must be what all of it gives.
pub fn scores(stage: &Stage, rounds: &mut Rounds) {
    rounds.broken.extend(judge::run(&stage.program, &["score"]));
    rounds.broken.extend(judge::store(stage));
}

/// Kills the first sync of a database.
pub fn backfill(rounds: &mut Rounds) {
    backfill_of(&scene(), rounds);
}

/// The same with other platforms.
pub fn backfill_of(scene: &Scene, rounds: &mut Rounds) {
    let stage = rounds.stage(scene);
    let whole = whole(&stage, rounds);
    while rounds.go_on() {
        for name in ["engaged.db", "engaged.db-wal", "engaged.db-shm"] {
            let _ = std::fs::remove_file(stage.program.path().join(name));
        }
        round(&stage, &whole, rounds);
    }
    scores(&stage, rounds);
}

/// Kills the sync of a day on which everything happens.
pub fn news(rounds: &mut Rounds) {
    while rounds.go_on() {
        let stage = rounds.stage(&scene());
        whole(&stage, rounds);
        stage.day_of_news();
        let whole = whole(&stage, rounds);
        for _ in 1..DAYS {
            if rounds.go_on() {
                stage.day_of_news();
                round(&stage, &whole, rounds);
            }
        }
        scores(&stage, rounds);
    }
}
