use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};

use super::*;

#[tokio::test]
async fn each_login_gives_another_token_and_its_session_alone() {
    let bench = bench();
    let first = bench.user("marit", Role::Admin).await;
    let second = bench.login("marit", PASSWORD).await.unwrap();
    assert_ne!(first.token.reveal(), second.token.reveal());
    let found = bench
        .accounts
        .session(second.token.reveal())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.id, found.name.as_str(), found.stepped_up),
        (second.session.id, "marit", false)
    );
    assert!(found.csrf.matches(second.session.csrf.as_str()));
    assert!(!found.csrf.matches(first.session.csrf.as_str()));
    for odd in ["", "x", &second.token.reveal()[1..], "' or 1=1 --"] {
        assert!(bench.accounts.session(odd).await.unwrap().is_none());
    }
    bench.accounts.logout(&second.session).await.unwrap();
    assert!(!bench.is_open(&second).await);
    assert!(bench.is_open(&first).await);
}

#[tokio::test]
async fn nothing_tells_whether_a_user_exists() {
    let bench = bench();
    bench.user("marit", Role::Admin).await;
    bench.user("gone", Role::Viewer).await;
    bench.accounts.disable("gone", &operator()).await.unwrap();
    let answers = [
        bench.login("marit", "a wrong password").await,
        bench.login("gone", PASSWORD).await,
        bench.login("nobody", "a wrong password").await,
        bench.login("no body", "a wrong password").await,
        bench.login("marit", &"x".repeat(100_000)).await,
    ];
    for answer in answers {
        let error = answer.unwrap_err();
        assert!(matches!(error, LoginError::Wrong));
        assert_eq!(error.to_string(), "the name or the password is wrong");
    }
    // Throttled by where they come from, whoever they say they are, right or wrong.
    for name in ["marit", "nobody"] {
        let error = bench.login(name, PASSWORD).await.unwrap_err();
        assert!(matches!(error, LoginError::Wait(60)), "{error}");
    }
    let failed = bench
        .trail()
        .iter()
        .filter(|(_, what)| what == "login failed")
        .count();
    assert_eq!(failed, 5);
    bench.at(NOW + MINUTE);
    bench.login("marit", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_session_ends_after_an_hour_unused_to_the_millisecond() {
    let bench = bench();
    let marit = bench.user("marit", Role::Admin).await;
    bench.at(NOW + HOUR);
    assert!(!bench.is_open(&marit).await);
    assert!(
        bench
            .accounts
            .sessions(marit.session.user_id)
            .await
            .unwrap()
            .is_empty()
    );
    bench.at(NOW + HOUR - 1);
    assert!(bench.is_open(&marit).await);
    bench.settle().await;
    bench.at(NOW + 2 * HOUR - 2);
    assert!(bench.is_open(&marit).await);
}

#[tokio::test]
async fn a_session_ends_after_twelve_hours_however_it_is_used() {
    let bench = bench();
    let mut marit = bench.user("marit", Role::Admin).await;
    for half in 1..24 {
        bench.at(NOW + half * HOUR / 2);
        assert!(bench.is_open(&marit).await, "after {half} half hours");
        bench.settle().await;
        if half == 12 {
            // Another token is no new session.
            marit = bench
                .accounts
                .step_up(&marit.session, &secret(PASSWORD))
                .await
                .unwrap();
        }
    }
    bench.at(NOW + 12 * HOUR - 1);
    assert!(bench.is_open(&marit).await);
    bench.settle().await;
    bench.at(NOW + 12 * HOUR);
    assert!(!bench.is_open(&marit).await);
    let late = bench
        .accounts
        .step_up(&marit.session, &secret(PASSWORD))
        .await;
    assert!(matches!(late, Err(LoginError::Wrong)));
    let new = secret("vier gele fietsen");
    let late = bench
        .accounts
        .change_password(&marit.session, &secret(PASSWORD), &new)
        .await;
    assert!(matches!(late, Err(ChangeError::Wrong)));
    assert!(!bench.is_open(&marit).await);
    // The next one that begins sweeps it out.
    bench.login("marit", PASSWORD).await.unwrap();
    let rows = bench
        .store
        .read(|conn| conn.sessions_of(marit.session.user_id))
        .unwrap();
    assert_eq!(rows.len(), 1);
}

#[tokio::test]
async fn that_a_session_was_used_is_written_once_a_minute() {
    let bench = bench();
    let marit = bench.user("marit", Role::Admin).await;
    let seen = || {
        let rows = bench
            .store
            .read(|conn| conn.sessions_of(marit.session.user_id))
            .unwrap();
        rows[0].seen_at - NOW
    };
    for (at, expected) in [
        (MINUTE - 1, 0),
        (MINUTE, MINUTE),
        (2 * MINUTE - 1, MINUTE),
        (2 * MINUTE, 2 * MINUTE),
    ] {
        bench.at(NOW + at);
        assert!(bench.is_open(&marit).await);
        bench.settle().await;
        assert_eq!(seen(), expected);
    }
}

#[tokio::test]
async fn typing_the_password_again_counts_for_five_minutes_under_another_token() {
    let bench = bench();
    let marit = bench.user("marit", Role::Admin).await;
    let stepped = bench
        .accounts
        .step_up(&marit.session, &secret(PASSWORD))
        .await
        .unwrap();
    assert!(stepped.session.stepped_up && stepped.session.id == marit.session.id);
    assert!(!bench.is_open(&marit).await);
    let is_stepped_up = async || {
        let found = bench
            .accounts
            .session(stepped.token.reveal())
            .await
            .unwrap();
        found.unwrap().stepped_up
    };
    bench.at(NOW + 5 * MINUTE - 1);
    assert!(is_stepped_up().await);
    bench.at(NOW + 5 * MINUTE);
    assert!(!is_stepped_up().await);
    // Of another session of the same user nothing is known by it.
    let other = bench.login("marit", PASSWORD).await.unwrap();
    assert!(!other.session.stepped_up);
}

#[tokio::test]
async fn whoever_took_a_session_cannot_try_passwords_in_it() {
    let bench = bench();
    let marit = bench.user("marit", Role::Admin).await;
    let wrong = secret("a wrong password");
    for attempt in 0..5 {
        let answer = if attempt % 2 == 0 {
            bench
                .accounts
                .step_up(&marit.session, &wrong)
                .await
                .map_err(ChangeError::from)
        } else {
            let new = secret("vier gele fietsen");
            bench
                .accounts
                .change_password(&marit.session, &wrong, &new)
                .await
        };
        assert!(matches!(answer, Err(ChangeError::Wrong)));
    }
    let error = bench
        .accounts
        .step_up(&marit.session, &secret(PASSWORD))
        .await
        .unwrap_err();
    assert!(matches!(error, LoginError::Wait(60)), "{error}");
    assert!(bench.is_open(&marit).await);
    bench.at(NOW + MINUTE);
    bench
        .accounts
        .step_up(&marit.session, &secret(PASSWORD))
        .await
        .unwrap();
}

#[tokio::test]
async fn another_password_ends_every_session_and_gives_a_new_one() {
    let bench = bench();
    let first = bench.user("marit", Role::Admin).await;
    let second = bench.login("marit", PASSWORD).await.unwrap();
    let sanne = bench.user("sanne", Role::Viewer).await;
    let change = async |new| {
        let new = secret(new);
        bench
            .accounts
            .change_password(&second.session, &secret(PASSWORD), &new)
            .await
    };
    let weak = change("marit1234567").await;
    assert!(matches!(
        weak,
        Err(ChangeError::Password(PasswordFault::Name))
    ));
    let third = change("vier gele fietsen").await.unwrap();
    assert!(!bench.is_open(&first).await && !bench.is_open(&second).await);
    assert!(bench.is_open(&third).await && bench.is_open(&sanne).await);
    bench.login("marit", PASSWORD).await.unwrap_err();
    bench.login("marit", "vier gele fietsen").await.unwrap();
}

#[tokio::test]
async fn a_hash_that_is_too_weak_today_is_made_again_at_login() {
    let bench = bench();
    bench.user("marit", Role::Admin).await;
    let params = Params::new(8 * 1024, 1, 1, None).unwrap();
    let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_with_salt(PASSWORD.as_bytes(), &[7; 16])
        .unwrap();
    let weak = secret(&weak.to_string());
    let user = bench.accounts.users().await.unwrap()[0].id;
    let strong = bench.password("marit");
    let put = weak.clone();
    assert!(
        bench
            .store
            .write(move |tx| tx.set_password(user, &strong, &put))
            .unwrap()
    );
    bench.login("marit", "a wrong password").await.unwrap_err();
    assert_eq!(
        bench.password("marit").expose_secret(),
        weak.expose_secret()
    );
    bench.login("marit", PASSWORD).await.unwrap();
    let again = bench.password("marit");
    assert!(
        again
            .expose_secret()
            .starts_with("$argon2id$v=19$m=19456,t=2,p=1$")
    );
    bench.login("marit", PASSWORD).await.unwrap();
    assert_eq!(
        bench.password("marit").expose_secret(),
        again.expose_secret()
    );
}

#[tokio::test]
async fn a_user_ends_their_own_sessions_one_by_one() {
    let bench = bench();
    let first = bench.user("marit", Role::Admin).await;
    bench.at(NOW + 1);
    let second = bench.login("marit", PASSWORD).await.unwrap();
    let sanne = bench.user("sanne", Role::Viewer).await;
    let listed = bench
        .accounts
        .sessions(first.session.user_id)
        .await
        .unwrap();
    let ids: Vec<_> = listed.iter().map(|session| session.id).collect();
    assert_eq!(ids, [second.session.id, first.session.id]);
    assert_eq!(
        (listed[0].from.as_str(), listed[0].created_at),
        ("192.0.2.7", NOW + 1)
    );
    // A number of another user's session ends nothing.
    let foreign = bench
        .accounts
        .end_session(first.session.user_id, sanne.session.id, &operator())
        .await;
    assert!(matches!(foreign, Err(AccountError::NoneSuch)));
    let actor = Actor::from(&first.session);
    bench
        .accounts
        .end_session(first.session.user_id, second.session.id, &actor)
        .await
        .unwrap();
    assert!(!bench.is_open(&second).await);
    assert!(bench.is_open(&first).await && bench.is_open(&sanne).await);
}
