//! The background part that sends: takes due messages one claim each, asks intake for the address, fills the template,
//! hands it to a server and records what the server said. Towards the server it is at least once: who dies between the
//! server's word and our record sends again when the claim ends, under the same id, so that the server can drop it.
mod contacts;
mod push;
mod sms;
mod smtp;
mod wechat;

use backbone::{Actor, Change, Clock, Context, Fault, Road, Unit, fault::Kind, proto};
use contracts::intake::v1::{self as wire, RevealAnswerResponse};
use futures::{StreamExt, stream};
use sqlx::PgPool;
use tonic::transport::Channel;
use uuid::Uuid;

use self::{
    contacts::{Contacts, Destination},
    push::Pushes,
    sms::Sms,
    smtp::{Smtp, Thread},
};
use crate::{
    config::Settings,
    domain::message::{Command, Facts, Medium, Message, Purpose},
    store,
    template::{Acknowledgement, Letter, Wording, answered},
};

/// Everything it takes to send.
pub struct Sending {
    road: Road,
    clock: Clock,
    pool: PgPool,
    contacts: Contacts,
    smtp: Smtp,
    sms: Sms,
    pushes: Pushes,
    wording: Wording,
    settings: Settings,
}

/// Why an attempt did not succeed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// Goes into the journal. Never the server's own words: they may name the address.
    pub code: String,
    /// Whether no other attempt can succeed.
    pub lasting: bool,
}

impl Trouble {
    fn passing(code: impl Into<String>) -> Self {
        Self { code: code.into(), lasting: false }
    }

    fn lasting(code: impl Into<String>) -> Self {
        Self { code: code.into(), lasting: true }
    }
}

impl Sending {
    /// Prepares the servers named in the settings; nothing is connected yet.
    pub fn new(context: &Context, intake: Channel, settings: Settings) -> anyhow::Result<Self> {
        settings.check()?;
        let client = context.outside.client(settings.timeout())?;
        Ok(Self {
            contacts: Contacts::new(intake, settings.timeout()),
            smtp: Smtp::new(&settings, &context.outside)?,
            sms: Sms::new(&settings.sms_url, &settings.sms_token, client.clone())?,
            pushes: Pushes::new(&settings.push, &client)?,
            wording: settings.wording(),
            road: context.road.clone(),
            clock: context.clock.clone(),
            pool: context.pool.clone(),
            settings,
        })
    }

    /// Tries the messages that are due, at most one batch, several at a time. Returns how many were settled or moved.
    /// Every attempt that was begun is finished, also when another one fails for a reason of ours.
    pub async fn send_once(&self) -> Result<usize, Fault> {
        let due = store::due(&self.pool, self.clock.now(), self.settings.batch).await?;
        let attempts = stream::iter(due).map(|id| self.send(id)).buffer_unordered(self.settings.parallel.into());
        let outcomes: Vec<Result<bool, Fault>> = attempts.collect().await;
        outcomes.into_iter().try_fold(0, |moved, outcome| Ok(moved + usize::from(outcome?)))
    }

    async fn send(&self, id: Uuid) -> Result<bool, Fault> {
        let claim = Uuid::new_v4();
        let message = match self.claim(id, claim).await {
            Ok(Some(message)) => message,
            Ok(None) => return Ok(true),
            Err(fault) if fault.kind() == Kind::Rejected => return Ok(false),
            Err(fault) => return Err(fault),
        };
        let word = match self.attempt(&message).await {
            Ok(medium) => Command::RecordSent { medium },
            Err(Trouble { code, lasting }) => {
                tracing::warn!(message = %id, attempt = message.attempts, code, lasting, "a message was not taken");
                match lasting {
                    true => Command::Fail { claim, code },
                    false => Command::Defer { claim, code, retry: self.settings.retry() },
                }
            }
        };
        self.road.submit_patiently(self.unit(id, word)).await?;
        Ok(true)
    }

    /// The message, if the claim was granted; none if it failed instead of being granted.
    async fn claim(&self, id: Uuid, claim: Uuid) -> Result<Option<Message>, Fault> {
        let until = self.clock.now().checked_add(self.settings.lease()).map_err(Fault::internal)?;
        let command = Command::Claim { claim, until, retry: self.settings.retry() };
        let unit = self.unit(id, command).answer::<Message>(|_, _, message| {
            // A message that cannot be written as JSON could not have been stored either.
            serde_json::to_vec(message).unwrap_or_default()
        });
        let answer = self.road.submit_patiently(unit).await?;
        let message: Message = serde_json::from_slice(&answer.body).map_err(Fault::internal)?;
        Ok(message.is_held_by(claim).then_some(message))
    }

    async fn attempt(&self, message: &Message) -> Result<Medium, Trouble> {
        let facts = &message.facts;
        if facts.purpose == Purpose::Answer {
            return self.answer(message).await;
        }
        let destination = self.contacts.destination(facts.customer_id, facts.message_id).await?;
        let link = match facts.progress_of().filter(|_| self.wording.names_links()) {
            Some(of) => self.contacts.status_link(of, facts.customer_id, facts.message_id).await?,
            None => None,
        };
        match destination {
            Destination::Email(address) => {
                let letter = self.wording.letter(facts, link.as_deref());
                self.smtp.send(facts.message_id, address, letter, None, self.clock.now()).await?;
                Ok(Medium::Email)
            }
            Destination::Sms(phone) => {
                let text = self.wording.short(facts, link.as_deref());
                self.sms.send(facts.message_id, &phone, &text).await?;
                Ok(Medium::Sms)
            }
        }
    }

    /// An answer goes back the way the customer came, in the words intake keeps.
    async fn answer(&self, message: &Message) -> Result<Medium, Trouble> {
        let Facts { message_id, about_id, .. } = message.facts;
        let RevealAnswerResponse { text, automatic, mail, push, acknowledgement, status_link } =
            self.contacts.answer(about_id, message_id).await?;
        let now = self.clock.now();
        let text = match acknowledgement {
            Some(of) => self.acknowledgement(&of),
            None => self.wording.answer(&text, &status_link),
        };
        match (mail, push) {
            (Some(mail), _) => {
                let address = mail.address.parse().map_err(|_| Trouble::lasting("bad_contact"))?;
                let letter = Letter { subject: answered(&mail.subject), body: text };
                let thread = Thread { in_reply_to: mail.in_reply_to, before: mail.references, automatic };
                self.smtp.send(message_id, address, letter, Some(thread), now).await?;
                Ok(Medium::Email)
            }
            (None, Some(to)) => {
                self.pushes.send(message_id, to, &text, automatic, now).await?;
                Ok(Medium::Push)
            }
            (None, None) => Err(Trouble::lasting("no_contact")),
        }
    }

    /// An acknowledgement has the words of our template.
    fn acknowledgement(&self, of: &wire::Acknowledgement) -> String {
        let instant = |at: Option<&contracts::Timestamp>| proto::instant("at", at).ok().flatten();
        self.wording.acknowledgement(&Acknowledgement {
            case_id: &of.case_id,
            from: instant(of.answered_from.as_ref()),
            by: instant(of.answer_by.as_ref()),
            zone: &of.zone,
            health: of.health,
            link: &of.status_link,
        })
    }

    fn unit(&self, id: Uuid, command: Command) -> Unit {
        Unit::of(Change::to::<Message>(id, command)).actor(Actor::service("outreach"))
    }
}
