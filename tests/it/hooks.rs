//! Webhooks at the shipped program: its address, its listener, and a kill between commit and answer.

use std::{
    collections::BTreeMap,
    io::Write as _,
    net::{SocketAddr, TcpStream},
    os::unix::fs::PermissionsExt as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use engaged::{
    clock::SystemClock,
    store::{Access, Conn, Hook, Store},
};

use crate::{
    hooked::{self, deliver, path, program, request},
    program::Program,
    stage::{Running, until},
};

pub fn daemon(program: &Program) -> (Running, SocketAddr) {
    let daemon = Running::start(program, &["run"]);
    let address = hooked::address(|| daemon.said());
    (daemon, address)
}

pub fn hook(program: &Program) -> Option<Hook> {
    let store = Store::open(
        &program.path().join("engaged.db"),
        Access::ReadOnly,
        &SystemClock,
    );
    store
        .ok()?
        .read(Conn::hooks)
        .ok()?
        .into_iter()
        .find(|hook| hook.connection.0 > 0)
}

fn counts(program: &Program) -> (i64, i64) {
    hook(program).map_or((0, 0), |hook| (hook.accepted, hook.repeated))
}

#[test]
fn the_path_is_made_once_for_its_owner_alone_and_a_doctor_does_not_show_it() {
    let program = program();
    program.expect(2, &["run"]);
    let made = path(&program);
    assert_eq!(path(&program), made);
    let file = program.path().join("site.path");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let secret = std::fs::read_to_string(&file).unwrap();
    let secret = secret.trim();
    assert!(made.ends_with(secret) && secret.len() == 43);
    program.expect(2, &["hooks", "path", "shop"]);
    // What somebody thought of is not written over, and not taken.
    program.file("site.path", "welcome");
    let weak = program.run(&["run"]);
    assert!(weak.code == 2 && weak.err.contains("E0701") && !weak.err.contains("welcome"));
    program.file("site.path", secret);

    let (mut daemon, address) = daemon(&program);
    assert_eq!(deliver(address, &request(&made, 1)), Some(200));
    let forged = request(&made, 2).replace("m2", "m3");
    assert_eq!(deliver(address, &forged), Some(401));
    let guess = made.replace(secret, &"x".repeat(43));
    assert_eq!(deliver(address, &request(&guess, 4)), Some(401));
    until("what was refused is counted", || {
        hook(&program).is_some_and(|hook| hook.refused == 2)
    });
    let doctor = program.run(&["doctor", "--offline"]);
    assert!(
        doctor.out.contains("1 taken, 0 came again"),
        "{}",
        doctor.out
    );
    let status = program.run(&["status"]);
    assert!(
        status.out.contains("the last webhook came at"),
        "{}",
        status.out
    );
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0));
    let everything = doctor.out + &status.out + &daemon.said();
    assert!(!everything.contains(secret), "{everything}");
    let database = std::fs::read(program.path().join("engaged.db")).unwrap();
    assert!(
        !database
            .windows(secret.len())
            .any(|part| part == secret.as_bytes())
    );
}

#[test]
fn a_kill_between_commit_and_answer_loses_nothing_and_stores_nothing_twice() {
    let program = program();
    let path = path(&program);
    let (mut running, address) = daemon(&program);
    let mut line = TcpStream::connect(address).unwrap();
    line.write_all(request(&path, 0).as_bytes()).unwrap();
    // It is committed, and its sender has heard nothing.
    until("it is kept", || counts(&program) == (1, 0));
    running.signal("KILL");
    running.ended();
    drop(line);
    let (mut running, address) = daemon(&program);
    assert_eq!(deliver(address, &request(&path, 0)), Some(200));
    assert_eq!(counts(&program), (1, 1));
    running.signal("KILL");
    running.ended();
}

#[test]
fn whatever_was_answered_is_there_after_a_kill_at_any_moment() {
    let program = program();
    let path = path(&program);
    let mut sent = 0;
    for round in 1..=6 {
        let (mut running, address) = daemon(&program);
        let before = counts(&program);
        let answered: Arc<Mutex<BTreeMap<usize, u16>>> = Arc::default();
        let next = Arc::new(AtomicUsize::new(sent));
        let senders: Vec<_> = (0..8)
            .map(|_| {
                let (path, answered, next) =
                    (path.clone(), Arc::clone(&answered), Arc::clone(&next));
                std::thread::spawn(move || {
                    loop {
                        let number = next.fetch_add(1, Ordering::SeqCst);
                        let Some(status) = deliver(address, &request(&path, number)) else {
                            return;
                        };
                        answered.lock().unwrap().insert(number, status);
                    }
                })
            })
            .collect();
        until("some were answered", || {
            answered.lock().unwrap().len() >= 7 * round
        });
        running.signal("KILL");
        running.ended();
        for sender in senders {
            sender.join().unwrap();
        }
        let answered = std::mem::take(&mut *answered.lock().unwrap());
        assert!(
            answered.values().all(|status| *status == 200),
            "{answered:?}"
        );
        let (accepted, _) = counts(&program);
        let (answers, all) = (
            i64::try_from(answered.len()).unwrap(),
            i64::try_from(next.load(Ordering::SeqCst) - sent).unwrap(),
        );
        assert!((answers..=all).contains(&(accepted - before.0)));

        let (mut running, address) = daemon(&program);
        let (_, repeated) = counts(&program);
        for number in answered.keys() {
            assert_eq!(deliver(address, &request(&path, *number)), Some(200));
        }
        assert_eq!(
            counts(&program),
            (accepted, repeated + answers),
            "all were known"
        );
        running.signal("KILL");
        running.ended();
        sent = next.load(Ordering::SeqCst);
    }
}
