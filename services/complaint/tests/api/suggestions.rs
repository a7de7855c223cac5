//! Suggestions from outside: a customer's case or an employee's words in, the answer to everybody out.
use contracts::{
    common::v1::{CaseClass, Page},
    complaint::v1::{suggestions_client::SuggestionsClient, *},
    intake::v1::CaseRegistered,
    outreach::v1::{MessageSent, Purpose},
};
use testkit::request;
use tonic::{Code, transport::Channel};
use uuid::Uuid;

use crate::house::{ANA, BEN, House, NAME, case, code, fields, hours, id, micro, ok, on_wire};

impl House {
    fn suggestions(&self) -> SuggestionsClient<Channel> {
        SuggestionsClient::new(self.stack.channel(NAME))
    }

    /// A customer's case of class suggestion.
    async fn suggest(&self, number: u128) -> String {
        let suggested =
            CaseRegistered { complaint_id: String::new(), ..case(number, CaseClass::Suggestion, self.stack.now()) };
        self.hear("intake", &suggested, 1_000 + number).await;
        kernel::id::derived("suggestion", &[&id(1_000 + number)]).to_string()
    }

    /// An employee's.
    async fn suggest_as(&self, by: &str) -> String {
        let record = RecordSuggestionRequest { product_id: String::new(), text: "a stool at the till".into() };
        ok(self.suggestions().record_suggestion(request(by, record)).await, "recorded").id
    }

    async fn screen(&self, suggestion_id: &str) {
        let screen = ScreenSuggestionRequest { suggestion_id: suggestion_id.into() };
        ok(self.suggestions().screen(request(BEN, screen)).await, "screened");
    }

    async fn evaluate(&self, suggestion_id: &str) {
        self.screen(suggestion_id).await;
        let evaluate = StartSuggestionEvaluationRequest {
            suggestion_id: suggestion_id.into(),
            department: "rnd".into(),
            evaluate_by: on_wire(self.stack.now() + hours(72)),
        };
        ok(self.suggestions().start_evaluation(request(BEN, evaluate)).await, "in_evaluation");
    }

    /// Adopted, in practice, and it helped.
    async fn adopt(&self, suggestion_id: &str) {
        self.evaluate(suggestion_id).await;
        let (suggestion_id, text) = (suggestion_id.to_owned(), "worth it".to_owned());
        let adopt = AdoptSuggestionRequest { suggestion_id: suggestion_id.clone(), text: text.clone() };
        ok(self.suggestions().adopt(request(BEN, adopt)).await, "adopted");
        let done = RecordSuggestionImplementedRequest { suggestion_id: suggestion_id.clone() };
        ok(self.suggestions().record_implemented(request(BEN, done)).await, "implemented");
        let measure = MeasureSuggestionEffectRequest { suggestion_id, effective: true, text };
        ok(self.suggestions().measure_effect(request(BEN, measure)).await, "effect_measured");
        self.stack.settle().await;
    }

    async fn suggestion(&self, suggestion_id: &str) -> GetSuggestionResponse {
        let asked = GetSuggestionRequest { suggestion_id: suggestion_id.into() };
        self.suggestions().get_suggestion(request(ANA, asked)).await.unwrap().into_inner()
    }

    async fn suggestion_status(&self, suggestion_id: &str) -> String {
        self.suggestion(suggestion_id).await.suggestion.unwrap().status
    }
}

#[tokio::test]
async fn r_ana_13_a_customers_suggestion_is_recorded_from_its_case_and_answered_to_all_who_made_it() {
    let house = House::open().await;
    let first = house.suggest(1).await;
    house.suggest(1).await;
    let second = house.suggest(2).await;
    assert_eq!(house.events::<SuggestionRecorded>().await.len(), 2, "what is said twice happens once");
    let view = house.suggestion(&first).await.suggestion.unwrap();
    assert_eq!((view.case_id, view.customer_id, view.product_id.as_str()), (id(1_001), id(2_001), "p-7"));
    let merge = MergeSuggestionRequest { suggestion_id: second.clone(), into_id: first.clone() };
    ok(house.suggestions().merge(request(BEN, merge)).await, "merged");
    assert_eq!(house.suggestion(&second).await.suggestion.unwrap().merged_into, first);
    assert_eq!(house.suggestion(&first).await.reporters.len(), 2);
    house.adopt(&first).await;

    let notices = house.events::<SuggestionNoticeRequested>().await;
    assert!(notices.len() == 2 && notices.iter().all(|notice| notice.adopted));
    for (notice, status) in notices.iter().zip(["effect_measured", "informed"]) {
        let message_id: Uuid = notice.message_id.parse().unwrap();
        let sent = MessageSent {
            message_id: message_id.to_string(),
            purpose: Purpose::SuggestionAdopted.into(),
            about_id: first.clone(),
            sent_at: on_wire(house.stack.now()),
            ..MessageSent::default()
        };
        house.hear("outreach", &sent, message_id.as_u128()).await;
        assert_eq!(house.suggestion_status(&first).await, status);
    }
    let informed = &house.events::<SuggestionInformed>().await[0];
    assert_eq!((informed.reporters, informed.informed, informed.suppressed), (2, 2, 0));
    let expected = "SuggestionRecorded SuggestionPromisesMoved SuggestionReporterJoined SuggestionScreened \
                    SuggestionEvaluationStarted SuggestionAdopted SuggestionImplemented SuggestionEffectMeasured \
                    SuggestionNoticeRequested SuggestionNoticeRequested SuggestionReporterInformed \
                    SuggestionReporterInformed \
                    SuggestionPromisesMoved SuggestionInformed";
    assert_eq!(house.history(&first).await.join(" "), expected);
    assert_eq!(house.stack.parked(NAME).await, 0);
}

#[tokio::test]
async fn r_ana_13_an_employee_is_rewarded_by_others_and_told_in_person() {
    let house = House::open().await;
    let suggestion_id = house.suggest_as(ANA).await;
    let screen = ScreenSuggestionRequest { suggestion_id: suggestion_id.clone() };
    let own = house.suggestions().screen(request(ANA, screen)).await.unwrap_err();
    assert_eq!((own.code(), code(&own).as_str()), (Code::PermissionDenied, "suggestion.own"));
    house.adopt(&suggestion_id).await;
    let (kind, text) = (RewardKind::Bonus.into(), "three hundred yuan".to_owned());
    let reward = RewardSuggestionRequest { suggestion_id: suggestion_id.clone(), kind, text };
    let own = house.suggestions().reward(request(ANA, reward.clone())).await.unwrap_err();
    assert_eq!(code(&own), "suggestion.own");
    ok(house.suggestions().reward(request(BEN, reward)).await, "rewarded");
    let report_id = house.suggestion(&suggestion_id).await.reporters[0].report_id.clone();
    let informed = RecordSuggesterInformedRequest { suggestion_id: suggestion_id.clone(), report_id };
    ok(house.suggestions().record_informed(request(BEN, informed)).await, "informed");
    let answer = house.suggestion(&suggestion_id).await;
    let words: Vec<_> = answer.notes.iter().map(|note| (note.field.as_str(), note.by.as_str())).collect();
    assert_eq!(words, [("reward", BEN), ("effect", BEN), ("verdict", BEN), ("suggestion", ANA)]);
    let view = answer.suggestion.unwrap();
    assert_eq!((view.employee.as_str(), view.reward(), view.effective), (ANA, RewardKind::Bonus, true));
    assert_eq!(house.events::<SuggestionRewarded>().await[0].kind(), RewardKind::Bonus);
    assert_eq!(house.events::<SuggestionNoticeRequested>().await, []);
    let journal = house.stack.journal(NAME).await;
    for note in answer.notes {
        let told = |payload: &[u8]| payload.windows(note.text.len()).any(|part| part == note.text.as_bytes());
        assert!(!journal.iter().any(|row| told(&row.payload)), "{} is in the journal", note.text);
    }
}

#[tokio::test]
async fn r_ana_13_a_late_evaluation_is_noted_and_a_declined_suggestion_is_told() {
    let house = House::open().await;
    let suggestion_id = house.suggest(1).await;
    house.evaluate(&suggestion_id).await;
    house.stack.advance(hours(72)).await;
    assert_eq!(house.events::<SuggestionEvaluationOverdue>().await.len(), 0, "the due time itself is in time");
    house.stack.advance(micro()).await;
    assert!(house.suggestion(&suggestion_id).await.suggestion.unwrap().overdue);
    assert_eq!(house.events::<SuggestionEvaluationOverdue>().await[0].department, "rnd");
    let reason = DeclineReason::TooCostly.into();
    let decline = DeclineSuggestionRequest { suggestion_id: suggestion_id.clone(), reason, text: "too dear".into() };
    ok(house.suggestions().decline(request(BEN, decline)).await, "declined");
    assert!(!house.events::<SuggestionNoticeRequested>().await[0].adopted);
    let reason = SuppressionReason::Erased.into();
    let suppress = SuppressSuggesterRequest { suggestion_id: suggestion_id.clone(), report_id: id(1_001), reason };
    ok(house.suggestions().suppress_reporter(request(BEN, suppress)).await, "informed");
    let view = house.suggestion(&suggestion_id).await.suggestion.unwrap();
    assert_eq!((view.decline_reason(), view.suppressed), (DeclineReason::TooCostly, 1));
}

#[tokio::test]
async fn r_ana_13_a_customer_hears_of_a_suggestion_within_its_term_or_the_manager_of_it() {
    let house = House::open().await;
    let (given, told) = (house.stack.now(), house.suggest(1).await);
    let untold = house.suggest(2).await;
    let own = house.suggest_as(ANA).await;
    let promised = async |suggestion_id: &str| house.suggestion(suggestion_id).await.suggestion.unwrap().promises;
    let promises = promised(&told).await;
    let seen: Vec<_> = promises.iter().map(|one| (one.promise.as_str(), one.status.as_str(), one.due_at)).collect();
    assert_eq!(seen, [("result_notice", "running", on_wire(given + hours(720)))]);
    assert_eq!(promised(&own).await, []);
    house.evaluate(&told).await;
    let reason = DeclineReason::TooCostly.into();
    let decline = DeclineSuggestionRequest { suggestion_id: told.clone(), reason, text: "too dear".into() };
    ok(house.suggestions().decline(request(BEN, decline)).await, "declined");
    let informed = RecordSuggesterInformedRequest { suggestion_id: told.clone(), report_id: id(1_001) };
    ok(house.suggestions().record_informed(request(BEN, informed)).await, "informed");
    assert_eq!(promised(&told).await[0].status, "met");

    let raised = async || {
        let raised = house.events::<EscalationRaised>().await.into_iter();
        raised.map(|raised| (raised.trigger(), raised.level(), raised.case_id)).collect::<Vec<_>>()
    };
    house.stack.advance(hours(720)).await;
    let warning = || (EscalationTrigger::PromiseWarning, EscalationLevel::TeamLead, id(1_002));
    assert_eq!(raised().await, [warning(), warning()], "after a half and four fifths, of the one that is untold");
    house.stack.advance(micro()).await;
    assert_eq!(promised(&untold).await[0].status, "breached");
    let late = (EscalationTrigger::PromiseLate, EscalationLevel::ComplaintManager, id(1_002));
    assert_eq!(raised().await, [warning(), warning(), late]);
    let moved = house.events::<SuggestionPromisesMoved>().await.pop().unwrap();
    assert_eq!((moved.suggestion_id, moved.promises[0].status.as_str()), (untold, "breached"));
}

#[tokio::test]
async fn suggestion_requests_name_every_wrong_field_and_every_refusal_its_code() {
    let house = House::open().await;
    let mut client = house.suggestions();
    let bad = || "x".to_owned();
    let wrong = RecordSuggestionRequest { product_id: "p".repeat(101), text: String::new() };
    assert_eq!(fields(&client.record_suggestion(request(ANA, wrong)).await.unwrap_err()), ["product_id", "text"]);
    let wrong = ScreenSuggestionRequest { suggestion_id: bad() };
    assert_eq!(fields(&client.screen(request(ANA, wrong)).await.unwrap_err()), ["suggestion_id"]);
    let wrong = MergeSuggestionRequest { suggestion_id: bad(), into_id: bad() };
    assert_eq!(fields(&client.merge(request(ANA, wrong)).await.unwrap_err()), ["suggestion_id", "into_id"]);
    let wrong = StartSuggestionEvaluationRequest { suggestion_id: bad(), department: bad(), evaluate_by: None };
    let all = ["suggestion_id", "department", "evaluate_by"];
    assert_eq!(fields(&client.start_evaluation(request(ANA, wrong)).await.unwrap_err()), all);
    let wrong = AdoptSuggestionRequest { suggestion_id: bad(), text: String::new() };
    assert_eq!(fields(&client.adopt(request(ANA, wrong)).await.unwrap_err()), ["suggestion_id", "text"]);
    let wrong = DeclineSuggestionRequest { suggestion_id: bad(), reason: 0, text: String::new() };
    assert_eq!(fields(&client.decline(request(ANA, wrong)).await.unwrap_err()), ["suggestion_id", "reason", "text"]);
    let wrong = RecordSuggestionImplementedRequest { suggestion_id: bad() };
    assert_eq!(fields(&client.record_implemented(request(ANA, wrong)).await.unwrap_err()), ["suggestion_id"]);
    let wrong = MeasureSuggestionEffectRequest { suggestion_id: bad(), effective: true, text: String::new() };
    assert_eq!(fields(&client.measure_effect(request(ANA, wrong)).await.unwrap_err()), ["suggestion_id", "text"]);
    let wrong = RewardSuggestionRequest { suggestion_id: bad(), kind: 9, text: String::new() };
    assert_eq!(fields(&client.reward(request(ANA, wrong)).await.unwrap_err()), ["suggestion_id", "kind", "text"]);
    let wrong = RecordSuggesterInformedRequest { suggestion_id: bad(), report_id: bad() };
    assert_eq!(fields(&client.record_informed(request(ANA, wrong)).await.unwrap_err()), ["suggestion_id", "report_id"]);
    let wrong = SuppressSuggesterRequest { suggestion_id: bad(), report_id: bad(), reason: 0 };
    let all = ["suggestion_id", "report_id", "reason"];
    assert_eq!(fields(&client.suppress_reporter(request(ANA, wrong)).await.unwrap_err()), all);
    let nobody = tonic::Request::new(GetSuggestionRequest { suggestion_id: bad() });
    let all = ["metadata.aftercare-actor", "suggestion_id"];
    assert_eq!(fields(&client.get_suggestion(nobody).await.unwrap_err()), all);
    let page = Some(Page { size: 201, token: "x".into() });
    let wrong = ListSuggestionsRequest { status: "open".into(), page };
    let all = ["status", "page.size", "page.token"];
    assert_eq!(fields(&client.list_suggestions(request(ANA, wrong)).await.unwrap_err()), all);
    assert_eq!(house.stack.journal(NAME).await.len(), 0);

    let suggestion_id = house.suggest(1).await;
    let into = |into_id: String| request(BEN, MergeSuggestionRequest { suggestion_id: suggestion_id.clone(), into_id });
    assert_eq!(code(&client.merge(into(suggestion_id.clone())).await.unwrap_err()), "suggestion.itself");
    let nowhere = client.merge(into(id(9))).await.unwrap_err();
    assert_eq!((nowhere.code(), code(&nowhere).as_str()), (Code::NotFound, "suggestion.not_found"));
    assert_eq!(house.suggestion_status(&suggestion_id).await, "recorded", "nothing moved");
    let stranger = SuppressSuggesterRequest { suggestion_id: suggestion_id.clone(), report_id: id(9), reason: 1 };
    let stranger = client.suppress_reporter(request(BEN, stranger)).await.unwrap_err();
    assert_eq!(code(&stranger), "suggestion.unknown_reporter");
    house.adopt(&suggestion_id).await;
    let reward = RewardSuggestionRequest { suggestion_id: suggestion_id.clone(), kind: 1, text: "thanks".into() };
    assert_eq!(code(&client.reward(request(BEN, reward)).await.unwrap_err()), "suggestion.no_reward");
}

#[tokio::test]
async fn suggestions_are_listed_in_pages() {
    let house = House::open().await;
    let mut ids = Vec::new();
    for number in 1..=3 {
        ids.push(house.suggest(number).await);
        house.stack.advance(hours(1)).await;
    }
    house.screen(&ids[1]).await;
    let (mut listed, mut token) = (Vec::new(), String::new());
    loop {
        let asked = ListSuggestionsRequest { status: "recorded".into(), page: Some(Page { size: 1, token }) };
        let answer = house.suggestions().list_suggestions(request(ANA, asked)).await.unwrap().into_inner();
        listed.extend(answer.suggestions.into_iter().map(|view| view.suggestion_id));
        token = answer.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(listed, [ids[0].clone(), ids[2].clone()], "oldest first, each once");
}

#[tokio::test]
async fn r_ana_13_an_employee_who_was_told_in_person_first_is_rewarded_all_the_same() {
    let house = House::open().await;
    let suggestion_id = house.suggest_as(ANA).await;
    house.adopt(&suggestion_id).await;
    let report_id = house.suggestion(&suggestion_id).await.reporters[0].report_id.clone();
    let informed = RecordSuggesterInformedRequest { suggestion_id: suggestion_id.clone(), report_id };
    ok(house.suggestions().record_informed(request(BEN, informed)).await, "informed");
    let (kind, text) = (RewardKind::Gift.into(), "a basket of fruit".to_owned());
    let reward = RewardSuggestionRequest { suggestion_id: suggestion_id.clone(), kind, text };
    ok(house.suggestions().reward(request(BEN, reward.clone())).await, "informed");
    let again = house.suggestions().reward(request(BEN, reward)).await.unwrap_err();
    assert_eq!(code(&again), "suggestion.no_reward");
    let history = house.history(&suggestion_id).await.join(" ");
    assert!(history.ends_with("SuggestionInformed SuggestionRewarded"), "{history}");
}
