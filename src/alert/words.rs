//! What an alert says, in English and Dutch: what is wrong, that it is over, and what to do.
//!
//! Numbers, dates and names of connections and guards stand in it; no contact
//! ever does, and nothing that a platform wrote.

use chrono::DateTime;
use chrono_tz::Tz;

use crate::{
    care::size,
    clean::CLEANING,
    config::Language,
    push::guard::{BASELINE, MAX_SCORE_CHANGE, MAX_STARTS},
    score::calendar::Millis,
    store::{BACKUP_SCORES, QUARANTINE, SCORES},
    sync::LIST_SHRUNK,
};

use super::condition::{Condition, Fact};

/// A text in both languages.
type Both = (String, String);

/// What is said where a connection is wanted and there is none.
const NOBODY: &str = "engaged";

/// What is wrong.
pub fn firing(condition: &Condition, zone: Tz, language: Language) -> String {
    let on = condition.connection.as_deref().unwrap_or(NOBODY);
    let time = |at| time(at, zone);
    let both = match &condition.fact {
        Fact::PollAge { since } => (
            format!("{on}: no sync has ended well since {}", time(*since)),
            format!(
                "{on}: sinds {} is geen synchronisatie goed geëindigd",
                time(*since)
            ),
        ),
        Fact::Blocked { since } => (
            format!(
                "{on}: the platform has refused our key since {}; nothing is read or written there",
                time(*since)
            ),
            format!(
                "{on}: het platform weigert onze sleutel sinds {}; er wordt daar niets gelezen of geschreven",
                time(*since)
            ),
        ),
        Fact::Rejected { rows } => rejected(on, *rows),
        Fact::Volume {
            on: date,
            events,
            usual,
        } => (
            format!("{on}: {events} events on {date}, where {usual} are usual on that weekday"),
            format!(
                "{on}: {events} gebeurtenissen op {date}, waar er op die weekdag {usual} gebruikelijk zijn"
            ),
        ),
        Fact::Guard { name, since } => guard(on, name, &time(*since)),
        Fact::InDoubt { starts, removals } => in_doubt(on, *starts, *removals),
        Fact::Edited { contacts, since } => edited(on, *contacts, &time(*since)),
        Fact::HookSilent { since, heard: true } => (
            format!("{on}: no webhook has come since {}", time(*since)),
            format!("{on}: sinds {} is er geen webhook gekomen", time(*since)),
        ),
        Fact::HookSilent {
            since,
            heard: false,
        } => (
            format!(
                "{on}: a campaign went out at {}, and no webhook has ever come",
                time(*since)
            ),
            format!(
                "{on}: om {} is een campagne verstuurd, en er is nog nooit een webhook gekomen",
                time(*since)
            ),
        ),
        Fact::BackupStale { since } => backup_stale(on, &time(*since)),
        Fact::Damaged { check, since } => damaged(on, check, &time(*since)),
        Fact::DiskLow { free } => disk_low(on, &bytes(*free)),
        Fact::LogLarge { bytes: size } => log_large(on, &bytes(*size)),
        Fact::Configuration { since, errors } => (
            format!(
                "{on}: a new configuration was refused at {}, for {errors} {}; the one before is in force",
                time(*since),
                plural(*errors, "error", "errors")
            ),
            format!(
                "{on}: een nieuwe configuratie is om {} geweigerd, om {errors} {}; de vorige geldt nog",
                time(*since),
                plural(*errors, "fout", "fouten")
            ),
        ),
    };
    pick(both, language)
}

/// That it is over.
pub fn resolved(condition: &Condition, language: Language) -> String {
    let on = condition.connection.as_deref().unwrap_or(NOBODY);
    let (english, dutch) = match &condition.fact {
        Fact::PollAge { .. } => (
            "syncs end well again".to_owned(),
            "synchronisaties eindigen weer goed".to_owned(),
        ),
        Fact::Blocked { .. } => (
            "the platform takes our key again".to_owned(),
            "het platform neemt onze sleutel weer aan".to_owned(),
        ),
        Fact::Rejected { .. } => (
            "for a day no more rows were rejected".to_owned(),
            "een dag lang zijn er geen rijen meer geweigerd".to_owned(),
        ),
        Fact::Volume { .. } => (
            "the number of events is as usual again".to_owned(),
            "het aantal gebeurtenissen is weer als gebruikelijk".to_owned(),
        ),
        Fact::Guard { name, .. } => (
            format!("the guard {name} holds nothing any more"),
            format!("de grens {name} houdt niets meer tegen"),
        ),
        Fact::InDoubt { .. } => (
            "nothing is in doubt any more".to_owned(),
            "niets is meer in twijfel".to_owned(),
        ),
        Fact::Edited { .. } => (
            "no field or tag of ours is as somebody else left it any more".to_owned(),
            "geen veld of tag van ons is nog zoals iemand anders het achterliet".to_owned(),
        ),
        Fact::HookSilent { .. } => (
            "webhooks come again".to_owned(),
            "er komen weer webhooks".to_owned(),
        ),
        Fact::BackupStale { .. } => (
            "a good backup was made".to_owned(),
            "er is een goede back-up gemaakt".to_owned(),
        ),
        Fact::Damaged { .. } => (
            "the check of the database finds nothing any more".to_owned(),
            "de controle van de database vindt niets meer".to_owned(),
        ),
        Fact::DiskLow { .. } => (
            "the disk has room again, and reading goes on".to_owned(),
            "er is weer ruimte op de schijf, en het inlezen gaat verder".to_owned(),
        ),
        Fact::LogLarge { .. } => (
            "the database's log is small again".to_owned(),
            "het logboek van de database is weer klein".to_owned(),
        ),
        Fact::Configuration { .. } => (
            "the configuration was taken".to_owned(),
            "de configuratie is aangenomen".to_owned(),
        ),
    };
    pick(
        (format!("{on}: {english}"), format!("{on}: {dutch}")),
        language,
    )
}

/// What to do.
pub fn help(condition: &Condition, language: Language) -> String {
    let both = match &condition.fact {
        Fact::PollAge { .. } => ("see what the last sync said: engaged status".to_owned(), "kijk wat de laatste synchronisatie zei: engaged status".to_owned()),
        Fact::Blocked { .. } => (
            "mend the key and its rights on the platform; the next sync that is not refused goes on by itself".to_owned(),
            "herstel de sleutel en zijn rechten op het platform; de eerstvolgende synchronisatie die niet wordt geweigerd gaat vanzelf verder".to_owned(),
        ),
        Fact::Rejected { .. } => (
            "their days are not judged meanwhile; a later version may read them: engaged sync --full".to_owned(),
            "hun dagen worden zolang niet beoordeeld; een latere versie kan ze misschien lezen: engaged sync --full".to_owned(),
        ),
        Fact::Volume { .. } => (
            "if no mailing explains it, compare that day with the platform's own report".to_owned(),
            "als geen mailing het verklaart: vergelijk die dag met het eigen rapport van het platform".to_owned(),
        ),
        Fact::Guard { name, .. } if name == LIST_SHRUNK => (
            format!("look at the list on the platform, then: engaged approve {name}"),
            format!("bekijk de lijst op het platform, daarna: engaged approve {name}"),
        ),
        Fact::Guard { name, .. } if name == QUARANTINE => (
            "see what is missing: engaged status; then: engaged approve restored".to_owned(),
            "kijk wat er nog ontbreekt: engaged status; daarna: engaged approve restored".to_owned(),
        ),
        Fact::BackupStale { .. } => (
            "see what is wrong: engaged status; and make one by hand: engaged backup FILE".to_owned(),
            "kijk wat er mis is: engaged status; en maak er met de hand een: engaged backup BESTAND".to_owned(),
        ),
        Fact::Damaged { check, .. } if check == BACKUP_SCORES => (
            "keep an older backup, and see what differs: engaged verify".to_owned(),
            "bewaar een oudere back-up, en kijk wat er verschilt: engaged verify".to_owned(),
        ),
        Fact::Damaged { .. } => (
            "see what is wrong: engaged verify; nothing is written to any platform until then; the newest backup comes back with: engaged restore FILE".to_owned(),
            "kijk wat er mis is: engaged verify; tot dan wordt naar geen platform geschreven; de nieuwste back-up komt terug met: engaged restore BESTAND".to_owned(),
        ),
        Fact::DiskLow { .. } => (
            "free some room on that disk; nothing is lost, and reading goes on by itself".to_owned(),
            "maak ruimte op die schijf; er gaat niets verloren, en het inlezen gaat vanzelf verder".to_owned(),
        ),
        Fact::LogLarge { .. } => (
            "end what has the database open, a backup by another tool for instance, or restart engaged".to_owned(),
            "beëindig wat de database open heeft, bijvoorbeeld een back-up door een ander programma, of herstart engaged".to_owned(),
        ),
        Fact::Guard { name, .. } if name == CLEANING => (
            format!("look at the plan: engaged clean plan; then: engaged approve {name}"),
            format!("bekijk het plan: engaged clean plan; daarna: engaged approve {name}"),
        ),
        Fact::Guard { name, .. } => (
            format!("look at the plan: engaged plan; then: engaged approve {name}"),
            format!("bekijk het plan: engaged plan; daarna: engaged approve {name}"),
        ),
        Fact::InDoubt { starts: 0, .. } => (
            "the next sync of a platform that answers settles it: engaged status".to_owned(),
            "de eerstvolgende synchronisatie met een platform dat antwoordt lost het op: engaged status".to_owned(),
        ),
        Fact::InDoubt { .. } => (
            "look on the platform whether it was started, then: engaged automations resolve ENTRY".to_owned(),
            "kijk op het platform of het gestart is, daarna: engaged automations resolve NUMMER".to_owned(),
        ),
        Fact::Edited { .. } => (
            "see whose: engaged plan; ours is written again with push.on_drift = \"ours\", and theirs stays untold with \"theirs\"".to_owned(),
            "kijk van wie: engaged plan; die van ons komt terug met push.on_drift = \"ours\", en die van hen blijft zonder melding met \"theirs\"".to_owned(),
        ),
        Fact::HookSilent { .. } => (
            "see what arrives, and which address the platform must have: engaged doctor".to_owned(),
            "kijk wat er aankomt, en welk adres het platform moet hebben: engaged doctor".to_owned(),
        ),
        Fact::Configuration { .. } => ("see what is wrong and where: engaged check".to_owned(), "kijk wat er mis is en waar: engaged check".to_owned()),
    };
    pick(both, language)
}

fn rejected(on: &str, rows: i64) -> Both {
    let english = plural(rows, "row of the last day", "rows of the last day");
    let dutch = plural(
        rows,
        "rij van de laatste dag is",
        "rijen van de laatste dag zijn",
    );
    (
        format!("{on}: {rows} {english} could not be understood"),
        format!("{on}: {rows} {dutch} niet begrepen"),
    )
}

fn backup_stale(on: &str, since: &str) -> Both {
    (
        format!("{on}: no good backup of the database was made since {since}"),
        format!("{on}: sinds {since} is er geen goede back-up van de database gemaakt"),
    )
}

fn disk_low(on: &str, free: &str) -> Both {
    (
        format!(
            "{on}: the database's disk is nearly full, {free} left; nothing is read in until there is more room"
        ),
        format!(
            "{on}: de schijf van de database is bijna vol, nog {free}; er wordt niets ingelezen tot er meer ruimte is"
        ),
    )
}

fn log_large(on: &str, size: &str) -> Both {
    (
        format!(
            "{on}: the database's log has grown to {size}; something reads from it for too long"
        ),
        format!(
            "{on}: het logboek van de database is gegroeid tot {size}; iets leest er te lang uit"
        ),
    )
}

/// Which check found something; the finding itself is for whoever looks.
fn damaged(on: &str, check: &str, since: &str) -> Both {
    if check == BACKUP_SCORES {
        return (
            format!("{on}: since {since} the scores in the backup are not what its events give"),
            format!(
                "{on}: sinds {since} kloppen de scores in de back-up niet met de gebeurtenissen erin"
            ),
        );
    }
    let (english, dutch) = match check {
        SCORES => ("scores", "scores"),
        _ => ("file", "bestand"),
    };
    (
        format!(
            "{on}: since {since} a check of the database's {english} finds something wrong; nothing is written to any platform"
        ),
        format!(
            "{on}: sinds {since} vindt een controle van de database ({dutch}) iets dat niet klopt; er wordt naar geen platform geschreven"
        ),
    )
}

fn bytes(bytes: i64) -> String {
    size(u64::try_from(bytes).unwrap_or_default())
}

fn guard(on: &str, name: &str, since: &str) -> Both {
    let (english, dutch) = match name {
        BASELINE => (
            "this would be the first push of a field or tag",
            "dit zou de eerste keer zijn dat een veld of tag wordt geschreven",
        ),
        MAX_SCORE_CHANGE => (
            "too many scores change at once",
            "te veel scores veranderen tegelijk",
        ),
        MAX_STARTS => (
            "too many automations would start at once",
            "te veel automations zouden tegelijk starten",
        ),
        LIST_SHRUNK => (
            "too many contacts are missing from the platform's list",
            "er ontbreken te veel contacten op de lijst van het platform",
        ),
        CLEANING => (
            "too many contacts would be cleaned",
            "er zouden te veel contacten worden opgeschoond",
        ),
        QUARANTINE => (
            "the database was restored from a backup",
            "de database is teruggezet uit een back-up",
        ),
        _ => ("a limit was passed", "een grens is overschreden"),
    };
    (
        format!("{on}: writing is held since {since}, by {name}: {english}"),
        format!("{on}: het schrijven wordt sinds {since} tegengehouden door {name}: {dutch}"),
    )
}

fn in_doubt(on: &str, starts: i64, removals: i64) -> Both {
    let removed = (
        plural(removals, "removal was", "removals were"),
        plural(removals, "verwijdering is", "verwijderingen zijn"),
    );
    let started = (
        plural(starts, "start was", "starts were"),
        plural(starts, "start is", "starts zijn"),
    );
    match (starts, removals) {
        (0, _) => (
            format!(
                "{on}: it is not known whether {removals} {} carried out",
                removed.0
            ),
            format!(
                "{on}: het is niet bekend of {removals} {} uitgevoerd",
                removed.1
            ),
        ),
        (_, 0) => (
            format!(
                "{on}: it is not known whether {starts} {} carried out",
                started.0
            ),
            format!(
                "{on}: het is niet bekend of {starts} {} uitgevoerd",
                started.1
            ),
        ),
        _ => (
            format!(
                "{on}: it is not known whether {starts} {} carried out, and {removals} {}",
                started.0, removed.0
            ),
            format!(
                "{on}: het is niet bekend of {starts} {} uitgevoerd, en {removals} {}",
                started.1, removed.1
            ),
        ),
    }
}

fn edited(on: &str, contacts: i64, since: &str) -> Both {
    let english = plural(contacts, "contact", "contacts");
    let dutch = plural(contacts, "contact", "contacten");
    (
        format!(
            "{on}: somebody else edited fields or tags of ours, of {contacts} {english}, the first since {since}; they are left so"
        ),
        format!(
            "{on}: iemand anders heeft velden of tags van ons gewijzigd, van {contacts} {dutch}, de eerste sinds {since}; ze blijven zo"
        ),
    )
}

fn plural(number: i64, one: &'static str, more: &'static str) -> &'static str {
    if number == 1 { one } else { more }
}

fn pick((english, dutch): Both, language: Language) -> String {
    match language {
        Language::English => english,
        Language::Dutch => dutch,
    }
}

/// The local time, to the minute.
fn time(at: Millis, zone: Tz) -> String {
    DateTime::from_timestamp_millis(at).map_or_else(
        || "?".to_owned(),
        |at| at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string(),
    )
}
