//! What we know and may say: shown to customers, offered to plain enquiries, judged, and handed to a person with the whole
//! story where it did not help.
use std::fs;

use contracts::{
    common::v1::{Channel, Count},
    intake::v1::{
        CaseAnswerJudged, CaseAnswerOffered, CaseClosed, CaseHealthRaised, CaseRegistered, CaseResponseMissed,
        FindArticlesRequest, GetKnowledgeUseRequest, JudgeAnswerRequest, ListQueueRequest, RevealCaseRequest,
        intake_client::IntakeClient, knowledge_client::KnowledgeClient,
    },
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::{Stack, request, wrong_fields};
use tonic::Code;
use uuid::Uuid;

use super::{case_with, get, post, post_case};

/// An article.
pub const STORAGE: &str = "+++
id = 'storage'
version = 3
title = '面霜怎么保存'
status = 'approved'
audience = 'customers'
questions = ['面霜开封后要放冰箱吗', '面霜怎么保存']
+++
阴凉处保存即可，不用放冰箱。";

const PREGNANCY: &str = "+++
id = 'pregnancy'
version = 1
title = '孕期使用'
status = 'approved'
audience = 'customers'
questions = ['孕妇可以用吗']
sensitive = true
consultation = 'https://shop.example/consult'
+++
请先咨询医生。";

const RETURNS: &str = "+++
id = 'returns'
version = 1
title = '退货'
status = 'approved'
audience = 'customers'
questions = ['怎么退货', 'what is your return policy']
+++
七天内，带上商品和凭证。";

const INSIDE: &str = "+++
id = 'inside'
version = 1
title = '补偿标准'
status = 'approved'
audience = 'agents'
questions = ['补偿标准是多少']
+++
见表。";

async fn start() -> Stack {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("storage.md", STORAGE),
        ("pregnancy.md", PREGNANCY),
        ("returns.md", RETURNS),
        ("inside.md", INSIDE),
        ("note.txt", "no"),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let knowledge = json!({ "folder": folder.path(), "person": "https://shop.example/chat" });
    Stack::start_with(&[&intake::SERVICE], |_, settings| settings.service["knowledge"] = knowledge.clone()).await
}

async fn asked(stack: &Stack, content: &str, more: Value) -> Value {
    let mut contact = case_with(json!({ "channel": "mini_programme", "content": content }));
    contact.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    let reply = post_case(stack, &contact).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()
}

async fn judge(stack: &Stack, case: &Value, verdict: Value) -> super::Reply {
    let path = format!("/v1/cases/{}/verdict", case["case_id"].as_str().unwrap());
    post(stack, &path, &[("content-type", "application/json")], verdict.to_string()).await
}

/// A chat is answered by an article, the customer is not helped, and a person goes on with the whole story.
#[tokio::test]
async fn r_int_08_r_int_21_a_chat_is_answered_by_an_article_then_handed_to_a_person_with_its_story() {
    let stack = start().await;
    let case = asked(&stack, "你好，请问面霜开封后要放冰箱吗？", json!({})).await;
    assert_eq!(case["answer"], json!({ "article_id": "storage", "version": 3, "href": "/v1/knowledge/storage" }));
    let article = get(&stack, case["answer"]["href"].as_str().unwrap()).await.json();
    assert_eq!(article["answer"], "阴凉处保存即可，不用放冰箱。");

    let reply = judge(&stack, &case, json!({ "helpful": false, "content": "可是我家很热，三十五度" })).await;
    assert_eq!((reply.status, reply.json()["status"].as_str()), (200, Some("routed")), "{reply:?}");
    let again = judge(&stack, &case, json!({ "helpful": false })).await;
    assert_eq!(again.status, 200);
    assert_eq!(judge(&stack, &case, json!({ "helpful": true })).await.status, 409);

    let mut client = IntakeClient::new(stack.channel("intake"));
    let queue = client.list_queue(ListQueueRequest::default()).await.unwrap().into_inner().cases;
    let [waiting] = queue.try_into().unwrap();
    let offer = waiting.offer.unwrap();
    assert_eq!(
        (offer.article_id.as_str(), offer.article_version, offer.is_judged, offer.helpful),
        ("storage", 3, true, false)
    );
    let look = RevealCaseRequest { case_id: waiting.case_id.clone(), purpose: "handling".into() };
    let story = client.reveal_case(request("staff:ana", look)).await.unwrap().into_inner();
    assert_eq!(story.content, "你好，请问面霜开封后要放冰箱吗？\n\n可是我家很热，三十五度");

    stack.advance(SignedDuration::from_hours(24 * 3)).await;
    let [missed] = stack.events::<CaseResponseMissed>("intake").await.try_into().unwrap();
    assert_eq!(missed.case_id, waiting.case_id, "a person owed an answer from the beginning");
    let [offered] = stack.events::<CaseAnswerOffered>("intake").await.try_into().unwrap();
    let [judged] = stack.events::<CaseAnswerJudged>("intake").await.try_into().unwrap();
    assert_eq!((offered.article_id.as_str(), judged.article_version, judged.helpful), ("storage", 3, false));
}

/// What an article was written for is asked, whatever its words are about; what is told of a matter of his own is no question.
#[tokio::test]
async fn r_int_08_r_int_17_a_question_about_returns_is_answered_and_a_return_is_none() {
    let stack = start().await;
    for question in ["请问怎么退货？", "What is your return policy?"] {
        let case = asked(&stack, question, json!({ "channel": "app" })).await;
        let seen = (&case["class"], &case["class_source"], &case["answer"]["article_id"]);
        assert_eq!(seen, (&json!("enquiry"), &json!("knowledge"), &json!("returns")), "{question}");
    }
    let harm = "请问用了你们的面霜脸肿了怎么退货";
    for (said, class) in [("我的面霜漏了，怎么退货", "return_exchange"), (harm, "discomfort")] {
        let case = asked(&stack, said, json!({ "channel": "app" })).await;
        assert_eq!((&case["class"], &case["answer"]), (&json!(class), &Value::Null), "{said}");
    }
}

/// The article helped, and what the customer says besides is about harm: the case goes before all others and ends not.
#[tokio::test]
async fn r_int_09_harm_that_is_told_with_a_verdict_is_heard_and_ends_no_case() {
    let stack = start().await;
    let case = asked(&stack, "面霜怎么保存？", json!({ "channel": "app" })).await;
    let verdict = json!({ "helpful": true, "content": "现在脸肿了" });
    let reply = judge(&stack, &case, verdict.clone()).await;
    let seen = reply.json();
    assert_eq!((reply.status, &seen["status"], &seen["lane"]), (200, &json!("routed"), &json!("health")), "{reply:?}");
    assert!(seen["health_severity"].as_u64().unwrap() > 0, "{seen}");
    assert_eq!(judge(&stack, &case, verdict).await.json()["status"], "routed", "told again");
    let [raised] = stack.events::<CaseHealthRaised>("intake").await.try_into().unwrap();
    assert_eq!(raised.was_severity, 0);

    // Told once more, after a case ended, and graver: it is heard and kept as well.
    let ended = asked(&stack, "面霜要放冰箱吗？开封后", json!({ "channel": "app" })).await;
    assert_eq!(judge(&stack, &ended, json!({ "helpful": true, "content": "谢谢" })).await.json()["status"], "closed");
    let late = judge(&stack, &ended, json!({ "helpful": true, "content": "用了以后喘不过气，送医院了" })).await;
    assert_eq!((late.status, &late.json()["lane"]), (200, &json!("health")), "{late:?}");
    // A verdict that is refused says what it says all the same.
    let refused = asked(&stack, "面霜怎么保存？", json!({ "channel": "website" })).await;
    judge(&stack, &refused, json!({ "helpful": false })).await;
    let verdict = json!({ "helpful": true, "content": "脸肿了" });
    assert_eq!(judge(&stack, &refused, verdict).await.status, 409);
    assert_eq!(
        get(&stack, &format!("/v1/cases/{}", refused["case_id"].as_str().unwrap())).await.json()["lane"],
        "health"
    );
    let look = RevealCaseRequest { case_id: ended["case_id"].as_str().unwrap().into(), purpose: "handling".into() };
    let mut client = IntakeClient::new(stack.channel("intake"));
    let story = client.reveal_case(request("staff:ana", look)).await.unwrap().into_inner();
    assert_eq!(story.content, "面霜要放冰箱吗？开封后\n\n谢谢\n\n用了以后喘不过气，送医院了");
}

#[tokio::test]
async fn r_int_17_an_enquiry_is_answered_on_the_spot_and_ends_without_further_work() {
    let stack = start().await;
    let case = asked(&stack, "面霜怎么保存？", json!({ "channel": "app" })).await;
    let reply = judge(&stack, &case, json!({ "helpful": true })).await;
    assert_eq!(
        (reply.json()["status"].as_str(), reply.json()["outcome"].as_str()),
        (Some("closed"), Some("answered_from_knowledge"))
    );
    stack.advance(SignedDuration::from_hours(24 * 3)).await;
    assert!(stack.events::<CaseResponseMissed>("intake").await.is_empty());
    assert_eq!(stack.events::<CaseClosed>("intake").await.len(), 1);
    let wrong = judge(&stack, &case, json!({ "content": "谢谢" })).await;
    assert_eq!((wrong.status, wrong.wrong()), (422, vec!["helpful".to_owned()]));
}

#[tokio::test]
async fn r_int_08_health_feelings_and_complaints_are_answered_by_no_article() {
    let stack = start().await;
    for (content, more) in [
        ("面霜怎么保存？我用了以后脸上过敏红肿", json!({})),
        ("面霜怎么保存？", json!({ "emotion": "angry" })),
        ("面霜怎么保存？", json!({ "class": "product_quality" })),
        ("面霜怎么保存？", json!({ "repeat_contact": true })),
        ("面霜怎么保存？", json!({ "channel": "hotline" })),
        ("你们招人吗", json!({})),
    ] {
        let case = asked(&stack, content, more).await;
        assert!(case["answer"].is_null(), "{case}");
        assert_eq!(judge(&stack, &case, json!({ "helpful": true })).await.status, 409);
    }
    let told = stack.events::<CaseRegistered>("intake").await;
    assert!(told.iter().any(|case| case.channel() == Channel::MiniProgramme) && told.len() == 6);
    assert!(stack.events::<CaseAnswerOffered>("intake").await.is_empty());
}

#[tokio::test]
async fn r_int_18_r_int_19_customers_read_what_is_approved_and_are_led_to_a_consultation() {
    let stack = start().await;
    let find = async |question: &str| get(&stack, &format!("/v1/knowledge?q={question}")).await.json();
    let found = find("面霜保存").await;
    assert_eq!(
        (found["articles"][0]["article_id"].as_str(), found["ask_a_person"].as_bool()),
        (Some("storage"), Some(false))
    );
    let sensitive = find("孕妇可以用吗").await["articles"][0].clone();
    assert_eq!(
        (sensitive["sensitive"].as_bool(), sensitive["consultation"].as_str()),
        (Some(true), Some("https://shop.example/consult"))
    );
    for question in ["补偿标准是多少", "用了面霜过敏红肿怎么保存"] {
        let found = find(question).await;
        assert_eq!(
            found,
            json!({ "articles": [], "ask_a_person": true, "person": "https://shop.example/chat" }),
            "{question}"
        );
    }
    assert_eq!(get(&stack, "/v1/knowledge/inside").await.status, 404);
    assert_eq!(get(&stack, "/v1/knowledge").await.wrong(), ["q"]);
    let mut client = KnowledgeClient::new(stack.channel("intake"));
    let asked = FindArticlesRequest { question: "补偿标准".into(), product_id: String::new() };
    let [article] = client.find_articles(asked).await.unwrap().into_inner().articles.try_into().unwrap();
    assert!(article.internal && article.article_id == "inside");
    let refused = client.find_articles(FindArticlesRequest::default()).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["question"]);
}

#[tokio::test]
async fn r_rol_13_what_articles_are_good_for_and_what_is_missing_is_counted() {
    let stack = start().await;
    let from = backbone::proto::timestamp(stack.now());
    let mut client = KnowledgeClient::new(stack.channel("intake"));
    for (content, helpful) in
        [("面霜怎么保存", Some(true)), ("面霜要放冰箱吗 开封后", Some(false)), ("孕妇可以用吗", None)]
    {
        let case = asked(&stack, content, json!({})).await;
        let case_id = case["case_id"].as_str().unwrap().to_owned();
        if let Some(helpful) = helpful {
            client
                .judge_answer(request("staff:bot", JudgeAnswerRequest { case_id: case_id.clone(), helpful }))
                .await
                .unwrap();
        }
    }
    let gap = asked(&stack, "你们招人吗", json!({})).await;
    asked(&stack, "你们招人吗", json!({ "channel": "hotline" })).await;
    stack.advance(SignedDuration::from_mins(1)).await;
    let before = backbone::proto::timestamp(stack.now());
    let asked = GetKnowledgeUseRequest { from: Some(from), before: Some(before) };
    let used = client.get_knowledge_use(asked).await.unwrap().into_inner();
    assert_eq!((used.enquiries, used.offered, used.deflected, used.gaps), (5, 3, 1, 1));
    assert_eq!(used.gap_case_ids, [gap["case_id"].as_str().unwrap()]);
    assert!(used.gap_words.is_empty() && used.asked_words.is_empty(), "what one says is told to nobody");
    let told: Vec<_> =
        used.articles.iter().map(|a| (a.article_id.as_str(), a.offered, a.helpful, a.not_helpful)).collect();
    assert_eq!(told, [("pregnancy", 1, 0, 0), ("storage", 2, 1, 1)]);

    let backwards = GetKnowledgeUseRequest { from: Some(before), before: Some(from) };
    assert_eq!(wrong_fields(&client.get_knowledge_use(backwards).await.unwrap_err()), ["before"]);
    let nothing = JudgeAnswerRequest { case_id: Uuid::nil().to_string(), helpful: true };
    let refused = client.judge_answer(request("staff:ana", nothing)).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn r_rol_13_what_many_ask_in_vain_is_counted_by_words_and_class_and_no_question_is_kept() {
    let stack = start().await;
    let from = backbone::proto::timestamp(stack.now());
    for (n, content) in ["你们招人吗", "请问招人吗", "还招人吗", "有赠品吗"].into_iter().enumerate() {
        asked(&stack, content, json!({ "customer": { "ref": format!("c-{n}"), "phone": "13800000000" } })).await;
    }
    for question in ["do+you+hire", "Do+you+hire+13800000000", "who+may+hire+me", "%E6%8B%9B%E4%BA%BA"] {
        let found = get(&stack, &format!("/v1/knowledge?q={question}")).await;
        assert_eq!((found.status, found.json()["ask_a_person"].as_bool()), (200, Some(true)), "{question}");
    }
    assert_eq!(get(&stack, "/v1/knowledge?q=%E8%84%B8%E8%82%BF%E4%BA%86").await.status, 200, "harm is no gap");
    stack.advance(SignedDuration::from_mins(1)).await;
    let before = backbone::proto::timestamp(stack.now());
    let use_of = GetKnowledgeUseRequest { from: Some(from), before: Some(before) };
    let used = KnowledgeClient::new(stack.channel("intake")).get_knowledge_use(use_of).await.unwrap().into_inner();
    assert_eq!((used.gaps, used.gap_case_ids.len()), (4, 4));
    let told = |counts: &[Count]| counts.iter().map(|one| (one.key.clone(), one.count)).collect::<Vec<_>>();
    assert_eq!(told(&used.gap_words), [("人吗".to_owned(), 3), ("招人".to_owned(), 3)]);
    assert_eq!(told(&used.asked_in_vain), [("enquiry".to_owned(), 4)]);
    assert_eq!(told(&used.asked_words), [("hire".to_owned(), 3)]);
    let kept: Vec<String> =
        sqlx::query_scalar("select word from knowledge_gap").fetch_all(&stack.pool("intake")).await.unwrap();
    assert!(kept.iter().all(|word| !word.contains("138")), "{kept:?}");
}
