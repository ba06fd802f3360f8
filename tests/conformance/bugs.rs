//! Each check turns red for the bug that it is for, on connectors that otherwise work.

use engaged::conformance::subject;
use engaged_connectors::conformance::{self, Verdict};

use crate::mutant::{Bug, Mutant};

/// That a check fails on a connector with a bug, and says so.
async fn caught(platform: &str, bug: Bug, check: &str, words: &str) {
    let mutant = Mutant::new(subject(platform).unwrap(), bug);
    let report = conformance::run(&mutant, &[check]).await;
    match &report.outcomes[0].verdict {
        Verdict::Failed(finding) => {
            let said = format!("{} {}", finding.what, finding.why);
            assert!(
                said.contains(words),
                "{platform} with {bug:?}: {check} failed for another reason:\n{report}"
            );
        }
        other => panic!("{platform} with {bug:?}: {check} is {other:?}\n{report}"),
    }
}

/// One test for each check: the bugs, where they are planted, and what must be said.
macro_rules! caught {
    ($($name:ident: $check:literal { $($platform:literal $bug:ident $words:literal;)* })*) => {$(
        #[tokio::test(start_paused = true)]
        async fn $name() {
            $(caught($platform, Bug::$bug, $check, $words).await;)*
        }
    )*};
}

caught! {
    settings_that_break_are_caught: "K1" {
        "ghost" SettingGone "no longer compatible";
        "ghost" SettingRequired "no longer compatible";
        "mailchimp" SecretAsText "no longer compatible";
        "mailchimp" TokenAsText "not typed as one";
        "ghost" KeyInDebug "a secret in Debug";
    }
    a_check_that_misleads_is_caught: "K2" {
        "ghost" SlowCheck "check took";
        "mailchimp" ConfigurationAsProvider "instead of Configuration";
        "ghost" ProviderAsConfiguration "instead of Provider";
        "mailchimp" RightsUnnamed "does not name the missing right";
        "ghost" RightsUnnamed "does not name the missing right";
    }
    a_table_that_lies_is_caught: "K3" {
        "ghost" DeclaresOneMore "E0115";
        "mailchimp" AnswersAnything "not refused";
        "mailchimp" ClaimsThePresent "claims too much";
        "ghost" ClaimsFields "does not work";
        "mailchimp" DeniesFields "not refused before any request";
        "ghost" BringsOtherKinds "does not declare";
        "ghost" HidesItsWebhooks "the check of webhooks is skipped";
        "ghost" DeclaresTheFree "declared as frozen and can be written to";
    }
    another_meaning_is_caught: "K4" {
        "ghost" RoundsTimes "mean something else";
        "mailchimp" RoundsTimes "mean something else";
        "ghost" UnknownUncounted "not counted";
        "mailchimp" UnknownIsFatal "E0501";
    }
    rows_that_are_lost_are_caught: "K5" {
        "ghost" LosesTheLastRow "are lost";
        "mailchimp" LosesTheLastRow "are lost";
        "mailchimp" CountsTheYield "are lost";
        "ghost" DoublesRows "made up";
        "ghost" TimesMove "another content";
        "mailchimp" ScansInPart "are lost";
    }
    cursors_that_run_ahead_are_caught: "K6" {
        "ghost" CursorAhead "are lost";
        "mailchimp" CursorAhead "are lost";
    }
    a_blind_future_is_caught: "K7" {
        "ghost" NothingUntilThen "are lost";
        "mailchimp" NothingUntilThen "are lost";
        "mailchimp" SilentFuture "in silence";
    }
    after_instead_of_from_is_caught: "K8" {
        "ghost" AfterTheLastTime "are lost";
        "mailchimp" SinceOneSecondLater "are lost";
    }
    writes_that_are_no_sets_are_caught: "K9" {
        "ghost" OneTagMoreEachTime "changes something";
        "mailchimp" OneTagMoreEachTime "changes something";
        "ghost" BadRowFailsAll "with a bad row";
        "mailchimp" BadRowFailsAll "with a bad row";
        "mailchimp" DoubtIsRefusal "taken for a refusal";
        "ghost" AppliedWithoutDoing "not there once";
        "mailchimp" TakesEveryValue "not refused before sending";
    }
    storms_and_endless_waits_are_caught: "K10" {
        "ghost" AsksAgainAtOnce "asked again";
        "mailchimp" AsksAgainAtOnce "asked again";
        "ghost" WaitsAsTold "it waited for";
        "mailchimp" StormsWhenBusy "requests within";
        "ghost" IgnoresTheQuota "within the ten seconds";
    }
    refused_keys_that_go_on_are_caught: "K11" {
        "ghost" RetriesTheKey "that was refused";
        "mailchimp" RetriesTheKey "that was refused";
        "activecampaign" RetriesTheKey "was refused is repeated";
        "ghost" SilentRefusal "unnoticed";
        "mailchimp" RefusalPasses "something else";
        "ghost" OldToken "jwt expired";
    }
    strays_are_caught: "K12" {
        "ghost" FollowsRedirects "with the key";
        "mailchimp" FollowsRedirects "with the key";
        "ghost" FollowsLinks "followed to another host";
        "mailchimp" FollowsLinks "followed to another host";
    }
    writes_in_a_dry_run_are_caught: "K13" {
        "ghost" WritesToCheck "writing request";
        "mailchimp" WritesToCheck "writing request";
    }
    deliveries_that_are_believed_or_counted_wrongly_are_caught: "K14" {
        "hubspot" BelievesAnything "is believed";
        "copernica" BelievesAnything "is believed";
        "ghost" BelievesAnything "is believed";
        "hubspot" IgnoresTheStamp "signed long ago is believed";
        "copernica" IgnoresTheStamp "signed long ago is believed";
        "hubspot" OneDoubtForAll "is doubted for another reason";
        "ghost" DoubtsTheGenuine "a genuine delivery is doubted";
        "hubspot" PathIsEnough "declared otherwise than the subject says";
        "hubspot" NamesAnew "comes again counts twice";
        "copernica" NamesAnew "comes again counts twice";
        "activecampaign" NamesAnew "comes again counts twice";
        "ghost" OneNameForAll "bears the name of another";
        "activecampaign" OneNameForAll "bears the name of another";
        "activecampaign" EventsAnew "says something else";
        "activecampaign" EventsByBody "an event that two deliveries tell counts twice";
        "activecampaign" TwinsUndeclared "a delivery and a poll tell counts twice";
        "activecampaign" BelievesTheFuture "from the future is believed";
        "ghost" FallsOverJunk "falls over";
        "activecampaign" FallsOverJunk "falls over";
        "copernica" HintsNowhere "lead nowhere";
        "hubspot" HintsElsewhere "a stream that is not declared";
    }
    leaks_are_caught: "K15" {
        "ghost" LogsTheKey "holds a secret";
        "mailchimp" LogsAddresses "a whole address";
        "mailchimp" QuotesTheAddress "an error or outcome holds a whole address";
    }
    starts_that_begin_twice_are_caught: "K16" {
        "mailchimp" RepeatsAStart "was sent 2 times";
        "mailchimp" DoubtIsRetry "told as if it were none";
        "mailchimp" DeniesStarts "not those of the subject";
    }
    removals_without_respect_are_caught: "K17" {
        "ghost" TakesNobodyOff "is not off";
        "mailchimp" TakesOffMore "somebody else was taken off";
        "ghost" RestoresWhoLeft "put back";
    }
    rows_that_are_passed_over_in_silence_are_caught: "K18" {
        "hubspot" SwallowsRejects "are lost";
        "mailchimp" SwallowsRejects "are lost";
        "copernica" TakesSilenceForConsent "another status";
        "hubspot" AsksForEver "no end after";
    }
}
