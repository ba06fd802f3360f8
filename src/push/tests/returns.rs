//! Who is deleted on the platform and made again there.

use super::*;
use crate::store::ContactId;

/// A contact under another id, with the address of one that was there before.
fn made_again(id: &str, before: &str, level: &str) -> Contact {
    Contact {
        email: Address::parse(&format!("{before}@x.example")),
        ..contact(id, &[("level", level)])
    }
}

impl Bench {
    /// The contact with that address, of how many.
    fn with_address(&self, name: &str) -> (Option<ContactId>, u64) {
        let address = Address::parse(&format!("{name}@x.example")).unwrap();
        let found = self.store.read(|conn| {
            let all = conn.count_contacts()?;
            Ok((conn.find_contact(&address)?, all))
        });
        found.unwrap()
    }
}

// F42.
#[tokio::test]
async fn who_was_deleted_there_and_is_made_again_under_another_id_is_the_same_contact_and_is_told_anew()
 {
    // Missed by a scan before, found by the scan that misses the old id, or read before that scan is done.
    for case in ["deleted, then back", "in one scan", "back before the scan"] {
        let bench = bench(TAGS);
        bench.levels(&[("a", "high"), ("b", "middle")]);
        bench.baseline().await;
        let before = bench.with_address("a");
        let b = contact("b", &[("level", "middle")]);
        match case {
            "deleted, then back" => {
                bench.scan(vec![b.clone()]);
                assert_eq!(bench.plan().await.writes, 0, "{case}");
            }
            "in one scan" => {}
            _ => bench.read(vec![made_again("z", "a", "high")]),
        }
        bench.scan(vec![b.clone(), made_again("z", "a", "high")]);
        assert_eq!(bench.with_address("a"), before, "{case}");
        bench.apply().await;
        assert_eq!(bench.asked(), ["z +engaged:hot"], "{case}");
        assert_eq!((bench.holds("z").len(), bench.plan().await.writes), (1, 0));
        // What it is now is told under the new id alone.
        bench.scan(vec![b, made_again("z", "a", "middle")]);
        bench.apply().await;
        let mut asked = bench.asked();
        asked.sort();
        assert_eq!(asked, ["z +engaged:warm", "z -engaged:hot"], "{case}");
    }
}
