//! Every piece is in exactly one place, whatever happens to it.
#![expect(clippy::unwrap_used, reason = "tests")]
use proptest::prelude::*;

use super::*;

#[derive(Clone, Copy, Debug)]
enum Step {
    Receive(u32),
    Inspect(u32, u32),
    Overrule(u32),
    Lapse,
    HandBack,
    AskBackAgain,
    Keep,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..7u32).prop_map(Step::Receive),
        (0..4u32, 0..4u32).prop_map(|(accepted, rejected)| Step::Inspect(accepted, rejected)),
        (0..4u32).prop_map(Step::Overrule),
        Just(Step::Lapse),
        Just(Step::HandBack),
        Just(Step::AskBackAgain),
        Just(Step::Keep),
    ];
    prop::collection::vec(step, 0..20)
}

proptest! {
    /// R-FUL-04: requested = awaiting + received + lapsed, received = uninspected + accepted + rejected + handed back; and nothing
    /// was received that did not come.
    #[test]
    fn r_ful_04_no_piece_is_lost_or_counted_twice(requested in 1..10u32, steps in steps()) {
        let (mut goods, mut came) = (Goods::asked_back(requested), 0);
        for step in steps {
            let before = goods;
            goods = match step {
                Step::Receive(quantity) => {
                    let (next, surplus) = goods.receive(quantity);
                    prop_assert_eq!(next.received() - before.received() + surplus, quantity);
                    prop_assert!(surplus == 0 || next.awaiting() == 0);
                    came += quantity - surplus;
                    next
                }
                Step::Inspect(accepted, rejected) => match goods.inspect(accepted, rejected) {
                    Ok(next) => {
                        prop_assert_eq!(next.received(), before.received());
                        next
                    }
                    Err(_) => {
                        prop_assert!(accepted + rejected == 0 || accepted + rejected > before.uninspected());
                        goods
                    }
                },
                Step::Overrule(quantity) => goods.overrule(quantity),
                Step::Lapse => goods.lapse(),
                Step::HandBack => {
                    let next = goods.hand_back();
                    prop_assert_eq!((next.received(), next.rejected()), (before.received(), before.rejected()));
                    prop_assert_eq!(next.handed_back(), before.received() - before.rejected(), "all that is here but those");
                    next
                }
                Step::AskBackAgain => {
                    let next = goods.ask_back_again();
                    prop_assert_eq!(next.awaiting() + next.received(), before.awaiting() + before.received());
                    next
                }
                Step::Keep => {
                    let next = goods.keep();
                    prop_assert_eq!((next.received(), next.uninspected()), (before.received(), 0));
                    next
                }
            };
            prop_assert_eq!(goods.awaiting() + goods.received() + goods.lapsed(), requested);
            let here = goods.uninspected() + goods.accepted() + goods.rejected();
            prop_assert_eq!(here + goods.handed_back(), goods.received());
            prop_assert!(goods.received() <= came);
            let stays = matches!(step, Step::HandBack) || goods.accepted() >= before.accepted();
            prop_assert!(stays, "what was accepted stays so until it is handed back");
        }
        let text = serde_json::to_string(&goods).unwrap();
        prop_assert_eq!(serde_json::from_str::<Goods>(&text).unwrap(), goods);
    }
}

#[test]
fn more_than_can_be_counted_is_no_inspection() {
    assert!(Goods::surplus(u32::MAX).inspect(u32::MAX, 1).is_err());
    assert_eq!(Goods::surplus(u32::MAX).inspect(u32::MAX, 0).unwrap().accepted(), u32::MAX);
}
