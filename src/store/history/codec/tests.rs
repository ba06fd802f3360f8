use proptest::prelude::*;

use super::*;

fn send(id: i64, at: Millis, campaign: u32) -> Entry {
    Entry {
        fact: Fact {
            id,
            at,
            kind: KindId(SEND),
            connection: ConnectionId(1),
            verdict: Verdict::Unknown,
            campaign: TextId(campaign),
            url: TextId::NONE,
            item: TextId::NONE,
            quantity: 1,
            value: None,
            currency: TextId::NONE,
            order: TextId::NONE,
            tracked: true,
            has_properties: false,
        },
        identified: false,
        told: false,
    }
}

fn decoded(blobs: &[Vec<u8>]) -> Vec<Entry> {
    let mut entries = Vec::new();
    for blob in blobs {
        decode(blob, &mut entries).unwrap();
    }
    entries
}

prop_compose! {
    fn any_fact()(
        id in prop_oneof![0..1_000_000i64, any::<i64>()],
        at in prop_oneof![1_700_000_000_000..1_800_000_000_000i64, any::<i64>()],
        kind in prop_oneof![0..40u16, any::<u16>()],
        connection in prop_oneof![0..3u16, any::<u16>()],
        verdict in prop::sample::select(vec![Verdict::Human, Verdict::Unknown, Verdict::PrivacyProxy, Verdict::Scanner]),
        (campaign, url, item, currency, order) in any::<(u32, u32, u32, u32, u32)>(),
        quantity in prop_oneof![Just(1), any::<u32>()],
        value in any::<Option<i64>>(),
        (tracked, has_properties, bare) in any::<(bool, bool, bool)>(),
    ) -> Fact {
        let text = |id| if bare { TextId::NONE } else { TextId(id) };
        Fact {
            id, at, kind: KindId(kind), connection: ConnectionId(connection), verdict,
            campaign: text(campaign), url: text(url), item: text(item), currency: text(currency), order: text(order),
            quantity, value, tracked, has_properties,
        }
    }
}

prop_compose! {
    fn any_entries()(facts in prop::collection::vec((any_fact(), any::<bool>(), any::<bool>()), 0..60)) -> Vec<Entry> {
        let mut entries: Vec<Entry> =
            facts.into_iter().map(|(fact, identified, told)| Entry { fact, identified, told }).collect();
        entries.sort_by_key(Entry::order);
        entries
    }
}

proptest! {
    #[test]
    fn what_is_packed_comes_out_again(entries in any_entries()) {
        prop_assert_eq!(decoded(&encode(&entries)), entries);
    }

    #[test]
    fn arbitrary_bytes_are_damaged_or_read_but_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), versioned in any::<bool>()) {
        let mut bytes = bytes;
        if versioned && !bytes.is_empty() {
            bytes[0] = VERSION;
        }
        let mut entries = Vec::new();
        let _ = decode(&bytes, &mut entries);
    }

    #[test]
    fn a_cut_blob_never_yields_other_events(entries in any_entries(), cut in 0usize..4000) {
        for blob in encode(&entries) {
            let mut read = Vec::new();
            let _ = decode(&blob[..cut.min(blob.len())], &mut read);
            prop_assert!(entries.starts_with(&read));
        }
    }
}

#[test]
fn a_blob_is_split_before_it_grows_too_large() {
    let entries: Vec<Entry> = (0..40_000)
        .map(|n| send(n * 7919 % 1_000_003, 1_700_000_000_000 + n * 1_234_567, 5))
        .collect();
    let blobs = encode(&entries);
    assert!(blobs.len() > 1);
    assert!(blobs.iter().all(|blob| blob.len() <= BLOB_MAX));
    assert_eq!(decoded(&blobs), entries);
}

#[test]
fn a_weekly_send_takes_few_bytes() {
    const WEEK: Millis = 7 * 86_400_000;
    // A list of 100,000, its order drifting by some hundreds from one report to the next.
    let drift = |week: i64| (week * 7919) % 300;
    let entries = |jitter: i64| -> Vec<Entry> {
        (0..26)
            .map(|week| {
                let late = jitter * (week * 104_729 % 3_600);
                send(
                    50_000 + week * 100_000 + drift(week),
                    1_780_300_800_000 + week * WEEK + late,
                    10 + u32::try_from(week).unwrap(),
                )
            })
            .collect()
    };
    let bytes = |entries: &[Entry]| encode(entries).iter().map(Vec::len).sum::<usize>();
    let (exact, seconds) = (bytes(&entries(0)), bytes(&entries(1_000)));
    println!(
        "26 weekly sends: {exact} bytes at the exact hour, {seconds} with seconds of their own"
    );
    assert!(exact <= 26 * 5, "{exact}");
    assert!(seconds <= 26 * 8, "{seconds}");
}

#[test]
fn an_unknown_version_is_damaged() {
    assert_eq!(
        decode(&[VERSION + 1], &mut Vec::new()),
        Err(Damaged { at: 0 })
    );
    assert_eq!(decode(&[], &mut Vec::new()), Err(Damaged { at: 0 }));
}
