//! The people around a complaint: department teams, management and the warehouse.
use std::collections::{BTreeMap, HashSet};

use anyhow::Context;
use contracts::{
    common::v1::Page,
    complaint::v1 as complaint,
    fulfilment::v1::{ListServiceOrdersRequest, ReceiveGoodsRequest, fulfilment_client::FulfilmentClient},
};
use jiff::{SignedDuration, Timestamp};

use super::{
    luck,
    staff::{DIRECTOR, MANAGER, Staff, abreast, at},
};
use crate::drive::staff;

const WAREHOUSE: &str = "staff:warehouse-dai";

impl Staff<'_> {
    /// Departments take up their tasks and answer; the manager accepts. A few answer a day late.
    pub(super) async fn departments(&self, now: Timestamp) -> anyhow::Result<u64> {
        let mut steps = 0;
        for status in ["issued", "acknowledged", "answered"] {
            let work = self.tasks(status).await?.into_iter().map(|task| self.department_step(status, task, now));
            steps += abreast(work).await?;
        }
        Ok(steps)
    }

    async fn department_step(&self, status: &str, task: complaint::TaskView, now: Timestamp) -> anyhow::Result<u64> {
        let issued = task.issued.context("a task without its issue")?;
        let age = now.duration_since(at(issued.issued_at.as_ref())?);
        let late = luck(&task.task_id) % 12 == 2 && age < SignedDuration::from_hours(36);
        let by = format!("staff:{}-team", issued.department);
        let key = format!("{}/{}", task.task_id, task.version);
        match status {
            "issued" if late => Ok(0),
            "issued" => {
                let m = complaint::AcknowledgeTaskRequest {
                    task_id: task.task_id,
                    department: issued.department,
                    ..Default::default()
                };
                self.call(&by, &key, m, |mut c, r| async move { c.acknowledge_task(r).await }).await
            }
            "acknowledged" => {
                let m = complaint::AnswerTaskRequest {
                    task_id: task.task_id,
                    department: issued.department,
                    text: "we looked into it".into(),
                    cause_code: "article.defect".into(),
                    ..Default::default()
                };
                self.call(&by, &key, m, |mut c, r| async move { c.answer_task(r).await }).await
            }
            _ => {
                let m = complaint::AcceptAnswerRequest { task_id: task.task_id };
                self.call(MANAGER, &key, m, |mut c, r| async move { c.accept_answer(r).await }).await
            }
        }
    }

    pub(super) async fn waiting_for_departments(&self) -> anyhow::Result<HashSet<String>> {
        let mut waiting = HashSet::new();
        for status in ["issued", "acknowledged", "answered", "returned"] {
            let tasks = self.tasks(status).await?;
            waiting.extend(tasks.into_iter().filter_map(|task| task.issued).map(|issued| issued.complaint_id));
        }
        Ok(waiting)
    }

    /// Management looks at what was escalated and decides.
    pub(super) async fn management(&self) -> anyhow::Result<u64> {
        let mut steps = 0;
        for status in ["raised", "acknowledged"] {
            let m = complaint::ListEscalationsRequest {
                status: status.into(),
                page: Some(Page { size: 200, ..Page::default() }),
                ..Default::default()
            };
            let list = self.ask(m, |mut c, r| async move { c.list_escalations(r).await }).await?;
            steps += abreast(list.escalations.into_iter().map(|view| self.decided(status, view.escalation_id))).await?;
        }
        Ok(steps)
    }

    async fn decided(&self, status: &str, escalation_id: String) -> anyhow::Result<u64> {
        let key = format!("escalation/{status}/{escalation_id}");
        if status == "raised" {
            let m = complaint::AcknowledgeEscalationRequest { escalation_id };
            return self.call(DIRECTOR, &key, m, |mut c, r| async move { c.acknowledge_escalation(r).await }).await;
        }
        let m = complaint::DecideEscalationRequest { escalation_id, decision: "be generous".into() };
        self.call(DIRECTOR, &key, m, |mut c, r| async move { c.decide_escalation(r).await }).await
    }

    /// Goods that were on their way back have arrived and are in order.
    pub(super) async fn warehouse(&self) -> anyhow::Result<u64> {
        let mut token = String::new();
        let mut steps = 0;
        loop {
            let page = Some(Page { size: 200, token: token.clone() });
            let list = self
                .driver
                .insist(|| {
                    let mut client = FulfilmentClient::new(self.fulfilment.clone());
                    let page = page.clone();
                    let m = ListServiceOrdersRequest { status: "awaiting_goods".into(), page, ..Default::default() };
                    async move { client.list_service_orders(m).await }
                })
                .await??;
            for order in list.orders {
                let id = order.order_id;
                let received = self
                    .driver
                    .insist(|| {
                        let mut client = FulfilmentClient::new(self.fulfilment.clone());
                        let m = ReceiveGoodsRequest { order_id: id.clone(), ..Default::default() };
                        let request = staff(WAREHOUSE, &format!("goods/{id}"), m);
                        async move { client.receive_goods(request).await }
                    })
                    .await?;
                steps += u64::from(received.is_ok());
            }
            token = list.next_page_token;
            if token.is_empty() {
                return Ok(steps);
            }
        }
    }
}

/// Departments with tasks, for the report.
pub async fn tasks_by_department(staff: &Staff<'_>) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut by_department = BTreeMap::new();
    for task in staff.tasks("").await? {
        *by_department.entry(task.issued.map(|issued| issued.department).unwrap_or_default()).or_default() += 1;
    }
    Ok(by_department)
}
