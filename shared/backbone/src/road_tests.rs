//! Which batches are written side by side: two that make nothing but new things, and the second not smaller.
use super::*;
use crate::{
    Change,
    fixture_tests::{Tally, Tell, id},
};

fn jobs(count: usize, new: bool) -> Vec<Job> {
    let change = |n| match new {
        true => Change::create::<Tally>(id(n), Tell::Hear(1)),
        false => Change::to::<Tally>(id(n), Tell::Hear(1)),
    };
    (0..count).map(|n| (Unit::of(change(n)), oneshot::channel().0)).collect()
}

#[test]
fn only_batches_of_new_things_are_written_side_by_side_and_none_gets_smaller_by_it() {
    let mut under_way = UnderWay::default();
    assert!(!under_way.may_begin(&[]), "there is nothing to do");
    assert!(under_way.may_begin(&jobs(1, false)));

    under_way.begin(&jobs(4, true));
    assert!(!under_way.may_begin(&jobs(3, true)), "it would be a smaller batch");
    assert!(under_way.may_begin(&jobs(4, true)));
    assert!(!under_way.may_begin(&jobs(9, false)), "what it changes may be made just now");
    let mixed = jobs(8, true).into_iter().chain(jobs(1, false)).collect::<Vec<_>>();
    assert!(!under_way.may_begin(&mixed));

    under_way.begin(&jobs(5, true));
    assert!(!under_way.may_begin(&jobs(200, true)), "two are enough");
    under_way.end(4);
    assert!(under_way.may_begin(&jobs(5, true)));
    under_way.end(5);

    under_way.begin(&jobs(1, false));
    assert!(!under_way.may_begin(&jobs(9, true)), "nothing overtakes a change of what is there");
    under_way.end(1);
    assert!(under_way.may_begin(&jobs(1, true)));
}
