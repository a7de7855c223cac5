//! What a mail is beside those before it: the same words again, one too many of its sender, an answer to an earlier one,
//! or something new. A mail loop makes one case, and nothing of it is lost.
use jiff::Timestamp;
use kernel::id;
use uuid::Uuid;

use super::{
    Channels, Source,
    mail::Mail,
    messages::{self, Claimed, Duplicate},
    place,
    push::Trouble,
};
use crate::{domain::identity::Identity, rest::CaseRequest};

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
        let Mail { mut request, sender, answers, words } = mail;
        let alike = self.app.master.blind("inbound_message.alike", &words);
        let hour = messages::of_the_hour(&self.app.pool, message.id, &alike).await?;
        let duplicate = match (hour.same, hour.last) {
            (Some(case_id), _) => Some((case_id, "the sender wrote the same within the hour")),
            (None, Some(case_id)) if hour.cases >= CASES_AN_HOUR => {
                Some((case_id, "the sender wrote more than 20 mails within the hour"))
            }
            _ => None,
        };
        if let Some((case_id, reason)) = duplicate {
            let key = self.app.master.new_key(self.app.pseudonym(&Identity::Email(sender)))?;
            let body = key.seal(&place(message.id), raw)?;
            let duplicate = Duplicate { id: message.id, case_id, reason, key: &key, body };
            messages::keep_duplicate(&self.app.pool, duplicate, now).await?;
            return Ok(None);
        }
        let ids: Vec<Uuid> = answers.iter().map(|answer| id::derived("inbound", &[&source.name, answer])).collect();
        if let Some(case_id) = messages::case_of(&self.app.pool, &ids).await? {
            request.case_id = Some(case_id.to_string());
        }
        Ok(Some(request))
    }
}
