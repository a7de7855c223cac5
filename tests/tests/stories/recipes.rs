//! The recipes of complaint's README for a department's team, followed word for word against a real broker: the `nats`
//! command's by its words, Python's by Python. Only the address and the names of this test's space are put in.
use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use async_nats::jetstream::{
    self,
    consumer::{AckPolicy, DeliverPolicy, pull},
    stream::Stream,
};
use contracts::{Event, Message as _, complaint::v1::TaskIssued};
use futures::StreamExt as _;
use testkit::{Servers, Stack};

use crate::world::World;

const README: &str = include_str!("../../../services/complaint/README.md");
/// What the recipes call `once` writes a line for each event.
const ONCE: &str = "def once(id, type, data):\n    print(id, type, len(data), flush=True)\n\n";

/// The one block of README in a language.
fn block(language: &str) -> &'static str {
    let blocks: Vec<_> = README.split("```").skip(1).step_by(2).filter_map(|it| it.strip_prefix(language)).collect();
    let [block] = blocks.try_into().unwrap();
    block
}

/// The recipe for this test's space, and its broker where the recipe names one.
fn here(recipe: &str, stack: &Stack) -> String {
    let (space, broker) = (stack.space(), format!("nats://127.0.0.1:{}", Servers::get().nats));
    let changed = recipe.replace("AFTERCARE_DEPT", &format!("{}_DEPT", space.to_uppercase()));
    let changed = changed.replace("aftercare.dept.", &format!("{space}.dept."));
    assert_ne!(changed, recipe, "the recipe names the stream and the department's subjects");
    changed.replace("nats://127.0.0.1:7151", &broker)
}

async fn dept(stack: &Stack) -> Stream {
    let client = async_nats::connect(format!("127.0.0.1:{}", Servers::get().nats)).await.unwrap();
    jetstream::new(client).get_stream(format!("{}_DEPT", stack.space().to_uppercase())).await.unwrap()
}

#[tokio::test]
async fn r_cmp_04_the_nats_commands_recipe_names_what_the_topology_makes() {
    let world = World::open().await;
    let ours = backbone::Settings::load(complaint::SERVICE.defaults, None).unwrap().nats.space;
    assert_eq!(ours, "aftercare", "the space the recipes speak of");
    let recipe = here(&block("sh\n").replace("\\\n", " "), &world.stack);
    let lines: Vec<Vec<&str>> =
        recipe.lines().map(|line| line.split_whitespace().map(|word| word.trim_matches('\'')).collect()).collect();
    let [add, next] = lines.try_into().unwrap();
    assert_eq!((&add[..3], &next[..3]), (&["nats", "consumer", "add"][..], &["nats", "consumer", "next"][..]));
    assert_eq!(add[3..5], next[3..5], "the same stream, and the same durable");
    let told = |option: &str| add[add.iter().position(|word| *word == option).unwrap() + 1];
    assert_eq!((told("--deliver"), told("--ack"), told("--wait")), ("all", "explicit", "30s"));
    let durable = pull::Config {
        durable_name: Some(add[4].to_owned()),
        filter_subject: told("--filter").to_owned(),
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::Explicit,
        ack_wait: Duration::from_secs(30),
        max_deliver: told("--max-deliver").parse().unwrap(),
        ..pull::Config::default()
    };
    let allowed = format!("$JS.API.CONSUMER.MSG.NEXT.AFTERCARE_DEPT.{}", add[4]);
    assert!(README.contains(&allowed), "what a team's own user may do names its durable");

    let id = world.complain("o-1").await;
    let stream = dept(&world.stack).await;
    assert_eq!(stream.cached_info().config.name, add[3]);
    let consumer = stream.create_consumer(durable).await.unwrap();
    let mut messages = consumer.fetch().max_messages(10).messages().await.unwrap();
    let message = messages.next().await.unwrap().unwrap();
    let header = |name: &str| message.headers.as_ref().unwrap().get(name).unwrap().as_str().to_owned();
    assert_eq!(header("ce-type"), TaskIssued::TYPE);
    assert!(!header("ce-id").is_empty() && header("aftercare-version") == "1");
    assert_eq!(TaskIssued::decode(message.payload.as_ref()).unwrap().complaint_id, id);
    message.ack().await.unwrap();
    assert!(messages.next().await.is_none(), "nobody else's");
}

#[tokio::test]
async fn r_cmp_04_the_recipe_in_python_reads_each_task_once_and_goes_on_where_it_left_off() {
    let Some(python) = python_with_nats() else { return };
    let world = World::open().await;
    let script = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.py", world.stack.space()));
    let recipe = here(block("python\n"), &world.stack);
    assert!(!recipe.contains(":7151"), "the address was found");
    fs::write(&script, format!("{ONCE}{recipe}")).unwrap();
    for order in ["o-1", "o-2"] {
        world.complain(order).await;
    }
    let stream = dept(&world.stack).await;
    let mut seen = follow(&python, &script, &stream, 2).await;
    world.complain("o-3").await;
    seen.extend(follow(&python, &script, &stream, 1).await);
    fs::remove_file(&script).unwrap();
    let types: Vec<_> = seen.iter().map(|line| line.split(' ').nth(1).unwrap()).collect();
    assert_eq!(types, [TaskIssued::TYPE; 3]);
    let ids: std::collections::HashSet<_> = seen.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(ids.len(), 3, "what was acknowledged does not come again");
}

/// What the script says of so many events; it is ended once all are acknowledged.
async fn follow(python: &Path, script: &Path, stream: &Stream, events: usize) -> Vec<String> {
    let mut reader = Command::new(python).arg(script).stdout(Stdio::piped()).spawn().map(Ended).unwrap();
    let said = BufReader::new(reader.0.stdout.take().unwrap());
    let lines = tokio::task::spawn_blocking(move || said.lines().take(events).map(Result::unwrap).collect::<Vec<_>>());
    let lines = lines.await.unwrap();
    assert_eq!(lines.len(), events, "it ended before all had come: {lines:?}");
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let mut consumer: jetstream::consumer::PullConsumer = stream.get_consumer("team-quality").await.unwrap();
        let info = consumer.info().await.unwrap();
        if (info.num_ack_pending, info.num_pending) == (0, 0) {
            return lines;
        }
        assert!(Instant::now() < until, "it does not acknowledge: {info:?}");
    }
}

/// A process that does not outlive the test, however it ends.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A Python that has nats-py, in a folder that is made for it where the compiler puts things. `None`, with a printed
/// reason, where there is no Python or the package cannot be fetched; where `CI` is set, that fails.
fn python_with_nats() -> Option<PathBuf> {
    let venv = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("python");
    let python = venv.join("bin/python");
    let said = |program: &Path, args: &[&str]| match Command::new(program).args(args).output() {
        Ok(out) if out.status.success() => Ok(()),
        Ok(out) => Err(String::from_utf8_lossy(&out.stderr).trim().to_owned()),
        Err(error) => Err(error.to_string()),
    };
    let ready = || said(&python, &["-c", "import nats"]);
    let fetch = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1", "nats-py>=2.6,<3"];
    let made = ready()
        .or_else(|_| said(Path::new("python3"), &["-m", "venv", &venv.to_string_lossy()]))
        .and_then(|()| ready().or_else(|_| said(&python, &fetch)))
        .and_then(|()| ready());
    match made {
        Ok(()) => Some(python),
        Err(reason) => {
            let missing = format!("the recipe in Python needs python3 and nats-py: {reason}");
            #[expect(clippy::disallowed_methods, reason = "whoever runs the tests says so")]
            let must = std::env::var_os("CI").is_some();
            assert!(!must, "{missing}");
            eprintln!("skipped: {missing}");
            None
        }
    }
}
