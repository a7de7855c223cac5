//! The rules of the front door: what a purchase and a case are, what a contact is about, and who waits before whom.
//! Pure: time, ids and amounts come in as values; nothing here reads a clock, a file or a database.
pub mod advice;
pub mod answer;
pub mod arrival;
pub mod assignment;
pub mod base_data;
pub mod call;
pub mod case;
pub mod classify;
pub mod command;
pub mod contact;
pub mod course;
pub mod customer_link;
pub mod ending;
pub mod health;
pub mod identity;
pub mod ids;
pub mod information;
pub mod judgement;
pub mod knowledge;
pub mod major_issue;
pub mod member;
pub mod minimum;
pub mod priority;
pub mod purchase;
pub mod rating;
pub mod record;
pub mod regulator;
pub mod rejection;
pub mod reply;
pub mod reporting;
pub mod sending;
pub mod tags;
pub mod team;
pub mod triage;
pub mod vocabulary;

#[cfg(test)]
mod advice_tests;
#[cfg(test)]
mod answer_tests;
#[cfg(test)]
mod arrival_tests;
#[cfg(test)]
mod assignment_tests;
#[cfg(test)]
mod case_tests;
#[cfg(test)]
mod classify_tests;
#[cfg(test)]
mod customer_link_tests;
#[cfg(test)]
mod ending_tests;
#[cfg(test)]
mod health_tests;
#[cfg(test)]
mod information_tests;
#[cfg(test)]
mod judgement_tests;
#[cfg(test)]
mod knowledge_tests;
#[cfg(test)]
mod major_issue_tests;
#[cfg(test)]
mod member_tests;
#[cfg(test)]
mod minimum_tests;
#[cfg(test)]
mod purchase_tests;
#[cfg(test)]
mod reply_tests;
#[cfg(test)]
mod reporting_tests;
#[cfg(test)]
mod sending_tests;
