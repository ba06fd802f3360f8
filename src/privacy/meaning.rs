//! What each table says about a contact, and what the data are for, in both languages.

use crate::config::Language;

/// A table, and what its rows say in Dutch and in English.
const TABLES: [(&str, &str, &str); 29] = [
    (
        "contact",
        "Het contact zelf: het adres en sinds wanneer we het kennen.",
        "The contact itself: its address, and since when we know it.",
    ),
    ("former_address", "Eerdere adressen.", "Former addresses."),
    (
        "identity",
        "Onder welk nummer het contact op elk platform bekend is.",
        "Under which id each platform knows the contact.",
    ),
    (
        "membership",
        "Welke koppelingen het contact kennen.",
        "Which connections know the contact.",
    ),
    (
        "merged",
        "Contacten die hetzelfde contact bleken te zijn.",
        "Contacts that turned out to be the same one.",
    ),
    (
        "field",
        "Profielvelden, elke waarde met het moment waarop we haar lazen.",
        "Profile fields, each value with when we read it.",
    ),
    (
        "subscription",
        "Wat elk platform zegt over de inschrijving (toestemming) per lijst.",
        "What each platform says about the subscription (consent) to each list.",
    ),
    (
        "subscribed",
        "Sinds wanneer het contact is ingeschreven.",
        "Since when the contact is subscribed.",
    ),
    (
        "remote_tag",
        "Tags op het platform.",
        "Tags on the platform.",
    ),
    (
        "event",
        "Wat er gebeurde: verzonden, geopend, geklikt, gekocht enzovoort.",
        "What happened: sent, opened, clicked, bought and so on.",
    ),
    (
        "history",
        "Dezelfde gebeurtenissen, ingepakt om snel te kunnen rekenen.",
        "The same events, packed for fast computing.",
    ),
    (
        "confirmed",
        "Gebeurtenissen die op twee manieren gemeld zijn.",
        "Events that were told in two ways.",
    ),
    (
        "superseded",
        "Gebeurtenissen waarvan het platform de tijd veranderde.",
        "Events whose time the platform changed.",
    ),
    (
        "verdict",
        "Of een mens of een machine een gebeurtenis veroorzaakte, en waarom.",
        "Whether a person or a machine caused an event, and why.",
    ),
    (
        "reject",
        "Regels van een platform die we niet begrepen.",
        "Rows of a platform that we did not understand.",
    ),
    (
        "adjustment",
        "Correcties van een score met de hand.",
        "Corrections of a score by hand.",
    ),
    (
        "score",
        "De scores nu, in duizendsten (raw) en punten (shown).",
        "The scores now, in thousandths (raw) and in points (shown).",
    ),
    ("score_history", "De scores vroeger.", "The scores before."),
    (
        "segment_member",
        "De segmenten waar het contact in zit.",
        "The segments that the contact is in.",
    ),
    ("stage_member", "De fase.", "The stage."),
    (
        "contact_state",
        "Wanneer voor het laatst is gerekend en wanneer iets vanzelf verandert.",
        "When it was last computed, and when something changes by itself.",
    ),
    (
        "dirty",
        "Dat er nieuws is dat nog niet is meegerekend.",
        "That there is news which is not scored yet.",
    ),
    (
        "automation_entry",
        "Automatiseringen waar het contact in kwam, en wat ervan kwam.",
        "Automations that the contact entered, and what came of it.",
    ),
    (
        "cleaning_case",
        "Wat er bij het opschonen van lijsten is besloten.",
        "What was decided when lists were cleaned.",
    ),
    (
        "cleaning_removal",
        "Wat er daarbij op het platform is gedaan, en hoe het ervoor was.",
        "What was done on the platform then, and how it was before.",
    ),
    (
        "outbox",
        "Wat er naar platforms is geschreven.",
        "What was written to platforms.",
    ),
    (
        "acknowledged",
        "Wat elk platform het laatst van ons kreeg.",
        "What each platform was last told by us.",
    ),
    (
        "drift",
        "Velden en tags van ons die iemand anders veranderde.",
        "Fields and tags of ours that somebody else changed.",
    ),
    (
        "objection",
        "Bezwaar tegen scoren.",
        "Objection to being scored.",
    ),
];

/// What a table's rows say; a table without words of its own is named as it is.
pub fn of_table(table: &str, language: Language) -> Option<&'static str> {
    let found = TABLES.iter().find(|(name, ..)| *name == table)?;
    Some(match language {
        Language::Dutch => found.1,
        Language::English => found.2,
    })
}

/// What the data are used for by this program. What else they are used for the user's own statement says.
pub fn purposes(language: Language) -> [&'static str; 3] {
    match language {
        Language::Dutch => [
            "Bepalen hoe betrokken iemand is bij mailings (een score volgens vaste regels), om mailings daarop af te stemmen.",
            "Series starten of contacten doorgeven aan mensen wanneer een score een grens passeert.",
            "Wie al lang niets meer opent of klikt van lijsten halen.",
        ],
        Language::English => [
            "Telling how engaged somebody is with mailings (a score by fixed rules), to suit mailings to that.",
            "Starting series, or handing contacts to people, when a score crosses a line.",
            "Taking those off lists who have opened and clicked nothing for long.",
        ],
    }
}
