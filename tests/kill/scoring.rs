//! Kills while scores are written, contacts by the thousands: more than one transaction takes.

use std::collections::BTreeMap;

use crate::{
    judge::{self, Violation},
    program::Program,
    rounds::Rounds,
    watch::{Left, kill},
};

/// One transaction takes 5,000.
const PEOPLE: u32 = 5_600;
/// How many of them open one more mail before each round.
const NEWS: u32 = 60;
const CHAIN: u32 = 3;

/// The people, by number: how many mails each has opened.
struct Crowd {
    program: Program,
    opens: BTreeMap<u32, i64>,
    points: i64,
    files: u32,
}

impl Crowd {
    fn gather(rounds: &mut Rounds) -> Self {
        let mut program = Program::with("");
        rounds.plant(&mut program);
        let mut crowd = Self {
            program,
            opens: BTreeMap::new(),
            points: 0,
            files: 0,
        };
        crowd.rule();
        crowd.open((0..PEOPLE).collect());
        crowd
    }

    /// Another rule, by which everybody's number is another one.
    fn rule(&mut self) {
        self.points += 1;
        let rules = format!("rules = [{{ when = \"open\", points = {} }}]", self.points);
        let config = format!("timezone = \"UTC\"\n[scores.engagement]\n{rules}\n");
        self.program.file("engaged.toml", &config);
    }

    /// Each of these opens a mail.
    fn open(&mut self, who: Vec<u32>) {
        let mut lines = String::new();
        for person in who {
            let times = self.opens.entry(person).or_default();
            *times += 1;
            let minute = format!("{:02}:{:02}", *times / 60, *times % 60);
            lines += &format!(
                "{{\"email\":\"{person}@example.nl\",\"kind\":\"open\",\"at\":\"2026-01-05T{minute}:00Z\"}}\n"
            );
        }
        self.files += 1;
        let name = format!("opens-{}.jsonl", self.files);
        self.program.file(&name, &lines);
        self.program.expect(0, &["import", &name]);
    }

    /// Each contact's address and number, in thousandths, as multiplied out here.
    fn wanted(&self) -> BTreeMap<String, i64> {
        let one = |(person, opens): (&u32, &i64)| {
            (format!("{person}@example.nl"), opens * self.points * 1_000)
        };
        self.opens.iter().map(one).collect()
    }

    fn judge(&self, rounds: &mut Rounds) {
        rounds.broken.extend(judge::run(&self.program, &["score"]));
        rounds.broken.extend(judge::itself(&self.program));
        let left = Left::by(&self.program);
        let wrong = numbers(&left).into_iter().collect::<BTreeMap<_, _>>() != self.wanted();
        let waiting = left.number("select count(*) from dirty") != 0;
        if wrong || waiting {
            let what = format!("numbers wrong: {wrong}, somebody waits: {waiting}");
            rounds.broken.push(Violation::Disagrees(what));
        }
    }
}

/// Each contact's address and stored number.
fn numbers(left: &Left) -> Vec<(String, i64)> {
    let texts: Vec<String> = left.rows(
        "select email || ' ' || raw from contact join score on contact_id = contact.id order by contact.id",
    );
    let pair = |text: String| {
        let (address, number) = text.split_once(' ').unwrap();
        (address.to_owned(), number.parse().unwrap())
    };
    texts.into_iter().map(pair).collect()
}

/// Kills scoring after news, and after news and another rule.
pub fn score(rounds: &mut Rounds) {
    let mut crowd = Crowd::gather(rounds);
    crowd.judge(rounds);
    while rounds.go_on() {
        let who = (0..NEWS).map(|_| rounds.pick(PEOPLE) - 1).collect();
        crowd.open(who);
        // The version of the rules, two parts of the crowd, the marks; without another rule, one part and the marks.
        let mut commits = 2;
        if rounds.pick(4) > 1 {
            crowd.rule();
            commits = 4;
        }
        for _ in 0..rounds.pick(CHAIN) {
            if !round(&crowd, commits, rounds) {
                break;
            }
        }
        crowd.judge(rounds);
    }
}

/// Kills one run; whether it had not ended.
fn round(crowd: &Crowd, commits: u32, rounds: &mut Rounds) -> bool {
    let before = numbers(&Left::by(&crowd.program));
    let (pages, count) = (rounds.pick(3) == 1, commits - rounds.pick(commits / 2));
    let alive = kill(&crowd.program, "score", |watch| {
        let seen = if pages { watch.writes } else { watch.commits };
        seen >= count
    });
    let left = Left::by(&crowd.program);
    rounds.broken.extend(left.is_sound());
    let after = numbers(&left);
    let written = before.iter().zip(&after).filter(|(a, b)| a != b).count();
    // The last transaction takes off the marks of what was new.
    let unfinished = left.number("select count(*) from dirty") > 0;
    let place = format!("{written} numbers written");
    rounds.count(alive && written > 0 && unfinished, place);
    alive
}
