//! `aftercare escalation`: what somebody higher up must look at, without writing code: the list, taking it up, deciding,
//! closing, and raising a complaint by hand.
use std::process::ExitCode;

use clap::{Args, Subcommand, builder::PossibleValuesParser};
use contracts::{
    common::v1::Page,
    complaint::v1::{complaints_client::ComplaintsClient, *},
};
use jiff::Timestamp;
use serde::Serialize;
use tonic::transport::Channel;
use uuid::Uuid;

use super::{
    department::{instant, shown},
    event,
};
use crate::{
    home::{self, Home},
    output::{Output, Report, table},
    remote,
};

const LEVELS: [&str; 4] = ["team_lead", "complaint_manager", "department_head", "management"];

/// What can be said.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aftercare escalation list                        what nobody has acknowledged
  aftercare escalation list --level management --status decided
  aftercare escalation acknowledge 0197a1c2-… --as staff:eva
  aftercare escalation decide 0197a1c2-… --as staff:eva --text 'refund all of it and visit her'
  aftercare escalation raise COMPLAINT --as staff:ana --because media --text 'a newspaper asks'")]
pub struct Escalation {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// What is raised, the oldest first.
    List {
        /// Only what is at this level now.
        #[arg(long, value_parser = PossibleValuesParser::new(LEVELS))]
        level: Option<String>,
        #[arg(long, default_value = "raised", value_parser = ["raised", "acknowledged", "decided", "closed"])]
        status: String,
    },
    /// Say that somebody looks at it.
    Acknowledge {
        escalation: Uuid,
        /// Who acts.
        #[arg(long = "as", value_name = "ACTOR")]
        actor: String,
    },
    /// Say what shall be done.
    Decide {
        escalation: Uuid,
        /// Who acts.
        #[arg(long = "as", value_name = "ACTOR")]
        actor: String,
        /// The decision.
        #[arg(long)]
        text: String,
    },
    /// Say that what was decided is done.
    Close {
        escalation: Uuid,
        /// Who acts.
        #[arg(long = "as", value_name = "ACTOR")]
        actor: String,
    },
    /// Raise a complaint by hand.
    Raise {
        complaint: Uuid,
        /// Who acts.
        #[arg(long = "as", value_name = "ACTOR")]
        actor: String,
        /// Who asks for it.
        #[arg(long, default_value = "manual", value_parser = ["manual", "regulator", "media"])]
        because: String,
        /// Why.
        #[arg(long)]
        text: String,
    },
}

/// `aftercare escalation …`.
pub async fn run(home: &Home, options: Escalation, output: Output) -> anyhow::Result<ExitCode> {
    let mut client = ComplaintsClient::new(remote::channel(home, home::service("complaint")?).await?);
    let done = match options.what {
        What::List { level, status } => {
            output.show(&Listed { escalations: list(&mut client, level.as_deref(), &status).await? })?;
            return Ok(ExitCode::SUCCESS);
        }
        What::Acknowledge { escalation, actor } => {
            let m = AcknowledgeEscalationRequest { escalation_id: escalation.to_string() };
            client.acknowledge_escalation(remote::request_as(m, &actor)?).await
        }
        What::Decide { escalation, actor, text } => {
            let m = DecideEscalationRequest { escalation_id: escalation.to_string(), decision: text };
            client.decide_escalation(remote::request_as(m, &actor)?).await
        }
        What::Close { escalation, actor } => {
            let m = CloseEscalationRequest { escalation_id: escalation.to_string() };
            client.close_escalation(remote::request_as(m, &actor)?).await
        }
        What::Raise { complaint, actor, because, text } => {
            let trigger = EscalationTrigger::from_str_name(&format!("ESCALATION_TRIGGER_{}", because.to_uppercase()));
            let m = RaiseEscalationRequest {
                complaint_id: complaint.to_string(),
                trigger: trigger.unwrap_or_default().into(),
                reason: text,
            };
            client.raise_escalation(remote::request_as(m, &actor)?).await
        }
    };
    output.show(&remote::Done::of(done)?)?;
    Ok(ExitCode::SUCCESS)
}

async fn list(client: &mut ComplaintsClient<Channel>, level: Option<&str>, status: &str) -> anyhow::Result<Vec<Row>> {
    let name = level.map(|level| format!("ESCALATION_LEVEL_{}", level.to_uppercase()));
    let level = name.and_then(|name| EscalationLevel::from_str_name(&name)).unwrap_or_default().into();
    let (mut rows, mut token) = (Vec::new(), String::new());
    loop {
        let page = Some(Page { size: 200, token });
        let answer = client
            .list_escalations(remote::request(ListEscalationsRequest { status: status.into(), page, level }))
            .await;
        let answer = answer.map_err(|status| remote::refusal(&status))?.into_inner();
        rows.extend(answer.escalations.into_iter().map(Row::of));
        token = answer.next_page_token;
        if token.is_empty() {
            return Ok(rows);
        }
    }
}

#[derive(Serialize)]
struct Listed {
    escalations: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    escalation_id: String,
    status: String,
    level: String,
    trigger: String,
    raised_at: Option<Timestamp>,
    /// When it goes up unless somebody acknowledges it.
    acknowledge_by: Option<Timestamp>,
    department: String,
    complaint_id: String,
    case_id: String,
    action_id: String,
    order_id: String,
    /// What exactly is wrong, in words: what, by which means, how much, and why.
    detail: String,
}

impl Row {
    fn of(view: EscalationView) -> Self {
        let raised = view.raised.unwrap_or_default();
        let word = |name: &str, prefix: &str| name.trim_start_matches(prefix).to_lowercase();
        Self {
            escalation_id: view.escalation_id,
            status: view.status,
            level: word(raised.level().as_str_name(), "ESCALATION_LEVEL_"),
            trigger: word(raised.trigger().as_str_name(), "ESCALATION_TRIGGER_"),
            raised_at: instant(raised.raised_at.as_ref()),
            acknowledge_by: instant(raised.acknowledge_by.as_ref()),
            department: raised.department,
            complaint_id: raised.complaint_id,
            case_id: raised.case_id,
            action_id: raised.action_id,
            order_id: raised.order_id,
            detail: raised.detail.as_ref().map(in_words).unwrap_or_default(),
        }
    }
}

/// For example "portion gift_card 12.50 CNY (card_closed)".
fn in_words(detail: &EscalationDetail) -> String {
    let amount = detail.amount.as_ref().map(|amount| event::money(amount.minor, &amount.currency)).unwrap_or_default();
    let why = if detail.code.is_empty() { String::new() } else { format!("({})", detail.code) };
    let words = [detail.what.as_str(), &detail.means, &amount, &why];
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

impl Report for Listed {
    fn text(&self) -> String {
        if self.escalations.is_empty() {
            return "nothing is raised".into();
        }
        let row = |row: &Row| {
            let about = [
                ("complaint", &row.complaint_id),
                ("case", &row.case_id),
                ("action", &row.action_id),
                ("order", &row.order_id),
            ];
            let about = about.into_iter().find(|(_, id)| !id.is_empty());
            let about = about.map(|(what, id)| format!("{what} {id}")).unwrap_or_default();
            let (raised, up) = (shown(row.raised_at), shown(row.acknowledge_by));
            let words = [&row.level, &row.trigger, &row.detail, &row.department, &about, &row.escalation_id];
            [raised, up].into_iter().chain(words.into_iter().cloned()).collect()
        };
        let header = ["raised", "goes up", "level", "because", "", "department", "about", "escalation"];
        table::<Vec<Vec<String>>, String>(&header, self.escalations.iter().map(row).collect())
    }
}

#[cfg(test)]
mod tests {
    use contracts::common::v1::Money;

    use super::*;

    #[test]
    fn what_is_raised_says_what_it_is_about() {
        let detail = EscalationDetail {
            what: "portion".into(),
            means: "gift_card".into(),
            amount: Some(Money { minor: 1_250, currency: "CNY".into() }),
            code: "card_closed".into(),
        };
        assert_eq!(in_words(&detail), "portion gift_card 12.50 CNY (card_closed)");
        assert_eq!(in_words(&EscalationDetail { what: "parcel".into(), ..EscalationDetail::default() }), "parcel");
        let raised = EscalationRaised {
            order_id: "0190-order".into(),
            department: "logistics".into(),
            trigger: EscalationTrigger::ParcelLost.into(),
            detail: Some(detail),
            ..EscalationRaised::default()
        };
        let view = EscalationView { raised: Some(raised), ..EscalationView::default() };
        let text = Listed { escalations: vec![Row::of(view)] }.text();
        for part in ["parcel_lost", "portion gift_card 12.50 CNY (card_closed)", "logistics", "order 0190-order"] {
            assert!(text.contains(part), "{part:?} is missing in\n{text}");
        }
    }
}
