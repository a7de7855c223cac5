//! What classes need: the shipped declaration, declarations that are none, and what contacts say beyond it.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

use proptest::prelude::*;

use super::{
    case::{Case, Command, Contact},
    case_tests::{after, contact, hours, levels, run},
    health::{self, Care, Group, Said},
    minimum::{Declaration, Field, Minimum, OfClass, Undeclared},
    record::Part,
    vocabulary::CaseClass,
};

const SHIPPED: &str = include_str!("../minimum.toml");

fn shipped() -> Declaration {
    toml::from_str(SHIPPED).unwrap()
}

/// The shipped declaration.
pub(super) fn minimum() -> Arc<Minimum> {
    static READY: LazyLock<Arc<Minimum>> = LazyLock::new(|| Arc::new(Minimum::new(&shipped()).unwrap()));
    Arc::clone(&READY)
}

/// The shipped declaration, in which enquiries and suggestions do not want these.
pub(super) fn without(parts: &[&str]) -> Arc<Minimum> {
    let mut declared = shipped();
    for class in declared.class.iter_mut().filter(|class| ["enquiry", "suggestion"].contains(&class.name.as_str())) {
        class.may.retain(|part| !parts.contains(&part.as_str()));
    }
    Arc::new(Minimum::new(&declared).unwrap())
}

fn changed(change: impl FnOnce(&mut Vec<OfClass>)) -> Result<(), Undeclared> {
    let mut declared = shipped();
    change(&mut declared.class);
    Minimum::new(&declared).map(drop)
}

fn of<'a>(classes: &'a mut [OfClass], name: &str) -> &'a mut OfClass {
    classes.iter_mut().find(|class| class.name == name).unwrap()
}

#[test]
fn a_field_is_called_as_it_is_stored() {
    for field in Field::ALL {
        assert_eq!(serde_json::to_value(field).unwrap(), field.word());
    }
}

#[test]
fn r_sec_11_a_declaration_without_a_class_or_with_a_part_nobody_knows_is_none() {
    let told = |error: Undeclared| error.to_string();
    assert_eq!(changed(|_| {}), Ok(()));
    for unnamed in [Declaration { id: String::new(), ..shipped() }, Declaration { version: 0, ..shipped() }] {
        assert_eq!(Minimum::new(&unnamed).map(drop), Err(Undeclared::Unnamed));
    }
    for class in CaseClass::ALL {
        let gone = changed(|classes| classes.retain(|one| one.name != class.word()));
        assert_eq!(gone, Err(Undeclared::NoClass(class.word())));
    }
    let error = changed(|classes| of(classes, "delivery").may.push("customer.birth_date".into())).unwrap_err();
    assert_eq!(told(error), "class delivery: customer.birth_date is no part of a contact we know");
    let error = changed(|classes| of(classes, "delivery").must.push("customer.id_number".into())).unwrap_err();
    assert_eq!(told(error), "class delivery: customer.id_number is no part of a contact we know");
    let error = changed(|classes| of(classes, "delivery").may.push("content".into())).unwrap_err();
    assert_eq!(told(error), "class delivery: content is named twice");
    let error = changed(|classes| of(classes, "delivery").name = "praise".into()).unwrap_err();
    assert_eq!(told(error), "class praise is no class we know");
    let error = changed(|classes| classes.extend_from_within(..1)).unwrap_err();
    assert_eq!(told(error), "class service_attitude is declared twice");
    let error = changed(|classes| of(classes, "repair").must.push("customer.address".into())).unwrap_err();
    assert_eq!(told(error), "class repair: customer.address is named twice");
}

#[test]
fn r_int_20_what_nobody_can_do_without_is_among_the_least() {
    let without = |class: &'static str, part: &'static str| {
        changed(|classes| of(classes, class).must.retain(|one| one != part)).unwrap_err()
    };
    for class in CaseClass::ALL {
        assert!(matches!(without(class.word(), "content"), Undeclared::Must { part: "content", .. }));
    }
    for part in ["emotion", "circumstances", "expected_resolution"] {
        for class in CaseClass::ALL.into_iter().filter(|class| class.is_complaint()) {
            assert!(matches!(without(class.word(), part), Undeclared::Must { part: missing, .. } if missing == part));
        }
    }
    for part in health::Part::ALL {
        let word = if part == health::Part::Batch { "batch".to_owned() } else { format!("health.{}", part.word()) };
        let word: &'static str = word.leak();
        assert!(matches!(without("discomfort", word), Undeclared::Must { part: missing, .. } if missing == word));
    }
    let address = changed(|classes| {
        let repair = of(classes, "repair");
        repair.may.retain(|part| part != "customer.address");
        repair.must.push("customer.address".into());
    });
    assert_eq!(address, Err(Undeclared::Address("repair")));
}

/// A contact that says all that can be said, but harm.
fn talkative(class: CaseClass) -> Contact {
    let words = [health::Part::Symptoms, health::Part::Onset].into();
    let said = Said {
        words,
        care: Some(Care::None),
        groups: Some([Group::Pregnant].into()),
        several: true,
        ..Said::default()
    };
    Contact {
        purchase_id: Some(uuid::Uuid::from_u128(7)),
        product_id: Some("p-1".into()),
        batch: Some("L7".into()),
        store_id: Some("s-1".into()),
        parts: [Part::Content, Part::Circumstances].into(),
        health: said,
        ..contact(class)
    }
}

#[test]
fn r_sec_11_what_a_class_does_not_need_is_left_out_and_named() {
    let mut enquiry = talkative(CaseClass::Enquiry);
    let needs = minimum().of_contact(&enquiry, None);
    let left = enquiry.leave_out(&needs);
    let health = [Field::Symptoms, Field::Onset, Field::MedicalCare, Field::SpecialGroups, Field::SeveralAffected];
    assert_eq!(left, health.into());
    assert_eq!((&enquiry.health, &enquiry.left_out), (&Said::default(), &left));
    assert_eq!((enquiry.product_id.as_deref(), enquiry.batch.as_deref()), (Some("p-1"), Some("L7")));

    let mut attitude = talkative(CaseClass::ServiceAttitude);
    let left = attitude.leave_out(&minimum().of_contact(&attitude.clone(), None));
    assert_eq!(left, health.into_iter().chain([Field::Product, Field::Batch]).collect());
    assert_eq!((attitude.product_id, attitude.batch, attitude.store_id.as_deref()), (None, None, Some("s-1")));

    let bare = without(&["emotion", "circumstances", "purchase", "store"]);
    let mut enquiry = talkative(CaseClass::Enquiry);
    let left = enquiry.leave_out(&bare.of_contact(&enquiry.clone(), None));
    assert!(left.is_superset(&[Field::Circumstances, Field::Purchase, Field::Store].into()), "{left:?}");
    assert_eq!((enquiry.parts, enquiry.purchase_id, enquiry.store_id), ([Part::Content].into(), None, None));
}

#[test]
fn r_int_09_nothing_that_speaks_of_harm_is_left_out() {
    for class in CaseClass::ALL {
        let mut heard = talkative(class);
        heard.classification.severity = 1;
        let mut died = talkative(class);
        died.health.death = true;
        for mut one in [heard, died] {
            let before = one.health.clone();
            let left = one.leave_out(&minimum().of_contact(&one.clone(), None));
            assert_eq!((one.health, left), (before, BTreeSet::new()), "{class:?}");
        }
    }
    let mut further = talkative(CaseClass::Enquiry);
    let harmed = after(CaseClass::Discomfort, &[]);
    let left = further.leave_out(&minimum().of_contact(&further.clone(), Some(&harmed)));
    assert_eq!(left, BTreeSet::new(), "it goes to a case that needs it");
}

#[test]
fn r_int_20_a_case_lacks_what_must_be_there_and_what_a_purchase_tells_is_known() {
    let lacking = |case: &Case| minimum().lacking(case).into_iter().map(Field::word).collect::<Vec<_>>();
    assert_eq!(lacking(&after(CaseClass::Enquiry, &[])), Vec::<&str>::new());
    assert_eq!(lacking(&Case::default()), Vec::<&str>::new());
    let record = ["emotion", "circumstances", "expected_resolution"];
    assert_eq!(lacking(&after(CaseClass::Delivery, &[])), [&record[..], &["purchase"]].concat());
    assert_eq!(lacking(&after(CaseClass::ProductQuality, &[])), [&record[..], &["product_id", "batch"]].concat());
    let mut bought = contact(CaseClass::ProductQuality);
    bought.purchase_id = Some(uuid::Uuid::from_u128(7));
    let mut case = Case::default();
    run(&mut case, bought.register(&levels()), hours(0)).unwrap();
    assert_eq!(lacking(&case), record);
    let harmed = lacking(&after(CaseClass::Discomfort, &[]));
    assert_eq!(harmed.iter().filter(|part| part.starts_with("health.")).count(), 7, "{harmed:?}");
    let completed = Command::Complete {
        added: super::record::Added { parts: [Part::Circumstances].into(), emotion: None },
        minimum: minimum(),
    };
    let told = after(CaseClass::Delivery, &[(completed, 1)]);
    assert_eq!(lacking(&told), ["emotion", "expected_resolution", "purchase"]);
}

proptest! {
    /// Whatever a contact says: what is left out was said and is not wanted, what is kept is wanted, and harm stays as it was.
    #[test]
    fn r_sec_11_only_what_is_needed_is_kept(
        class in prop::sample::select(CaseClass::ALL.to_vec()),
        severity in 0_u8..=4, death: bool, several: bool, product: bool, batch: bool,
    ) {
        let mut one = talkative(class);
        one.classification.severity = severity;
        (one.health.death, one.health.several) = (death, several);
        one.product_id = one.product_id.filter(|_| product);
        one.batch = one.batch.filter(|_| batch);
        let said = one.clone();
        let needs = minimum().of_contact(&said, None);
        let left = one.leave_out(&needs);
        prop_assert!(left.iter().all(|field| !needs.wants(*field)));
        prop_assert_eq!(one.product_id.is_some(), product && needs.wants(Field::Product));
        prop_assert_eq!(one.batch.is_some(), batch && needs.wants(Field::Batch));
        prop_assert_eq!(one.health.several, several && needs.wants(Field::SeveralAffected));
        prop_assert_eq!(one.health.death, death);
        prop_assert_eq!(&one.classification, &said.classification);
        let harmed = severity > 0 || death || class == CaseClass::Discomfort;
        prop_assert!(!harmed || one.health == said.health);
        prop_assert!(one.leave_out(&needs).is_empty(), "nothing is left to be left out");
    }
}
