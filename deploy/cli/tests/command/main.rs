//! The `aftercare` command as people and programs run it: a whole system in a folder of its own and on free ports, gone at
//! the end, also after a panic. The services' programs must lie beside the command; `make test` builds them first.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
mod killed;
mod teams;

use std::{
    collections::BTreeMap,
    fs,
    net::TcpListener,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use aftercare::{home::Ports, stack::process::Identity};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

const START: &str = "2026-03-02T08:00:00Z";
const SALES: &str = "\
order_ref,channel,bought_at,delivered_at,currency,customer_ref,name,phone,email,address,product_id,category,quantity,price,paid
A-1,shop,2026-02-27T10:00:00Z,2026-03-01T10:00:00Z,CNY,c-1,Wang Fang,+8613800138000,,Renmin Road 12,p-1,shampoo,1,21.00,19.90
A-1,shop,2026-02-27T10:00:00Z,2026-03-01T10:00:00Z,CNY,c-1,Wang Fang,+8613800138000,,Renmin Road 12,p-2,shampoo,1,,5
A-2,website,2026-02-27T10:00:00Z,2026-03-01T10:00:00Z,CNY,c-2,Ana Lima,,ana.lima@example.com,,p-1,shampoo,2,,39.80
A-3,shop,2026-02-27T10:00:00Z,,CNY,c-3,,,,,p-1,shampoo,1,,much
";
const ANSWERS: &str = "\
channel,order_ref,score,discomfort,comment
shop,A-1,5,true,the scalp burns
website,A-2,1,false,the pump leaks
";
/// What stands above and no log may say.
const PERSONAL: [&str; 6] =
    ["Wang Fang", "13800138000", "Renmin Road", "ana.lima@example.com", "scalp burns", "pump leaks"];
/// Logs at the level at which spans are exported.
const LOG: &str = "debug,h2=off,hyper=off,tonic=off,tower=off";

struct System {
    dir: tempfile::TempDir,
    base: u16,
}

/// What a command answered.
#[derive(Debug)]
struct Answer {
    code: Option<i32>,
    lines: Vec<Value>,
    error: String,
}

impl System {
    fn new() -> Self {
        let base = Ports::free().unwrap().base();
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let system = Self { dir, base };
        system.write("sales.csv", SALES);
        system.write("answers.csv", ANSWERS);
        system
    }

    /// Puts a file where commands are said.
    fn write(&self, name: &str, text: &str) {
        fs::write(self.dir.path().join(name), text).unwrap();
    }

    fn home(&self) -> std::path::PathBuf {
        self.dir.path().join("home")
    }

    fn say(&self, words: &str) -> Answer {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aftercare"));
        command.current_dir(self.dir.path()).env("AFTERCARE__TELEMETRY__LOG", LOG).arg("--home").arg(self.home());
        let said = command.arg("--json").args(words.split(' ')).output().unwrap();
        let lines = String::from_utf8(said.stdout).unwrap();
        let lines = lines.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")));
        let error = String::from_utf8_lossy(&said.stderr).into_owned();
        Answer { code: said.status.code(), lines: lines.collect(), error }
    }

    /// Says it and takes the one answer of a command that did what it should.
    fn ok(&self, words: &str) -> Value {
        let mut answer = self.say(words);
        assert_eq!((answer.code, answer.lines.len()), (Some(0), 1), "{words}: {answer:?}");
        answer.lines.remove(0)
    }

    /// Says it again until the answer is enough.
    fn until(&self, words: &str, enough: impl Fn(&Answer) -> bool) -> Answer {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let answer = self.say(words);
            if enough(&answer) {
                return answer;
            }
            assert!(Instant::now() < until, "{words}: {answer:?}");
        }
    }

    /// How many events those who take data in, and learn of them, have recorded, once nothing waits any more. (outreach
    /// hands messages over when it can; that is not waited for.)
    fn at_rest(&self) -> BTreeMap<String, u64> {
        let services = |answer: &Answer| answer.lines[0]["services"].as_array().unwrap().clone();
        let well = |answer: &Answer| services(answer).iter().all(|service| service["health"] == "well");
        let events = || {
            let services = services(&self.until("status", well)).into_iter();
            let services = services.filter(|service| service["service"] != "outreach");
            let seq = |service: Value| {
                (service["service"].as_str().unwrap().to_owned(), service["journal_last_seq"].as_u64().unwrap())
            };
            services.map(seq).collect::<BTreeMap<_, _>>()
        };
        let mut before = events();
        loop {
            let after = events();
            if after == before {
                return after;
            }
            before = after;
        }
    }
}

impl Drop for System {
    fn drop(&mut self) {
        self.say("reset --yes");
    }
}

/// What `up` says of each part: its process, and whether it was started.
fn parts(up: &Value) -> BTreeMap<String, (i32, bool)> {
    let part = |part: &Value| {
        let pid = i32::try_from(part["pid"].as_i64().unwrap()).unwrap();
        (part["part"].as_str().unwrap().to_owned(), (pid, part["started"].as_bool().unwrap()))
    };
    up["parts"].as_array().unwrap().iter().map(part).collect()
}

fn kill_9(pid: i32) {
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    while Identity::of(pid).is_some() {
        std::thread::yield_now();
    }
}

fn is_started_once(system: &System) {
    let first = parts(&system.ok(&format!("up --driven-clock {START} --port-base {}", system.base)));
    assert_eq!(first.len(), 11);
    assert!(first.values().all(|(_, started)| *started), "{first:?}");
    let second = system.ok("up");
    assert_eq!(second["clock"], START);
    let unchanged = first.into_iter().map(|(part, (pid, _))| (part, (pid, false)));
    assert_eq!(parts(&second), unchanged.collect());
}

fn comes_back_after_a_kill(system: &System) {
    let before = parts(&system.ok("up"));
    let (pid, _) = before["complaint"];
    kill_9(pid);
    let status = system.say("status");
    assert_eq!((status.code, &status.lines[0]["well"]), (Some(1), &Value::Bool(false)));
    let services = status.lines[0]["services"].as_array().unwrap();
    let down: Vec<&Value> = services.iter().filter(|service| service["health"] == "down").collect();
    assert_eq!((down.len(), &down[0]["service"]), (1, &Value::from("complaint")));
    assert!(down[0]["problem"].as_str().unwrap().contains("aftercare up"), "{:?}", down[0]);

    // A pid file that tells of the dead process.
    fs::write(system.home().join("run/complaint.pid"), format!("{pid} 1 another-boot\n")).unwrap();
    let mut after = parts(&system.ok("up"));
    let (new, started) = after["complaint"];
    assert!(started && new != pid, "{new}");
    let file = fs::read_to_string(system.home().join("run/complaint.pid")).unwrap();
    assert!(file.starts_with(&format!("{new} ")), "{file}");
    after.insert("complaint".into(), (pid, false));
    assert_eq!(after, before, "nothing else was touched");
}

fn names_who_holds_a_port(system: &System) {
    let (pid, _) = parts(&system.ok("up"))["outreach"];
    kill_9(pid);
    let port = system.base + 5;
    let taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let refusal = system.say("up");
    assert_eq!((refusal.code, refusal.lines.len()), (Some(1), 0));
    for word in [format!("port {port}"), "outreach".into(), format!("process {}", std::process::id())] {
        assert!(refusal.error.contains(&word), "{}", refusal.error);
    }
    drop(taken);
    assert!(parts(&system.ok("up"))["outreach"].1);
}

fn takes_sales_once(system: &System) {
    for known in [0, 2] {
        let before = system.at_rest();
        let answer = system.say("import sales sales.csv");
        assert_eq!(answer.code, Some(1), "a line was refused: {answer:?}");
        let outcome = &answer.lines[0];
        assert_eq!((&outcome["taken"], &outcome["known"], &outcome["rejected"]), (&2.into(), &known.into(), &1.into()));
        assert_eq!(system.at_rest() == before, known > 0, "the first time tells, the second changes nothing");
    }
    let rejected = fs::read_to_string(system.dir.path().join("sales.csv.rejected")).unwrap();
    assert!(rejected.starts_with("5\tline 5: paid: \"much\"") && rejected.lines().count() == 1, "{rejected}");
    let message = |answer: &Answer| answer.lines[0]["messages"].as_array().unwrap().len();
    let outbox = system.until("outbox", |answer| message(answer) == 2);
    let mut sent: Vec<_> = outbox.lines[0]["messages"].as_array().unwrap().iter().collect();
    sent.sort_by_key(|message| message["medium"].as_str());
    let to = |message: &Value| (message["medium"].clone(), message["to"][0].clone());
    assert_eq!(to(sent[0]), ("email".into(), "ana.lima@example.com".into()));
    assert_eq!(to(sent[1]), ("sms".into(), "+8613800138000".into()));
    assert!(!sent[0]["subject"].as_str().unwrap().is_empty());

    let clock = system.ok("clock advance 8d");
    assert_eq!((&clock["before"], &clock["now"]), (&START.into(), &"2026-03-10T08:00:00Z".into()));
    system.until("outbox", |answer| message(answer) == 4);
    assert_eq!(system.ok("outbox --about ana.lima --limit 1")["messages"].as_array().unwrap().len(), 1);
}

fn takes_answers_once(system: &System) {
    for first in [true, false] {
        let before = system.at_rest();
        let outcome = system.ok("import feedback answers.csv");
        assert_eq!((&outcome["taken"], &outcome["rejected"]), (&2.into(), &0.into()));
        assert_eq!(system.at_rest() != before, first, "the first time tells, the second changes nothing");
    }
}

fn tells_departments(system: &System) {
    for (department, tasks) in [("medical", 1), ("quality", 1), ("customer-service", 0)] {
        let told = system.say(&format!("tail department {department} --from-start --no-wait"));
        assert_eq!((told.code, told.lines.len()), (Some(0), tasks), "{department}: {told:?}");
        for event in told.lines {
            assert_eq!(event["subject"], format!("aftercare.dept.v1.{department}.task.issued"));
            assert_eq!(event["data"]["department"], department);
        }
    }
    assert_eq!(system.say("tail department Health --no-wait").code, Some(2), "there can be none");
}

fn logs_say_nothing_personal(system: &System) {
    let said = system.say("logs -n 5");
    assert_eq!(said.code, Some(0));
    assert!(said.lines.iter().any(|said| said["part"] == "intake" && said["line"].is_string()), "{said:?}");
    assert!(fs::read_to_string(system.home().join("log/intake.log")).unwrap().contains(" DEBUG "));
    for entry in fs::read_dir(system.home().join("log")).unwrap() {
        let path = entry.unwrap().path();
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        for word in PERSONAL {
            let line = text.lines().find(|line| line.contains(word));
            assert_eq!(line, None, "{}", path.display());
        }
    }
}

fn stops_and_keeps_its_data(system: &System) {
    let before = system.at_rest();
    assert_eq!(system.ok("down")["stopped"].as_array().unwrap().len(), 11);
    assert_eq!(system.ok("down")["stopped"].as_array().unwrap().len(), 0);
    assert_eq!(system.say("status").code, Some(1));
    assert_eq!(parts(&system.ok("up")).values().filter(|(_, started)| *started).count(), 11);
    assert_eq!(system.at_rest(), before);
}

fn is_thrown_away(system: &System) {
    assert_eq!(system.say("reset").code, Some(1), "nobody agreed");
    let pids: Vec<i32> = parts(&system.ok("up")).values().map(|(pid, _)| *pid).collect();
    assert_eq!(system.ok("reset --yes")["cleared"], true);
    assert!(pids.into_iter().all(|pid| Identity::of(pid).is_none()));
    for name in ["stack.toml", "secrets.toml", "postgres", "nats", "run", "log", "outbox.ndjson", "payments.ledger"] {
        assert!(!Path::new(&system.home().join(name)).exists(), "{name}");
    }
    assert_eq!(system.ok("reset --yes")["cleared"], false);
}

#[test]
fn a_system_is_started_fed_asked_stopped_and_thrown_away() {
    let system = System::new();
    is_started_once(&system);
    comes_back_after_a_kill(&system);
    names_who_holds_a_port(&system);
    takes_sales_once(&system);
    takes_answers_once(&system);
    tells_departments(&system);
    logs_say_nothing_personal(&system);
    stops_and_keeps_its_data(&system);
    is_thrown_away(&system);
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let said = Command::new(env!("CARGO_BIN_EXE_aftercare")).args(["completions", shell]).output().unwrap();
        let script = String::from_utf8(said.stdout).unwrap();
        assert!(said.status.success() && script.contains("outbox"), "{shell}");
    }
}
