//! A field of ours that somebody took away on the platform, and one that cannot be made.

use engaged_connectors::{Outcome, Write};

use super::{FIELD, TAGS, bench};
use crate::push::guard;

#[tokio::test]
async fn to_make_and_fill_a_field_that_is_gone_is_a_first_push_again_and_fills_it_for_everybody() {
    let bench = bench(&format!("{FIELD}\n{TAGS}"));
    bench.levels(&[("a", "middle"), ("b", "high")]);
    bench.baseline().await;
    bench.site.fields.lock().unwrap().clear();
    // Only one of the two has another number by now.
    bench.levels(&[("a", "high")]);

    let plan = bench.plan().await;
    assert_eq!(plan.gone, ["ENGSCORE"]);
    assert_eq!(plan.baseline, ["field:ENGSCORE"]);
    assert_eq!((plan.told, plan.drifts), (2, 0));
    let looked_at = plan.fingerprint;
    let held = bench.apply().await.held;
    assert!(
        held[0].starts_with("baseline: first push of field:ENGSCORE ("),
        "{held:?}"
    );
    // It stays held, although nothing is known any more of what stood in it.
    assert_eq!(bench.apply().await.held, held);
    assert_eq!(bench.asked(), Vec::<String>::new());
    assert_eq!(bench.plan().await.fingerprint, looked_at);

    bench.approve(guard::BASELINE);
    assert_eq!(bench.apply().await.held, Vec::<String>::new());
    let asked = bench.asked();
    assert_eq!(asked[0], "create ENGSCORE");
    for write in ["a ENGSCORE=50", "b ENGSCORE=50", "a +engaged:hot"] {
        assert!(asked.contains(&write.to_owned()), "{write}: {asked:?}");
    }
    bench.site.fields.lock().unwrap().push("ENGSCORE".into());
    assert_eq!(bench.plan().await.writes, 0);
}

#[tokio::test]
async fn a_field_that_was_never_filled_needs_no_second_word_until_it_is_made() {
    let bench = bench(FIELD);
    bench.site.fields.lock().unwrap().clear();
    bench.levels(&[("a", "middle")]);
    assert_eq!(bench.plan().await.gone, Vec::<String>::new());
    assert!(bench.apply().await.held[0].starts_with("baseline"));
    bench.approve(guard::BASELINE);
    bench.answer(|_| (false, Outcome::Retry("busy".into(), None)));
    assert_eq!(bench.apply().await.held, Vec::<String>::new());
    assert_eq!(bench.apply().await.held, Vec::<String>::new());
    assert_eq!(bench.plan().await.baseline, Vec::<String>::new());
}

#[tokio::test]
async fn nothing_is_put_into_a_field_that_could_not_be_made_and_the_rest_goes_on() {
    let bench = bench(&format!("{FIELD}\n{TAGS}"));
    bench.site.fields.lock().unwrap().clear();
    bench.levels(&[("a", "middle"), ("b", "high")]);
    assert!(bench.apply().await.held[0].starts_with("baseline"));
    bench.approve(guard::BASELINE);
    bench.answer(|change| match &change.write {
        Write::CreateField { .. } => {
            let why = "the audience has ENGSCORE already, as a field for text";
            (false, Outcome::Rejected(why.into()))
        }
        _ => (true, Outcome::Applied),
    });
    let report = bench.apply().await;
    assert_eq!((report.applied, report.retried), (2, 2));
    assert_eq!(report.rejected.len(), 1, "{:?}", report.rejected);
    let asked = ["create ENGSCORE", "a +engaged:warm", "b +engaged:hot"];
    assert_eq!(bench.asked(), asked);

    // As soon as somebody made room for it, everybody gets their number.
    bench.obey();
    bench.apply().await;
    assert_eq!(bench.holds("a"), ["ENGSCORE=10", "engaged:warm"]);
    assert_eq!(bench.holds("b"), ["ENGSCORE=50", "engaged:hot"]);
}

#[tokio::test]
async fn a_retraction_asks_nothing_of_a_field_that_is_gone() {
    let bench = bench(&format!("{FIELD}\n{TAGS}"));
    bench.levels(&[("a", "middle")]);
    bench.baseline().await;
    bench.site.fields.lock().unwrap().clear();
    bench.retract(false);
    assert_eq!(bench.apply().await.held, Vec::<String>::new());
    assert_eq!(bench.asked(), ["a -engaged:warm"]);
    assert_eq!(bench.plan().await.writes, 0);
}
