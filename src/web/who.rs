//! People as pages name them: linked by number.

use engaged_connectors::model::Address;
use maud::{Markup, html};

use super::{html::name, page::Visit};
use crate::store::ContactId;

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
}
