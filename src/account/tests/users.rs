use super::*;

#[tokio::test]
async fn another_role_ends_the_sessions_and_a_lesser_one_the_tokens() {
    let bench = bench();
    let tom = bench.user("tom", Role::Admin).await;
    let marit = bench.user("marit", Role::Admin).await;
    let made = bench
        .accounts
        .create_token("shop", &[Scope::Read], 90, &Actor::from(&marit.session))
        .await
        .unwrap();
    let good = async || {
        bench
            .accounts
            .token(made.token.reveal())
            .await
            .unwrap()
            .is_some()
    };
    let actor = Actor::from(&tom.session);
    bench
        .accounts
        .set_role("marit", Role::Admin, &actor)
        .await
        .unwrap();
    assert!(
        bench.is_open(&marit).await && good().await,
        "the same role changes nothing"
    );
    bench
        .accounts
        .set_role("MARIT", Role::Marketer, &actor)
        .await
        .unwrap();
    assert!(!bench.is_open(&marit).await && !good().await);
    let marit = bench.login("marit", PASSWORD).await.unwrap();
    assert_eq!(marit.session.role, Role::Marketer);
    bench
        .accounts
        .set_role("marit", Role::Admin, &actor)
        .await
        .unwrap();
    assert!(!bench.is_open(&marit).await);
    assert!(bench.is_open(&tom).await);
}

#[tokio::test]
async fn who_is_disabled_is_out_at_once_with_what_they_made_and_may_come_back_by_a_link() {
    let bench = bench();
    let tom = bench.user("tom", Role::Admin).await;
    let marit = bench.user("marit", Role::Marketer).await;
    let made = bench
        .accounts
        .create_token("shop", &[Scope::Read], 90, &Actor::from(&marit.session))
        .await
        .unwrap();
    let actor = Actor::from(&tom.session);
    bench.accounts.disable("marit", &actor).await.unwrap();
    assert!(!bench.is_open(&marit).await);
    assert!(
        bench
            .accounts
            .token(made.token.reveal())
            .await
            .unwrap()
            .is_none()
    );
    bench.login("marit", PASSWORD).await.unwrap_err();
    assert!(matches!(
        bench.accounts.disable("marit", &actor).await,
        Err(AccountError::NoUser)
    ));
    assert!(matches!(
        bench.accounts.disable("nobody", &actor).await,
        Err(AccountError::NoUser)
    ));
    let users = bench.accounts.users().await.unwrap();
    assert_eq!(
        (users[0].name.as_str(), users[0].disabled_at),
        ("marit", Some(NOW))
    );

    let again = bench.user("marit", Role::Viewer).await;
    assert_eq!(
        (again.session.user_id, again.session.role),
        (marit.session.user_id, Role::Viewer)
    );
    assert!(!bench.is_open(&marit).await);
    assert!(
        bench
            .accounts
            .token(made.token.reveal())
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn only_an_operator_may_leave_no_admin_and_then_a_link_helps() {
    let bench = bench();
    let tom = bench.user("tom", Role::Admin).await;
    bench.user("marit", Role::Marketer).await;
    let actor = Actor::from(&tom.session);
    assert!(matches!(
        bench.accounts.disable("tom", &actor).await,
        Err(AccountError::LastAdmin)
    ));
    let lesser = bench.accounts.set_role("tom", Role::Viewer, &actor).await;
    assert!(matches!(lesser, Err(AccountError::LastAdmin)));
    assert!(bench.is_open(&tom).await);
    bench.accounts.disable("tom", &operator()).await.unwrap();
    assert!(!bench.is_open(&tom).await && !bench.accounts.has_users().await.unwrap());
    bench.user("tom", Role::Admin).await;
    assert!(bench.accounts.has_users().await.unwrap());
}

#[tokio::test]
async fn what_a_user_prefers_is_in_every_session() {
    let bench = bench();
    let marit = bench.user("marit", Role::Admin).await;
    assert_eq!((marit.session.language, marit.session.theme), (None, None));
    let (user, dutch, dark) = (
        marit.session.user_id,
        Some(Language::Dutch),
        Some(Theme::Dark),
    );
    bench
        .accounts
        .set_preferences(user, dutch, dark)
        .await
        .unwrap();
    let session = bench
        .accounts
        .session(marit.token.reveal())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((session.language, session.theme), (dutch, dark));
    bench
        .accounts
        .set_preferences(user, None, None)
        .await
        .unwrap();
    let users = bench.accounts.users().await.unwrap();
    assert_eq!((users[0].language, users[0].theme), (None, None));
}

#[test]
fn a_role_may_what_the_lesser_may() {
    assert!(Role::Viewer < Role::Marketer && Role::Marketer < Role::Admin);
    for role in Role::ALL {
        assert_eq!(Role::parse(role.as_str()), Some(role));
    }
    assert_eq!(Role::parse("Admin"), None);
    for scope in Scope::ALL {
        assert_eq!(Scope::parse(scope.as_str()), Some(scope));
    }
}
