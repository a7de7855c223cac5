//! What a mail is beside those before it: the same words again, one too many of its sender, an answer to an earlier one,
//! or something new. A mail loop makes one case, and nothing of it is lost.
use backbone::Fault;
use jiff::Timestamp;
use kernel::id;
use uuid::Uuid;

use super::{
    Channels, Source,
    mail::Mail,
    messages::{self, Claimed, Duplicate, Hour},
    place,
    push::Trouble,
    way_back::case_of_ours,
};
use crate::{domain::identity::Identity, rest::CaseRequest, store};

/// So many cases of one sender within an hour; what comes then is kept beside the last.
const CASES_AN_HOUR: i64 = 20;

impl Channels {
    /// The contact a mail makes; none when it was kept as a duplicate of one.
    pub(super) async fn thread(
        &self,
        source: &Source,
        message: &Claimed,
        mail: Mail,
        raw: &[u8],
        now: Timestamp,
    ) -> Result<Option<CaseRequest>, Trouble> {
        let pool = &self.app.pool;
        let blind = |said: &str| self.app.master.blind("inbound_message.alike", said);
        let hour = messages::of_the_hour(pool, message.id, &blind(&mail.words), &blind(&mail.whole)).await?;
        let ids: Vec<Uuid> = mail.answers.iter().map(|one| id::derived("inbound", &[&source.name, one])).collect();
        // What says the same in another way, with another photo or to another question, goes to the same case.
        let named = match messages::case_of(pool, &ids).await? {
            None => case_of_ours(pool, &mail.ours).await?,
            named => named,
        };
        let goes_to = named.or(hour.alike);
        if let Some((case_id, reason)) = hour.duplicate()
            && !self.must_be_heard(goes_to.unwrap_or(case_id), hour.same.is_some(), mail.heard()).await?
        {
            let key = self.app.master.new_key(self.app.pseudonym(&Identity::Email(mail.sender)))?;
            let body = key.seal(&place(message.id), raw)?;
            let duplicate = Duplicate { id: message.id, case_id, reason, key: &key, body };
            messages::keep_duplicate(pool, duplicate, now).await?;
            return Ok(None);
        }
        Ok(Some(CaseRequest { case_id: goes_to.map(|id| id.to_string()), ..mail.request }))
    }

    /// Whether what would be kept beside a case must go to it all the same: the case waits for an answer, or it is about
    /// harm that the case does not know.
    async fn must_be_heard(&self, case_id: Uuid, same: bool, words: &str) -> Result<bool, Fault> {
        let (_, _, case) = store::case_it_goes_on_as(&self.app.pool, case_id).await?;
        let known = case.facts.as_ref().map_or(0, |facts| facts.health_severity);
        let harm = self.app.classifier.harm(words);
        Ok(case.info_until().is_some() || harm > if same { known } else { 0 })
    }
}

impl Hour {
    /// The case a mail is kept beside if it brings nothing, and why.
    fn duplicate(&self) -> Option<(Uuid, &'static str)> {
        let often = self.last.filter(|_| self.cases >= CASES_AN_HOUR);
        let same = self.same.map(|case_id| (case_id, "the sender wrote the same within the hour"));
        same.or(often.map(|case_id| (case_id, "the sender wrote more than 20 mails within the hour")))
    }
}
