//! What is missing of a purchase's base data stands on what is planned for it, from the first instant until it is
//! mended.
use contracts::{
    common::v1::BaseDataFlag::{self, ContactMissing, ProductUnknown},
    intake::v1::{PurchaseBaseDataChanged, PurchaseRecorded},
    scheduling::v1::{
        FollowUpBaseDataChanged,
        FollowUpKind::{self, LongTerm, NewCustomer, ProductUse},
        FollowUpPlanned, FollowUpView, ListFollowUpsRequest,
    },
};
use testkit::request;

use crate::house::{House, NAME, days, id, purchase};

fn flags(flags: &[BaseDataFlag]) -> Vec<i32> {
    flags.iter().map(|flag| (*flag).into()).collect()
}

async fn flagged(house: &House, purchase: Option<u128>, status: &str) -> Vec<(FollowUpKind, Vec<BaseDataFlag>)> {
    let purchase_id = purchase.map(id).unwrap_or_default();
    let asked = ListFollowUpsRequest { status: status.into(), purchase_id, flagged: true, page: None };
    let found = house.client().list_follow_ups(request("staff:ana", asked)).await.unwrap().into_inner().follow_ups;
    let kind = |view: FollowUpView| {
        let planned = view.planned.unwrap();
        (planned.kind(), planned.base_data_flags().collect())
    };
    found.into_iter().map(kind).collect()
}

async fn tell(house: &House, number: u128, customer: u128, version: u64, told: &[BaseDataFlag]) {
    let (purchase_id, customer_id) = (id(number), id(customer));
    let changed = PurchaseBaseDataChanged { purchase_id, customer_id, base_data_flags: flags(told) };
    house.hear(&changed, number, version).await;
}

#[tokio::test]
async fn r_int_07_a_follow_up_is_planned_with_its_flags_and_loses_them_when_they_are_mended() {
    let house = House::open().await;
    let base_data_flags = flags(&[ContactMissing, ProductUnknown]);
    let sale = PurchaseRecorded { base_data_flags, ..purchase(1, 2, house.0.now(), "tools") };
    house.hear(&sale, 1, 1).await;
    house.sell(3, 4).await;
    let planned = house.events::<FollowUpPlanned>().await;
    let told: Vec<_> = planned.iter().map(|owed| (owed.purchase_id == id(1), owed.base_data_flags.len())).collect();
    assert!(told.contains(&(true, 2)) && told.iter().all(|(first, flags)| *first == (*flags > 0)), "{told:?}");
    let both = vec![ContactMissing, ProductUnknown];
    let all = [(NewCustomer, vec![ContactMissing]), (ProductUse, both), (LongTerm, vec![ContactMissing])];
    assert_eq!(flagged(&house, Some(1), "").await, all);
    assert_eq!(flagged(&house, None, "planned").await, all[1..]);
    assert_eq!(flagged(&house, Some(3), "").await, []);

    tell(&house, 1, 2, 2, &[ProductUnknown]).await;
    assert_eq!(flagged(&house, Some(1), "").await, [(ProductUse, vec![ProductUnknown])]);
    tell(&house, 1, 2, 3, &[]).await;
    assert_eq!(flagged(&house, None, "planned").await, []);
    let changed = house.events::<FollowUpBaseDataChanged>().await;
    assert_eq!(changed.len(), 4, "three lose the contact, one the product");
    assert_eq!(changed.iter().filter(|event| event.kind() == ProductUse).count(), 2);
    assert_eq!(house.0.parked(NAME).await, 0);
}

#[tokio::test]
async fn r_int_07_flags_reach_the_half_year_that_is_planned_and_leave_other_purchases_alone() {
    let house = House::open().await;
    let base_data_flags = flags(&[ContactMissing]);
    house.hear(&PurchaseRecorded { base_data_flags, ..purchase(1, 2, house.0.now(), "tools") }, 1, 1).await;
    house.sell(3, 2).await;
    house.0.advance(days(400)).await;
    assert_eq!(flagged(&house, Some(1), "planned").await, [(LongTerm, vec![ContactMissing])], "the third half-year");
    tell(&house, 3, 2, 2, &[ProductUnknown]).await;
    assert_eq!(flagged(&house, Some(1), "planned").await.len(), 1, "another purchase's data are not its own");
    tell(&house, 1, 2, 2, &[]).await;
    assert_eq!(flagged(&house, Some(1), "").await, [], "nor is one that ended flagged still");
}
