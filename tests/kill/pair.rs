//! Copernica and HubSpot in one configuration, with some people in both, killed wherever it is: while pages come in, while
//! both are pushed to, and while something is started on each.

use chrono::TimeDelta;

use crate::{
    feeding,
    judge::{self, Violation},
    rounds::Rounds,
    side::Side,
    stage::{Scene, Stage},
    starting::Series,
    striking::strike,
    told::Told,
    watch::Left,
    writing::turn,
};

/// At most so many kills before a push may run to its end.
const PUSHES: u32 = 2;
/// The same where one thing at a time is started.
const STARTS: u32 = 4;

pub fn scene() -> Scene {
    Scene {
        people: 12,
        ended: TimeDelta::days(3),
        months: 1,
        dutch: true,
        ..Scene::default()
    }
}

/// Kills the first sync of a database.
pub fn backfill(rounds: &mut Rounds) {
    feeding::backfill_of(&scene(), rounds);
}

/// Puts the files of the database back as they were.
pub fn restore(stage: &Stage, files: &[Option<Vec<u8>>]) {
    let names = ["engaged.db", "engaged.db-wal"];
    let _ = std::fs::remove_file(stage.program.path().join("engaged.db-shm"));
    for (name, bytes) in names.into_iter().zip(files) {
        let path = stage.program.path().join(name);
        match bytes {
            Some(bytes) => std::fs::write(path, bytes).unwrap(),
            None => drop(std::fs::remove_file(path)),
        }
    }
}

/// Kills the sync of a day on which everything happens, each time from where the day before ended.
pub fn news(rounds: &mut Rounds) {
    let stage = rounds.stage(&scene());
    let end = stage.world.read().unwrap().end();
    stage.cycle_at(engaged_sandbox::people::time(end));
    let before = stage.files();
    stage.day_of_news();
    let whole = feeding::whole(&stage, rounds);
    while rounds.go_on() {
        restore(&stage, &before);
        feeding::round(&stage, &whole, rounds);
    }
    feeding::scores(&stage, rounds);
}

/// Lets other rules hold and pushes what follows; how many requests of each kind that takes on each side.
pub fn undisturbed(stage: &Stage, turned: bool, rounds: &mut Rounds) -> Vec<Vec<u32>> {
    let sides = Side::all(stage);
    let marks: Vec<usize> = sides.iter().map(|side| side.ledger().len()).collect();
    turn(stage, turned);
    rounds.broken.extend(judge::run(&stage.program, &["apply"]));
    let each = sides.iter().zip(marks);
    each.map(|(side, mark)| usual(*side, mark)).collect()
}

/// How many requests of each kind there were since a mark.
fn usual(side: Side<'_>, mark: usize) -> Vec<u32> {
    let writes = side.writes(mark);
    let count = |(method, path): &(http::Method, &str)| {
        let own = writes.iter();
        let own = own.filter(|entry| entry.method == method && entry.path.starts_with(path));
        u32::try_from(own.count()).unwrap()
    };
    side.pushes().iter().map(count).collect()
}

/// Kills pushes to both at any of their requests. In the end both show what they should.
pub fn push(rounds: &mut Rounds) {
    let stage = rounds.stage(&scene());
    stage.settle();
    let sides = Side::all(&stage);
    let mut turned = true;
    let usual = undisturbed(&stage, turned, rounds);
    while rounds.go_on() {
        turned = !turned;
        turn(&stage, turned);
        let mut told: Vec<Told> = sides.iter().map(|side| Told::begin(*side)).collect();
        for _ in 0..rounds.pick(PUSHES) {
            kill(&sides, &usual, &mut told, rounds);
            rounds.broken.extend(judge::plan(&stage));
        }
        // What the kill left in doubt may be wanted no more.
        if rounds.pick(3) == 1 {
            turned = !turned;
            turn(&stage, turned);
            for (side, told) in sides.iter().zip(&mut told) {
                told.turned(*side);
            }
        }
        rounds.broken.extend(converge(&sides, &told));
        rounds.broken.extend(judge::itself(&stage.program));
    }
}

/// Kills one push at a request to one of the two.
fn kill(sides: &[Side<'_>], usual: &[Vec<u32>], told: &mut [Told], rounds: &mut Rounds) {
    let place = rounds.chance.below(u32::try_from(sides.len()).unwrap()) as usize;
    let side = sides[place];
    let kinds = u32::try_from(side.pushes().len()).unwrap();
    let kind = rounds.chance.below(kinds) as usize;
    let nth = rounds.pick(usual[place][kind].max(1));
    let (method, path) = &side.pushes()[kind];
    let (struck, done) = strike(side, &["apply"], rounds, (method, path), nth);
    let left = Left::by(&side.stage.program);
    let under_way = left.number(&format!(
        "select count(*) from outbox join connection on connection.id = connection_id
         where state = 'attempting' and connection.name = '{}'",
        side.word()
    ));
    if struck && under_way == 0 && done != "answered" {
        let what = format!(
            "a request to {} of which nothing is written down",
            side.word()
        );
        rounds.broken.push(Violation::Unaccounted(what));
    }
    rounds.count(
        struck && under_way > 0,
        format!("{} {method} {done}", side.word()),
    );
    rounds.broken.extend(left.is_sound());
    for (side, told) in sides.iter().zip(told) {
        told.kills += 1;
        rounds.broken.extend(told.accounted(*side, &left));
    }
}

/// Lets a push run to its end, and another: then both are as they should be, and were so with the first.
pub fn converge(sides: &[Side<'_>], told: &[Told]) -> Vec<Violation> {
    let program = &sides[0].stage.program;
    let mut broken = judge::run(program, &["apply"]);
    let left = Left::by(program);
    for (side, told) in sides.iter().zip(told) {
        broken.extend(told.accounted(*side, &left));
        broken.extend(told.shows(*side));
    }
    let marks: Vec<usize> = sides.iter().map(|side| side.ledger().len()).collect();
    broken.extend(judge::run(program, &["apply"]));
    for (side, mark) in sides.iter().zip(marks) {
        broken.extend(Told::silent(*side, mark));
    }
    broken
}

/// Kills at a start on one of the two, and in the end everybody was started once on each.
pub fn starts(rounds: &mut Rounds) {
    let stage = rounds.stage(&scene());
    stage.settle();
    let mut number = 0;
    while rounds.go_on() {
        number += 1;
        let series: Vec<Series<'_>> = Side::all(&stage)
            .into_iter()
            .map(|side| Series::new(side, number))
            .collect();
        Series::begin(&series);
        for _ in 0..STARTS {
            let one = &series[rounds.chance.below(2) as usize];
            let Some((effective, place)) = one.kill(rounds) else {
                break;
            };
            rounds.count(effective, place);
            rounds.broken.extend(Left::by(&stage.program).is_sound());
            for each in &series {
                rounds.broken.extend(each.accounted());
            }
        }
        for each in &series {
            rounds.broken.extend(each.resolve());
        }
    }
    rounds.broken.extend(judge::itself(&stage.program));
}
