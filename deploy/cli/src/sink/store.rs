//! The file of received messages: append-only, one JSON object a line, on disk before anybody is told so. Messages
//! that wait while the disk is busy are written and synced together. A half-written last line of a crash was never
//! acknowledged and is cut off.
use std::{
    collections::{HashSet, VecDeque},
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::Context;
use backbone::Clock;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::{
    fs::{File, OpenOptions},
    io::{AsyncSeekExt, AsyncWriteExt},
    sync::{mpsc, oneshot},
};

/// How many messages may wait for the disk before senders wait too.
const WAITING_MAX: usize = 256;

/// How a message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Medium {
    /// Over SMTP.
    Email,
    /// Over HTTP.
    Sms,
}

/// One received message, as written to the file and as answered by `GET /messages`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Received {
    /// When it was taken, by the system's clock.
    pub received_at: Timestamp,
    /// How it came.
    pub medium: Medium,
    /// The sender's name for it, the same on a repeat: Message-ID of a mail, Idempotency-Key of a short message.
    pub key: String,
    /// A message with this key had been taken before. A customer would have seen it once.
    pub repeated: bool,
    /// Addresses or phone numbers.
    pub to: Vec<String>,
    /// Empty for a short message.
    pub subject: String,
    /// The words.
    pub text: String,
}

/// What a server hands in.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub medium: Medium,
    pub key: String,
    pub to: Vec<String>,
    pub subject: String,
    pub text: String,
}

type Job = (Draft, oneshot::Sender<Received>);

/// The open file.
pub(super) struct Store {
    path: PathBuf,
    file: File,
    keys: HashSet<String>,
    durable: u64,
}

/// The one task that writes.
pub(super) struct Writer {
    file: File,
    keys: HashSet<String>,
    durable: Arc<AtomicU64>,
    jobs: mpsc::Receiver<Job>,
    clock: Clock,
}

/// What the servers use. Cheap to clone.
#[derive(Clone)]
pub(super) struct Handle {
    path: Arc<Path>,
    durable: Arc<AtomicU64>,
    jobs: mpsc::Sender<Job>,
}

impl Store {
    pub async fn open(path: &Path) -> anyhow::Result<Self> {
        if let Some(folder) = path.parent() {
            tokio::fs::create_dir_all(folder).await?;
        }
        let mut file = OpenOptions::new().create(true).read(true).write(true).truncate(false).open(path).await?;
        let (keys, durable) = known(path)?;
        file.set_len(durable).await?;
        file.seek(std::io::SeekFrom::Start(durable)).await?;
        Ok(Self { path: path.to_owned(), file, keys, durable })
    }

    pub fn split(self) -> (Writer, Handle) {
        let (sender, jobs) = mpsc::channel(WAITING_MAX);
        let durable = Arc::new(AtomicU64::new(self.durable));
        let handle = Handle { path: self.path.into(), durable: Arc::clone(&durable), jobs: sender };
        (Writer { file: self.file, keys: self.keys, durable, jobs, clock: Clock::system() }, handle)
    }
}

/// The keys in the file, and how long it is up to its last whole line.
fn known(path: &Path) -> anyhow::Result<(HashSet<String>, u64)> {
    let mut reader = BufReader::new(std::fs::File::open(path)?);
    let (mut keys, mut durable, mut line) = (HashSet::new(), 0u64, Vec::new());
    while reader.read_until(b'\n', &mut line)? > 0 {
        if !line.ends_with(b"\n") {
            break;
        }
        let message: Received = serde_json::from_slice(&line)
            .with_context(|| format!("byte {durable} begins a line that is no message"))?;
        keys.insert(message.key);
        durable += line.len() as u64;
        line.clear();
    }
    Ok((keys, durable))
}

impl Writer {
    /// Writes until nobody can hand in anything any more. An error of the disk ends it: senders are told nothing and
    /// try again later.
    pub async fn write(mut self) -> anyhow::Result<()> {
        let mut jobs = Vec::with_capacity(WAITING_MAX);
        while self.jobs.recv_many(&mut jobs, WAITING_MAX).await > 0 {
            let mut lines = Vec::new();
            let mut taken = Vec::with_capacity(jobs.len());
            for (draft, reply) in jobs.drain(..) {
                let message = self.receive(draft);
                serde_json::to_writer(&mut lines, &message)?;
                lines.push(b'\n');
                taken.push((message, reply));
            }
            self.file.write_all(&lines).await?;
            self.file.flush().await?;
            self.file.sync_data().await?;
            self.durable.fetch_add(lines.len() as u64, Ordering::Release);
            for (message, reply) in taken {
                // Who hung up in the meantime sends it again, and it will be marked as repeated.
                drop(reply.send(message));
            }
        }
        Ok(())
    }

    fn receive(&mut self, draft: Draft) -> Received {
        let repeated = !self.keys.insert(draft.key.clone());
        let Draft { medium, key, to, subject, text } = draft;
        Received { received_at: self.clock.now(), medium, key, repeated, to, subject, text }
    }
}

impl Handle {
    /// Waits until the message is on disk; `None` when it cannot be.
    pub async fn take(&self, draft: Draft) -> Option<Received> {
        let (reply, taken) = oneshot::channel();
        self.jobs.send((draft, reply)).await.ok()?;
        taken.await.ok()
    }

    /// The newest `limit` messages about something, oldest first. A message is about whatever its key, subject, text
    /// or recipients contain; an empty `about` matches all. Reads the file: meant for people and tests.
    pub fn newest(&self, about: &str, limit: usize) -> anyhow::Result<Vec<Received>> {
        let durable = self.durable.load(Ordering::Acquire);
        let reader = BufReader::new(std::fs::File::open(&self.path)?.take(durable));
        let mut found = VecDeque::with_capacity(limit);
        for line in reader.lines() {
            let message: Received = serde_json::from_str(&line?)?;
            let texts = [&message.key, &message.subject, &message.text];
            if texts.into_iter().chain(&message.to).any(|text| text.contains(about)) {
                if found.len() == limit {
                    found.pop_front();
                }
                found.push_back(message);
            }
        }
        Ok(found.into())
    }
}
