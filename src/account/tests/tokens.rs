use super::*;

#[tokio::test]
async fn a_token_may_what_it_was_made_for_until_its_last_millisecond() {
    let bench = bench();
    let scopes = [Scope::Plan, Scope::Read, Scope::Plan];
    let made = bench
        .accounts
        .create_token(" shop ", &scopes, 90, &operator())
        .await
        .unwrap();
    assert!(made.token.reveal().starts_with("engd_") && made.token.reveal().len() == 5 + 43);
    let found = async || bench.accounts.token(made.token.reveal()).await.unwrap();
    let token = found().await.unwrap();
    assert_eq!(
        (token.name.as_str(), token.created_by.as_str()),
        ("shop", "tom")
    );
    assert_eq!(token.scopes, [Scope::Read, Scope::Plan]);
    assert!(token.may(Scope::Read) && !token.may(Scope::Apply));
    bench.settle().await;
    bench.at(NOW + 90 * 24 * HOUR - 1);
    assert!(found().await.is_some());
    bench.settle().await;
    bench.at(NOW + 90 * 24 * HOUR);
    assert!(found().await.is_none());
    assert_eq!(bench.accounts.tokens().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_session_is_no_token_and_a_token_no_session() {
    let bench = bench();
    let marit = bench.user("marit", Role::Admin).await;
    let made = bench
        .accounts
        .create_token("shop", &Scope::ALL, 1, &operator())
        .await
        .unwrap();
    let (session, token) = (marit.token.reveal(), made.token.reveal());
    assert!(bench.accounts.session(token).await.unwrap().is_none());
    assert!(bench.accounts.session(&token[5..]).await.unwrap().is_none());
    for odd in [
        session,
        &format!("engd_{session}"),
        "",
        "engd_",
        &token[5..],
        &token.to_uppercase(),
    ] {
        assert!(bench.accounts.token(odd).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_token_needs_a_name_a_scope_and_an_end() {
    let bench = bench();
    let make = async |name: &str, scopes: &[Scope], days| {
        let made = bench
            .accounts
            .create_token(name, scopes, days, &operator())
            .await;
        made.map(|made| made.listed.id)
            .map_err(|error| error.to_string())
    };
    for name in ["", "  ", &"x".repeat(65), "a\u{1b}[2J", "a\u{202e}b"] {
        assert_eq!(
            make(name, &[Scope::Read], 90).await.unwrap_err(),
            AccountError::TokenName.to_string()
        );
    }
    assert_eq!(
        make("a", &[], 90).await.unwrap_err(),
        AccountError::NoScope.to_string()
    );
    for days in [0, 367] {
        assert_eq!(
            make("a", &[Scope::Read], days).await.unwrap_err(),
            AccountError::Days.to_string()
        );
    }
    make("De webwinkel", &[Scope::Read], 366).await.unwrap();
}

#[tokio::test]
async fn a_token_that_was_revoked_is_good_no_more_and_stays_listed() {
    let bench = bench();
    let made = bench
        .accounts
        .create_token("shop", &[Scope::Read], 90, &operator())
        .await
        .unwrap();
    bench
        .accounts
        .revoke_token(made.listed.id, &operator())
        .await
        .unwrap();
    assert!(
        bench
            .accounts
            .token(made.token.reveal())
            .await
            .unwrap()
            .is_none()
    );
    let again = bench
        .accounts
        .revoke_token(made.listed.id, &operator())
        .await;
    assert!(matches!(again, Err(AccountError::NoneSuch)));
    let listed = bench.accounts.tokens().await.unwrap();
    assert_eq!((listed.len(), listed[0].revoked_at), (1, Some(NOW)));
}

#[tokio::test]
async fn that_a_token_was_used_is_written_once_a_minute() {
    let bench = bench();
    let made = bench
        .accounts
        .create_token("shop", &[Scope::Read], 90, &operator())
        .await
        .unwrap();
    for (at, expected) in [(5, 5), (MINUTE, 5), (MINUTE + 5, MINUTE + 5)] {
        bench.at(NOW + at);
        assert!(
            bench
                .accounts
                .token(made.token.reveal())
                .await
                .unwrap()
                .is_some()
        );
        bench.settle().await;
        let listed = bench.accounts.tokens().await.unwrap();
        assert_eq!(listed[0].used_at, Some(NOW + expected));
    }
}
