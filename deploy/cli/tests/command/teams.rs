//! A department's and management's day at the command line: what they are asked, what they do, and what they cannot do,
//! in words; then the same day under another policy.
use std::collections::BTreeMap;

use kernel::sla;
use serde_json::{Value, json};

use super::{START, System};

const SALES: &str = "\
order_ref,channel,bought_at,delivered_at,currency,customer_ref,name,phone,product_id,category,quantity,paid
T-1,shop,2026-02-27T10:00:00Z,2026-03-01T10:00:00Z,CNY,t-1,Wang Fang,+8613800138001,p-1,shampoo,1,21.00
T-2,shop,2026-02-27T10:00:00Z,2026-03-01T10:00:00Z,CNY,t-2,Li Na,+8613800138002,p-1,shampoo,1,21.00
T-3,shop,2026-02-27T10:00:00Z,2026-03-01T10:00:00Z,CNY,t-3,Zhao Min,+8613800138003,p-1,shampoo,1,21.00
T-4,shop,2026-02-27T10:00:00Z,2026-03-01T10:00:00Z,CNY,t-4,Sun Li,+8613800138004,p-1,shampoo,1,21.00
T-5,shop,2026-02-27T10:00:00Z,2026-03-01T10:00:00Z,CNY,t-5,Qian Wu,+8613800138005,p-1,shampoo,1,21.00
";
/// Four for quality, one for medical.
const ANSWERS: &str = "\
channel,order_ref,score,discomfort,comment
shop,T-1,1,false,the pump leaks
shop,T-2,1,false,the pump leaks
shop,T-3,1,false,the pump leaks
shop,T-4,1,false,the pump leaks
shop,T-5,5,true,the scalp burns
";
/// The id of nothing.
const NOTHING: &str = "0197a1c2-0000-7000-8000-000000000001";

/// A running system with the tasks above, said to departments four and one.
fn begun() -> (System, Vec<String>, String) {
    let system = System::new();
    system.ok(&format!("up --driven-clock {START} --port-base {}", system.base));
    system.write("sales.csv", SALES);
    system.write("answers.csv", ANSWERS);
    assert_eq!(system.ok("import sales sales.csv")["taken"], 5);
    assert_eq!(system.ok("import feedback answers.csv")["taken"], 5);
    let quality = ids(&waiting(&system, "quality", 4));
    let [medical] = ids(&waiting(&system, "medical", 1)).try_into().unwrap();
    (system, quality, medical)
}

/// The tasks of a department, once there are so many.
fn waiting(system: &System, department: &str, count: usize) -> Vec<Value> {
    let tasks = |answer: &super::Answer| answer.lines[0]["tasks"].as_array().unwrap().clone();
    let answer = system.until(&format!("department tasks {department}"), |answer| tasks(answer).len() == count);
    tasks(&answer)
}

fn ids(tasks: &[Value]) -> Vec<String> {
    tasks.iter().map(|task| task["task_id"].as_str().unwrap().to_owned()).collect()
}

/// It is not done (1) or not understood (2), and the words say why.
#[track_caller]
fn refused(system: &System, words: &str, code: i32, why: &[&str]) {
    let answer = system.say(words);
    assert_eq!((answer.code, answer.lines.len()), (Some(code), 0), "{words}: {answer:?}");
    for word in why {
        assert!(answer.error.contains(word), "{words}: {:?} does not say {word:?}", answer.error);
    }
}

fn departments_work(system: &System, quality: &[String], medical: &str) {
    let [fast, slow, passed_on, _] = quality else { panic!("{quality:?}") };
    refused(system, "department tasks Astrology", 2, &["Astrology", "quality"]);
    refused(system, "department acknowledge 12 --as staff:quinn --department quality", 2, &["invalid value '12'"]);
    refused(
        system,
        &format!("department acknowledge {NOTHING} --as staff:quinn --department quality"),
        1,
        &["task", "NotFound"],
    );
    refused(system, &format!("department acknowledge {fast}"), 2, &["--as"]);
    refused(system, &format!("department acknowledge {fast} --as quinn --department quality"), 1, &["staff:"]);
    let foreign = format!("department acknowledge {fast} --as staff:mo --department medical");
    refused(system, &foreign, 1, &["the task is for quality, and only it can answer"]);
    let answer =
        |task: &str, of: &str| format!("department answer {task} --as staff:quinn --department {of} --text hot");
    refused(system, &answer(NOTHING, "quality"), 1, &["task", "NotFound"]);
    refused(system, &answer(fast, "medical"), 1, &["the task is for quality, and only it can answer"]);
    refused(system, &answer(fast, "Astrology"), 2, &["Astrology", "quality"]);
    refused(system, &answer(fast, "astrology"), 1, &["the task is for quality, and only it can answer"]);
    refused(system, &format!("{} --cause Too_Hot!", answer(fast, "quality")), 1, &["cause_code"]);
    let same = format!("department forward {fast} --as staff:quinn --department quality --to quality --text same");
    refused(system, &same, 1, &["with this department already"]);

    let taken = system
        .ok(&format!("department acknowledge {fast} --as staff:quinn --department quality --owner staff:quentin"));
    assert_eq!((&taken["id"], &taken["status"]), (&json!(fast), &json!("acknowledged")));
    let again = format!("department acknowledge {fast} --as staff:quinn --department quality");
    refused(system, &again, 1, &["acknowledged"]);
    let task = waiting(system, "quality", 4).into_iter().find(|task| task["task_id"] == json!(fast)).unwrap();
    assert_eq!((&task["owner"], &task["answer_by"]), (&json!("staff:quentin"), &json!("2026-03-03T08:00:00Z")));

    system.ok("clock advance 3h");
    let answered = system.ok(&format!("{} --cause filling.hot --evidence lab-1", answer(fast, "quality")));
    assert_eq!(answered["status"], "answered");
    refused(system, &answer(fast, "quality"), 1, &["not possible while the task is answered"]);
    let handed = "--as staff:quinn --department quality --to customer-service --text manners";
    assert_eq!(system.ok(&format!("department forward {passed_on} {handed}"))["status"], "issued");
    assert_eq!(ids(&waiting(system, "customer-service", 1)), std::slice::from_ref(passed_on));
    let asked = system.ok("department tasks customer-service --as staff:mo");
    assert_eq!(asked["tasks"][0]["asked"], "manners", "the team reads why it has it");

    system.ok("clock advance 5h");
    for (task, of) in [(slow.as_str(), "quality"), (medical, "medical"), (passed_on, "customer-service")] {
        assert_eq!(system.ok(&answer(task, of))["status"], "answered");
    }
    assert_eq!(system.ok("department overdue")["overdue"], json!([]));
    assert_eq!(
        system.ok("department redrive quality --as staff:quinn")["redriven"],
        0,
        "no webhook left anything behind"
    );
    refused(system, "department redrive quality", 2, &["--as"]);
    refused(system, "department redrive Astrology --as staff:quinn", 2, &["Astrology"]);
}

fn late_departments_are_raised(system: &System, late: &str) {
    system.ok("clock advance 16h");
    assert_eq!(system.ok("department overdue")["overdue"], json!([]), "the due time itself is in time");
    system.ok("clock advance 1s");
    let overdue = system.ok("department overdue")["overdue"].as_array().unwrap().clone();
    let task: Vec<_> = overdue.iter().filter(|row| row["kind"] == "task").collect();
    let [task] = task.try_into().unwrap();
    assert_eq!((&task["id"], &task["department"], &task["late_s"]), (&json!(late), &json!("quality"), &json!(1)));

    let because = |answer: &super::Answer, trigger: &str| {
        let raised = answer.lines[0]["escalations"].as_array().unwrap().clone();
        raised.into_iter().find(|row| row["trigger"] == trigger)
    };
    let list = "escalation list --level department_head";
    let raised = system.until(list, |answer| because(answer, "department_late").is_some());
    let raised = because(&raised, "department_late").unwrap();
    assert_eq!((&raised["department"], &raised["complaint_id"]), (&json!("quality"), &task["complaint_id"]));
    let id = raised["escalation_id"].as_str().unwrap();
    refused(system, "escalation list --level emperor", 2, &["emperor", "management"]);
    refused(system, "escalation acknowledge twelve --as staff:lu", 2, &["invalid value 'twelve'"]);
    refused(system, &format!("escalation acknowledge {NOTHING} --as staff:lu"), 1, &["escalation", "NotFound"]);
    refused(system, &format!("escalation close {id} --as staff:lu"), 1, &["raised"]);
    refused(system, &format!("escalation decide {id} --as staff:lu"), 2, &["--text"]);
    for (words, status) in [
        (format!("acknowledge {id} --as staff:lu"), "acknowledged"),
        (format!("decide {id} --as staff:lu --text visit"), "decided"),
        (format!("close {id} --as staff:lu"), "closed"),
    ] {
        assert_eq!(system.ok(&format!("escalation {words}"))["status"], status);
    }
    refused(system, &format!("escalation acknowledge {id} --as staff:lu"), 1, &["closed"]);
    let closed = system.say("escalation list --status closed");
    assert_eq!(because(&closed, "department_late").unwrap()["escalation_id"], json!(id));

    let complaint = task["complaint_id"].as_str().unwrap();
    let raise = |id: &str, why: &str| format!("escalation raise {id} --as staff:ana --because {why} --text paper");
    refused(system, &raise(complaint, "boredom"), 2, &["boredom", "media"]);
    refused(system, &raise(NOTHING, "media"), 1, &["complaint", "NotFound"]);
    assert_eq!(system.ok(&raise(complaint, "media"))["id"], json!(complaint));
    system.until("escalation list --level management", |answer| because(answer, "media").is_some());
}

/// What a replay says of each kind of promise.
fn replayed(system: &System, words: &str) -> BTreeMap<String, Value> {
    let kinds = system.ok(words)["promises"].as_array().unwrap().clone();
    kinds.into_iter().map(|judged| (judged["kind"].as_str().unwrap().to_owned(), judged)).collect()
}

fn another_policy_changes_what_it_should(system: &System, slow: &str) {
    system.at_rest();
    for (kind, judged) in replayed(system, "sla replay") {
        assert_eq!((&judged["changed"], &judged["before"]), (&json!(0), &judged["after"]), "{kind}, as it is in force");
    }
    let mut policy: toml::Table = sla::DEFAULT.parse().unwrap();
    let rules = policy["rules"].as_array_mut().unwrap().iter_mut().map(|rule| rule.as_table_mut().unwrap());
    let is_it =
        |rule: &&mut toml::Table| rule["promise"].as_str() == Some("department_answer") && !rule.contains_key("when");
    let [rule] = rules.filter(is_it).collect::<Vec<_>>().try_into().unwrap();
    rule.insert("target".into(), "6h".into());
    system.write("policy.toml", &toml::to_string(&policy).unwrap());
    let mut judged = replayed(system, "sla replay --policy policy.toml");
    let departments = judged.remove("department_answer").unwrap();
    let stood = |when: &str| ["met", "late", "breached", "cancelled"].map(|how| departments[when][how].clone());
    assert_eq!(stood("before"), [4, 0, 1, 1].map(Value::from));
    assert_eq!(stood("after"), [3, 1, 1, 1].map(Value::from));
    let changed = json!([{ "id": slow, "before": "met", "after": "met_late" }]);
    assert_eq!((&departments["changed"], &departments["first_changed"]), (&json!(1), &changed));
    assert_eq!(judged.len(), 7, "{judged:?}");
    for (kind, judged) in judged {
        assert_eq!((&judged["changed"], &judged["before"]), (&json!(0), &judged["after"]), "{kind}");
    }
    let later = replayed(system, "sla replay --policy policy.toml --from 2026-03-02T11:00:01Z");
    assert_eq!(later["department_answer"]["changed"], 0, "it was given before");
}

#[test]
fn r_cmp_04_r_cmp_13_r_cmp_19_r_cmp_20_a_day_of_departments_and_management_and_the_same_day_under_another_policy() {
    let (system, quality, medical) = begun();
    departments_work(&system, &quality, &medical);
    late_departments_are_raised(&system, &quality[3]);
    another_policy_changes_what_it_should(&system, &quality[1]);
}
