//! `aftercare cases`: finding cases by what was said in them, and making what they are found by anew.
use std::process::ExitCode;

use anyhow::Context as _;
use backbone::proto::timestamp;
use clap::{Args, Subcommand};
use contracts::{
    common::v1::{CaseClass, Channel as Source, Page},
    intake::v1::{
        AddTagRequest, CaseFilter, CaseView, DeleteViewRequest, GetStatusLinkRequest, GetStatusLinkResponse,
        ListViewsRequest, RebuildSearchRequest, RemoveTagRequest, RevokeStatusLinksRequest, SaveViewRequest, SavedView,
        SearchCasesRequest, answers_client::AnswersClient, case_search_client::CaseSearchClient,
        case_views_client::CaseViewsClient,
    },
};
use jiff::Timestamp;
use serde::Serialize;
use tonic::transport::Channel;
use uuid::Uuid;

use super::{
    clock,
    department::{instant, shown},
};
use crate::{
    home::{self, Home},
    output::{Output, Report, table},
    remote,
};

/// Who acts where nobody is named.
const ACTOR: &str = "staff:cli";

/// What can be said.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aftercare cases search 头皮很痒                        what was said or answered, in any script
  aftercare cases search 包装 破损 --channel app --status routed
  aftercare cases search refund --from 2026-01-01T00:00:00Z --limit 100
  aftercare cases list --view west                     what a saved view shows
  aftercare cases views                                which views there are
  aftercare cases tag 0197a1c2-… \"recall 2026-03\" --as staff:ana
  aftercare cases link 0197a1c2-… --purpose \"on the line\" --as staff:ana
  aftercare cases link 0197a1c2-… --revoke --purpose \"it leaked\" --as staff:ana
  aftercare cases reindex                              read the words of all cases again")]
pub struct Cases {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Cases that say all these words, the newest first.
    Search {
        /// Words, or two characters and more of a script without spaces; everything when none are said.
        words: Vec<String>,
        #[command(flatten)]
        filter: Filter,
        /// How many.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// What a saved view shows, the newest first.
    List {
        /// Its name.
        #[arg(long)]
        view: String,
        /// How many.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// Whose view it is, or of a team.
        #[arg(long = "as", value_name = "ACTOR", default_value = ACTOR)]
        actor: String,
    },
    /// The views of a person, then those of teams.
    Views {
        #[arg(long = "as", value_name = "ACTOR", default_value = ACTOR)]
        actor: String,
    },
    /// Keep a filter under a name.
    SaveView {
        name: String,
        /// For a team, for example team:west.
        #[arg(long, default_value = "", hide_default_value = true)]
        team: String,
        #[command(flatten)]
        filter: Filter,
        #[arg(long = "as", value_name = "ACTOR", default_value = ACTOR)]
        actor: String,
    },
    /// Delete a view.
    DeleteView {
        view: Uuid,
        #[arg(long = "as", value_name = "ACTOR", default_value = ACTOR)]
        actor: String,
    },
    /// Put a tag on a case.
    Tag {
        case: Uuid,
        tag: String,
        #[arg(long = "as", value_name = "ACTOR", default_value = ACTOR)]
        actor: String,
    },
    /// Take a tag off a case.
    Untag {
        case: Uuid,
        tag: String,
        #[arg(long = "as", value_name = "ACTOR", default_value = ACTOR)]
        actor: String,
    },
    /// The link by which the customer of a case sees how it stands, to be read or sent to him; the look is recorded.
    Link {
        case: Uuid,
        /// Why it is asked for, or the others are revoked.
        #[arg(long, default_value = "told the customer")]
        purpose: String,
        /// Make every link void first that was given before: one fell into strange hands.
        #[arg(long)]
        revoke: bool,
        #[arg(long = "as", value_name = "ACTOR", default_value = ACTOR)]
        actor: String,
    },
    /// Make what cases are found by anew, beside the work.
    Reindex,
}

#[derive(Debug, Args)]
struct Filter {
    /// routed, responded, awaiting_info, closed, rejected, reopened or merged.
    #[arg(long, default_value = "", hide_default_value = true)]
    status: String,
    /// What they are about, for example delivery.
    #[arg(long, value_parser = class)]
    class: Option<CaseClass>,
    /// Where they came in, for example app.
    #[arg(long, value_parser = source)]
    channel: Option<Source>,
    #[arg(long, default_value = "", hide_default_value = true)]
    store: String,
    /// Taken in at this instant or later.
    #[arg(long, value_name = "INSTANT")]
    from: Option<String>,
    /// Taken in before this instant.
    #[arg(long, value_name = "INSTANT")]
    to: Option<String>,
    /// Who has them, for example staff:ana.
    #[arg(long, value_name = "PERSON", default_value = "", hide_default_value = true)]
    assigned_to: String,
    /// Only what nobody has.
    #[arg(long, conflicts_with = "assigned_to")]
    unassigned: bool,
    /// Only what has this tag.
    #[arg(long, default_value = "", hide_default_value = true)]
    tag: String,
}

fn class(word: &str) -> Result<CaseClass, String> {
    CaseClass::from_str_name(&format!("CASE_CLASS_{}", word.to_uppercase())).ok_or_else(|| unknown("class", "delivery"))
}

fn source(word: &str) -> Result<Source, String> {
    Source::from_str_name(&format!("CHANNEL_{}", word.to_uppercase())).ok_or_else(|| unknown("channel", "app"))
}

fn unknown(what: &str, example: &str) -> String {
    format!("there is no such {what}; say for example {example}")
}

impl Filter {
    fn asked(self) -> anyhow::Result<CaseFilter> {
        let at = |text: Option<String>| text.as_deref().map(clock::instant).transpose();
        Ok(CaseFilter {
            status: self.status,
            class: self.class.unwrap_or_default().into(),
            channel: self.channel.unwrap_or_default().into(),
            store_id: self.store,
            recorded_from: at(self.from)?.map(timestamp),
            recorded_before: at(self.to)?.map(timestamp),
            assigned_to: self.assigned_to,
            unassigned: self.unassigned,
            tag: self.tag,
        })
    }
}

/// `aftercare cases …`.
pub async fn run(home: &Home, options: Cases, output: Output) -> anyhow::Result<ExitCode> {
    let channel = remote::channel(home, home::service("intake")?).await?;
    let mut client = CaseSearchClient::new(channel.clone());
    let mut views = CaseViewsClient::new(channel.clone());
    let done = match options.what {
        What::Search { words, filter, limit } => {
            let asked = SearchCasesRequest { page: None, words: words.join(" "), filter: Some(filter.asked()?) };
            output.show(&Listed { cases: search(&mut client, asked, limit).await? })?;
            return Ok(ExitCode::SUCCESS);
        }
        What::List { view, limit, actor } => {
            let known = saved(&mut views, &actor).await?;
            let view = known.into_iter().find(|known| known.name == view || known.view_id == view);
            let filter = view.context("there is no such view; `aftercare cases views` shows them")?.filter;
            let asked = SearchCasesRequest { filter, ..SearchCasesRequest::default() };
            output.show(&Listed { cases: search(&mut client, asked, limit).await? })?;
            return Ok(ExitCode::SUCCESS);
        }
        What::Views { actor } => {
            let views = saved(&mut views, &actor).await?.into_iter().map(View::of).collect();
            output.show(&Views { views })?;
            return Ok(ExitCode::SUCCESS);
        }
        What::Reindex => {
            let answer = client.rebuild_search(remote::request(RebuildSearchRequest {})).await;
            let events = answer.map_err(|status| remote::refusal(&status))?.into_inner().events;
            output.show(&Rewound { events })?;
            return Ok(ExitCode::SUCCESS);
        }
        What::Link { case, purpose, revoke, actor } => {
            output.show(&link(channel, case, purpose, revoke, &actor).await?)?;
            return Ok(ExitCode::SUCCESS);
        }
        What::SaveView { name, team, filter, actor } => {
            let m = SaveViewRequest { name, team, filter: Some(filter.asked()?) };
            views.save_view(remote::request_as(m, &actor)?).await
        }
        What::DeleteView { view, actor } => {
            let m = DeleteViewRequest { view_id: view.to_string() };
            views.delete_view(remote::request_as(m, &actor)?).await
        }
        What::Tag { case, tag, actor } => {
            views.add_tag(remote::request_as(AddTagRequest { case_id: case.to_string(), tag }, &actor)?).await
        }
        What::Untag { case, tag, actor } => {
            views.remove_tag(remote::request_as(RemoveTagRequest { case_id: case.to_string(), tag }, &actor)?).await
        }
    };
    output.show(&remote::Done::of(done)?)?;
    Ok(ExitCode::SUCCESS)
}

async fn link(channel: Channel, case: Uuid, purpose: String, revoke: bool, actor: &str) -> anyhow::Result<Link> {
    let mut answers = AnswersClient::new(channel);
    if revoke {
        let asked = RevokeStatusLinksRequest { case_id: case.to_string(), reason: purpose.clone() };
        let revoked = answers.revoke_status_links(remote::request_as(asked, actor)?).await;
        revoked.map_err(|status| remote::refusal(&status))?;
    }
    let asked = GetStatusLinkRequest { case_id: case.to_string(), purpose, ..GetStatusLinkRequest::default() };
    let answer = answers.get_status_link(remote::request_as(asked, actor)?).await;
    let GetStatusLinkResponse { case_id, status_link, good_until } =
        answer.map_err(|status| remote::refusal(&status))?.into_inner();
    Ok(Link { case_id, status_link, good_until: instant(good_until.as_ref()) })
}

async fn saved(client: &mut CaseViewsClient<Channel>, actor: &str) -> anyhow::Result<Vec<SavedView>> {
    let answer = client.list_views(remote::request_as(ListViewsRequest {}, actor)?).await;
    Ok(answer.map_err(|status| remote::refusal(&status))?.into_inner().views)
}

async fn search(
    client: &mut CaseSearchClient<Channel>,
    mut asked: SearchCasesRequest,
    limit: u32,
) -> anyhow::Result<Vec<Row>> {
    let (mut rows, mut token) = (Vec::new(), String::new());
    let limit = usize::try_from(limit)?;
    while rows.len() < limit {
        asked.page = Some(Page { size: u32::try_from((limit - rows.len()).min(200))?, token });
        let answer = client.search_cases(remote::request(asked.clone())).await;
        let answer = answer.map_err(|status| remote::refusal(&status))?.into_inner();
        rows.extend(answer.cases.into_iter().map(Row::of));
        token = answer.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    Ok(rows)
}

#[derive(Serialize)]
struct Listed {
    cases: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    case_id: String,
    recorded_at: Option<Timestamp>,
    status: String,
    class: String,
    channel: String,
    store_id: String,
    assigned_to: String,
}

impl Row {
    fn of(case: CaseView) -> Self {
        let registered = case.registered.unwrap_or_default();
        let word = |name: &str, prefix: &str| name.trim_start_matches(prefix).to_lowercase();
        Self {
            recorded_at: instant(registered.recorded_at.as_ref()),
            class: word(registered.class().as_str_name(), "CASE_CLASS_"),
            channel: word(registered.channel().as_str_name(), "CHANNEL_"),
            store_id: registered.store_id,
            case_id: case.case_id,
            status: case.status,
            assigned_to: case.assignment.unwrap_or_default().assigned_to,
        }
    }
}

impl Report for Listed {
    fn text(&self) -> String {
        if self.cases.is_empty() {
            return "no case says so".into();
        }
        let row = |row: &Row| {
            let Row { case_id, recorded_at, status, class, channel, store_id, assigned_to } = row;
            vec![&shown(*recorded_at), status, class, channel, store_id, assigned_to, case_id]
                .into_iter()
                .cloned()
                .collect()
        };
        table(&["taken in", "status", "about", "channel", "store", "who has it", "id"], self.cases.iter().map(row))
    }
}

#[derive(Serialize)]
struct Link {
    case_id: String,
    /// Below the address at which customers reach intake.
    status_link: String,
    good_until: Option<Timestamp>,
}

impl Report for Link {
    fn text(&self) -> String {
        format!("{} shows how case {} stands, until {}", self.status_link, self.case_id, shown(self.good_until))
    }
}

#[derive(Serialize)]
struct Views {
    views: Vec<View>,
}

#[derive(Serialize)]
struct View {
    view_id: String,
    owner: String,
    name: String,
}

impl View {
    fn of(view: SavedView) -> Self {
        let SavedView { view_id, owner, name, .. } = view;
        Self { view_id, owner, name }
    }
}

impl Report for Views {
    fn text(&self) -> String {
        let row = |view: &View| vec![view.name.clone(), view.owner.clone(), view.view_id.clone()];
        table(&["name", "whose", "id"], self.views.iter().map(row))
    }
}

#[derive(Serialize)]
struct Rewound {
    events: u64,
}

impl Report for Rewound {
    fn text(&self) -> String {
        format!("{} events are read again, beside the work", self.events)
    }
}
