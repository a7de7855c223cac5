//! A nats-server of one test's own, which can be killed and come back on the same port with the same data. It does not
//! outlive the test process: its guardian shell holds a pipe, as with the shared servers.
use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use crate::servers::{Servers, await_port, free_port, nats_server};

/// A broker that may be away.
pub struct Broker {
    port: u16,
    folder: PathBuf,
    guardian: Option<Child>,
}

const GUARDIAN: &str = r#"
"$NATS" -js -sd "$FOLDER" -a 127.0.0.1 -p "$PORT" >>"$FOLDER/nats.log" 2>&1 & nats=$!
read -r _
kill -KILL $nats; wait
"#;

impl Broker {
    /// Nothing listens at its address yet.
    pub fn absent() -> Self {
        let port = free_port();
        let folder = Servers::get().folder.join(format!("broker-{port}"));
        fs::create_dir(&folder).expect("the folder is ours");
        Self { port, folder, guardian: None }
    }

    /// Where it listens when it is there.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Starts it, with the data it had; returns when it takes connections.
    pub fn start(&mut self) {
        let nats = nats_server().expect("nats-server is not installed: run `make setup`");
        let mut command = Command::new("sh");
        command.args(["-c", GUARDIAN]).env("NATS", nats).env("FOLDER", &self.folder).env("PORT", self.port.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        self.guardian = Some(command.spawn().expect("a shell"));
        await_port(self.port, &self.folder);
    }

    /// Kills it, as a power cut would; returns when it is gone.
    pub fn kill(&mut self) {
        let Some(mut guardian) = self.guardian.take() else { return };
        drop(guardian.stdin.take());
        guardian.wait().expect("the shell ends");
    }

    /// Throws away all it knew, as a lost disk would; it must have been killed.
    pub fn wipe(&mut self) {
        assert!(self.guardian.is_none(), "it still runs");
        fs::remove_dir_all(&self.folder).and_then(|()| fs::create_dir(&self.folder)).expect("the folder is ours");
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}
