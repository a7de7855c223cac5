//! Where a customer can be reached: asked of intake at the moment of sending, used once and kept nowhere (R-SEC-01).
use std::time::Duration;

use contracts::intake::v1::{
    GetStatusLinkRequest, RevealAnswerRequest, RevealAnswerResponse, RevealContactRequest,
    answers_client::AnswersClient, intake_client::IntakeClient,
};
use lettre::Address;
use tonic::{Code, Request, Response, Status, metadata::MetadataValue, transport::Channel};
use uuid::Uuid;

use super::Trouble;
use crate::domain::message::Of;

/// Asks intake.
pub(crate) struct Contacts {
    intake: IntakeClient<Channel>,
    answers: AnswersClient<Channel>,
    timeout: Duration,
}

/// Where a message goes. No `Debug`: it must not end in a log.
pub(crate) enum Destination {
    /// To a mail server.
    Email(Address),
    /// To the SMS gateway.
    Sms(String),
}

impl Contacts {
    pub fn new(intake: Channel, timeout: Duration) -> Self {
        Self { intake: IntakeClient::new(intake.clone()), answers: AnswersClient::new(intake), timeout }
    }

    /// E-mail when there is a usable address, else SMS. Intake records the question with the message as its purpose.
    pub async fn destination(&self, customer_id: Uuid, message_id: Uuid) -> Result<Destination, Trouble> {
        let question =
            RevealContactRequest { customer_id: customer_id.to_string(), purpose: format!("message:{message_id}") };
        let mut intake = self.intake.clone();
        let contact = self.asked(intake.reveal_contact(ours(question))).await?;
        choose(contact.email.trim(), contact.phone.trim())
    }

    /// The words of an answer and where it goes. Intake records the question with the message as its purpose.
    pub async fn answer(&self, case_id: Uuid, message_id: Uuid) -> Result<RevealAnswerResponse, Trouble> {
        let question = RevealAnswerRequest { case_id: case_id.to_string(), message_id: message_id.to_string() };
        let mut answers = self.answers.clone();
        self.asked(answers.reveal_answer(ours(question))).await
    }

    /// The link to the status page of a case, as its customer is given it; none where intake knows no such case of his. It is
    /// asked for when the message is sent, and kept nowhere.
    pub async fn status_link(&self, of: Of, customer_id: Uuid, message_id: Uuid) -> Result<Option<String>, Trouble> {
        let (purpose, customer_id) = (format!("message:{message_id}"), customer_id.to_string());
        let asked = GetStatusLinkRequest { purpose, customer_id, ..Default::default() };
        let question = match of {
            Of::Case(id) => GetStatusLinkRequest { case_id: id.to_string(), ..asked },
            Of::Complaint(id) => GetStatusLinkRequest { complaint_id: id.to_string(), ..asked },
        };
        let mut answers = self.answers.clone();
        match self.asked(answers.get_status_link(ours(question))).await {
            Ok(answer) => Ok(Some(answer.status_link)),
            Err(trouble) if trouble.lasting => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    async fn asked<T>(&self, asking: impl Future<Output = Result<Response<T>, Status>>) -> Result<T, Trouble> {
        match tokio::time::timeout(self.timeout, asking).await {
            Ok(Ok(answer)) => Ok(answer.into_inner()),
            // The customer is unknown, or was erased.
            Ok(Err(status)) if matches!(status.code(), Code::NotFound | Code::FailedPrecondition) => {
                Err(Trouble::lasting("no_contact"))
            }
            Ok(Err(_)) | Err(_) => Err(Trouble::passing("contact_unavailable")),
        }
    }
}

/// A question we ask.
fn ours<T>(question: T) -> Request<T> {
    let mut request = Request::new(question);
    request.metadata_mut().insert("aftercare-actor", MetadataValue::from_static("service:outreach"));
    request
}

fn choose(email: &str, phone: &str) -> Result<Destination, Trouble> {
    if let Ok(address) = email.parse::<Address>()
        && email.is_ascii()
    {
        return Ok(Destination::Email(address));
    }
    if is_phone(phone) {
        return Ok(Destination::Sms(phone.to_owned()));
    }
    let nothing = email.is_empty() && phone.is_empty();
    Err(Trouble::lasting(if nothing { "no_contact" } else { "bad_contact" }))
}

fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    (3..=20).contains(&digits) && text.chars().all(|c| c.is_ascii_digit() || "+-() ".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(email: &str, phone: &str) -> String {
        match choose(email, phone) {
            Ok(Destination::Email(address)) => format!("email {address}"),
            Ok(Destination::Sms(phone)) => format!("sms {phone}"),
            Err(trouble) => format!("{} {}", if trouble.lasting { "lasting" } else { "passing" }, trouble.code),
        }
    }

    #[test]
    fn email_comes_first_then_a_phone_then_nothing() {
        assert_eq!(chosen("li@example.cn", "+86 138-0000-0000"), "email li@example.cn");
        assert_eq!(chosen("", "+86 138-0000-0000"), "sms +86 138-0000-0000");
        assert_eq!(chosen("not an address", "13800000000"), "sms 13800000000");
        assert_eq!(chosen("李@example.cn", "13800000000"), "sms 13800000000");
        assert_eq!(chosen("", ""), "lasting no_contact");
        assert_eq!(chosen("not an address", "call me"), "lasting bad_contact");
        assert_eq!(chosen("a@b.cn\r\nBcc: c@d.cn", ""), "lasting bad_contact");
    }
}
