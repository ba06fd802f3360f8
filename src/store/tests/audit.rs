use super::*;

fn chain(bench: &Bench) -> AuditChain {
    bench.store.read(Conn::verify_audit).unwrap()
}

/// What somebody with another program does to the file.
fn edit(bench: &Bench, sql: &str) {
    let conn = rusqlite::Connection::open(&bench.path).unwrap();
    conn.execute_batch(sql).unwrap();
}

fn three_rows(bench: &Bench) {
    bench
        .store
        .write(|tx| {
            tx.audit("marit", "pause", "pushing", NOW)?;
            tx.audit("marit", "resume", "pushing", NOW + 1)?;
            tx.audit("tom", "approve", "baseline", NOW + 2)
        })
        .unwrap();
}

#[test]
fn an_audit_trail_that_was_edited_shows_where() {
    let untied = "drop trigger audit_is_not_changed; drop trigger audit_is_kept;";
    for (sql, broken_at) in [
        ("update audit set who = 'eve' where id = 1", Some(1)),
        (
            "update audit set detail = 'pushin', what = 'gresume' where id = 2",
            Some(2),
        ),
        ("update audit set at = at + 1 where id = 3", Some(3)),
        ("update audit set hash = null where id = 2", Some(2)),
        ("update audit set hash = null", None),
        ("update audit set hash = null where id < 3", Some(1)),
        ("delete from audit where id = 1", Some(2)),
        ("delete from audit where id = 2", Some(3)),
        ("update audit set id = 9 where id = 2", Some(3)),
        (
            "insert into audit (at, who, what, detail) values (5, 'eve', 'approve', 'all')",
            Some(4),
        ),
    ] {
        let bench = bench();
        three_rows(&bench);
        assert_eq!(chain(&bench).broken_at, None);
        edit(&bench, &format!("{untied}{sql}"));
        assert_eq!(chain(&bench).broken_at, broken_at, "{sql}");
    }
}

#[test]
fn the_audit_trail_is_neither_changed_nor_deleted() {
    let bench = bench();
    three_rows(&bench);
    let conn = rusqlite::Connection::open(&bench.path).unwrap();
    for sql in [
        "update audit set who = 'eve' where id = 1",
        "update audit set hash = x'00' where id = 3",
        "delete from audit where id = 3",
        "delete from audit",
    ] {
        let error = conn.execute_batch(sql).unwrap_err().to_string();
        assert!(error.contains("the audit trail is"), "{sql}: {error}");
    }
    assert_eq!(chain(&bench).rows, 3);
}

#[test]
fn rows_from_before_there_was_a_chain_are_chained_by_the_next_one() {
    let bench = bench();
    assert_eq!(
        chain(&bench),
        AuditChain {
            rows: 0,
            broken_at: None,
            head: None
        }
    );
    edit(
        &bench,
        "insert into audit (at, who, what, detail) values (1, 'tom', 'pause', 'pushing'), (2, 'tom', 'resume', 'pushing')",
    );
    assert_eq!(
        chain(&bench),
        AuditChain {
            rows: 2,
            broken_at: None,
            head: None
        }
    );
    three_rows(&bench);
    let sound = chain(&bench);
    assert_eq!((sound.rows, sound.broken_at), (5, None));
    assert_eq!(
        bench.count("select count(*) from audit where hash is null"),
        0
    );
    edit(
        &bench,
        "drop trigger audit_is_not_changed; update audit set who = 'eve' where id = 1",
    );
    assert_eq!(chain(&bench).broken_at, Some(1));
}

#[test]
fn a_chain_that_was_computed_again_has_another_head() {
    let (one, other) = (bench(), bench());
    three_rows(&one);
    three_rows(&other);
    assert_eq!(chain(&one), chain(&other));
    assert_eq!(chain(&one).head.unwrap().len(), 64);
    one.store
        .write(|tx| tx.audit("tom", "pause", "pushing", NOW))
        .unwrap();
    assert_ne!(chain(&one).head, chain(&other).head);
}

#[test]
fn the_audit_trail_is_read_by_pages_from_the_newest() {
    let bench = bench();
    three_rows(&bench);
    let page = |before, limit, filter: &AuditFilter| -> Vec<i64> {
        let rows = bench
            .store
            .read(|conn| conn.audit_page(before, limit, filter))
            .unwrap();
        rows.iter().map(|row| row.id).collect()
    };
    let all = AuditFilter::default();
    assert_eq!(page(None, 2, &all), [3, 2]);
    assert_eq!(page(Some(2), 2, &all), [1]);
    let marit = AuditFilter {
        who: Some("marit".into()),
        ..all.clone()
    };
    assert_eq!(page(None, 9, &marit), [2, 1]);
    let paused = AuditFilter {
        what: Some("pause".into()),
        ..marit
    };
    assert_eq!(page(None, 9, &paused), [1]);
}
