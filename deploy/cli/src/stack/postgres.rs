//! A Postgres of our own: data folder, configuration, start and stop. As durable as in production (`fsync` on), reached
//! over loopback with a password, and never run as root.
//! Invariant: a data folder is used only when it was made to the end, and never by two servers.
use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown, symlink},
    path::{Path, PathBuf},
    process::{Child, Command},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use nix::{
    sys::signal::Signal,
    unistd::{User, geteuid},
};
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};

use super::{
    find, net,
    process::{self, Account, Launch},
    secrets::{self, Secrets},
};
use crate::home::{Home, replace};

/// Its name in logs and pid files.
pub const PART: &str = "postgres";
/// Where data go that their user could not reach in the home folder.
const ELSEWHERE: &str = "/var/lib/aftercare";
/// After a crash it replays what was not yet in its tables.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// The folder, the programs and the user of a Postgres.
pub struct Postgres {
    home: Home,
    /// Where its data are, links resolved.
    data: PathBuf,
    programs: find::Postgres,
    account: Option<Account>,
}

impl Postgres {
    /// Finds the programs and makes the data folder where there is none. Errors: no fit server, no user to run as.
    pub fn prepare(home: &Home, secrets: &Secrets) -> anyhow::Result<Self> {
        let account = account()?;
        let folder = folder(home, account.as_ref())?;
        let data = folder.join("data");
        let programs = find::Postgres::find(home, made_by(&data)?)?;
        let postgres = Self { home: home.clone(), data, programs, account };
        if !postgres.data.exists() {
            postgres.make_data(&folder, secrets)?;
        }
        Ok(postgres)
    }

    /// The version of the server.
    pub fn version(&self) -> find::Version {
        self.programs.version
    }

    /// Starts it, unless it runs already, and waits until it answers. Answers whether it was started.
    pub async fn start(&self, secrets: &Secrets) -> anyhow::Result<bool> {
        if process::running(&self.home, PART).is_some() || self.adopt()? {
            wait_until_ready(&self.home, secrets, None).await?;
            return Ok(false);
        }
        let port = self.home.ports()?.postgres();
        net::must_be_free(port, PART)?;
        self.configure(port)?;
        // The children of a server that was killed hold its memory for a moment longer.
        for _ in 0..20 {
            let mut child = self.launch().start(&self.home)?;
            match wait_until_ready(&self.home, secrets, Some(&mut child)).await {
                Ok(()) => return Ok(true),
                Err(error) if !process::tail(&self.home.log(PART), 15).contains("still in use") => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
            }
        }
        bail!("processes of a Postgres that was killed still hold {}; end them first", self.data.display())
    }

    fn launch(&self) -> Launch<'_> {
        Launch {
            part: PART,
            program: self.programs.program("postgres"),
            args: vec!["-D".into(), self.data.clone().into()],
            env: vec![],
            account: self.account.as_ref(),
        }
    }

    /// Takes a running server back whose pid file was lost, and clears away the lock of one that is gone.
    fn adopt(&self) -> anyhow::Result<bool> {
        let lock = self.data.join("postmaster.pid");
        let Ok(text) = fs::read_to_string(&lock) else { return Ok(false) };
        let pid: Option<i32> = text.lines().next().and_then(|line| line.trim().parse().ok());
        let ours = |pid: i32| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|dir| dir == self.data);
        match pid.filter(|pid| ours(*pid)) {
            Some(pid) => process::remember(&self.home, PART, pid).map(|_| true),
            None => fs::remove_file(&lock).map(|()| false).with_context(|| format!("cannot remove {}", lock.display())),
        }
    }

    /// Makes the data folder beside its place and moves it there when it is whole.
    fn make_data(&self, folder: &Path, secrets: &Secrets) -> anyhow::Result<()> {
        let half = folder.join("data.new");
        if half.exists() {
            fs::remove_dir_all(&half).with_context(|| format!("cannot clear away {}", half.display()))?;
        }
        let password = folder.join("password");
        secrets::write_private(&password, secrets.get(secrets::ADMIN))?;
        self.give(&password)?;
        let args = ["--auth=scram-sha-256", "--username=postgres", "--encoding=UTF8", "--locale=C", "--data-checksums"];
        let mut args: Vec<std::ffi::OsString> = args.map(Into::into).to_vec();
        args.extend(["--pwfile".into(), password.clone().into(), "-D".into(), half.clone().into()]);
        let made = Launch { part: "initdb", program: self.programs.program("initdb"), args, ..self.launch() }.run();
        fs::remove_file(&password)?;
        made?;
        fs::rename(&half, &self.data).with_context(|| format!("cannot make {}", self.data.display()))
    }

    fn configure(&self, port: u16) -> anyhow::Result<()> {
        for (name, text) in [("postgresql.conf", configuration(port)), ("pg_hba.conf", ACCESS.to_owned())] {
            let path = self.data.join(name);
            replace(&path, &text)?;
            self.give(&path)?;
        }
        Ok(())
    }

    fn give(&self, path: &Path) -> anyhow::Result<()> {
        give(path, self.account.as_ref())
    }
}

/// Stops it: connections are ended, what is under way is rolled back, the tables are written.
pub async fn stop(home: &Home) -> anyhow::Result<bool> {
    let steps = [(Signal::SIGINT, Duration::from_secs(60)), (Signal::SIGQUIT, Duration::from_secs(10))];
    process::stop(home, PART, &steps).await
}

/// Removes its data, wherever they are.
pub fn remove(home: &Home) -> anyhow::Result<()> {
    let folder = home.postgres();
    let Ok(real) = folder.canonicalize() else { return Ok(()) };
    fs::remove_dir_all(&real).with_context(|| format!("cannot remove {}", real.display()))?;
    if folder.is_symlink() {
        fs::remove_file(&folder)?;
    }
    Ok(())
}

/// A connection as the administrator.
pub async fn connect(home: &Home, secrets: &Secrets, database: &str) -> anyhow::Result<PgConnection> {
    Ok(PgConnection::connect_with(&options(home, secrets, database)?).await?)
}

/// How the administrator connects.
pub fn options(home: &Home, secrets: &Secrets, database: &str) -> anyhow::Result<PgConnectOptions> {
    let options = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(home.ports()?.postgres());
    Ok(options.username(secrets::ADMIN).password(secrets.get(secrets::ADMIN)).database(database))
}

async fn wait_until_ready(home: &Home, secrets: &Secrets, mut child: Option<&mut Child>) -> anyhow::Result<()> {
    let until = Instant::now() + READY_WITHIN;
    let options = options(home, secrets, "postgres")?;
    let said = || format!("the end of {}:\n{}", home.log(PART).display(), process::tail(&home.log(PART), 15));
    loop {
        let error = match PgConnection::connect_with(&options).await {
            Ok(connection) => return connection.close().await.map_err(Into::into),
            Err(error) => error,
        };
        if is_refused(&error) {
            bail!(
                "Postgres refuses the password of {}; it belongs to other data: put the file back, or start over with \
                 `aftercare reset`",
                home.secrets().display()
            );
        }
        if let Some(status) = child.as_mut().and_then(|child| child.try_wait().ok().flatten()) {
            bail!("Postgres ended ({status}); {}", said());
        }
        if Instant::now() > until {
            bail!("Postgres does not answer after {} s ({error}); {}", READY_WITHIN.as_secs(), said());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn is_refused(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|database| database.code()).is_some_and(|code| code.starts_with("28"))
}

/// The major version the data were made by; `None` when there are none.
fn made_by(data: &Path) -> anyhow::Result<Option<u32>> {
    let file = data.join("PG_VERSION");
    match fs::read_to_string(&file) {
        Ok(text) => Ok(text.trim().split('.').next().and_then(|major| major.parse().ok())),
        Err(_) if !data.exists() => Ok(None),
        Err(error) => Err(error)
            .with_context(|| format!("{} is not a data folder we can use; `aftercare reset`?", data.display())),
    }
}

/// Who to run as: nobody else for an ordinary user; for root an account without rights, made if need be.
fn account() -> anyhow::Result<Option<Account>> {
    const OURS: &str = "aftercare";
    if !geteuid().is_root() {
        return Ok(None);
    }
    let find = |name: &str| User::from_name(name).ok().flatten().filter(|user| !user.uid.is_root());
    if find(PART).is_none() && find(OURS).is_none() {
        let args = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", OURS];
        let made = Command::new("useradd").args(args).status();
        anyhow::ensure!(
            made.is_ok_and(|status| status.success()),
            "Postgres must not run as root, and useradd made no user for it"
        );
    }
    let user =
        find(PART).or_else(|| find(OURS)).context("Postgres must not run as root, and there is no user for it")?;
    Ok(Some(Account { uid: user.uid.as_raw(), gid: user.gid.as_raw(), name: user.name }))
}

/// The folder that holds the data folder, given to `account`. Where that user cannot reach the home folder (it lies in
/// root's own, say), the folder is made under /var/lib and linked to.
fn folder(home: &Home, account: Option<&Account>) -> anyhow::Result<PathBuf> {
    let link = home.postgres();
    if !link.exists() {
        let place = match account {
            Some(account) if !can_enter(account, home.dir()) => {
                let place = elsewhere(home.dir());
                fs::create_dir_all(ELSEWHERE).with_context(|| format!("cannot make {ELSEWHERE}"))?;
                fs::set_permissions(ELSEWHERE, fs::Permissions::from_mode(0o755))?;
                drop(fs::remove_file(&link));
                symlink(&place, &link).with_context(|| format!("cannot link {}", link.display()))?;
                place
            }
            _ => link.clone(),
        };
        fs::create_dir_all(&place).with_context(|| format!("cannot make {}", place.display()))?;
    }
    let place = link.canonicalize().with_context(|| format!("cannot read {}", link.display()))?;
    fs::set_permissions(&place, fs::Permissions::from_mode(0o700))
        .with_context(|| format!("{} belongs to another user; was it made by root?", place.display()))?;
    give(&place, account)?;
    Ok(place)
}

fn can_enter(account: &Account, dir: &Path) -> bool {
    let args = vec!["-x".into(), dir.into()];
    Launch { part: "test", program: "test".into(), args, env: vec![], account: Some(account) }.run().is_ok()
}

fn elsewhere(home: &Path) -> PathBuf {
    let name = kernel::id::derived("home", &[&home.to_string_lossy()]).simple().to_string();
    Path::new(ELSEWHERE).join(name)
}

fn give(path: &Path, account: Option<&Account>) -> anyhow::Result<()> {
    let Some(account) = account else { return Ok(()) };
    chown(path, Some(account.uid), Some(account.gid))
        .with_context(|| format!("cannot give {} to {}", path.display(), account.name))
}

const ACCESS: &str = "# Written by `aftercare up`.\nhost all all 127.0.0.1/32 scram-sha-256\n";

/// Sized for two cores and a few GB; nothing here trades durability for speed.
fn configuration(port: u16) -> String {
    format!(
        "# Written by `aftercare up` at every start.
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 200
password_encryption = 'scram-sha-256'

fsync = on
full_page_writes = on
synchronous_commit = on

shared_buffers = '256MB'
work_mem = '8MB'
maintenance_work_mem = '128MB'
max_wal_size = '4GB'
checkpoint_timeout = '10min'
wal_compression = on
default_toast_compression = 'lz4'
random_page_cost = 1.1
jit = off
max_parallel_workers_per_gather = 0
# Often for the outboxes, whose rows come and go; tables that only grow are read by key and need it seldom.
autovacuum_naptime = '15s'
autovacuum_vacuum_insert_threshold = 200000
default_statistics_target = 20

idle_in_transaction_session_timeout = '60s'
tcp_keepalives_idle = 10
timezone = 'UTC'
log_timezone = 'UTC'
log_min_duration_statement = '1s'
# What customers wrote must not reach a log, nor the keys channels choose. A request that comes again is refused by a
# primary key, which is no error of anybody's: the road answers it.
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_error_verbosity = 'terse'
log_min_error_statement = 'panic'
"
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_folder_that_is_not_whole_is_not_used() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(made_by(&dir.path().join("none")).unwrap(), None);
        assert!(made_by(dir.path()).is_err());
        fs::write(dir.path().join("PG_VERSION"), "15\n").unwrap();
        assert_eq!(made_by(dir.path()).unwrap(), Some(15));
    }

    #[test]
    fn durability_is_never_given_away() {
        let text = configuration(7150);
        assert!(
            text.contains("fsync = on") && text.contains("synchronous_commit = on") && text.contains("port = 7150")
        );
        assert!(ACCESS.contains("127.0.0.1/32 scram-sha-256") && !ACCESS.contains("trust"));
    }

    #[test]
    fn a_folder_elsewhere_belongs_to_one_home() {
        assert_eq!(elsewhere(Path::new("/root/a")), elsewhere(Path::new("/root/a")));
        assert_ne!(elsewhere(Path::new("/root/a")), elsewhere(Path::new("/root/b")));
    }
}
