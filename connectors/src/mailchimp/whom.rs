//! How a contact is named on the wire. Pure.
//!
//! A contact here is `AUDIENCE:CONTACT_ID`. Most paths take the contact id, which
//! outlives a change of address; a few take the digest of the address alone.

use md5::{Digest as _, Md5};

use crate::{connector::Who, model::Address};

/// The audience and the id in it, or why there is none.
pub(super) fn parts(contact: &str) -> Result<(&str, &str), &'static str> {
    let plain = |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric());
    let (list, own) = contact.split_once(':').unwrap_or_default();
    if !plain(list) || !plain(own) {
        return Err("the contact's id is not one of Mailchimp's");
    }
    Ok((list, own))
}

/// The path of a member, by the contact id: whoever took over the address since is somebody else.
pub(super) fn path(contact: &str, email: Option<&Address>) -> Result<String, &'static str> {
    let (list, own) = parts(contact)?;
    match email {
        _ if own.len() == 32 => Ok(format!("lists/{list}/members/{own}")),
        // Rows without a contact id are known by the short id of webhooks, which no path takes.
        Some(email) => Ok(format!("lists/{list}/members/{}", hash(email))),
        None => Err("without the address Mailchimp does not find the contact"),
    }
}

/// The same of whom a caller names.
pub(super) fn path_of(who: &Who) -> Result<String, &'static str> {
    path(&who.contact, who.email.as_ref())
}

/// The subscriber hash: the digest of the address in lower case.
pub(super) fn hash(email: &Address) -> String {
    hex::encode(Md5::digest(email.reveal().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_address_in_lower_case() {
        let email = Address::parse("URIST.McVankab@freddiesjokes.com").unwrap();
        assert_eq!(hash(&email), "62eeb292278cc15f5817cb78f7790b08");
    }

    #[test]
    fn a_contact_is_named_by_what_outlives_the_address() {
        let email = Address::parse("jan@example.org").unwrap();
        let long = format!("aa:{}", "0f".repeat(16));
        let path_of_long = path(&long, Some(&email)).unwrap();
        assert_eq!(
            path_of_long,
            format!("lists/aa/members/{}", "0f".repeat(16))
        );
        let path_of_short = path("aa:a1b2c3d4e5", Some(&email)).unwrap();
        assert_eq!(path_of_short, format!("lists/aa/members/{}", hash(&email)));
        for odd in ["aa:a1b2c3d4e5", "aa", "aa:../lists", "aa/x:1f", ""] {
            assert!(path(odd, None).is_err(), "{odd}");
        }
    }
}
