//! Story of a customer on WeChat: our article answers the question, it was not enough, and a person who has the whole story answers
//! there. WeChat is played: it pushes signed messages, and takes those of customer service.
use std::sync::{Arc, Mutex};

use axum::{Json, Router, extract::State, routing::post};
use contracts::intake::v1::{
    AnswerCaseRequest, AssignCaseRequest, CaseAnswerOffered, CaseAnswerSent, CaseAnswerUndelivered, CaseRegistered,
    CaseView, ListQueueRequest, RevealHistoryRequest, answers_client::AnswersClient, desk_client::DeskClient,
    intake_client::IntakeClient,
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use testkit::request;

use crate::world::{World, serve};

const TOKEN: &str = "spamtest";
const STORAGE: &str = "+++
id = 'storage'
version = 3
title = '面霜怎么保存'
status = 'approved'
audience = 'customers'
questions = ['面霜开封后要放冰箱吗', '面霜怎么保存']
+++
阴凉处保存即可，不用放冰箱。";

/// WeChat's customer service: what customers were told, and what it answers the next one with.
type Told = Arc<Mutex<(Vec<Value>, i64)>>;

async fn send(State(told): State<Told>, Json(message): Json<Value>) -> Json<Value> {
    let mut told = told.lock().unwrap();
    if told.1 == 0 {
        told.0.push(json!([message["touser"], message["text"]["content"]]));
    }
    Json(json!({ "errcode": told.1, "errmsg": "" }))
}

async fn token() -> Json<Value> {
    Json(json!({ "access_token": "t-1", "expires_in": 7200 }))
}

impl World {
    /// A customer writes to the official account.
    async fn say(&self, nonce: &str, words: &str) {
        let at = self.stack.now().as_second().to_string();
        let mut parts = [TOKEN, &at, nonce];
        parts.sort_unstable();
        let signature: String = Sha1::digest(parts.concat()).iter().map(|byte| format!("{byte:02x}")).collect();
        let xml = format!(
            "<xml><FromUserName><![CDATA[o-1]]></FromUserName><CreateTime>{at}</CreateTime><MsgType>text</MsgType>\
             <Content><![CDATA[{words}]]></Content><MsgId>{nonce}</MsgId></xml>"
        );
        let address = format!(
            "{}/v1/channels/wechat?signature={signature}&timestamp={at}&nonce={nonce}",
            self.stack.base_url("intake")
        );
        let answer = self.http.post(address).body(xml).send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), "success");
        self.stack.settle().await;
    }

    async fn open_cases(&self) -> Vec<CaseView> {
        let asked = request("staff:reader", ListQueueRequest::default());
        IntakeClient::new(self.stack.channel("intake")).list_queue(asked).await.unwrap().into_inner().cases
    }

    async fn answer_there(&self, case_id: &str, text: &str) {
        let answer = AnswerCaseRequest { case_id: case_id.into(), text: text.into() };
        AnswersClient::new(self.stack.channel("intake")).answer_case(request("staff:ana", answer)).await.unwrap();
        self.stack.settle().await;
    }
}

#[tokio::test]
async fn r_int_08_r_int_21_an_article_answers_on_wechat_and_then_a_person_who_has_the_whole_story() {
    let folder = own_folder();
    std::fs::write(folder.join("storage.md"), STORAGE).unwrap();
    let told = Told::default();
    let platform = Router::new()
        .route("/cgi-bin/stable_token", post(token))
        .route("/cgi-bin/message/custom/send", post(send))
        .with_state(Arc::clone(&told));
    let platform = serve(platform).await;
    let world = World::open_with(|name, settings| match name {
        "intake" => {
            settings.service["channels"] = json!({ "wechat": { "kind": "wechat", "token": TOKEN, "app_id": "wx1" } });
            settings.service["answer_over"] = json!(["wechat"]);
            settings.service["knowledge"] = json!({ "folder": folder, "person": "要人工请直接留言" });
        }
        "outreach" => {
            let wechat = json!({ "kind": "wechat", "url": platform, "app_id": "wx1", "secret": "s3cret" });
            settings.service["push"] = json!({ "wechat": wechat });
        }
        _ => {}
    })
    .await;

    world.say("1", "你好，请问面霜开封后要放冰箱吗？").await;
    let [offered] = world.stack.events::<CaseAnswerOffered>("intake").await.try_into().unwrap();
    let article = told.lock().unwrap().0[0].clone();
    assert_eq!(article[0], "o-1");
    assert!(article[1].as_str().unwrap().contains("阴凉处保存即可"), "{article}");

    // It was not enough; what is said next goes to the case, and a person of the staff reads all of it.
    world.stack.advance(SignedDuration::from_mins(1)).await;
    world.say("2", "看了，可是我家很热，三十五度").await;
    let [case] = world.open_cases().await.try_into().unwrap();
    assert_eq!((&case.case_id, case.status.as_str(), case.times_heard), (&offered.case_id, "routed", 1));
    let turn =
        AssignCaseRequest { case_id: case.case_id.clone(), assigned_to: "staff:ana".into(), ..Default::default() };
    let mut desk = DeskClient::new(world.stack.channel("intake"));
    desk.assign_case(request("staff:lead", turn)).await.unwrap();
    let look = RevealHistoryRequest { case_id: case.case_id.clone(), purpose: "handling".into() };
    let history = desk.reveal_history(request("staff:ana", look)).await.unwrap().into_inner();
    let words = format!("{history:?}");
    assert!(words.contains("面霜开封后要放冰箱吗") && words.contains("三十五度"), "{words}");

    // WeChat refuses the first answer; the case says so and is owed another, which arrives.
    told.lock().unwrap().1 = 45047;
    world.answer_there(&case.case_id, "三十度以上请放冰箱").await;
    let [lost] = world.stack.events::<CaseAnswerUndelivered>("intake").await.try_into().unwrap();
    assert_eq!(lost.code, "wechat_45047");
    let [owed] = world.open_cases().await.try_into().unwrap();
    assert!(owed.undelivered && owed.reply.is_some());
    told.lock().unwrap().1 = 0;
    world.answer_there(&case.case_id, "天热时请放冰箱。").await;
    let arrived = told.lock().unwrap().0.clone();
    let words = arrived[1][1].as_str().unwrap();
    assert_eq!((arrived.len(), &arrived[1][0]), (2, &json!("o-1")), "{arrived:?}");
    assert!(words.starts_with("天热时请放冰箱。\n\n"), "{words}");
    assert!(words.contains("https://aftercare.example/v1/status/"), "the first words that arrive bring the link");
    assert_eq!(world.stack.events::<CaseAnswerSent>("intake").await.len(), 2, "the article and the answer");

    world.stack.advance(SignedDuration::from_mins(1)).await;
    // The customer goes on in the same case, and nobody asks him anew.
    world.say("3", "谢谢！").await;
    assert_eq!(world.stack.events::<CaseRegistered>("intake").await.len(), 1);
    assert!(world.open_cases().await[0].reply.is_some());
    std::fs::remove_dir_all(folder).unwrap();
    world.nothing_is_parked().await;
}

/// A folder of this test's own.
fn own_folder() -> std::path::PathBuf {
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(uuid::Uuid::new_v4().to_string());
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
