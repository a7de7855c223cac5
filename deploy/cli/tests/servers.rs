//! The servers a local system rests on, for real: made, started twice, killed, started again, stopped.
//! Everything lives in a folder of its own and on free ports, and is gone at the end, also after a panic.
#![expect(clippy::unwrap_used, reason = "tests")]
use std::{fs, net::TcpListener, path::Path};

use aftercare::{
    home::{Home, Ports, Settings},
    stack::{
        nats,
        postgres::{self, Postgres},
        process, roles,
        secrets::Secrets,
    },
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use sqlx::{Connection, PgConnection};

struct Place {
    home: Home,
    _dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let mut home = Home::find(Some(dir.path().to_path_buf())).unwrap();
        home.settings = Settings { port_base: Ports::free().unwrap().base(), ..Settings::default() };
        home.prepare().unwrap();
        Self { home, _dir: dir }
    }

    fn kill(&self, part: &str) {
        if let Some(identity) = process::running(&self.home, part) {
            kill(Pid::from_raw(identity.pid), Signal::SIGKILL).unwrap();
            while identity.is_alive() {
                std::thread::yield_now();
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.kill(postgres::PART);
        self.kill(nats::PART);
        drop(postgres::remove(&self.home));
    }
}

async fn connect(url: &str) -> sqlx::Result<PgConnection> {
    PgConnection::connect(url).await
}

#[tokio::test]
async fn postgres_is_made_started_once_and_survives_being_killed() {
    let place = Place::new();
    let home = &place.home;
    let secrets = Secrets::open(home).unwrap();
    // A data folder that was not made to the end.
    fs::create_dir_all(home.postgres().join("data.new/base")).unwrap();
    fs::write(home.postgres().join("data.new/PG_VERSION"), "15\n").unwrap();

    let server = Postgres::prepare(home, &secrets).unwrap();
    assert!(server.start(&secrets).await.unwrap(), "it did not run before");
    let first = process::running(home, postgres::PART).unwrap();
    assert!(!Postgres::prepare(home, &secrets).unwrap().start(&secrets).await.unwrap(), "it runs already");
    assert_eq!(process::running(home, postgres::PART).unwrap(), first);

    // The pid file is lost, the server is not.
    fs::remove_file(home.pid(postgres::PART)).unwrap();
    assert!(!server.start(&secrets).await.unwrap());
    assert_eq!(process::running(home, postgres::PART).unwrap(), first);

    let mut admin = postgres::connect(home, &secrets, "postgres").await.unwrap();
    for (setting, value) in [("fsync", "on"), ("synchronous_commit", "on"), ("data_checksums", "on")] {
        let found: String = sqlx::query_scalar("-- test.setting\nselect current_setting($1)")
            .bind(setting)
            .fetch_one(&mut admin)
            .await
            .unwrap();
        assert_eq!(found, value, "{setting}");
    }
    drop(admin);

    place.kill(postgres::PART);
    assert!(server.start(&secrets).await.unwrap(), "it is started again over what the killed one left");
    assert_ne!(process::running(home, postgres::PART).unwrap(), first);
    assert!(postgres::stop(home).await.unwrap());
    assert!(!postgres::stop(home).await.unwrap());
    postgres::remove(home).unwrap();
    assert!(!home.postgres().exists());
}

#[tokio::test]
async fn a_service_sees_its_own_schema_only() {
    let place = Place::new();
    let home = &place.home;
    let secrets = Secrets::open(home).unwrap();
    Postgres::prepare(home, &secrets).unwrap().start(&secrets).await.unwrap();
    roles::provision(home, &secrets).await.unwrap();
    roles::provision(home, &secrets).await.unwrap();

    let mut owner = connect(&roles::owner_url(home, &secrets, "complaint").unwrap()).await.unwrap();
    sqlx::raw_sql(
        "-- test.table\ncreate table complaint.note (body text); grant select on complaint.note to complaint",
    )
    .execute(&mut owner)
    .await
    .unwrap();

    let mut own = connect(&roles::service_url(home, &secrets, "complaint").unwrap()).await.unwrap();
    let mut other = connect(&roles::service_url(home, &secrets, "intake").unwrap()).await.unwrap();
    let run = async |connection: &mut PgConnection, statement: &'static str| {
        sqlx::raw_sql(statement).execute(connection).await.err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(run(&mut own, "-- test.own\nselect * from note").await, "");
    assert_eq!(run(&mut own, "-- test.temporary\ncreate temporary table mine (i int)").await, "");
    for (owns, statement) in [
        (false, "-- test.other\nselect * from complaint.note"),
        (false, "-- test.public\ncreate table public.x (i int)"),
        (false, "-- test.schema\ncreate schema x"),
        (false, "-- test.become\nset role complaint_owner"),
        (true, "-- test.drop\ndrop table note"),
        (true, "-- test.create\ncreate table x (i int)"),
    ] {
        let refusal = run(if owns { &mut own } else { &mut other }, statement).await;
        assert!(refusal.contains("permission denied") || refusal.contains("must be owner"), "{statement}: {refusal:?}");
    }
    let stranger = roles::service_url(home, &secrets, "intake").unwrap().replace("intake:", "intake:not");
    assert!(connect(&stranger).await.is_err(), "a wrong password is refused");
}

#[tokio::test]
async fn nats_is_started_once_survives_being_killed_and_asks_who_comes() {
    let place = Place::new();
    let home = &place.home;
    let secrets = Secrets::open(home).unwrap();
    assert!(nats::start(home, &secrets).await.unwrap().1, "it did not run before");
    assert!(!nats::start(home, &secrets).await.unwrap().1, "it runs already");
    let streams = async_nats::jetstream::new(nats::connect(home, &secrets).await.unwrap());
    streams.get_or_create_stream("KEPT").await.unwrap();
    let stranger = async_nats::connect(nats::url(home.ports().unwrap())).await;
    assert!(stranger.is_err(), "who has no key is not let in");

    place.kill(nats::PART);
    assert!(nats::start(home, &secrets).await.unwrap().1);
    let streams = async_nats::jetstream::new(nats::connect(home, &secrets).await.unwrap());
    streams.get_stream("KEPT").await.unwrap();
    assert!(nats::stop(home).await.unwrap());
}

#[tokio::test]
async fn a_taken_port_is_named_with_who_holds_it() {
    let place = Place::new();
    let home = &place.home;
    let secrets = Secrets::open(home).unwrap();
    let port = home.ports().unwrap().nats();
    let _taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let refusal = nats::start(home, &secrets).await.unwrap_err().to_string();
    assert!(refusal.contains(&format!("port {port}")), "{refusal}");
    assert!(refusal.contains(&format!("process {}", std::process::id())), "{refusal}");
    assert!(!Path::new(&home.pid(nats::PART)).exists());
}
