//! What can be chosen at a first run, in words: the platforms with their keys and rights, and the rules.
//!
//! Menu paths and rights are those of docs/platforms/, which names its sources.

use crate::config::Platform;

/// What a person has to know of a platform to connect it.
#[derive(Debug)]
pub struct Guide {
    /// The platform.
    pub platform: Platform,
    /// The word for it in the configuration.
    pub word: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// Where the key is made, and with which rights; a line each.
    pub key: &'static [&'static str],
    /// What to call the key.
    pub key_name: &'static str,
    /// What the address is and where it is found; `None` where the platform has one address for everybody.
    pub address: Option<&'static str>,
    /// What a list is called there.
    pub list: &'static str,
    /// The field that shows the score; `None` where contacts have no fields for numbers.
    pub field: Option<&'static str>,
}

/// Every platform with a connector.
pub const PLATFORMS: [Guide; 5] = [
    Guide {
        platform: Platform::Mailchimp,
        word: "mailchimp",
        title: "Mailchimp",
        key: &[
            "In Mailchimp: your account's Extras, API keys, Create a key.",
            "The key can do what its user can: the role Manager is enough, and needed to write scores later.",
            "It ends in a dash and a data centre, such as -us19.",
        ],
        key_name: "API key",
        address: None,
        list: "audience",
        field: Some("ENGSCORE"),
    },
    Guide {
        platform: Platform::Ghost,
        word: "ghost",
        title: "Ghost",
        key: &[
            "In Ghost Admin: Settings, Integrations, Add custom integration.",
            "Copy the Admin API key (not the Content API key): it has a colon in its middle. It needs no further right.",
        ],
        key_name: "Admin API key",
        address: Some("The address of Ghost Admin without /ghost, such as https://name.ghost.io"),
        list: "newsletter",
        field: None,
    },
    Guide {
        platform: Platform::ActiveCampaign,
        word: "activecampaign",
        title: "ActiveCampaign or MailBlue",
        key: &[
            "In ActiveCampaign or MailBlue: Settings, Developer shows the key, for the user who is logged in.",
            "The user's group must be allowed to see Contacts, Lists and Campaigns; a user of its own is best.",
        ],
        key_name: "API key",
        address: Some(
            "The API URL that Settings, Developer shows, such as https://account.api-us1.com",
        ),
        list: "list",
        field: Some("ENGSCORE"),
    },
    Guide {
        platform: Platform::Copernica,
        word: "copernica",
        title: "Copernica",
        key: &[
            "In the Marketing Suite: make an API token, restricted to v4. It is shown once.",
            "Rights to read: databases, profiles, statistics (mailings, logfiles), the consumption.",
            "Rights to write, which only going live needs: profiles, fields, interests.",
        ],
        key_name: "API token",
        address: None,
        list: "database",
        field: Some("EngScore"),
    },
    Guide {
        platform: Platform::HubSpot,
        word: "hubspot",
        title: "HubSpot",
        key: &[
            "In HubSpot: Settings, Integrations, Private Apps: make one, and copy its access token (pat-...).",
            "Scopes to read: crm.objects.contacts.read, content, crm.schemas.contacts.read, crm.lists.read, forms,",
            "  crm.objects.deals.read, communication_preferences.read.",
            "Scopes to write, which only going live needs: crm.objects.contacts.write, crm.schemas.contacts.write, crm.lists.write.",
        ],
        key_name: "access token",
        address: None,
        list: "subscription type",
        field: Some("engagement_score"),
    },
];

impl Guide {
    /// The guide of a platform, by a word of the configuration or its title, in any case.
    pub fn find(typed: &str) -> Option<&'static Self> {
        let typed = typed.trim().to_lowercase();
        let platform = typed.parse::<Platform>().ok();
        PLATFORMS
            .iter()
            .find(|guide| Some(guide.platform) == platform || guide.title.to_lowercase() == typed)
    }

    /// The guide of a platform that has a connector.
    pub fn of(platform: Platform) -> Option<&'static Self> {
        PLATFORMS.iter().find(|guide| guide.platform == platform)
    }
}

/// Rules to begin with.
#[derive(Debug)]
pub struct Start {
    /// The word for it: `newsletter`, or the name of a rule pack.
    pub word: &'static str,
    /// What the rules do, in words.
    pub about: &'static str,
    /// The pack that it extends; the others stand in the file itself.
    pub pack: Option<&'static str>,
}

/// What rules there are to begin with; the first is taken unless another is chosen.
pub const STARTS: [Start; 5] = [
    Start {
        word: "newsletter",
        about: "a newsletter: points for opens and clicks that fade within a year, fewer for months of silence",
        pack: None,
    },
    Start {
        word: "copernica-shop",
        about: "a web shop: purchases, visits, clicks and opens earn points; months without any cost some",
        pack: Some("copernica-shop"),
    },
    Start {
        word: "mailblue",
        about: "fixed and dynamic points: country and city stay, opens and clicks expire after a month or two",
        pack: Some("mailblue"),
    },
    Start {
        word: "funnel-2-4-20",
        about: "a funnel: 2 points for a click on reading matter, 4 on comparing, 20 on buying; and who fits (A to D)",
        pack: Some("funnel-2-4-20"),
    },
    Start {
        word: "b2b-0-100",
        about: "leads of a company that sells to companies, from 0 to 100: the nearer to buying, the more",
        pack: Some("b2b-0-100"),
    },
];

impl Start {
    /// The start of that word, in any case.
    pub fn find(typed: &str) -> Option<&'static Self> {
        let typed = typed.trim().to_lowercase();
        STARTS.iter().find(|start| start.word == typed)
    }
}
