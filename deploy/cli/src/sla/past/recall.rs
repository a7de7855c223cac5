//! What was known of a case, a complaint or a task before the time that is asked about: read of that one alone, when it
//! is needed.
use contracts::{
    Event, Message,
    complaint::v1 as complaint,
    intake::v1 as intake,
    operations::v1::{JournalEntry, ReadJournalRequest, operations_client::OperationsClient},
};
use kernel::sla::Kind;
use tonic::transport::Channel;

use super::{Facts, PAGE, Past, handed, instant, window::ask};

impl Past {
    /// Reads what was known of a case, a complaint or a task before the time that is asked about, if this event needs it.
    pub(super) async fn recall(
        &mut self,
        client: &mut OperationsClient<Channel>,
        entry: &JournalEntry,
    ) -> anyhow::Result<()> {
        let Some(from) = self.window.from else { return Ok(()) };
        let id = entry.aggregate_id.as_str();
        let of = |id: &str| ReadJournalRequest { aggregate_id: id.to_owned(), limit: PAGE, ..Default::default() };
        match entry.r#type.as_str() {
            complaint::PromisesMoved::TYPE if !self.complaints.contains_key(id) => {
                let moved = complaint::PromisesMoved::decode(entry.payload.as_ref())?.promises;
                let starts = moved.iter().map(|one| instant(one.started_at.as_ref())).collect::<Result<Vec<_>, _>>()?;
                if starts.iter().all(|start| *start < from) {
                    return Ok(());
                }
                let before = ask(client, of(id)).await?;
                let before: Vec<_> = before.into_iter().filter(|one| one.version < entry.version).collect();
                let recorded = before.iter().find(|one| one.r#type == complaint::ComplaintRecorded::TYPE);
                let recorded =
                    recorded.map(|one| complaint::ComplaintRecorded::decode(one.payload.as_ref())).transpose()?;
                if let (Some(recorded), Some(mut cases)) = (recorded, self.cases.clone()) {
                    for one in ask(&mut cases, of(&recorded.case_id)).await? {
                        if one.r#type == intake::CaseRegistered::TYPE {
                            self.asked_by(&intake::CaseRegistered::decode(one.payload.as_ref())?);
                        }
                    }
                }
                before.iter().try_for_each(|one| self.judged(one))
            }
            intake::CaseContactAdded::TYPE | intake::CaseReopened::TYPE | intake::CaseHealthRaised::TYPE
                if !self.open.contains_key(&(Kind::FirstResponse, id.to_owned())) && !self.tasks.contains_key(id) =>
            {
                let mut before = ask(client, of(id)).await?.into_iter();
                if let Some(one) = before.find(|one| one.r#type == intake::CaseRegistered::TYPE) {
                    let facts = self.asked_by(&intake::CaseRegistered::decode(one.payload.as_ref())?);
                    self.tasks.insert(id.to_owned(), facts);
                }
                Ok(())
            }
            complaint::TaskReturned::TYPE | complaint::TaskForwarded::TYPE
                if !self.open.contains_key(&(Kind::DepartmentAnswer, id.to_owned()))
                    && !self.tasks.contains_key(id) =>
            {
                let before = ask(client, of(id)).await?;
                for one in before.iter().filter(|one| one.version < entry.version) {
                    let facts = match one.r#type.as_str() {
                        complaint::TaskIssued::TYPE => handed(&complaint::TaskIssued::decode(one.payload.as_ref())?),
                        complaint::TaskForwarded::TYPE => {
                            let event = complaint::TaskForwarded::decode(one.payload.as_ref())?;
                            let department = Some(event.department.clone());
                            Facts { department, ..self.tasks.get(id).cloned().unwrap_or_default() }
                        }
                        _ => continue,
                    };
                    self.tasks.insert(id.to_owned(), facts);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
