//! People as pages name them: linked by number, and for viewers masked wherever an address stands.

use engaged_connectors::model::Address;
use maud::{Markup, html};

use super::{
    html::name,
    page::{Visit, masked},
};
use crate::{account::Role, store::ContactId};

impl Visit {
    /// A contact, with the way to its page: its address as the visitor may see it, else its number.
    pub fn contact(&self, contact: ContactId, email: Option<&Address>) -> Markup {
        let shown = email.map(|email| self.address(email));
        html! {
            a href={ "/contacts/" (contact.0) } {
                @match shown {
                    Some(shown) => (name(&shown)),
                    None => (self.say.with("contact-without-address", [("n", contact.0.to_string().into())])),
                }
            }
        }
    }

    /// A text from elsewhere, in which viewers see addresses masked.
    pub fn words(&self, text: &str) -> String {
        if self.may(Role::Marketer) {
            text.to_owned()
        } else {
            with_masks(text)
        }
    }
}

/// A text in which every address is masked.
fn with_masks(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let before = &rest[..at];
        let local = before.trim_end_matches(is_local);
        let after = &rest[at + 1..];
        let end = after.len() - after.trim_start_matches(is_domain).len();
        out += local;
        let address = &rest[local.len()..at + 1 + end];
        out += &masked(address);
        rest = &after[end..];
    }
    out + rest
}

fn is_local(c: char) -> bool {
    c.is_alphanumeric() || "._%+-'!#$&*/=?^`{|}~".contains(c)
}

fn is_domain(c: char) -> bool {
    c.is_alphanumeric() || c == '-' || c == '.'
}

#[cfg(test)]
mod tests {
    use super::with_masks;

    #[test]
    fn addresses_in_a_text_are_masked_and_the_rest_stands() {
        assert_eq!(
            with_masks("jan.de-vries@voorbeeld.nl is in a compliance state"),
            "j…@v….nl is in a compliance state"
        );
        assert_eq!(
            with_masks(r#"{"email":"a+b@c.example"}, x@y.example!"#),
            r#"{"email":"a…@c….example"}, x…@y….example!"#
        );
        assert_eq!(with_masks("no address here"), "no address here");
        assert_eq!(with_masks("@ alone"), "…@…. alone");
    }
}
