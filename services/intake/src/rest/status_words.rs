//! What a status page says, in the customer's words: Chinese and English, nothing of how we work inside.
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{record::Part, vocabulary::Outcome},
    progress::{Kind, Step},
};

/// The same in two languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Words {
    #[schema(example = "我们正在调查您的问题。")]
    pub zh: &'static str,
    #[schema(example = "We are looking into it.")]
    pub en: &'static str,
}

const fn words(zh: &'static str, en: &'static str) -> Words {
    Words { zh, en }
}

/// Nobody has answered yet.
pub const RECEIVED: Words = words("我们已收到您的反馈,会尽快答复您。", "We have your message and will answer soon.");
/// A person has.
pub const ANSWERED: Words = words("我们已答复您。", "We have answered you.");
/// The customer was asked for something.
pub const WAITING: Words = words("我们需要您补充信息。", "We need something more from you.");
/// It was taken up again.
pub const AGAIN: Words = words("我们正在重新处理您的问题。", "We are looking into it once more.");
/// It is over, however it ended.
pub const ENDED: Words = words("处理已结束。", "It has come to its end.");

/// How far it is.
pub fn step(step: Step) -> Words {
    match step {
        Step::LookingInto => words("我们正在调查您的问题。", "We are looking into it."),
        Step::Offered => {
            words("我们已向您提出解决方案,等待您的答复。", "We have offered you a solution and wait for your answer.")
        }
        Step::Agreed => {
            words("您已同意解决方案,我们将立即执行。", "You agreed to the solution; we are about to carry it out.")
        }
        Step::CarryingOut => words("我们正在执行解决方案。", "We are carrying the solution out."),
        Step::CarriedOut => words("解决方案已执行完毕。", "The solution has been carried out."),
    }
}

/// What was offered.
pub fn solution(kind: Kind) -> Words {
    match kind {
        Kind::Refund => words("退款", "Your money back"),
        Kind::ReturnRefund => words("退货退款", "Your money back when the goods have come back"),
        Kind::Guidance => words("专业指导", "Advice from a specialist"),
        Kind::Exchange => words("换货", "Other goods in exchange"),
        Kind::Repair => words("维修", "A repair"),
        Kind::Compensation => words("补偿", "A compensation"),
        Kind::ServiceAgain => words("重新提供服务", "The service once more"),
    }
}

/// How it ended.
pub fn result(outcome: Outcome) -> Words {
    match outcome {
        Outcome::Answered => words("您的问题已得到答复。", "Your question was answered."),
        Outcome::Guidance => words("我们已为您提供指导。", "We advised you on what to do."),
        Outcome::SuggestionRecorded => words("您的建议已记录,谢谢。", "Your suggestion is on record. Thank you."),
        Outcome::ComplaintClosed => words("您的投诉已处理完毕。", "Your complaint has been dealt with."),
        Outcome::ComplaintWithdrawn => words("您已撤回投诉。", "You took your complaint back."),
        Outcome::AnsweredFromKnowledge => {
            words("我们提供的说明已解答您的问题。", "What we sent you answered your question.")
        }
        Outcome::NoInfo => words("未收到您的补充信息,处理已结束。", "We did not hear from you again, so it has ended."),
    }
}

/// What is needed of the customer.
pub fn needed(part: Part) -> Words {
    match part {
        Part::Content => words("发生了什么", "What happened"),
        Part::Emotion => words("您的感受", "How you feel about it"),
        Part::Circumstances => words("具体经过", "How it came about"),
        Part::ExpectedResolution => words("您希望如何解决", "What you would like us to do"),
    }
}
