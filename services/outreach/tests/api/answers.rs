//! Answers that go back the way the customer came: in the thread of a mail, by signed JSON, over WeChat's own service.
use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    routing::post,
};
use backbone::{Change, Unit, signature::Secrets};
use contracts::{
    fulfilment::v1::OrderRepaired,
    intake::v1::{
        Acknowledgement, CaseAnswerRequested, GetStatusLinkResponse, MailThread, PushTarget, RevealAnswerResponse,
    },
    outreach::v1::{Medium, MessageFailed, MessageSent, MessageView, Purpose},
};
use jiff::SignedDuration;
use outreach::domain::message::{Command, Facts, Message};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};
use tonic::Status;
use uuid::Uuid;

use super::{World, is, servers::Shared, world_with};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A platform: it answers each request with the next of these words, the last again and again.
struct Platform {
    url: String,
    words: Shared<Vec<(u16, Value)>>,
    /// Every request but those for a token: path, headers, body.
    taken: Shared<Vec<(String, HeaderMap, Bytes)>>,
    /// How often a token was asked for.
    tokens: Shared<u32>,
    _serving: JoinSet<()>,
}

type Seen = (Shared<Vec<(u16, Value)>>, Shared<Vec<(String, HeaderMap, Bytes)>>, Shared<u32>);

impl Platform {
    async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let words = Arc::new(Mutex::new(vec![(200, json!({ "errcode": 0, "errmsg": "ok" }))]));
        let (taken, tokens) = (Shared::<Vec<_>>::default(), Shared::<u32>::default());
        let state: Seen = (Arc::clone(&words), Arc::clone(&taken), Arc::clone(&tokens));
        let mut serving = JoinSet::new();
        let routes = Router::new()
            .route("/answers", post(take))
            .route("/cgi-bin/message/custom/send", post(take))
            .route("/cgi-bin/stable_token", post(token))
            .with_state(state);
        serving.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, words, taken, tokens, _serving: serving }
    }

    fn says(&self, words: &[(u16, Value)]) {
        *self.words.lock().unwrap() = words.to_vec();
    }

    fn bodies(&self) -> Vec<Value> {
        self.taken.lock().unwrap().iter().map(|(.., body)| serde_json::from_slice(body).unwrap()).collect()
    }
}

async fn take(
    State((words, taken, _)): State<Seen>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    taken.lock().unwrap().push((uri.to_string(), headers, body));
    let mut words = words.lock().unwrap();
    let (status, word) = if words.len() > 1 { words.remove(0) } else { words[0].clone() };
    (StatusCode::from_u16(status).unwrap(), if word.is_null() { "no JSON".into() } else { word.to_string() })
}

async fn token(State((.., tokens)): State<Seen>, body: Bytes) -> String {
    let asked: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&asked["appid"], &asked["secret"]), (&json!("wx1"), &json!("s3cret")));
    let mut tokens = tokens.lock().unwrap();
    *tokens += 1;
    json!({ "access_token": format!("token-{tokens}"), "expires_in": 7200 }).to_string()
}

async fn world(platform: &Platform) -> World {
    world_with(|settings| {
        settings["push"] = json!({
            "app": { "kind": "signed_json", "url": format!("{}/answers", platform.url), "secrets": [SECRET] },
            "wx": { "kind": "wechat", "url": platform.url, "app_id": "wx1", "secret": "s3cret" },
        });
    })
    .await
}

impl World {
    /// An answer over this, and what the service then says of it.
    async fn answer(&self, over: &str, words: Result<RevealAnswerResponse, Status>) -> MessageView {
        *self.contacts.words.lock().unwrap() = words;
        let case = Uuid::new_v4();
        let event = CaseAnswerRequested {
            case_id: case.to_string(),
            customer_id: Uuid::from_u128(5).to_string(),
            message_id: Uuid::new_v4().to_string(),
            over: over.to_owned(),
            automatic: false,
            acknowledgement: false,
        };
        self.stack.publish("intake", &event, case, 1).await;
        self.stack.settle().await;
        self.about(case).await.remove(0)
    }
}

fn pushed(over: &str) -> Result<RevealAnswerResponse, Status> {
    let to = PushTarget {
        over: over.into(),
        case_id: "c-1".into(),
        customer_ref: "o-1".into(),
        conversation: "v-1".into(),
        external_ref: "T-1".into(),
    };
    Ok(RevealAnswerResponse { text: "We are open till nine.".into(), push: Some(to), ..Default::default() })
}

#[tokio::test]
async fn a_mail_is_answered_in_its_thread_in_the_persons_words() {
    let platform = Platform::start().await;
    let world = world(&platform).await;
    let mail = MailThread {
        address: "li@example.cn".into(),
        subject: "Opening hours".into(),
        in_reply_to: "m-2@example.com".into(),
        references: vec!["m-1@example.com".into()],
    };
    let words = RevealAnswerResponse { text: "九点关门。".into(), mail: Some(mail), ..Default::default() };
    let message = world.answer("mail", Ok(words)).await;
    is(&message, "sent", "", 1);
    let letter = world.mail.letters().remove(0);
    assert_eq!(letter.0, format!("<{}@aftercare.example>", message.message_id));
    assert_eq!((letter.1.as_str(), letter.2.trim_end()), ("Re: Opening hours", "九点关门。"));
    let raw = String::from_utf8(world.mail.taken.lock().unwrap()[0].clone()).unwrap();
    assert!(raw.contains("In-Reply-To: <m-2@example.com>"), "{raw}");
    assert!(raw.contains("<m-1@example.com> <m-2@example.com>") && !raw.contains("Auto-Submitted"), "{raw}");
    let sent = world.events::<MessageSent>().await.remove(0);
    assert_eq!((sent.purpose(), sent.medium(), sent.about_id.len()), (Purpose::Answer, Medium::Email, 36));

    let gone = world.answer("mail", Err(Status::not_found("the customer was forgotten"))).await;
    is(&gone, "failed", "no_contact", 1);
    assert_eq!(world.events::<MessageFailed>().await[0].purpose(), Purpose::Answer);
}

#[tokio::test]
async fn a_push_is_signed_and_the_same_every_time() {
    let platform = Platform::start().await;
    let world = world(&platform).await;
    platform.says(&[(503, json!({})), (200, json!({}))]);
    let message = world.answer("app", pushed("app")).await;
    is(&message, "queued", "push_503", 1);
    world.wait(30).await;
    is(&world.again(&message).await, "sent", "push_503", 2);
    assert_eq!(world.again(&message).await.medium(), Medium::Push);
    let taken = platform.taken.lock().unwrap().clone();
    assert_eq!(taken.len(), 2);
    let secrets = Secrets::read(&[SecretString::from(SECRET)]).unwrap();
    for (_, headers, body) in &taken {
        assert_eq!(secrets.verify(headers, body, world.stack.now()).unwrap(), message.message_id, "one id");
    }
    let body: Value = serde_json::from_slice(&taken[1].2).unwrap();
    assert_eq!(
        body,
        json!({ "type": "case.answer", "message_id": message.message_id, "case_id": "c-1", "over": "app",
            "customer_ref": "o-1", "conversation": "v-1", "external_ref": "T-1", "automatic": false,
            "text": "We are open till nine." })
    );
    platform.says(&[(422, json!({}))]);
    is(&world.answer("app", pushed("app")).await, "failed", "push_422", 1);
    is(&world.answer("app", pushed("elsewhere")).await, "queued", "push_not_configured", 1);
}

#[tokio::test]
async fn wechat_is_told_with_a_token_of_its_own_and_its_refusals_are_heard() {
    let platform = Platform::start().await;
    let world = world(&platform).await;
    is(&world.answer("wx", pushed("wx")).await, "sent", "", 1);
    is(&world.answer("wx", pushed("wx")).await, "sent", "", 1);
    assert_eq!(*platform.tokens.lock().unwrap(), 1, "a token is kept");
    let message = json!({ "touser": "o-1", "msgtype": "text", "text": { "content": "We are open till nine." } });
    assert_eq!(platform.bodies(), [message.clone(), message]);
    assert!(platform.taken.lock().unwrap()[0].0.ends_with("/cgi-bin/message/custom/send?access_token=token-1"));

    platform.says(&[(200, json!({ "errcode": 42001 })), (200, json!({ "errcode": 0 }))]);
    let late = world.answer("wx", pushed("wx")).await;
    is(&late, "queued", "wechat_42001", 1);
    world.wait(30).await;
    is(&world.again(&late).await, "sent", "wechat_42001", 2);
    assert_eq!(*platform.tokens.lock().unwrap(), 2, "and asked for anew when it is not good any more");

    platform.says(&[(200, json!({ "errcode": 45015 }))]);
    is(&world.answer("wx", pushed("wx")).await, "failed", "wechat_45015", 1);
    platform.says(&[(200, Value::Null)]);
    is(&world.answer("wx", pushed("wx")).await, "failed", "wechat_no_word", 1);
}

/// Whoever dies with a message in hand may have sent it. Over WeChat nobody could drop a second one.
#[tokio::test]
async fn what_may_have_been_sent_over_wechat_is_not_sent_again() {
    let platform = Platform::start().await;
    let world = world(&platform).await;
    let context = world.stack.node("outreach").context();
    let settings: outreach::config::Settings = context.config().unwrap();
    assert_eq!(settings.answering().once, ["wx".to_owned()].into());
    let id = Uuid::new_v4();
    let until = world.stack.now().checked_add(settings.lease()).unwrap();
    let claim = Command::Claim { claim: Uuid::new_v4(), until, retry: settings.retry() };
    let facts = Facts { message_id: id, once: true, ..Facts::default() };
    for command in [Command::Queue(facts), claim] {
        context.road.submit(Unit::of(Change::to::<Message>(id, command))).await.unwrap();
    }
    world.stack.advance(settings.lease() + SignedDuration::from_secs(1)).await;
    let failed = world.events::<MessageFailed>().await.remove(0);
    assert_eq!((failed.message_id, failed.code.as_str()), (id.to_string(), "no_outcome"));
    assert!(platform.bodies().is_empty());
}

/// Somebody waits for it: after some hours a person must know.
#[tokio::test]
async fn an_answer_that_cannot_be_sent_in_its_time_fails_long_before_other_messages_do() {
    let world = world_with(|settings| settings["answers_within_minutes"] = 1.into()).await;
    let message = world.answer("nowhere", pushed("nowhere")).await;
    is(&message, "queued", "push_not_configured", 1);
    world.wait(30).await;
    is(&world.again(&message).await, "failed", "push_not_configured", 2);
}

/// What is said to whoever came by night has our template's words, says that nobody wrote it, and is sent once.
#[tokio::test]
async fn r_int_16_an_acknowledgement_is_sent_once_in_the_thread_and_says_that_nobody_wrote_it() {
    let platform = Platform::start().await;
    let world = world(&platform).await;
    let at = |text: &str| Some(backbone::proto::timestamp(text.parse().unwrap()));
    let said = Acknowledgement {
        case_id: "c-1".into(),
        answered_from: at("2026-03-03T01:00:00Z"),
        answer_by: at("2026-03-03T01:05:00Z"),
        zone: "Asia/Shanghai".into(),
        health: false,
        status_link: "/v1/status/canary".into(),
    };
    let mail = MailThread {
        address: "li@example.cn".into(),
        subject: "Opening hours".into(),
        in_reply_to: "m-1@example.com".into(),
        references: vec![],
    };
    let automatic = RevealAnswerResponse {
        automatic: true,
        acknowledgement: Some(said.clone()),
        mail: Some(mail),
        ..Default::default()
    };
    let case = Uuid::new_v4();
    let event = CaseAnswerRequested {
        case_id: case.to_string(),
        customer_id: Uuid::from_u128(5).to_string(),
        message_id: Uuid::new_v4().to_string(),
        over: "mail".into(),
        automatic: false,
        acknowledgement: true,
    };
    *world.contacts.words.lock().unwrap() = Ok(automatic);
    // Told again, and told anew under another version: it is one message.
    for version in [1, 1, 2] {
        world.stack.publish("intake", &event, case, version).await;
        world.stack.settle().await;
    }
    let [message] = world.about(case).await.try_into().unwrap();
    is(&message, "sent", "", 1);
    let [letter] = world.mail.letters().try_into().unwrap();
    assert_eq!(letter.1, "Re: Opening hours");
    for part in ["c-1", "2026-03-03 09:00 (Asia/Shanghai)", "https://aftercare.example/v1/status/canary"] {
        assert!(letter.2.contains(part), "{part}: {}", letter.2);
    }
    let raw = String::from_utf8(world.mail.taken.lock().unwrap()[0].clone()).unwrap();
    assert!(raw.contains("Auto-Submitted: auto-replied") && raw.contains("In-Reply-To: <m-1@example.com>"), "{raw}");

    let push = RevealAnswerResponse {
        text: String::new(),
        acknowledgement: Some(said),
        automatic: true,
        ..pushed("wx").unwrap()
    };
    is(&world.answer("wx", Ok(push)).await, "sent", "", 1);
    let told = platform.bodies().remove(0)["text"]["content"].as_str().unwrap().to_owned();
    assert!(told.contains("c-1") && told.len() <= 2_048, "{told}");
    let journal = "select count(*) from journal where position('canary'::bytea in payload) > 0";
    let told: i64 = sqlx::query_scalar(journal).fetch_one(&world.stack.pool("outreach")).await.unwrap();
    assert_eq!(told, 0, "the link stands in no event");
}

/// A person's first words, and below them where the case can be seen.
#[tokio::test]
async fn r_int_24_an_answer_names_the_status_page_where_intake_gives_its_link() {
    let platform = Platform::start().await;
    let world = world(&platform).await;
    let first = RevealAnswerResponse { status_link: "/v1/status/canary".into(), ..pushed("wx").unwrap() };
    is(&world.answer("wx", Ok(first)).await, "sent", "", 1);
    is(&world.answer("wx", pushed("wx")).await, "sent", "", 1);
    let told: Vec<String> =
        platform.bodies().iter().map(|body| body["text"]["content"].as_str().unwrap().to_owned()).collect();
    let link = "We are open till nine.\n\n查看进度 / See how it stands: https://aftercare.example/v1/status/canary";
    assert_eq!(told, [link, "We are open till nine."]);
}

/// A link is asked for when it is sent and kept nowhere; a message to whose complaint there is no case goes without.
#[tokio::test]
async fn r_int_24_messages_about_progress_solution_and_result_name_the_status_page() {
    let world = world_with(|_| {}).await;
    *world.contacts.link.lock().unwrap() =
        Ok(GetStatusLinkResponse { status_link: "/v1/status/canary".into(), ..Default::default() });
    let page = "https://aftercare.example/v1/status/canary";
    let offer = world.offered().await;
    is(&offer, "sent", "", 1);
    assert_eq!(world.mail.letters()[0].2.matches(page).count(), 2, "in both languages");
    let repaired = OrderRepaired {
        order_id: Uuid::new_v4().to_string(),
        line_no: 1,
        customer_id: Uuid::from_u128(5).to_string(),
        time: 1,
        case_id: Uuid::new_v4().to_string(),
        ..OrderRepaired::default()
    };
    world.contacts.are("", "+86 138 0000 0000");
    world.stack.publish("fulfilment", &repaired, repaired.order_id.parse().unwrap(), 1).await;
    world.stack.settle().await;
    assert!(world.gateway.taken.lock().unwrap()[0].2.ends_with(page));
    let stored: i64 = sqlx::query_scalar("select count(*) from message where state::text like '%canary%'")
        .fetch_one(&world.stack.pool("outreach"))
        .await
        .unwrap();
    assert_eq!(stored, 0, "kept nowhere");

    *world.contacts.link.lock().unwrap() = Err(Status::unavailable("intake restarts"));
    let waits = world.offered().await;
    is(&waits, "queued", "contact_unavailable", 1);
    *world.contacts.link.lock().unwrap() = Err(Status::not_found("no such case"));
    world.wait(30).await;
    is(&world.again(&waits).await, "sent", "contact_unavailable", 2);
    assert!(!world.gateway.taken.lock().unwrap()[1].2.contains("http"), "there is nothing to see by it");
}
