//! What a mail is beside those before it: the same words again, one too many of whoever would be answered, an answer to an
//! earlier one, or something new. A mail loop makes one case, and nothing of it is lost.
use backbone::Fault;
use jiff::Timestamp;
use kernel::id;
use uuid::Uuid;

use super::{
    Channels, Source,
    mail::Mail,
    messages::{self, Claimed, Duplicate, Hour, Marks},
    place,
    push::Trouble,
    way_back::case_of_ours,
};
use crate::{
    domain::{arrival::Told, case::Case, identity::Identity},
    rest::CaseRequest,
    store,
};

/// So many mails within an hour of one sender who would be answered at one address; a person lets in what comes then.
const MAILS_AN_HOUR: i64 = 20;
/// So many of them may be acknowledged by a machine of ours: two machines that write to each other stop soon.
const TOLD_AN_HOUR: i64 = 3;

impl Channels {
    /// The contact a mail makes; none when it was kept as a duplicate of one. Errors: it is one too many, and nobody has looked at
    /// it.
    pub(super) async fn thread(
        &self,
        source: &Source,
        message: &Claimed,
        mail: Mail,
        raw: &[u8],
        now: Timestamp,
    ) -> Result<Option<CaseRequest>, Trouble> {
        let (hour, goes_to) = (self.hour(message, &mail).await?, self.answered_case(source, &mail).await?);
        // What says the same in another way, with another photo or to another question, goes to the same case; so does what
        // goes on answering under the same subject.
        let goes_to = goes_to.or(hour.alike).or(hour.thread.filter(|_| mail.is_answer));
        if let Some(case_id) = hour.same
            && !self.must_be_heard(goes_to.unwrap_or(case_id), mail.heard()).await?
        {
            let key = self.app.master.new_key(self.app.pseudonym(&Identity::Email(mail.sender)))?;
            let (reason, body) = ("the sender wrote the same within the hour", key.seal(&place(message.id), raw)?);
            let duplicate = Duplicate { id: message.id, case_id, reason, key: &key, body };
            messages::keep_duplicate(&self.app.pool, duplicate, now).await?;
            return Ok(None);
        }
        let too_many = hour.taken_in >= MAILS_AN_HOUR && !message.looked_at;
        if too_many && !self.is_graver_or_awaited(goes_to, &hour.cases, mail.heard()).await? {
            let harm = if self.app.classifier.harm(mail.heard()) > 0 { ", and it speaks of harm" } else { "" };
            return Err(Trouble::lasting(format!(
                "more than {MAILS_AN_HOUR} mails within the hour of this sender would be answered at the same address{harm}; \
                 tried again it is taken in"
            )));
        }
        let mut request = mail.request;
        if hour.taken_in >= TOLD_AN_HOUR {
            request.arrival.told.get_or_insert(Told::TooOften);
        }
        Ok(Some(CaseRequest { case_id: goes_to.map(|id| id.to_string()), ..request }))
    }

    /// What came within the hour before from its sender, to be answered where it would be: a form of a web page writes for many who
    /// are answered (`Reply-To`), a marketplace has one such address for many who write (`From`).
    async fn hour(&self, message: &Claimed, mail: &Mail) -> Result<Hour, Fault> {
        let blind = |said: &str| self.app.master.blind("inbound_message.alike", said);
        let of = format!("{}\n{}", mail.sender, mail.answered_at);
        let answered = self.app.master.blind("inbound_message.answered", &of);
        let thread = mail.matter.as_ref().map(|matter| blind(&format!("{of}\n{matter}")));
        let (alike, whole) = (blind(&mail.words), blind(&mail.whole));
        let marks = Marks {
            alike: &alike,
            whole: &whole,
            answered: &answered,
            thread: thread.as_ref().map(<[u8; 32]>::as_slice),
        };
        messages::of_the_hour(&self.app.pool, message.id, marks).await
    }

    /// The case of the mail it answers: one of its writer's in this mailbox, or one of ours.
    async fn answered_case(&self, source: &Source, mail: &Mail) -> Result<Option<Uuid>, Fault> {
        let ids: Vec<Uuid> = mail.answers.iter().map(|one| id::derived("inbound", &[&source.name, one])).collect();
        match messages::case_of(&self.app.pool, &ids).await? {
            None => case_of_ours(&self.app.pool, &mail.ours).await,
            named => Ok(named),
        }
    }

    /// Whether one mail too many is taken in all the same: the case it goes to must hear it; or it makes a case, of harm graver than
    /// in any of the hour.
    async fn is_graver_or_awaited(&self, goes_to: Option<Uuid>, hour: &[Uuid], words: &str) -> Result<bool, Fault> {
        if let Some(case_id) = goes_to {
            return self.must_be_heard(case_id, words).await;
        }
        let harm = self.app.classifier.harm(words);
        Ok(harm > 0 && store::cases(&self.app.pool, hour).await?.iter().all(|(_, _, case)| harm > known(case)))
    }

    /// Whether what would not go to a case must go to it all the same: the case waits for an answer, or it is about harm that the
    /// case does not know.
    async fn must_be_heard(&self, case_id: Uuid, words: &str) -> Result<bool, Fault> {
        let (_, _, case) = store::case_it_goes_on_as(&self.app.pool, case_id).await?;
        Ok(case.info_until().is_some() || self.app.classifier.harm(words) > known(&case))
    }
}

/// How grave the harm is that a case knows of.
fn known(case: &Case) -> u8 {
    case.facts.as_ref().map_or(0, |facts| facts.health_severity)
}
