use super::*;

#[tokio::test]
async fn there_is_no_account_until_somebody_uses_a_setup_link() {
    let bench = bench();
    assert!(!bench.accounts.has_users().await.unwrap());
    for (name, password) in [
        ("admin", "admin"),
        ("admin", ""),
        ("", ""),
        ("root", "password"),
        ("engaged", "engaged"),
    ] {
        let other = IpAddr::V4(Ipv4Addr::new(192, 0, 2, u8::try_from(name.len()).unwrap()));
        let login = bench.accounts.login(name, &secret(password), other).await;
        assert!(matches!(login, Err(LoginError::Wrong)));
    }
    let marit = bench.user(" MARIT ", Role::Admin).await;
    assert_eq!(
        (marit.session.name.as_str(), marit.session.role),
        ("marit", Role::Admin)
    );
    assert!(bench.is_open(&marit).await);
    assert!(bench.accounts.has_users().await.unwrap());
    bench.login("Marit", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_setup_link_is_good_once_and_up_to_its_last_millisecond() {
    let bench = bench();
    bench.user("tom", Role::Admin).await;
    let link = bench.link(Role::Marketer).await;
    assert_eq!(link.expires_at, NOW + 15 * MINUTE);
    assert_eq!(link.path(), format!("/setup/{}", link.token.reveal()));
    let good = async || {
        bench
            .accounts
            .is_setup_link(link.token.reveal())
            .await
            .unwrap()
    };
    let take = async |name| bench.take(link.token.reveal(), name, PASSWORD).await;
    bench.at(NOW + 15 * MINUTE);
    assert!(!good().await);
    assert!(matches!(take("marit").await, Err(SetupError::Spent)));
    bench.at(NOW + 15 * MINUTE - 1);
    assert!(good().await);
    take("marit").await.unwrap();
    assert!(!good().await);
    assert!(matches!(take("sanne").await, Err(SetupError::Spent)));
    assert_eq!(bench.accounts.users().await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_no_setup_link_is_none() {
    let bench = bench();
    let other = Token::generate().unwrap();
    for odd in ["", "x", "' or 1=1 --", other.reveal()] {
        assert!(!bench.accounts.is_setup_link(odd).await.unwrap());
        let used = bench.take(odd, "marit", PASSWORD).await;
        assert!(matches!(used, Err(SetupError::Spent)));
    }
}

#[tokio::test]
async fn a_bad_name_or_password_does_not_use_a_link_up() {
    let bench = bench();
    let link = bench.link(Role::Admin).await;
    let take = async |name, password| bench.take(link.token.reveal(), name, password).await;
    assert!(matches!(
        take("ma rit", PASSWORD).await,
        Err(SetupError::Name(NameFault::Invisible))
    ));
    let weak = take("marit", "Password1234").await;
    assert!(matches!(
        weak,
        Err(SetupError::Password(PasswordFault::Common))
    ));
    take("marit", PASSWORD).await.unwrap();
    let link = bench.link(Role::Viewer).await;
    let take = async |name| bench.take(link.token.reveal(), name, PASSWORD).await;
    assert!(matches!(take("MARIT").await, Err(SetupError::Taken)));
    assert_eq!(take("sanne").await.unwrap().session.role, Role::Viewer);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_uses_of_a_link_at_once_one_makes_an_account() {
    let bench = bench();
    bench.user("tom", Role::Admin).await;
    // As the command line does beside the daemon: another process's connection.
    let beside = Store::open(&bench.path, Access::Beside, bench.clock.as_ref()).unwrap();
    let beside = Accounts::new(beside, Arc::clone(&bench.clock) as Arc<dyn Clock>);
    let link = bench.link(Role::Marketer).await;
    let tasks: Vec<_> = (0..6)
        .map(|number| {
            let accounts = [&bench.accounts, &beside][number % 2].clone();
            let token = link.token.clone();
            tokio::spawn(async move {
                let name = format!("marit{number}");
                accounts
                    .use_setup_link(token.reveal(), &name, &secret(PASSWORD), HERE)
                    .await
            })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => made += 1,
            Err(error) => assert!(matches!(error, SetupError::Spent), "{error}"),
        }
    }
    assert_eq!((made, bench.accounts.users().await.unwrap().len()), (1, 2));
}

#[tokio::test]
async fn links_for_the_first_admin_end_when_there_is_one() {
    let bench = bench();
    let early = bench.accounts.setup_link(Role::Viewer, &operator()).await;
    assert!(matches!(early, Err(AccountError::FirstIsAdmin)));
    let one = bench.link(Role::Admin).await;
    bench.user("marit", Role::Admin).await;
    assert!(
        !bench
            .accounts
            .is_setup_link(one.token.reveal())
            .await
            .unwrap()
    );
    let used = bench.take(one.token.reveal(), "mallory", PASSWORD).await;
    assert!(matches!(used, Err(SetupError::Spent)));
    // One that was made knowingly beside an admin is good.
    bench.user("tom", Role::Admin).await;
}
