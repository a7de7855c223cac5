//! The passwords and keys of a local system: random, made once, kept in one file that only its owner can read.
//! Invariant: a secret once given out stays, or the data it opens would be lost.
use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use anyhow::Context;

use crate::home::{Home, SERVICES};

/// The database's administrator.
pub const ADMIN: &str = "postgres";
/// Who makes tables: may act as the owner of every schema, and nothing else.
pub const PROVISIONER: &str = "provisioner";
/// The key every process proves to NATS that it is ours by.
pub const NATS: &str = "nats";
/// The key that wraps the keys of customers' data.
pub const MASTER_KEY: &str = "master_key";

/// All secrets by name; a service's database password goes by the service's name.
pub struct Secrets(BTreeMap<String, String>);

impl Secrets {
    /// Reads them, and makes those that are not there yet. Errors: the file cannot be read or written.
    pub fn open(home: &Home) -> anyhow::Result<Self> {
        let path = home.secrets();
        let mut all: BTreeMap<String, String> = match fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).with_context(|| format!("cannot read {}", path.display()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let before = all.len();
        let services = SERVICES.iter().filter(|service| service.schema).map(|service| service.name);
        for name in [ADMIN, PROVISIONER, NATS, MASTER_KEY].into_iter().chain(services) {
            if !all.contains_key(name) {
                all.insert(name.to_owned(), random()?);
            }
        }
        if all.len() > before {
            write_private(&path, &toml::to_string(&all)?)?;
        }
        Ok(Self(all))
    }

    /// The secret called `name`: 64 hexadecimal digits.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// The secret called `name` as 32 bytes. Errors: somebody changed the file.
    pub fn bytes(&self, name: &str) -> anyhow::Result<[u8; 32]> {
        let mut bytes = [0u8; 32];
        let text = self.get(name);
        anyhow::ensure!(text.len() == 64 && text.is_ascii(), "the secret {name} is not 64 hexadecimal digits");
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits)?, 16)?;
        }
        Ok(bytes)
    }
}

/// 32 random bytes, in hexadecimal.
fn random() -> anyhow::Result<String> {
    let mut bytes = [0u8; 32];
    fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes)).context("no random numbers")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Writes a file that only its owner can read, whole or not at all.
pub fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let beside = path.with_extension("new");
    drop(fs::remove_file(&beside));
    let mut options = fs::OpenOptions::new();
    options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn secrets_stay_and_only_their_owner_reads_them() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::find(Some(dir.path().to_path_buf())).unwrap();
        let first = Secrets::open(&home).unwrap();
        let again = Secrets::open(&home).unwrap();
        assert_eq!(first.0, again.0);
        assert_eq!(first.get("intake").len(), 64);
        assert_ne!(first.get("intake"), first.get("complaint"));
        let bytes = first.bytes(NATS).unwrap();
        assert_eq!(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), first.get(NATS));
        assert_eq!(fs::metadata(home.secrets()).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_secret_that_came_later_is_added_without_touching_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::find(Some(dir.path().to_path_buf())).unwrap();
        write_private(&home.secrets(), "intake = \"old\"\n").unwrap();
        let secrets = Secrets::open(&home).unwrap();
        assert_eq!(secrets.get("intake"), "old");
        assert!(secrets.bytes("intake").is_err());
        assert_eq!(secrets.get(MASTER_KEY).len(), 64);
    }
}
