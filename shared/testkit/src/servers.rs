//! One Postgres and one nats-server for the whole test process, on free ports, in a folder of their own. A guardian
//! shell holds them and a pipe from this process: when the pipe breaks, also after a panic or a kill, it stops both and
//! removes the folder.
use std::{
    fs,
    net::TcpListener,
    ops::RangeInclusive,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// The servers of this test process.
pub struct Servers {
    /// Port of Postgres; user `postgres`, no password.
    pub postgres: u16,
    /// Port of the broker.
    pub nats: u16,
    /// Where both keep their data.
    pub folder: PathBuf,
    /// Held open for as long as the servers shall live.
    _guardian: std::process::Child,
}

const GUARDIAN: &str = r#"
as_user=""
if [ "$(id -u)" = 0 ]; then as_user="setpriv --reuid=postgres --regid=postgres --clear-groups --"; fi
$as_user "$PG_BIN/postgres" -D "$FOLDER/pg" -p "$PG_PORT" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
  -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=400 -c shared_buffers=64MB \
  -c autovacuum=off -c logging_collector=off >"$FOLDER/pg.log" 2>&1 & pg=$!
# Each stream reserves its bound, however little it holds: all of them together are no measure of the disk.
printf 'jetstream { store_dir: "%s", max_file: 1TB }\n' "$FOLDER/nats" >"$FOLDER/nats.conf"
"$NATS" -c "$FOLDER/nats.conf" -a 127.0.0.1 -p "$NATS_PORT" >"$FOLDER/nats.log" 2>&1 & nats=$!
read -r _
kill -QUIT $pg; kill -KILL $nats; wait; rm -rf "$FOLDER"
"#;

impl Servers {
    /// The servers, started at the first call.
    pub fn get() -> &'static Self {
        static SERVERS: OnceLock<Servers> = OnceLock::new();
        SERVERS.get_or_init(Self::start)
    }

    fn start() -> Self {
        let pg_bin = postgres_bin().expect("Postgres 15 or newer is not installed: run `make setup`");
        let nats = nats_server().expect("nats-server is not installed: run `make setup`");
        let folder = tempfile::Builder::new().prefix("aftercare-test-").tempdir().expect("a temporary folder").keep();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("the folder is ours");
        init_database(&pg_bin, &folder.join("pg"));
        let (postgres, nats_port) = (free_port(), free_port());
        let guardian = Command::new("sh")
            .args(["-c", GUARDIAN])
            .env("PG_BIN", &pg_bin)
            .env("NATS", nats)
            .env("FOLDER", &folder)
            .env("PG_PORT", postgres.to_string())
            .env("NATS_PORT", nats_port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("a shell");
        for port in [postgres, nats_port] {
            await_port(port, &folder);
        }
        Self { postgres, nats: nats_port, folder, _guardian: guardian }
    }
}

fn init_database(pg_bin: &Path, data: &Path) {
    let mut command = Command::new(pg_bin.join("initdb"));
    command.arg("-D").arg(data).args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
    if nix::unistd::geteuid().is_root() {
        let user = nix::unistd::User::from_name("postgres").ok().flatten().expect("the user postgres");
        fs::create_dir(data).expect("the folder is ours");
        nix::unistd::chown(data, Some(user.uid), Some(user.gid)).expect("root may");
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    let output = command.output().expect("initdb runs");
    assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
}

/// A port nobody listens on, another one at each call; below those the machine gives to outgoing connections, so that
/// none is taken before the server has it.
pub fn free_port() -> u16 {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    const PORTS: RangeInclusive<u16> = 20_000..=31_999;
    let all = u32::from(PORTS.end() - PORTS.start()) + 1;
    let from = std::process::id().wrapping_mul(16);
    (0..all)
        .filter_map(|_| u16::try_from(from.wrapping_add(CALLS.fetch_add(1, Ordering::Relaxed)) % all).ok())
        .map(|offset| PORTS.start() + offset)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port")
}

#[expect(clippy::disallowed_methods, reason = "a server that starts is waited for, once a process")]
pub(crate) fn await_port(port: u16, folder: &Path) {
    for _ in 0..1500 {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let log = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
    panic!("a server did not start:\n{}\n{}", log("pg.log"), log("nats.log"));
}

/// The folder of a Postgres server of version 15 or later, looked for where `make setup` looks: beside the project, on
/// the path, in the distribution's folder (the newest).
fn postgres_bin() -> Option<PathBuf> {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.local/pgsql/bin");
    let on_path = on_path("postgres").and_then(|program| program.parent().map(Path::to_path_buf));
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut installed: Vec<PathBuf> = installed.map(|entry| entry.path().join("bin")).collect();
    installed.sort_by_key(|bin| std::cmp::Reverse(postgres_major(bin)));
    let mut places = [ours].into_iter().chain(on_path).chain(installed);
    places.find(|bin| bin.join("initdb").exists() && postgres_major(bin).is_some_and(|major| major >= 15))
}

fn postgres_major(bin: &Path) -> Option<u32> {
    let said = Command::new(bin.join("postgres")).arg("--version").output().ok()?;
    let said = String::from_utf8(said.stdout).ok()?;
    said.split(|c: char| !c.is_ascii_digit()).find(|number| !number.is_empty())?.parse().ok()
}

pub(crate) fn nats_server() -> Option<PathBuf> {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.local/bin/nats-server");
    if ours.exists() { Some(ours) } else { on_path("nats-server") }
}

#[expect(clippy::disallowed_methods, reason = "PATH is where programs are looked for")]
fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").ok()?;
    path.split(':').map(|folder| Path::new(folder).join(program)).find(|candidate| candidate.exists())
}
