//! What mails say beside those before them: nothing a customer says is passed over, whoever says the same again.
use contracts::{
    common::v1::Lane,
    intake::v1::{
        CaseContactAdded, CaseInfoAdded, CaseRegistered, ListAttachmentsRequest, RecordPart, RequestInfoRequest,
        RetryInboundRequest, RevealCaseRequest, attachments_client::AttachmentsClient, intake_client::IntakeClient,
    },
};
use jiff::SignedDuration;
use serde_json::json;
use testkit::{Stack, request};

use super::{
    client,
    imap::{look, mail, mailbox, reasons, undated, with_mails},
    imap_stand_in, quarantine, start, states,
};
use crate::{count, desk, view};

/// The cases in the order in which they were told.
async fn cases(stack: &Stack) -> Vec<CaseRegistered> {
    stack.events("intake").await
}

#[tokio::test]
async fn r_int_21_photos_that_are_mailed_one_by_one_are_all_in_the_one_case() {
    let Some((stack, server)) = with_mails().await else { return };
    let fields = "Subject: 照片\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n";
    let photo = |bytes: &str| {
        format!(
            "--x\nContent-Type: image/jpeg\nContent-Disposition: attachment; filename=\"leak.jpg\"\n\
             Content-Transfer-Encoding: base64\n\n{bytes}\n--x--\n"
        )
    };
    let photos = ["/9j/4AAQSkZJRgA=", "/9j/4AAQSkZJRgE=", "/9j/4AAQSkZJRgI="];
    for (n, bytes) in photos.iter().enumerate() {
        server.deliver(&n.to_string(), &mail("ana@example.com", &format!("{n}@pc"), fields, &photo(bytes)));
    }
    server.deliver("9", &mail("ana@example.com", "9@pc", fields, &photo(photos[1])));
    stack.settle().await;
    let [case] = cases(&stack).await.try_into().unwrap();
    let added = stack.events::<CaseContactAdded>("intake").await;
    assert_eq!((states(&stack).await, added.len()), ([0, 3, 0, 1, 0], 2));
    let asked = ListAttachmentsRequest { case_id: case.case_id.clone() };
    let mut files = AttachmentsClient::new(stack.channel("intake"));
    assert_eq!(files.list_attachments(asked).await.unwrap().into_inner().attachments.len(), 3);
    assert_eq!(view(&stack, &case.case_id).await.duplicates, 1, "what is kept beside it is said");
}

#[tokio::test]
async fn r_int_21_the_same_answer_to_another_question_is_another_answer() {
    let Some((stack, server)) = with_mails().await else { return };
    server.deliver("1", &mail("ana@example.com", "1@pc", "Subject: Hello\n", "When do you open?"));
    stack.settle().await;
    let [case] = cases(&stack).await.try_into().unwrap();
    let yes = |id: &str| mail("ana@example.com", id, "Subject: Re: Hello\nReferences: <1@pc>\n", "是的");
    for (n, missing) in [RecordPart::Circumstances, RecordPart::Emotion].into_iter().enumerate() {
        let (case_id, question) = (case.case_id.clone(), "对吗？".to_owned());
        let ask = RequestInfoRequest { case_id, missing: vec![missing.into()], question, send: false };
        desk(&stack).request_info(request("staff:ana", ask)).await.unwrap();
        server.deliver(&format!("a{n}"), &yes(&format!("a{n}@pc")));
        look(&stack).await;
        assert_eq!(stack.events::<CaseInfoAdded>("intake").await.len(), n + 1);
    }
    server.deliver("b", &yes("b@pc"));
    look(&stack).await;
    assert_eq!(
        (states(&stack).await, count(&stack, "case_file").await),
        ([0, 3, 0, 1, 0], 1),
        "nobody had asked again"
    );
}

/// Each mail of the loop answers another one of ours.
#[tokio::test]
async fn r_int_02_a_mail_loop_through_our_answers_makes_one_case_too() {
    let Some((stack, server)) = with_mails().await else { return };
    for n in 0..60 {
        let fields = format!("Subject: Re: Got it\nIn-Reply-To: <{n}@shop.example>\n");
        server.deliver(&format!("{n:02}"), &mail("bot@example.com", &format!("{n}@bot"), &fields, "Got it."));
    }
    stack.settle().await;
    assert_eq!((states(&stack).await, count(&stack, "case_file").await), ([0, 20, 40, 0, 0], 1));
}

#[tokio::test]
async fn r_int_09_harm_is_heard_in_the_25th_mail_of_an_hour_and_after_thousands_of_characters() {
    let Some((stack, server)) = with_mails().await else { return };
    for n in 0..24 {
        server.deliver(&format!("{n:02}"), &mail("cy@example.com", &format!("{n}@cy"), "", &format!("Number {n}")));
    }
    server.deliver("99", &mail("cy@example.com", "99@cy", "", "用了以后脸肿了"));
    let long = "Is there more? ".repeat(400);
    server.deliver("a", &mail("di@example.com", "1@di", "Subject: Hello\n", &format!("{long}\n用了以后脸肿了")));
    stack.settle().await;
    let harmed = cases(&stack).await.iter().filter(|case| case.lane() == Lane::Health).count();
    assert_eq!((states(&stack).await, harmed), ([0, 22, 4, 0, 0], 2));
}

/// What an answer quotes was said before, by us perhaps; what is forwarded was not.
#[tokio::test]
async fn r_int_09_what_an_answer_quotes_is_not_heard_again_and_what_is_forwarded_is() {
    let Some((stack, server)) = with_mails().await else { return };
    let quoted = "> 如果用了以后脸肿了，请马上告诉我们";
    server.deliver("1", &mail("ana@example.com", "1@pc", "Subject: Hello\n", "When do you open?"));
    let answer = "Subject: Re: Hello\nReferences: <1@pc>\n";
    server.deliver("2", &mail("ana@example.com", "2@pc", answer, &format!("Thanks!\n{quoted}")));
    stack.settle().await;
    assert_eq!((cases(&stack).await.len(), states(&stack).await), (1, [0, 2, 0, 0, 0]));
    server.deliver("3", &mail("bo@example.com", "3@pc", "Subject: Fwd: Hello\n", "> 用了以后脸肿了"));
    look(&stack).await;
    assert_eq!(cases(&stack).await[1].lane(), Lane::Health);
}

/// Forms on web pages send mails as machines do.
#[tokio::test]
async fn r_int_09_a_machines_mail_that_speaks_of_harm_waits_for_a_person_and_none_is_wiped() {
    let Some((stack, server)) = with_mails().await else { return };
    let form = "X-Auto-Response-Suppress: All\nAuto-Submitted: auto-generated\n";
    server.deliver("1", &mail("form@example.com", "1@pc", form, "用了以后脸肿了"));
    server.deliver("2", &mail("ana@example.com", "2@pc", "Auto-Submitted: auto-replied\n", "I am away"));
    server.deliver("3", &mail("daemon@example.com", "3@mx", "Return-Path: <>\n", "returned: 用了以后脸肿了"));
    server.deliver("4", &mail("care@shop.example", "4@mx", "", "如果脸肿了请告诉我们"));
    stack.settle().await;
    assert_eq!((states(&stack).await, count(&stack, "case_file").await), ([0, 3, 1, 0, 0], 0));
    assert_eq!(reasons(&stack).await.len(), 4);
    let kept = "select count(*) from inbound_message where body is not null and wrapped is not null";
    let kept: i64 = sqlx::query_scalar(kept).fetch_one(&stack.pool("intake")).await.unwrap();
    assert_eq!(kept, 4);
    let [waits] = quarantine(&stack).await.try_into().unwrap();
    assert_eq!(waits.reason, "a machine wrote it: Auto-Submitted, and it speaks of harm; tried again it is taken in");
    let retry = RetryInboundRequest { inbound_id: waits.inbound_id };
    client(&stack).retry_inbound(request("staff:ana", retry)).await.unwrap();
    stack.settle().await;
    let [case] = cases(&stack).await.try_into().unwrap();
    assert_eq!((case.lane(), states(&stack).await), (Lane::Health, [0, 4, 0, 0, 0]));
}

/// A time nobody can believe: the mail waits with the reason, a person lets it in, and it counts from when we got it.
#[tokio::test]
async fn r_int_04_mails_without_a_date_and_of_1970_wait_for_a_person_with_the_reason() {
    let Some((stack, server)) = with_mails().await else { return };
    let old = "Date: Thu, 1 Jan 1970 00:00:00 +0000\n";
    server.deliver("1", &mail("ana@example.com", "1@pc", old, "When do you open?"));
    server.deliver("2", &undated("bo@example.com", "2@pc", "", "When do you close?"));
    server.deliver("3", &mail("cy@example.com", "3@pc", "Date: Mon, 2 Mar 2026 07:00:00 +0000\n", "Are you open?"));
    server.deliver("4", &mail("di@example.com", "4@pc", "Date: Mon, 2 Mar 2026 09:00:00 +0000\n", "Still open?"));
    server.deliver("5", &mail("ed@example.com", "5@pc", "Date: Mon, 2 Mar 2099 09:00:00 +0000\n", "Open then?"));
    stack.settle().await;
    assert_eq!((states(&stack).await, server.seen().len()), ([0, 2, 3, 0, 0], 5));
    let waits = quarantine(&stack).await;
    let named: Vec<&str> = waits.iter().map(|one| one.reason.split(':').next().unwrap()).collect();
    assert_eq!(named, ["date_not_believed", "no_date", "date_not_believed"]);
    assert!(waits.iter().all(|one| one.reason.ends_with("; tried again it is taken in")), "{waits:?}");
    stack.move_clock(SignedDuration::from_hours(1));
    for one in waits {
        let retry = RetryInboundRequest { inbound_id: one.inbound_id };
        client(&stack).retry_inbound(request("staff:ana", retry)).await.unwrap();
    }
    stack.settle().await;
    assert_eq!(states(&stack).await, [0, 5, 0, 0, 0]);
    let mut told = Vec::new();
    for case in cases(&stack).await {
        let late = case.recorded_at.unwrap().seconds - case.occurred_at.unwrap().seconds;
        told.push((view(&stack, &case.case_id).await.date_doubt, late));
    }
    told.sort();
    let doubt = |word: &str, late: i64| (word.to_owned(), late);
    // Whoever wrote an hour ago and was heard at once; and those who were heard an hour after we got their mails.
    let heard = [("", 3600), ("missing", 3600), ("not_believed", 0), ("not_believed", 3600), ("not_believed", 3600)];
    assert_eq!(told, heard.map(|(word, late)| doubt(word, late)));
}

/// Health goes before: what speaks of harm waits for nobody, whatever its clock says and however long it is.
#[tokio::test]
async fn r_int_09_a_mail_that_speaks_of_harm_is_taken_in_at_once_whatever_its_date_and_length() {
    let Some((stack, server)) = with_mails().await else { return };
    server.deliver("1", &undated("ana@example.com", "1@pc", "", "用了以后脸肿了"));
    // Photos make a mail larger than what is fetched; its words stand before them.
    let photo = format!(
        "--x\nContent-Type: text/plain; charset=utf-8\n\n用了以后脸肿了\n--x\nContent-Type: image/jpeg\n\
         Content-Disposition: attachment; filename=\"face.jpg\"\nContent-Transfer-Encoding: base64\n\n{}\n--x\n\
         Content-Type: image/jpeg\nContent-Disposition: attachment; filename=\"arm.jpg\"\n\
         Content-Transfer-Encoding: base64\n\n/9j/4AAQSkZJRgA=\n--x--\n",
        "/9j/4AAQSkZJRgA/\n".repeat(300_000)
    );
    let fields = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n";
    server.deliver("3", &mail("cy@example.com", "3@pc", fields, &photo));
    let old = "Date: Thu, 1 Jan 1970 00:00:00 +0000\n";
    let long = format!("{}用了以后脸肿了", "😀".repeat(250_000));
    server.deliver("2", &mail("bo@example.com", "2@pc", old, &long));
    stack.settle().await;
    let cases = cases(&stack).await;
    assert_eq!((states(&stack).await, cases.len()), ([0, 3, 0, 0, 0], 3));
    assert!(cases.iter().all(|case| case.lane() == Lane::Health && case.occurred_at == case.recorded_at));
    let mut doubts = Vec::new();
    for case in cases {
        doubts.push((view(&stack, &case.case_id).await.date_doubt, case.case_id));
    }
    doubts.sort();
    let words: Vec<&str> = doubts.iter().map(|(doubt, _)| doubt.as_str()).collect();
    assert_eq!(words, ["", "missing", "not_believed"], "and they say so");
    assert_eq!(server.seen(), ["1", "2"], "what was not fetched whole stays unseen");
    let look = RevealCaseRequest { case_id: doubts[0].1.clone(), purpose: "handling".into() };
    let mut intake = IntakeClient::new(stack.channel("intake"));
    let said = intake.reveal_case(request("staff:ana", look)).await.unwrap().into_inner().content;
    let not_whole = "[cut here: only its beginning was fetched, the whole lies in the mailbox]";
    assert_eq!(said, format!("用了以后脸肿了\n\n[refused file: too_large] face.jpg\n{not_whole}"), "there is another");
}

/// The photos we asked for make a mail too large, and phones forget the date: the answer waits for nobody, for its case would end
/// without it. What nobody asked for waits.
#[tokio::test]
async fn r_int_04_an_answer_to_a_question_of_ours_is_taken_in_at_once_whatever_its_date_and_size() {
    let Some((stack, server)) = with_mails().await else { return };
    let (from, to) = ("ana@example.com", "Subject: Re: Hello\nReferences: <1@pc>\n");
    server.deliver("1", &mail(from, "1@pc", "Subject: Hello\n", "When do you open?"));
    server.deliver("2", &undated(from, "2@pc", to, "I meant on Sunday."));
    stack.settle().await;
    assert_eq!(states(&stack).await, [0, 1, 1, 0, 0], "nobody had asked");
    let [case] = cases(&stack).await.try_into().unwrap();
    let photos = format!(
        "{to}MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\n\nHere\n--x\n\
         Content-Type: image/jpeg\nContent-Transfer-Encoding: base64\n\n{}\n--x--",
        "/9j/4AAQSkZJRgA/\n".repeat(300_000)
    );
    let (fields, body) = photos.split_once("\n\n").unwrap();
    let answers = [undated(from, "3@pc", to, "On Sunday."), mail(from, "4@pc", &format!("{fields}\n"), body)];
    for (n, (missing, answer)) in [RecordPart::Circumstances, RecordPart::Emotion].into_iter().zip(answers).enumerate()
    {
        let (case_id, question) = (case.case_id.clone(), "哪一天？".to_owned());
        let ask = RequestInfoRequest { case_id, missing: vec![missing.into()], question, send: false };
        desk(&stack).request_info(request("staff:ana", ask)).await.unwrap();
        server.deliver(&format!("a{n}"), &answer);
        look(&stack).await;
        assert_eq!(stack.events::<CaseInfoAdded>("intake").await.len(), n + 1, "{:?}", quarantine(&stack).await);
    }
    assert_eq!((states(&stack).await, count(&stack, "case_file").await), ([0, 3, 1, 0, 0], 1));
}

/// A megabyte of emoji waits with the reason. A person lets it in: what fits is kept in the case, what does not is said to be missing,
/// and all of it lies in the raw mail.
#[tokio::test]
async fn r_int_01_a_megabyte_of_emoji_waits_for_a_person_and_is_taken_in_cut_and_kept_whole_beside() {
    let Some((stack, server)) = with_mails().await else { return };
    server.deliver("1", &mail("bo@example.com", "1@pc", "Subject: Hello\n", &"😀".repeat(262_144)));
    stack.settle().await;
    let [waits] = quarantine(&stack).await.try_into().unwrap();
    assert!(waits.reason.starts_with("too_long: it says more than 100000 characters"), "{}", waits.reason);
    assert_eq!(count(&stack, "case_file").await, 0);
    let retry = RetryInboundRequest { inbound_id: waits.inbound_id };
    client(&stack).retry_inbound(request("staff:ana", retry)).await.unwrap();
    stack.settle().await;
    let [case] = cases(&stack).await.try_into().unwrap();
    let look = RevealCaseRequest { case_id: case.case_id, purpose: "handling".into() };
    let mut intake = IntakeClient::new(stack.channel("intake"));
    let said = intake.reveal_case(request("staff:ana", look)).await.unwrap().into_inner().content;
    assert!(said.starts_with("Hello\n\n😀") && said.ends_with("[cut here: it goes on]"), "{}", said.len());
    assert!((3_800..=4_000).contains(&said.chars().count()), "{}", said.chars().count());
    let kept: i64 = sqlx::query_scalar("select max(length(body))::bigint from inbound_message")
        .fetch_one(&stack.pool("intake"))
        .await
        .unwrap();
    assert!(kept > 1 << 20, "{kept}");
}

/// A server that cannot hand two of three mails out.
#[tokio::test]
async fn r_int_02_a_mail_the_server_does_not_hand_out_ends_in_quarantine_and_the_next_is_read() {
    let port = imap_stand_in::start(
        "From: ana@example.com\r\nDate: Mon, 2 Mar 2026 08:00:00 +0000\r\nMessage-ID: <3@pc>\r\n\r\nWhen do you open?\r\n",
    )
    .await;
    let stack = start(json!({ "mail": mailbox(port) })).await;
    stack.settle().await;
    assert_eq!(states(&stack).await, [0; 5], "it is tried again first");
    for _ in 0..12 {
        stack.advance(SignedDuration::from_mins(5)).await;
    }
    assert_eq!((states(&stack).await, count(&stack, "case_file").await), ([0, 1, 2, 0, 0], 1));
    let found = quarantine(&stack).await;
    assert!(found.iter().all(|message| message.reason.contains("does not hand it out")), "{found:?}");
    let last: i64 = sqlx::query_scalar("select last_uid from mailbox").fetch_one(&stack.pool("intake")).await.unwrap();
    assert_eq!(last, 3);
}
