//! The customer as channels and shops describe them.
use serde::Deserialize;
use utoipa::ToSchema;

use super::check::Checks;
use crate::{
    domain::{
        identity::{self, Identity},
        vocabulary::Channel,
    },
    vault::Person,
};

/// Who the customer is and how to reach them. Stored encrypted, here and nowhere else.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Customer {
    /// The channel's own customer number, 1 to 100 characters.
    #[schema(example = "C-20931", max_length = 100)]
    pub r#ref: Option<String>,
    /// 1 to 200 characters.
    #[schema(example = "王小明", max_length = 200)]
    pub name: Option<String>,
    /// 5 to 20 digits, with the country's code where it is known; at most 40 characters.
    #[schema(example = "+86 138 0000 0000", max_length = 40)]
    pub phone: Option<String>,
    /// At most 254 characters.
    #[schema(example = "ana@example.com", max_length = 254)]
    pub email: Option<String>,
    /// At most 500 characters.
    #[schema(max_length = 500)]
    pub address: Option<String>,
}

/// A customer whose data are in order.
#[derive(Clone, Debug)]
pub struct Known {
    /// The strongest identifier given.
    pub identity: Option<Identity>,
    pub person: Person,
    /// Whether a reference of the channel was given.
    pub has_reference: bool,
}

impl Customer {
    /// Checks what is given; what must be given is for the caller to say.
    pub fn check(&self, checks: &mut Checks, channel: Channel) -> Known {
        let reference = checks.word("customer.ref", self.r#ref.as_deref(), 100);
        let phone = checks.word("customer.phone", self.phone.as_deref(), 40).and_then(|text| {
            let normal = identity::phone(&text);
            if normal.is_none() {
                checks.report("customer.phone", "is not a phone number", "give 5 to 20 digits, with + and the country");
            }
            normal
        });
        let email = checks.word("customer.email", self.email.as_deref(), 254).and_then(|text| {
            let normal = identity::email(&text);
            if normal.is_none() {
                checks.report("customer.email", "is not an e-mail address", "give one such as ana@example.com");
            }
            normal
        });
        Known {
            identity: Identity::strongest(channel, reference.as_deref(), phone.as_deref(), email.as_deref()),
            has_reference: reference.is_some(),
            person: Person {
                name: checks.word("customer.name", self.name.as_deref(), 200),
                phone,
                email,
                address: checks.prose("customer.address", self.address.as_deref(), 500),
            },
        }
    }
}
