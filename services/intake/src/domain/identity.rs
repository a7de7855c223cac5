//! Who a customer is: the strongest identifier that was given stands for the person, so that no look-up is needed.
//! Phones and e-mails are brought to one form first; the same number written in two ways is the same customer.
use super::vocabulary::Channel;

/// The identifier a customer is known by, strongest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The channel's own customer number.
    Reference(Channel, String),
    /// In normal form.
    Phone(String),
    /// In normal form.
    Email(String),
}

impl Identity {
    /// The strongest of what is given; phone and e-mail in normal form. `None` when nothing is.
    pub fn strongest(
        channel: Channel,
        reference: Option<&str>,
        phone: Option<&str>,
        email: Option<&str>,
    ) -> Option<Identity> {
        let reference = reference.map(|text| Identity::Reference(channel, text.to_owned()));
        let phone = || phone.map(|number| Identity::Phone(number.to_owned()));
        let email = || email.map(|address| Identity::Email(address.to_owned()));
        reference.or_else(phone).or_else(email)
    }

    /// What the pseudonym is made of: the kind of identifier, its channel, its value.
    pub fn parts(&self) -> [&str; 3] {
        match self {
            Identity::Reference(channel, text) => ["reference", channel.word(), text],
            Identity::Phone(number) => ["phone", "", number],
            Identity::Email(address) => ["email", "", address],
        }
    }
}

/// A phone number in normal form: digits, with a leading `+` where the country is given (`00` counts as `+`).
/// `None` when it has fewer than 5 or more than 20 digits, or anything but digits, spaces and `+-()./`.
pub fn phone(text: &str) -> Option<String> {
    let written = text.trim();
    let odd = |(i, c): (usize, char)| !(c.is_ascii_digit() || " -()./".contains(c) || (c == '+' && i == 0));
    if written.char_indices().any(odd) {
        return None;
    }
    let digits: String = written.chars().filter(char::is_ascii_digit).collect();
    let (abroad, digits) = match (written.starts_with('+'), digits.strip_prefix("00")) {
        (true, _) => ("+", digits.as_str()),
        (false, Some(rest)) => ("+", rest),
        (false, None) => ("", digits.as_str()),
    };
    (5..=20).contains(&digits.len()).then(|| format!("{abroad}{digits}"))
}

/// An e-mail address in normal form: lower case. `None` unless it is `local@domain.tld` without spaces, at most 254
/// characters.
pub fn email(text: &str) -> Option<String> {
    let written = text.trim();
    let (local, domain) = written.rsplit_once('@')?;
    let local_ok = (1..=64).contains(&local.chars().count()) && !local.contains('@');
    let domain_ok = domain.contains('.') && domain.split('.').all(|label| !label.is_empty());
    let plain = !written.chars().any(|c| c.is_whitespace() || c.is_control() || "<>,;\"()".contains(c));
    (local_ok && domain_ok && plain && written.chars().count() <= 254).then(|| written.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_has_one_form() {
        for text in ["+86 138-0000-0000", "0086 (138) 0000 0000", "+86.138.0000.0000"] {
            assert_eq!(phone(text).as_deref(), Some("+8613800000000"), "{text}");
        }
        assert_eq!(phone("138 0000 0000").as_deref(), Some("13800000000"));
        for text in ["", "1234", "+", "123456789012345678901", "12345x", "12+345", "１２３４５６"] {
            assert_eq!(phone(text), None, "{text}");
        }
    }

    #[test]
    fn one_address_has_one_form() {
        assert_eq!(email(" Ana.Lima@Example.com ").as_deref(), Some("ana.lima@example.com"));
        for text in [
            "",
            "ana",
            "ana@",
            "@example.com",
            "ana@example",
            "a na@example.com",
            "a@b@example.com",
            "ana@example..com",
        ] {
            assert_eq!(email(text), None, "{text}");
        }
    }

    #[test]
    fn the_strongest_identifier_counts() {
        let of = |reference, phone, email| Identity::strongest(Channel::App, reference, phone, email);
        assert_eq!(of(Some("c1"), Some("12345"), Some("a@b.c")), Some(Identity::Reference(Channel::App, "c1".into())));
        assert_eq!(of(None, Some("12345"), Some("a@b.c")), Some(Identity::Phone("12345".into())));
        assert_eq!(of(None, None, Some("a@b.c")), Some(Identity::Email("a@b.c".into())));
        assert_eq!(of(None, None, None), None);
    }
}
