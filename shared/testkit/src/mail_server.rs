//! A real mail server (Dovecot) with one mailbox; none where it is not installed (in CI `deploy/setup` sees to it, and nothing is
//! skipped).
use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// A mail server; it ends, and its folder goes, when this does. Whoever logs in is "care", with "secret".
#[derive(Debug)]
pub struct MailServer {
    /// Where it speaks IMAP, unencrypted.
    pub port: u16,
    folder: PathBuf,
    _guardian: Child,
}

impl MailServer {
    /// Starts one on this port; none where Dovecot is not installed.
    #[must_use]
    pub fn start(port: u16) -> Option<Self> {
        if !Path::new("/usr/sbin/dovecot").exists() {
            #[expect(clippy::disallowed_methods, reason = "whoever runs the tests says so")]
            let must = std::env::var_os("CI").is_some();
            assert!(!must, "Dovecot is not installed; deploy/setup says why");
            println!("skipped: Dovecot is not installed (apt-get install dovecot-imapd)");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("aftercare-mail-").tempdir().expect("a folder").keep();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("its own folder");
        let mut guardian = Command::new("bash")
            .args(["-c", include_str!("mail_server.sh")])
            .env("FOLDER", &folder)
            .env("PORT", port.to_string())
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("bash");
        let mut said = String::new();
        BufReader::new(guardian.stdout.take().expect("a pipe")).read_line(&mut said).expect("a word");
        assert_eq!(said.trim(), "ready", "Dovecot does not start");
        Some(Self { port, folder, _guardian: guardian })
    }

    /// A mail arrives; those of one look are read in the order of their names.
    pub fn deliver(&self, name: &str, mail: &str) {
        let (on_its_way, there) = (self.folder.join("mail/tmp").join(name), self.folder.join("mail/new").join(name));
        fs::write(&on_its_way, mail.replace('\n', "\r\n")).expect("its own folder");
        fs::rename(on_its_way, there).expect("its own folder");
    }

    /// The names of the mails that are marked as seen.
    #[must_use]
    pub fn seen(&self) -> Vec<String> {
        let all = fs::read_dir(self.folder.join("mail/cur")).expect("its own folder").flatten();
        let names = all.filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(":2,S")?.to_owned()));
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }
}
