//! No event says who somebody is (R-SEC-01, R-SEC-11): nothing personal by class, nothing personal by name, and the
//! customer only as a marked pseudonym. In requests and answers, what is named like personal data is classed so.
use prost_reflect::{DescriptorPool, FieldDescriptor, MessageDescriptor};

use crate::contract::{self, compiled, is_ours, privacy};

/// Words that give personal data away when they are part of a field's name.
const TELLING: [&str; 40] = [
    "address",
    "avatar",
    "birth",
    "birthday",
    "city",
    "comment",
    "comments",
    "contact",
    "contacts",
    "content",
    "date_of_birth",
    "description",
    "email",
    "emails",
    "feedback",
    "findings",
    "gender",
    "id_card",
    "identity_card",
    "ip",
    "mail",
    "message_text",
    "mobile",
    "name",
    "names",
    "nickname",
    "note",
    "notes",
    "openid",
    "passport",
    "phone",
    "phones",
    "photo",
    "postcode",
    "remark",
    "symptoms",
    "telephone",
    "text",
    "wechat",
    "wish",
];

fn is_telling(field: &FieldDescriptor) -> bool {
    let name = format!("_{}_", field.name());
    TELLING.iter().any(|word| name.contains(&format!("_{word}_")))
}

/// Everything that is wrong with the contracts, one sentence a field.
fn offences(pool: &DescriptorPool) -> Vec<String> {
    let events = contract::events(pool);
    let (inside, _) = contract::shapes(&events);
    let travels = |message: &MessageDescriptor| {
        inside.contains_key(message.full_name()) || events.iter().any(|event| event.message == *message)
    };
    let ours = pool.all_messages().filter(|message| is_ours(message.full_name()));
    ours.flat_map(|message| {
        let in_event = travels(&message);
        message.fields().filter_map(move |field| offence(&field, in_event)).collect::<Vec<_>>()
    })
    .collect()
}

fn offence(field: &FieldDescriptor, in_event: bool) -> Option<String> {
    let class = privacy(field);
    let personal = ["PERSONAL", "SENSITIVE"].contains(&class.as_str());
    let why = if in_event && personal {
        format!("is {class}: events carry none of that; send an id and let the owner be asked")
    } else if in_event && is_telling(field) {
        "is named like personal data: events carry none of that; send a code or an id".to_owned()
    } else if field.name().ends_with("customer_id") && class != "PSEUDONYM" {
        "stands for a person: class it PRIVACY_PSEUDONYM".to_owned()
    } else if !in_event && is_telling(field) && class == "UNSPECIFIED" && field.kind().as_message().is_none() {
        "is named like personal data: class it PRIVACY_PERSONAL, or PRIVACY_NONE when it speaks of no person".to_owned()
    } else {
        return None;
    };
    Some(format!("{} {why}", field.full_name()))
}

#[test]
fn no_event_says_who_somebody_is() {
    let offences = offences(contracts::pool());
    assert!(offences.is_empty(), "{offences:#?}");
}

#[test]
fn what_gives_a_person_away_is_found() {
    let event = "option (aftercare.options.v1.subject) = \"x.v1.happened\";";
    let class = |class: &str| format!("[(aftercare.options.v1.privacy) = PRIVACY_{class}]");
    let cases = [
        (format!("message E {{ {event} string who = 1 {}; }}", class("PERSONAL")), Some("E.who is PERSONAL")),
        (format!("message E {{ {event} string skin = 1 {}; }}", class("SENSITIVE")), Some("E.skin is SENSITIVE")),
        (format!("message E {{ {event} string buyer_phone = 1; }}"), Some("E.buyer_phone is named like")),
        (format!("message E {{ {event} string name = 1 {}; }}", class("NONE")), Some("E.name is named like")),
        (
            format!(
                "message E {{ {event} Deep deep = 1; }} message Deep {{ Deeper d = 1; }} message Deeper {{ string id_card_no = 1; }}"
            ),
            Some("Deeper.id_card_no is named like"),
        ),
        (
            format!(
                "message E {{ {event} repeated Line l = 1; }} message Line {{ bytes b = 1 {}; }}",
                class("PERSONAL")
            ),
            Some("Line.b is PERSONAL"),
        ),
        (format!("message E {{ {event} string customer_id = 1; }}"), Some("E.customer_id stands for a person")),
        ("message Request { string customer_id = 1; }".to_owned(), Some("Request.customer_id stands for a person")),
        ("message Request { string text = 1; }".to_owned(), Some("Request.text is named like")),
        ("message Answer { repeated Note notes = 1; } message Note { string code = 1; }".to_owned(), None),
        (format!("message Request {{ string text = 1 {}; }}", class("PERSONAL")), None),
        (format!("message Metric {{ string name = 1 {}; }}", class("NONE")), None),
        (
            format!(
                "message E {{ {event} string customer_id = 1 {}; bool commented = 2; string filename = 3; }}",
                class("PSEUDONYM")
            ),
            None,
        ),
    ];
    for (source, expected) in cases {
        let found = offences(&compiled(&source));
        match expected {
            Some(start) => {
                assert_eq!(found.len(), 1, "{source}: {found:#?}");
                assert!(found[0].starts_with(&format!("aftercare.sample.v1.{start}")), "{source}: {found:#?}");
            }
            None => assert_eq!(found, Vec::<String>::new(), "{source}"),
        }
    }
}
