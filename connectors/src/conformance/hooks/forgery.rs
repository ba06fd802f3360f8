//! What makes a signed delivery not the platform's: one thing changed in it at a time.

use super::skips;
use crate::{
    conformance::{Sent, Subject},
    webhook::Doubt,
};

/// One thing changed in a delivery, and for which reasons it may be doubted; none for any.
pub(super) struct Forgery {
    pub(super) what: String,
    pub(super) sent: Sent,
    pub(super) doubts: &'static [Doubt],
}

/// A delivery with one thing changed in it, again and again.
pub(super) fn forgeries(subject: &dyn Subject, sent: &Sent) -> Vec<Forgery> {
    let mut all = Vec::new();
    let mut add = |what: String, doubts, change: &dyn Fn(&mut Sent)| {
        let mut sent = sent.clone();
        change(&mut sent);
        all.push(Forgery { what, sent, doubts });
    };
    let last = sent.body.len().saturating_sub(1);
    for place in [0, last / 2, last] {
        let what = format!("a delivery with a bit of its body turned, byte {place}");
        add(what, &[Doubt::Forged], &|sent| {
            if let Some(byte) = sent.body.get_mut(place) {
                *byte ^= 1;
            }
        });
    }
    add(
        "a delivery that was made longer".into(),
        &[Doubt::Forged],
        &|sent| {
            sent.body.push(b' ');
        },
    );
    if !skips(subject, "addresses") {
        add(
            "a delivery to another address".into(),
            &[Doubt::Forged],
            &|sent| sent.url.push_str("-other"),
        );
    }
    for name in subject.signed_headers() {
        let own = |header: &&(String, String)| header.0.eq_ignore_ascii_case(name);
        let Some((_, value)) = sent.headers.iter().find(own) else {
            continue;
        };
        add(
            format!("a delivery without {name}"),
            &[Doubt::Unsigned],
            &|sent| {
                sent.headers.retain(|header| !own(&header));
            },
        );
        add(
            format!("a delivery with {name} twice"),
            &[Doubt::Unsigned],
            &|sent| {
                sent.headers.push(((*name).to_owned(), value.clone()));
            },
        );
        for junk in [
            String::new(),
            turned(value),
            "=,\"\u{e9}".repeat(50),
            "9".repeat(40),
        ] {
            add(format!("a delivery with another {name}"), &[], &|sent| {
                for header in sent.headers.iter_mut().filter(|header| own(&&**header)) {
                    header.1.clone_from(&junk);
                }
            });
        }
    }
    all
}

/// A text with the letter or digit in its middle changed into another.
pub(super) fn turned(text: &str) -> String {
    let half = text.chars().count() / 2;
    let of_word = |(place, letter): &(usize, char)| *place >= half && letter.is_alphanumeric();
    let place = text.chars().enumerate().find(of_word);
    let place = place.map(|(place, _)| place);
    let other = |letter| if letter == '0' { '1' } else { '0' };
    let letters = text.chars().enumerate();
    letters
        .map(|(each, letter)| {
            if Some(each) == place {
                other(letter)
            } else {
                letter
            }
        })
        .collect()
}
