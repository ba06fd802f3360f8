use std::os::unix::fs::PermissionsExt;

use super::*;

#[test]
fn a_second_instance_is_told_who_holds_the_lock() {
    let bench = bench();
    let error = open(&bench.path, Access::ReadWrite).err().unwrap();
    assert!(
        matches!(&error, StoreError::Locked { pid: Some(pid), .. } if *pid == std::process::id())
    );
    assert_eq!((error.code(), error.exit_status()), ("E0301", 7));
}

#[test]
fn a_reader_opens_beside_the_writer_and_the_lock_goes_with_the_writer() {
    let Bench {
        _folder,
        path,
        store,
        ..
    } = bench();
    let reader = open(&path, Access::ReadOnly).unwrap();
    assert_eq!(reader.read(Conn::connections).unwrap().len(), 1);
    let error = reader.write(|_| Ok(())).unwrap_err();
    assert_eq!(error.code(), "E0399");
    drop(store);
    open(&path, Access::ReadWrite).unwrap();
}

#[test]
fn a_newer_database_is_refused_and_left_as_it_is() {
    let Bench {
        _folder,
        path,
        store,
        ..
    } = bench();
    drop(store);
    rusqlite::Connection::open(&path)
        .unwrap()
        .pragma_update(None, "user_version", 999)
        .unwrap();
    for access in [Access::ReadWrite, Access::ReadOnly] {
        let error = open(&path, access).err().unwrap();
        assert!(
            matches!(error, StoreError::Newer { found: 999, .. }),
            "{error}"
        );
        assert_eq!((error.code(), error.exit_status()), ("E0302", 9));
    }
}

#[test]
fn a_file_that_is_no_database_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    std::fs::write(
        &path,
        "This is a letter to the editor, not a database. ".repeat(50),
    )
    .unwrap();
    assert_eq!(
        open(&path, Access::ReadWrite).err().unwrap().code(),
        "E0303"
    );
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch("create table theirs (a)")
        .unwrap();
    assert_eq!(
        open(&path, Access::ReadWrite).err().unwrap().code(),
        "E0309"
    );
}

#[test]
fn a_missing_folder_and_a_missing_database_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("none").join("a.db");
    assert_eq!(
        open(&nowhere, Access::ReadWrite).err().unwrap().code(),
        "E0306"
    );
    assert_eq!(
        open(&folder.path().join("a.db"), Access::ReadOnly)
            .err()
            .unwrap()
            .code(),
        "E0306"
    );
}

#[test]
fn a_file_marked_read_only_is_refused_before_anything_is_tried() {
    let Bench {
        _folder,
        path,
        store,
        ..
    } = bench();
    drop(store);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).unwrap();
    let error = open(&path, Access::ReadWrite).err().unwrap();
    assert_eq!((error.code(), error.exit_status()), ("E0305", 9));
}

#[test]
fn a_folder_that_cannot_be_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    std::fs::set_permissions(&inner, std::fs::Permissions::from_mode(0o555)).unwrap();
    if std::fs::write(inner.join("probe"), "").is_ok() {
        println!("skipped: this user may write anywhere");
        return;
    }
    assert_eq!(
        open(&inner.join("a.db"), Access::ReadWrite)
            .err()
            .unwrap()
            .code(),
        "E0305"
    );
}

#[test]
fn a_full_disk_keeps_what_was_committed() {
    let bench = bench();
    bench.append(NOW, &[event("a@x.example", EventKind::Open, at(NOW))]);
    bench
        .store
        .write(|tx| {
            let pages: i64 = tx
                .sql
                .query_row("pragma page_count", (), |row| row.get(0))?;
            tx.sql.pragma_update(None, "max_page_count", pages)?;
            Ok(())
        })
        .unwrap();
    let many: Vec<Event> = (0..5_000)
        .map(|n| event(&format!("b{n}@x.example"), EventKind::Open, at(NOW + n)))
        .collect();
    let connection = bench.connection;
    let error = bench
        .store
        .write(move |tx| tx.append(connection, NOW, &many, &mut tx.begin_report()?))
        .unwrap_err();
    assert_eq!((error.code(), error.exit_status()), ("E0304", 9));
    assert_eq!(bench.count("select count(*) from event"), 1);
}

#[test]
fn a_damaged_page_is_reported_as_damage() {
    let Bench {
        _folder,
        path,
        store,
        connection,
    } = bench();
    let events: Vec<Event> = (0..2_000)
        .map(|n| event(&format!("b{n}@x.example"), EventKind::Open, at(NOW + n)))
        .collect();
    store
        .write(move |tx| tx.append(connection, NOW, &events, &mut tx.begin_report()?))
        .unwrap();
    drop(store);
    let mut bytes = std::fs::read(&path).unwrap();
    for byte in bytes.iter_mut().skip(3 * 8192) {
        *byte = 0xa5;
    }
    std::fs::write(&path, bytes).unwrap();
    let store = open(&path, Access::ReadOnly)
        .and_then(|store| store.read(|conn| conn.for_each_facts(Which::All, None, |_, _| Ok(()))));
    assert_eq!(store.unwrap_err().code(), "E0303");
}

#[test]
fn a_panicking_job_is_rolled_back_and_the_writer_goes_on() {
    let bench = bench();
    let error = bench
        .store
        .write(|tx| -> Result<(), StoreError> {
            tx.connection("half", "x", NOW)?;
            panic!("a fault on purpose");
        })
        .unwrap_err();
    assert_eq!(error.code(), "E0399");
    assert_eq!(bench.store.read(Conn::connections).unwrap().len(), 1);
    bench
        .store
        .write(|tx| tx.connection("whole", "x", NOW))
        .unwrap();
}

#[tokio::test]
async fn async_callers_write_and_read_without_blocking() {
    let bench = bench();
    let jobs: Vec<_> = (0..200)
        .map(|n| {
            let store = bench.store.clone();
            tokio::spawn(async move {
                store
                    .write_async(move |tx| tx.connection(&format!("c{n}"), "x", NOW))
                    .await
            })
        })
        .collect();
    for job in jobs {
        job.await.unwrap().unwrap();
    }
    assert_eq!(
        bench
            .store
            .read_async(Conn::connections)
            .await
            .unwrap()
            .len(),
        201
    );
}

#[test]
fn a_reader_sees_one_snapshot_however_long_it_takes() {
    let bench = bench();
    bench
        .store
        .read(|conn| {
            let before = conn.connections()?.len();
            bench.store.write(|tx| tx.connection("later", "x", NOW))?;
            assert_eq!(conn.connections()?.len(), before);
            Ok(())
        })
        .unwrap();
    assert_eq!(bench.store.read(Conn::connections).unwrap().len(), 2);
}

#[test]
fn several_threads_see_one_state_though_somebody_writes_while_they_open() {
    let bench = bench();
    let mut writes = 0;
    let meanwhile = || {
        writes += 1;
        if writes < 5 {
            let name = format!("connection {writes}");
            let write = move |tx: &Tx| tx.connection(&name, "x", NOW);
            bench.store.write(write).unwrap();
        }
    };
    let snapshots =
        snapshot::open_while((&bench.path, &std::sync::Arc::default()), 3, meanwhile).unwrap();
    bench
        .store
        .write(|tx| tx.connection("afterwards", "x", NOW))
        .unwrap();
    let seen: Vec<usize> = std::thread::scope(|scope| {
        let read = |snapshot: Snapshot| {
            move || {
                let found = snapshot.connections().unwrap();
                found.len()
            }
        };
        let threads = snapshots.into_iter().map(|each| scope.spawn(read(each)));
        let threads: Vec<_> = threads.collect();
        let counts = threads.into_iter().map(|thread| thread.join().unwrap());
        counts.collect()
    });
    assert_eq!(seen, [5, 5, 5]);
}

#[test]
fn a_new_database_is_sound() {
    let bench = bench();
    bench.store.read(Conn::check_soundness).unwrap();
}

#[test]
fn a_persons_word_waits_for_a_long_write() {
    let bench = bench();
    let path = bench.path.clone();
    // Opened while a write is under way, as `engaged pause` is.
    let opened = bench.store.write(move |tx| {
        tx.set_control("long", "write", NOW)?;
        open(&path, Access::Beside)
    });
    let waits: Result<i64, _> = opened.unwrap().write(|tx| {
        Ok(tx
            .sql
            .query_row("pragma busy_timeout", (), |row| row.get(0))?)
    });
    assert_eq!(waits.unwrap(), 60_000);
}

#[tokio::test]
async fn a_failed_disk_is_told_to_whoever_waits_for_it_and_a_full_one_is_not() {
    let bench = bench();
    let waiting = bench.store.clone();
    let waits = tokio::spawn(async move { waiting.failed().await });
    let fail = |error: StoreError| bench.store.write(move |_| Err::<(), _>(error)).unwrap_err();
    fail(StoreError::Full {
        detail: "no room".into(),
    });
    tokio::task::yield_now().await;
    assert!(!waits.is_finished());
    fail(StoreError::Io {
        detail: "the cable is out".into(),
    });
    assert!(waits.await.unwrap().is_fatal());
    assert!(
        bench.store.failed().await.is_fatal(),
        "also to whoever asks later"
    );
}
