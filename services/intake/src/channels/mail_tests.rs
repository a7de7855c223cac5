//! Mails of all kinds, as people, machines and vandals write them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::{
    attachments::{Limits, TYPES, look},
    channels::mail_files::{Attached, attached},
    channels::{
        fuzz_tests::{LONG, SHORT, many, string},
        imap::TEXT_MAX,
    },
    rest::Checks,
};

fn now() -> Timestamp {
    "2026-03-02T08:00:00Z".parse().unwrap()
}

fn understood(raw: impl AsRef<[u8]>) -> Result<Understood, Trouble> {
    understand(raw.as_ref(), &["care@shop.example".into()], TEXT_MAX, now())
}

/// The mail a person wrote.
fn read(raw: impl AsRef<[u8]>) -> Mail {
    match understood(raw) {
        Ok(Understood::Mail(mail)) => *mail,
        other => panic!("{other:?}"),
    }
}

fn said(raw: impl AsRef<[u8]>) -> String {
    read(raw).request.content.unwrap()
}

/// A mail with these fields beside its sender.
fn with(fields: &str) -> String {
    format!("From: Ana Lima <Ana@Example.com>\r\n{fields}\r\nMy order never came.\r\n")
}

fn nothing(raw: impl AsRef<[u8]>) -> String {
    match understood(raw) {
        Ok(Understood::Machine(why, _)) => why,
        other => panic!("{other:?}"),
    }
}

fn refused(raw: impl AsRef<[u8]>) -> String {
    match understood(raw) {
        Err(Trouble::Lasting(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn r_int_01_a_mail_is_a_contact_of_its_sender_in_the_senders_words() {
    let fields =
        "Subject: =?utf-8?b?6K6i5Y2V?= 88120\r\nDate: Mon, 2 Mar 2026 15:30:00 +0800\r\nMessage-ID: <1@pc>\r\n";
    let mail = read(with(fields));
    let customer = mail.request.customer.unwrap();
    assert_eq!((customer.name.as_deref(), customer.email.as_deref()), (Some("Ana Lima"), Some("ana@example.com")));
    assert_eq!(mail.request.content.as_deref(), Some("订单 88120\n\nMy order never came."));
    assert_eq!(mail.request.occurred_at.as_deref(), Some("2026-03-02T07:30:00Z"));
    assert_eq!(mail.sender, "ana@example.com");
    let stored = message(with(fields).as_bytes());
    assert_eq!((stored.id.as_str(), stored.conversation.as_str()), (hashed(b"1@pc").as_str(), "ana@example.com"));
    assert_eq!(mail.request.external_ref, Some(stored.id));
    let nameless = read("From: <ana@example.com>\r\nSubject: Hello\r\n\r\n");
    assert_eq!(nameless.request.customer.unwrap().name.as_deref(), Some("ana@example.com"));
    assert_eq!(nameless.request.content.as_deref(), Some("Hello"));
}

#[test]
fn r_int_01_mails_are_read_in_the_charset_and_form_they_come_in() {
    let mail = |kind: &str, body: &[u8]| {
        [format!("From: a@b.cn\r\nMIME-Version: 1.0\r\nContent-Type: {kind}\r\n\r\n").as_bytes(), body].concat()
    };
    // 头皮很痒, 你好 and こんにちは.
    let gb18030 = b"\xcd\xb7\xc6\xa4\xba\xdc\xd1\xf7";
    assert_eq!(said(mail("text/plain; charset=gb18030", gb18030)), "头皮很痒");
    assert_eq!(said(mail("text/plain; charset=GB2312", b"\xc4\xe3\xba\xc3")), "你好");
    assert_eq!(said(mail("text/plain; charset=iso-2022-jp", b"\x1b$B$3$s$K$A$O\x1b(B")), "こんにちは");
    assert_eq!(
        said(mail("text/html; charset=utf-8", "<p>It <b>itches</b>&nbsp;&amp; burns</p>".as_bytes()))
            .replace('\u{a0}', " "),
        "It itches & burns"
    );
    let script = said(mail("text/html", b"<script>alert(1)</script><style>p{}</style><p>Broken</p>"));
    assert_eq!(script, "Broken");
    let both = "--x\r\nContent-Type: text/plain\r\n\r\nplain\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>rich</p>\r\n--x--\r\n";
    assert_eq!(said(mail("multipart/alternative; boundary=x", both.as_bytes())), "plain");
}

#[test]
fn r_int_01_attachments_are_named_and_what_does_not_fit_is_said_to_be_missing() {
    let photo = "--x\r\nContent-Type: text/plain\r\n\r\nSee the photo\r\n--x\r\nContent-Type: image/jpeg\r\n\
                 Content-Disposition: attachment; filename=\"leak.jpg\"\r\nContent-Transfer-Encoding: base64\r\n\r\n/9j/\r\n--x--\r\n";
    let fields = "Subject: Leak\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n";
    assert_eq!(said(format!("From: a@b.cn\r\n{fields}\r\n{photo}")), "Leak\n\nSee the photo\n\n[attachment] leak.jpg");
    let emoji = said(format!("From: a@b.cn\r\nSubject: {}\r\n\r\n{}", "s".repeat(5_000), "😀".repeat(250_000)));
    assert!(emoji.ends_with("[cut here: it goes on]"), "{}", emoji.len());
    assert!((3_800..=CONTENT_MAX).contains(&emoji.chars().count()), "{}", emoji.chars().count());
}

#[test]
fn r_int_01_a_text_file_is_kept_as_it_was_sent_whatever_its_character_set() {
    let gbk = [0xC6, 0xBF, 0xD7, 0xD3, 0xC2, 0xA9, 0xC1, 0xCB];
    for (encoding, body) in [("base64", "xr/X08Kpwcs="), ("quoted-printable", "=C6=BF=D7=D3=C2=A9=C1=CB")] {
        let part = format!(
            "--x\r\nContent-Type: text/plain; charset=gbk\r\nContent-Disposition: attachment; filename=\"a.txt\"\r\n\
             Content-Transfer-Encoding: {encoding}\r\n\r\n{body}\r\n--x--\r\n"
        );
        let fields = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n";
        let raw = format!("From: a@b.cn\r\n{fields}\r\n--x\r\nContent-Type: text/plain\r\n\r\nhi\r\n{part}");
        assert_eq!(attached(raw.as_bytes())[0].bytes, gbk, "{encoding}");
    }
}

#[test]
fn r_int_02_what_machines_send_makes_no_case() {
    for (fields, sign) in [
        ("Auto-Submitted: auto-replied\r\n", "Auto-Submitted"),
        ("auto-submitted: auto-generated; owner-email=\"a@b\"\r\n", "Auto-Submitted"),
        ("Precedence: bulk\r\n", "Precedence"),
        ("Precedence: Auto_Reply\r\n", "Precedence"),
        ("Return-Path: <>\r\n", "return path"),
    ] {
        assert!(nothing(with(fields)).contains(sign), "{fields}");
    }
    assert!(nothing("From: Care <CARE@shop.example>\r\n\r\nours").contains("our own"));
    for handed_on in ["Precedence: list\r\n", "X-Auto-Response-Suppress: All\r\n", "List-Id: <care.example.com>\r\n"] {
        assert_eq!(
            read(with(handed_on)).request.arrival.told,
            Some(Told::NobodyReads),
            "a person may write by {handed_on}"
        );
    }
    let read = |raw: String| matches!(understood(raw), Ok(Understood::Machine(_, Some(_))));
    assert!(read(with("Precedence: bulk\r\n")), "a person may stand behind it");
    assert!(!read(with("Precedence: bulk\r\nReturn-Path: <>\r\n")), "nobody stands behind a bounce");
    for harmless in ["Auto-Submitted: no\r\n", "Precedence: first-class\r\n", "Return-Path: <ana@example.com>\r\n"] {
        assert_eq!(said(with(harmless)), "My order never came.", "{harmless}");
    }
}

#[test]
fn r_int_02_a_mail_that_cannot_be_understood_is_refused_with_the_reason() {
    for (raw, reason) in [
        (String::new(), "not a mail"),
        ("Subject: x\r\n\r\nwho am I".into(), "From:"),
        ("From: nobody\r\n\r\nx".into(), "From:"),
        (
            format!(
                "{}\r\nx",
                (0..10_000).fold(String::from("From: a@b.cn\r\n"), |all, n| all + &format!("X-{n}: y\r\n"))
            ),
            "1000 header",
        ),
    ] {
        assert!(refused(&raw).contains(reason), "{reason}: {}", refused(&raw));
    }
    assert!(read(too_large(with("").as_bytes())).request.waits.contains(&Wait::TooLarge));
    assert!(refused(unreadable(7, 1)).contains("does not hand it out"));
    assert_ne!(message(&unreadable(7, 1)).id, message(&unreadable(7, 2)).id);
    assert_eq!(message(&too_large(with("Message-ID: <1@pc>\r\n").as_bytes())).id, hashed(b"1@pc"));
    let nested = (0..2_000).fold(String::from("From: a@b.cn\r\nMIME-Version: 1.0\r\n"), |all, n| {
        all + &format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n")
    });
    let deep = understood(nested + "Content-Type: text/plain\r\n\r\ndeep down");
    assert!(matches!(deep, Ok(Understood::Mail(_))), "{deep:?}");
}

#[test]
fn r_int_04_a_date_nobody_can_believe_is_not_believed() {
    let of = |date: &str| {
        let CaseRequest { occurred_at, arrival, waits, .. } = read(with(date)).request;
        (occurred_at, arrival.doubt, waits.into_iter().next())
    };
    assert_eq!(of(""), (None, Some(Doubt::Missing), Some(Wait::NoDate)));
    for odd in [
        "Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n",
        "Date: Fri, 31 Dec 1999 23:59:59 +0000\r\n",
        "Date: yesterday\r\n",
        "Date: \r\n",
        "Date: Tue, 3 Mar 2026 08:00:01 +0000\r\n",
        "Date: Sat, 31 Feb 99999 99:99:99 +9999\r\n",
    ] {
        assert_eq!(of(odd), (None, Some(Doubt::NotBelieved), Some(Wait::DateNotBelieved)), "{odd}");
    }
    let ahead = of("Date: Tue, 3 Mar 2026 08:00:00 +0000\r\n");
    assert_eq!(ahead, (None, Some(Doubt::NotBelieved), None), "a clock that is a day ahead keeps nobody waiting");
    let good = |at: &str| (Some(at.to_owned()), None, None);
    assert_eq!(of("Date: Sun, 1 Mar 2026 08:00:00 GMT\r\n"), good("2026-03-01T08:00:00Z"));
    assert_eq!(of("Date: Sat, 1 Jan 2000 00:00:00 GMT\r\n"), good("2000-01-01T00:00:00Z"));
}

/// What a mail quotes it need not say in fewer words; of what is too long the beginning and the end are heard.
#[test]
fn r_int_02_a_mail_of_more_characters_than_anybody_reads_waits() {
    let of = |text: &str, more: &str| {
        let date = "Date: Sun, 1 Mar 2026 08:00:00 GMT\r\nIn-Reply-To: <1@us>\r\n";
        let mail = read(format!("From: a@b.cn\r\n{date}\r\n{text}{more}"));
        (mail.request.waits.iter().copied().collect::<Vec<_>>(), mail.heard().to_owned())
    };
    assert_eq!(of(&"长".repeat(TEXT_MAX), "").0, []);
    assert_eq!(of(&"长".repeat(TEXT_MAX), &format!("\r\n> {}", "q".repeat(TEXT_MAX))).0, [], "it quotes");
    let (waits, heard) = of(&format!("first{}", "😀".repeat(250_000)), "last");
    assert_eq!(waits, [Wait::TooLong(TEXT_MAX)]);
    assert!(heard.starts_with("first😀") && heard.ends_with("😀last"), "{}", heard.len());
    assert!(heard.chars().count() <= TEXT_MAX + 2, "{}", heard.chars().count());
}

#[test]
fn r_int_02_mails_are_known_by_their_message_id_or_by_what_they_are_and_name_those_they_answer() {
    let id = |raw: &str| message(raw.as_bytes()).id;
    assert_eq!(id(&with("Message-ID: <1@pc>\r\n")), id(&with("Message-ID: <1@pc>\r\nReceived: by another way\r\n")));
    assert_ne!(id(&with("Message-ID: <1@pc>\r\n")), id(&with("Message-ID: <2@pc>\r\n")));
    assert_eq!(id(&with("")), id(&with("")));
    assert_ne!(id(&with("")), id(&with("X-Other: 1\r\n")));
    let answers = read(with("In-Reply-To: <3@pc>\r\nReferences: <1@pc> <2@pc>\r\n")).answers;
    assert_eq!(answers, ["3@pc", "2@pc", "1@pc"].map(|id| hashed(id.as_bytes())));
    let words = |subject: &str, text: &str| read(format!("From: a@b.cn\r\nSubject: {subject}\r\n\r\n{text}")).words;
    assert_eq!(words("Late", "Where is it?"), words("Re: 回复：Late", "Where  is it?\r\n> Where is it?"));
    assert_ne!(words("[Order 1] Help", "It broke"), words("[Order 2] Help", "It broke"), "another matter");
    let file = |name: &str| {
        let part = format!("--x\r\nContent-Type: image/jpeg; name={name}\r\n\r\n{name}\r\n--x--\r\n");
        format!("From: a@b.cn\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n{part}")
    };
    let (one, two) = (read(file("a")), read(file("b")));
    assert_eq!(one.words, two.words);
    assert_ne!(one.whole, two.whole, "another file");
    let (one, two) = (read(with("In-Reply-To: <1@us>\r\n")), read(with("In-Reply-To: <2@us>\r\n")));
    assert_eq!(one.words, two.words);
    assert_ne!(one.whole, two.whole, "the answer to another mail");
}

#[test]
fn r_int_16_what_nobody_wrote_and_what_is_of_somebody_else_is_written_back_to_by_no_machine() {
    let told = |fields: &str| read(with(fields)).request.arrival.told;
    for fields in [
        "Subject: 自动回复：我在休假\r\n",
        "Subject: 自动回复 我在休假\r\n",
        "Subject: Automatic reply: away\r\n",
        "Subject: Auto: away\r\n",
        "X-Autoreply: yes\r\n",
        "X-Autorespond: away\r\n",
        "Authentication-Results: mx.shop.example;\r\n spf=fail smtp.mailfrom=a@b.cn; dkim=none\r\n",
        "Authentication-Results: mx.shop.example; spf=pass; dmarc = fail (p=reject)\r\n",
    ] {
        assert_eq!(told(fields), Some(Told::NobodyReads), "{fields}");
    }
    for fields in [
        "Subject: Automobile\r\n",
        "Subject: Re: 自动洗手机\r\n",
        "Authentication-Results: mx.shop.example; spf=softfail; dkim=pass; dmarc=pass\r\n",
        "Authentication-Results: mx.shop.example; spf=pass\r\nAuthentication-Results: other.example; spf=fail\r\n",
    ] {
        assert_eq!(told(fields), None, "{fields}");
    }
}

/// Mails of many matters are forwarded under one subject, and what they say is quoted.
#[test]
fn r_int_02_what_is_forwarded_answers_nothing_and_says_what_it_quotes() {
    let of = |subject: &str, text: &str| read(format!("From: a@b.cn\r\nSubject: {subject}\r\n\r\n{text}"));
    let is_answer = |subject: &str| of(subject, "x").is_answer;
    assert!(["Re: a", "AW：a", "回复: a", "Re: Fwd: a"].iter().all(|subject| is_answer(subject)));
    assert!(["a", "Fwd: a", "WG: Re: a", "转发：a", "Order: a"].iter().all(|subject| !is_answer(subject)));
    assert_ne!(of("Fwd: 投诉", "> one").words, of("Fwd: 投诉", "> two").words);
    assert_eq!(of("Re: 投诉", "> one").words, of("Re: 投诉", "> two").words);
}

/// Lines as they stand in mails, good and bad.
fn lines() -> impl Strategy<Value = Vec<u8>> {
    let fields = "((From|Sender|Subject|Date|Message-ID|In-Reply-To|References|Content-Type|MIME-Version\
                  |Content-Transfer-Encoding|Content-Disposition|Return-Path|Precedence)(: ?)\
                  (<?[a-z]{1,5}@[a-z.]{1,6}>?|multipart/mixed; boundary=x|text/html; charset=[a-z0-9-]{1,9}|base64\
                  |quoted-printable|=\\?[a-z0-9-]{1,8}\\?[bqBQ]\\?[A-Za-z0-9=]{0,9}\\?=|attachment; filename\\*?=[a-z'%\"]{0,9}\
                  |[0-9 :,A-Za-z+-]{0,30}|[ -~]{0,20}|\\PC{0,9})\r?\n){0,12}(\r?\n)?((--x|--x--|<p>|&[a-z]{2};|[ -~]{0,30})\r?\n){0,12}";
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..400),
        string(fields).prop_map(String::into_bytes),
        (string(fields), proptest::collection::vec(any::<u8>(), 0..100)).prop_map(|(text, bytes)| [
            text.into_bytes(),
            bytes
        ]
        .concat()),
    ]
}

fn mails(cases: u32) {
    let limits: Limits = serde_json::from_value(serde_json::json!({ "max_bytes": 1_000, "types": TYPES })).unwrap();
    proptest!(many(cases), |(raw in lines())| {
        prop_assert!(message(&raw).id.starts_with("sha256-"));
        for Attached { declared, bytes, .. } in attached(&raw) {
            let _taken_or_told = look(&bytes, declared.as_deref(), &limits);
        }
        match understood(&raw) {
            Ok(Understood::Mail(mail)) => {
                let mut checks = Checks::new(vec![], now());
                let request = CaseRequest { channel: Some(crate::domain::vocabulary::Channel::Email), ..mail.request };
                let sayable = request.content.as_deref().is_some_and(|content| !content.trim().is_empty());
                let registration = request.check(&mut checks, now());
                let wrong: Vec<String> = checks.into_wrong().into_iter().map(|wrong| wrong.field).collect();
                // Only a mail that says nothing at all cannot be a contact.
                prop_assert_eq!(wrong, if sayable { vec![] } else { vec!["content".to_owned()] });
                prop_assert!(registration.is_some());
            }
            Ok(Understood::Machine(..)) | Err(Trouble::Lasting(_)) => {}
            other => prop_assert!(false, "{other:?}"),
        }
    });
}

#[test]
fn r_int_02_no_mail_makes_the_reader_fall_over_and_each_becomes_a_contact_or_has_its_reason() {
    mails(SHORT);
}

#[test]
#[ignore = "the long form: make fuzz"]
fn a_million_mails() {
    mails(LONG);
}

proptest! {
    #[test]
    fn r_int_02_nothing_a_customer_writes_is_lost(subject in "[A-Za-z0-9]{1,40}", text in "[A-Za-z0-9头皮很痒]{1,60}", more in lines()) {
        let raw = [format!("From: a@b.cn\r\nSubject: {subject}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n").as_bytes(), &more].concat();
        let said = said(raw);
        prop_assert!(said.starts_with(&format!("{subject}\n\n{text}")), "{said}");
    }
}

#[test]
fn what_could_not_be_delivered_names_our_mail_and_what_only_waits_does_not() {
    let id = "0197a1c2-0000-7000-8000-000000000001";
    let report = |path: &str, action: &str| {
        let raw = format!(
            "Return-Path: {path}\r\nFrom: mailer-daemon@mx\r\nContent-Type: multipart/report; boundary=x\r\n\r\n--x\r\n\
             Content-Type: message/delivery-status\r\n\r\nAction: {action}\r\nStatus: 5.1.1\r\n--x\r\n\
             Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{id}@care.example>\r\n--x--\r\n"
        );
        returned(raw.as_bytes())
    };
    assert_eq!(report("<>", "failed"), [id.parse::<uuid::Uuid>().unwrap()]);
    assert!(report("<>", "delayed").is_empty(), "it waits for now");
    assert!(report("<ana@example.com>", "failed").is_empty(), "a customer wrote that");
}

/// How long a text may be before it waits says nothing of how much of it is heard.
#[test]
fn r_int_09_harm_is_heard_in_the_middle_of_a_text_that_waits_for_its_length() {
    let raw = with("").replace("My order", &format!("{}脸肿了{}\r\nMy order", "a".repeat(9_000), "b".repeat(9_000)));
    let own = ["care@shop.example".to_owned()];
    let Ok(Understood::Mail(mail)) = understand(raw.as_bytes(), &own, 4_000, now()) else { panic!("it is a mail") };
    assert!(mail.request.waits.contains(&Wait::TooLong(4_000)) && mail.heard().contains("脸肿了"));
}

#[test]
fn r_int_01_of_a_mail_that_is_too_large_the_contact_says_that_it_is_not_all() {
    let not_whole = "[cut here: only its beginning was fetched, the whole lies in the mailbox]";
    assert_eq!(said(too_large(b"From: a@b.cn\r\nSubject: Photos\r\n\r\n")), format!("Photos\n\n{not_whole}"));
    let long = said(too_large(with("").replace("never", &"never ".repeat(9_000)).as_bytes()));
    assert!(long.ends_with(&format!("[cut here: it goes on]\n\n{not_whole}")) && long.chars().count() <= CONTENT_MAX);
}
