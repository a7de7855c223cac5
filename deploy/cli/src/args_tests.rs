//! What can be said, and that help teaches it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
use super::*;

fn said(words: &str) -> Command {
    Cli::try_parse_from(words.split(' ')).unwrap().command
}

fn help(words: &[&str]) -> String {
    let mut command = Cli::command();
    let found = words.iter().fold(&mut command, |command, word| command.find_subcommand_mut(word).unwrap());
    found.render_help().to_string()
}

#[test]
fn the_command_line_holds_together() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_says_what_it_is_for() {
    for command in Cli::command().get_subcommands() {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(about.len() > 15, "{} says nothing about itself", command.get_name());
    }
}

#[test]
fn help_teaches_by_examples() {
    assert!(help(&[]).contains("First steps:\n  aftercare "));
    for words in [
        &["up"][..],
        &["import"],
        &["clock"],
        &["tail"],
        &["department"],
        &["shop"],
        &["policy"],
        &["escalation"],
        &["journal"],
        &["parked"],
        &["inbound"],
        &["cases"],
        &["analytics"],
        &["bench"],
        &["faults"],
        &["calendar"],
        &["calendar", "check"],
        &["calendar", "import"],
        &["triage"],
    ] {
        assert!(help(words).contains("Examples:\n  aftercare "), "{words:?}");
    }
    assert!(help(&["import", "sales"]).contains("order_ref, channel"));
    assert!(help(&["import", "feedback"]).contains("answered_at"));
}

#[test]
fn people_act_on_tasks_and_escalations_in_their_own_name() {
    const ID: &str = "0197a1c2-0000-7000-8000-000000000001";
    let act = |words: &str| Cli::try_parse_from(format!("aftercare {words}").split(' '));
    for words in [
        "department tasks quality".to_owned(),
        format!("department acknowledge {ID} --as staff:quinn --department quality --owner staff:quentin"),
        format!(
            "department answer {ID} --as staff:quinn --department quality --cause a.leak --text hot --evidence lab-1"
        ),
        format!("department forward {ID} --as staff:quinn --department quality --to medical --text unknown"),
        "department overdue".to_owned(),
        "department tasks quality --as staff:quinn".to_owned(),
        "department redrive quality --as staff:quinn".to_owned(),
        "shop failed".to_owned(),
        "shop redrive website --as staff:quinn".to_owned(),
        "escalation list --level management --status decided".to_owned(),
        format!("escalation decide {ID} --as staff:eva --text refund"),
        format!("escalation raise {ID} --as staff:ana --because media --text news"),
    ] {
        assert!(act(&words).unwrap().command.asks_a_system(), "{words}");
    }
    for words in [
        "department tasks Legal".to_owned(),
        format!("department acknowledge {ID}"),
        format!("department acknowledge {ID} --as staff:quinn"),
        "department redrive quality".to_owned(),
        "shop redrive website".to_owned(),
        "policy approve default 3".to_owned(),
        "policy propose new.toml".to_owned(),
        format!("department answer {ID} --as staff:quinn --text hot"),
        format!("department forward {ID} --as staff:quinn --to medical --text unknown"),
        format!("department forward {ID} --as staff:quinn --department quality --to Legal --text unknown"),
        "escalation list --level boss".to_owned(),
        format!("escalation raise {ID} --as staff:ana --because anger --text loud"),
    ] {
        assert!(act(&words).is_err(), "{words}");
    }
}

#[test]
fn a_driven_clock_may_or_may_not_be_told_where_to_start() {
    let start = |words| match said(words) {
        Command::Up(up) => up.driven_clock,
        other => panic!("{other:?}"),
    };
    assert_eq!(start("aftercare up"), None);
    assert_eq!(start("aftercare up --driven-clock").as_deref(), Some(""));
    assert_eq!(start("aftercare up --driven-clock 2024-01-01T00:00:00Z").as_deref(), Some("2024-01-01T00:00:00Z"));
    assert!(Cli::try_parse_from(["aftercare", "up", "--driven-clock", "--system-clock"]).is_err());
}

#[test]
fn json_may_be_said_anywhere() {
    for words in ["aftercare --json status", "aftercare status --json"] {
        assert!(Cli::try_parse_from(words.split(' ')).unwrap().json);
    }
}

#[test]
fn every_department_can_be_followed_also_one_of_the_house_s_own() {
    let tail = |name: &str| Cli::try_parse_from(["aftercare", "tail", "department", name]);
    for name in tail::departments().chain(["skin-care"]) {
        assert!(tail(name).is_ok(), "{name}");
    }
    for wrong in ["Health", "a b", "quality.>", "*"] {
        let refusal = tail(wrong).unwrap_err().to_string();
        assert!(refusal.contains("medical") && refusal.contains("store-operations"), "{refusal}");
    }
    assert!(help(&["tail", "department"]).contains("customer-service"));
}

#[test]
fn as_many_messages_are_shown_as_the_sink_gives_at_once() {
    for (limit, good) in [("0", false), ("1", true), ("1000", true), ("1001", false), ("many", false)] {
        assert_eq!(Cli::try_parse_from(["aftercare", "outbox", "--limit", limit]).is_ok(), good, "{limit}");
    }
}

#[test]
fn what_to_redrive_must_be_named_whole_or_be_all() {
    let redrive = |words: &str| Cli::try_parse_from(format!("aftercare parked redrive {words}").split(' ')).is_ok();
    assert!(redrive("complaint INTAKE 018f4e7a-0000-7000-8000-000000000001"));
    assert!(redrive("--all"));
    assert!(!redrive("complaint"));
    assert!(!redrive("complaint INTAKE"));
    assert!(!redrive("complaint INTAKE 018f4e7a-0000-7000-8000-000000000001 --all"));
}

#[test]
fn services_are_not_killed_faster_than_they_can_come_back() {
    let demo = |pause: &str| Cli::try_parse_from(["aftercare", "demo", "--kill-every", pause]);
    let Command::Demo(options) = demo("1m 30s").unwrap().command else { panic!("it is a demo") };
    assert_eq!((options.kill_every, options.days), (Some(Duration::from_secs(90)), 90));
    for pause in ["4s", "0s", "often"] {
        assert!(demo(pause).unwrap_err().to_string().contains("5s at least"), "{pause}");
    }
}
