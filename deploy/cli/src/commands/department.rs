//! `aftercare department`: a department's work without writing code: what it is asked, taking it up, answering, handing
//! it on; and the manager's list of what is late.
use std::process::ExitCode;

use clap::{Args, Subcommand};
use contracts::{
    common::v1::Page,
    complaint::v1::{complaints_client::ComplaintsClient, *},
};
use jiff::Timestamp;
use serde::Serialize;
use tonic::transport::Channel;
use uuid::Uuid;

use super::tail;
use crate::{
    home::{self, Home},
    output::{Output, Report, table},
    remote,
};

/// States in which a task waits for its department.
const WAITING: [&str; 3] = ["issued", "acknowledged", "returned"];

/// What can be said.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aftercare department tasks quality               with --as staff:quinn also what each is asked
  aftercare department acknowledge 0197a1c2-… --as staff:quinn --department quality
  aftercare department answer 0197a1c2-… --as staff:quinn --department quality --cause packaging.leak \\
                              --text 'the caps of May leak' --evidence lab-2026-0117
  aftercare department forward 0197a1c2-… --as staff:quinn --department quality --to medical \\
                              --text 'the substance is unknown to us'
  aftercare department redrive quality --as staff:quinn   what its webhook did not take
  aftercare department overdue                     what has no answer after its prescribed time")]
pub struct Department {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// What waits for a department's answer, the most urgent first.
    Tasks {
        #[arg(value_parser = tail::department)]
        name: String,
        /// Who reads: then what each task asks is shown too.
        #[arg(long = "as", value_name = "ACTOR")]
        actor: Option<String>,
    },
    /// Say that somebody works on a task.
    Acknowledge {
        task: Uuid,
        /// Who acts.
        #[arg(long = "as", value_name = "ACTOR")]
        actor: String,
        /// For whom; one that was not asked is refused.
        #[arg(long, value_parser = tail::department)]
        department: String,
        /// Who works on it, when it is somebody else.
        #[arg(long, value_name = "ACTOR", default_value = "")]
        owner: String,
    },
    /// Answer a task.
    Answer {
        task: Uuid,
        /// Who acts.
        #[arg(long = "as", value_name = "ACTOR")]
        actor: String,
        /// For whom; one that was not asked is refused.
        #[arg(long, value_parser = tail::department)]
        department: String,
        /// Lower-case words joined by dots or underscores, such as packaging.leak.
        #[arg(long, value_name = "CODE", default_value = "")]
        cause: String,
        /// The answer.
        #[arg(long)]
        text: String,
        /// What was found out in detail.
        #[arg(long, default_value = "")]
        findings: String,
        /// A reference into another system; may be said again.
        #[arg(long, value_name = "REFERENCE")]
        evidence: Vec<String>,
        /// When it was given, if that is told later; it decides whether the answer was in time.
        #[arg(long, value_name = "INSTANT")]
        given_at: Option<Timestamp>,
    },
    /// Hand a task to another department.
    Forward {
        task: Uuid,
        /// Who acts.
        #[arg(long = "as", value_name = "ACTOR")]
        actor: String,
        /// Which has it; one that was not asked is refused.
        #[arg(long, value_parser = tail::department)]
        department: String,
        /// Who shall answer.
        #[arg(long, value_parser = tail::department)]
        to: String,
        /// Why.
        #[arg(long)]
        text: String,
    },
    /// Try again what a department's webhook did not take in its time.
    Redrive {
        #[arg(value_parser = tail::department)]
        name: String,
        /// Who acts.
        #[arg(long = "as", value_name = "ACTOR")]
        actor: String,
    },
    /// What has no answer after its prescribed time, in all departments, the oldest first.
    Overdue,
}

/// `aftercare department …`.
pub async fn run(home: &Home, options: Department, output: Output) -> anyhow::Result<ExitCode> {
    let mut client = ComplaintsClient::new(remote::channel(home, home::service("complaint")?).await?);
    match options.what {
        What::Tasks { name, actor } => {
            let mut tasks = waiting(&mut client, &name).await?;
            if let Some(actor) = actor {
                for task in &mut tasks {
                    task.asked = asked(&mut client, &task.task_id, &actor).await?;
                }
            }
            output.show(&Tasks { tasks })?;
        }
        What::Acknowledge { task, actor, department, owner } => {
            let m = AcknowledgeTaskRequest { task_id: task.to_string(), owner, department };
            output.show(&remote::Done::of(client.acknowledge_task(remote::request_as(m, &actor)?).await)?)?;
        }
        What::Answer { task, actor, department, cause, text, findings, evidence, given_at } => {
            let task_id = task.to_string();
            let answered_at = given_at.map(backbone::proto::timestamp);
            let m = AnswerTaskRequest { task_id, department, text, cause_code: cause, findings, evidence, answered_at };
            output.show(&remote::Done::of(client.answer_task(remote::request_as(m, &actor)?).await)?)?;
        }
        What::Forward { task, actor, department, to, text } => {
            let task_id = task.to_string();
            let m = ForwardTaskRequest { task_id, department, to_department: to, reason: text };
            output.show(&remote::Done::of(client.forward_task(remote::request_as(m, &actor)?).await)?)?;
        }
        What::Redrive { name, actor } => {
            let m = RedriveWebhookRequest { department: name };
            let answer = client.redrive_webhook(remote::request_as(m, &actor)?).await;
            let redriven = answer.map_err(|status| remote::refusal(&status))?.into_inner().redriven;
            output.show(&Redriven { redriven })?;
        }
        What::Overdue => output.show(&Late { overdue: overdue(&mut client).await? })?,
    }
    Ok(ExitCode::SUCCESS)
}

/// All tasks that wait for a department.
async fn waiting(client: &mut ComplaintsClient<Channel>, department: &str) -> anyhow::Result<Vec<Task>> {
    let mut tasks = Vec::new();
    for status in WAITING {
        let mut token = String::new();
        loop {
            let page = Some(Page { size: 200, token });
            let m = ListTasksRequest { department: department.into(), status: status.into(), page };
            let answer = client.list_tasks(remote::request(m)).await;
            let answer = answer.map_err(|status| remote::refusal(&status))?.into_inner();
            tasks.extend(answer.tasks.into_iter().map(Task::of));
            token = answer.next_page_token;
            if token.is_empty() {
                break;
            }
        }
    }
    tasks.sort_by_key(|task| task.answer_by);
    Ok(tasks)
}

/// What a task asks now: the question, why the answer was sent back, or why it was handed on. Empty where it is the
/// department of the complaint's class, which is asked about the complaint itself.
async fn asked(client: &mut ComplaintsClient<Channel>, task_id: &str, actor: &str) -> anyhow::Result<String> {
    let m = GetTaskRequest { task_id: task_id.to_owned() };
    let answer = client.get_task(remote::request_as(m, actor)?).await.map_err(|status| remote::refusal(&status))?;
    let asks = |note: &Note| ["question", "return_reason", "forward_reason"].contains(&note.field.as_str());
    Ok(answer.into_inner().notes.into_iter().find(asks).map(|note| note.text).unwrap_or_default())
}

async fn overdue(client: &mut ComplaintsClient<Channel>) -> anyhow::Result<Vec<LateRow>> {
    let (mut rows, mut token) = (Vec::new(), String::new());
    loop {
        let m = ListOverdueRequest { page: Some(Page { size: 200, token }) };
        let answer = client.list_overdue(remote::request(m)).await;
        let answer = answer.map_err(|status| remote::refusal(&status))?.into_inner();
        rows.extend(answer.overdue.into_iter().map(|row| LateRow {
            kind: row.kind,
            id: row.id,
            complaint_id: row.complaint_id,
            department: row.department,
            due_at: instant(row.due_at.as_ref()),
            late_s: row.late_s,
        }));
        token = answer.next_page_token;
        if token.is_empty() {
            return Ok(rows);
        }
    }
}

/// An instant of the wire.
pub fn instant(at: Option<&contracts::Timestamp>) -> Option<Timestamp> {
    at.and_then(|at| Timestamp::new(at.seconds, at.nanos).ok())
}

/// An instant as people read it; nothing where there is none.
pub fn shown(at: Option<Timestamp>) -> String {
    at.map(|at| at.strftime("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default()
}

#[derive(Serialize)]
struct Tasks {
    tasks: Vec<Task>,
}

#[derive(Serialize)]
struct Task {
    task_id: String,
    complaint_id: String,
    department: String,
    status: String,
    answer_by: Option<Timestamp>,
    expired: bool,
    owner: String,
    product_id: String,
    batch: String,
    /// Said to who says who he is.
    asked: String,
}

impl Task {
    fn of(view: TaskView) -> Self {
        let issued = view.issued.unwrap_or_default();
        Self {
            task_id: view.task_id,
            complaint_id: issued.complaint_id,
            department: issued.department,
            status: view.status,
            answer_by: instant(issued.answer_by.as_ref()),
            expired: view.expired,
            owner: view.owner,
            product_id: issued.product_id,
            batch: issued.batch,
            asked: String::new(),
        }
    }
}

impl Report for Tasks {
    fn text(&self) -> String {
        if self.tasks.is_empty() {
            return "nothing waits".into();
        }
        let row = |task: &Task| {
            let late = if task.expired { "late" } else { "" };
            let due = shown(task.answer_by);
            vec![
                due,
                late.into(),
                task.status.clone(),
                task.owner.clone(),
                task.product_id.clone(),
                task.task_id.clone(),
                task.asked.clone(),
            ]
        };
        table(&["answer by", "", "status", "owner", "product", "task", "asked"], self.tasks.iter().map(row))
    }
}

#[derive(Serialize)]
pub struct Redriven {
    pub redriven: u64,
}

impl Report for Redriven {
    fn text(&self) -> String {
        format!("{} events are tried again", self.redriven)
    }
}

#[derive(Serialize)]
struct Late {
    overdue: Vec<LateRow>,
}

#[derive(Serialize)]
struct LateRow {
    kind: String,
    id: String,
    complaint_id: String,
    department: String,
    due_at: Option<Timestamp>,
    late_s: u64,
}

impl Report for Late {
    fn text(&self) -> String {
        if self.overdue.is_empty() {
            return "nothing is late".into();
        }
        let hours = |seconds: u64| format!("{}.{} h", seconds / 3600, seconds % 3600 / 360);
        let row = |row: &LateRow| {
            let (due, late) = (shown(row.due_at), hours(row.late_s));
            let about = if row.complaint_id.is_empty() { &row.id } else { &row.complaint_id };
            vec![due, late, row.kind.clone(), row.department.clone(), about.clone()]
        };
        table(&["due", "late", "what", "department", "about"], self.overdue.iter().map(row))
    }
}
