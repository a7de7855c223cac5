//! The service desk of the demo: gives every case its first human answer, health first, and ends what needs nothing else.
use contracts::{
    common::v1::{CaseClass, Page},
    intake::v1::{self as intake, CaseView, intake_client::IntakeClient},
};
use futures::{StreamExt, TryStreamExt};
use tonic::transport::Channel;

use crate::drive::{Driver, staff};

const SPECIALIST: &str = "staff:specialist-fei";
/// Cases answered at the same time.
const ABREAST: usize = 16;

/// Works the queue once; says how many steps were taken.
pub async fn work(driver: &Driver, intake: &Channel) -> anyhow::Result<u64> {
    let (mut steps, mut token) = (0, String::new());
    loop {
        let list = driver
            .insist(|| {
                let page = Some(Page { size: 200, token: token.clone() });
                let mut client = IntakeClient::new(intake.clone());
                async move { client.list_queue(intake::ListQueueRequest { page, ..Default::default() }).await }
            })
            .await??;
        let calls = list.cases.into_iter().map(|case| handle(driver, intake, case));
        let taken: Vec<u64> = futures::stream::iter(calls).buffer_unordered(ABREAST).try_collect().await?;
        steps += taken.iter().sum::<u64>();
        token = list.next_page_token;
        if token.is_empty() {
            return Ok(steps);
        }
    }
}

async fn handle(driver: &Driver, channel: &Channel, case: CaseView) -> anyhow::Result<u64> {
    let enquiry = case.registered.as_ref().is_some_and(|facts| facts.class() == CaseClass::Enquiry);
    let (id, answered) = (case.case_id, case.responded_at.is_some());
    let answer = driver
        .insist(|| {
            let mut client = IntakeClient::new(channel.clone());
            let id = id.clone();
            async move {
                match (answered, enquiry) {
                    (false, _) => {
                        let text = "thank you, we look into it".into();
                        let m = intake::RespondToCaseRequest { case_id: id.clone(), text, responded_at: None };
                        client
                            .respond_to_case(staff(SPECIALIST, &format!("respond/{id}"), m))
                            .await
                            .map(|r| r.map(|_| 1))
                    }
                    (true, true) => {
                        let m = intake::CloseCaseRequest { case_id: id.clone(), outcome: "answered".into() };
                        client.close_case(staff(SPECIALIST, &format!("close/{id}"), m)).await.map(|r| r.map(|_| 1))
                    }
                    (true, false) => Ok(tonic::Response::new(0)),
                }
            }
        })
        .await?;
    Ok(answer.unwrap_or(0))
}
