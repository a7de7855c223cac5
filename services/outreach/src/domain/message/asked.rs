//! What a message names beside its reference, where it is not the same for every customer.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a customer is to decide, to do or to know: codes, counts, amounts and the words of the policy, nothing of his own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Asked {
    /// Whether what was found of his goods may change what he gets.
    Inspection {
        /// Pieces that are as they should be.
        accepted: u32,
        /// Pieces that are not.
        rejected: u32,
        /// Of those he gets so many back; the others are kept apart or destroyed.
        back: u32,
        /// What was looked at and did not pass, as codes.
        failed: Vec<String>,
        /// The new decision in the policy's words, by language.
        words: BTreeMap<String, String>,
        /// What he may have instead, as codes.
        instead: Vec<String>,
    },
    /// Whether an article is to be repaired for this.
    Quote {
        /// Another one takes the place of the one before.
        version: u32,
        /// Labour and parts, as codes.
        items: Vec<String>,
        /// All of it, as it is written for people.
        total: String,
        /// What he pays.
        fee: String,
    },
    /// Goods that are to come back.
    Return {
        /// What stands on the parcel.
        number: String,
        /// Where it is sent; any shop takes it as well.
        send_to: String,
        /// How, by language.
        instructions: BTreeMap<String, String>,
    },
    /// What people decided.
    Review {
        /// It goes on with his yes.
        confirm: bool,
        /// A part of it was refused.
        partly: bool,
        /// Of what they refused: where he turns who does not agree, by language. Why is told by a person: the rule's words were for what
        /// was yet to be decided, and may be about his health.
        appeal: BTreeMap<String, String>,
    },
}
