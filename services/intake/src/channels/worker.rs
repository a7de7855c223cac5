//! Takes stored messages in: opens each, asks its adapter what it means, and makes the same registration as `POST
//! /v1/cases`. A message is settled in the transaction of the case it became, so it becomes one exactly once, whoever
//! dies when.
use std::{collections::BTreeSet, sync::Arc};

use backbone::{Change, Fault, Unit, fault::Kind, retry::pause};
use futures::future::join_all;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Adapter, Channels, Source, mail,
    mail_files::of_mail,
    messages::{self, Claimed},
    open, place,
    push::{Trouble, Understood},
    way_back,
};
use crate::{
    answers::sent_row,
    app::channel_actor,
    attachments,
    domain::{
        arrival::{Doubt, Told, Wait, can_be},
        call::{self, Call},
        case,
        rejection::OF_ITS_OWN,
        sending::{Fate, RETURNED, acknowledgement_message},
        vocabulary::Channel,
    },
    rest::{CaseRequest, Checks, NO_CONTACT, Registration, contact_unit},
    store,
};

/// The channels on which a customer can be answered by the reference alone.
const CAN_BE_ANSWERED: [Channel; 5] =
    [Channel::App, Channel::MiniProgramme, Channel::OfficialAccount, Channel::SocialMedia, Channel::Platform];
/// The most messages taken in side by side.
const BATCH: i64 = 64;
/// After so many tries a message goes into quarantine: nothing behind it in its conversation waits for ever.
const TRIES_MAX: i32 = 20;

impl Channels {
    /// Takes in what is due, at most one batch; says how many were tried. Every message that was begun is finished,
    /// also when another one fails for a reason of ours.
    pub async fn take_in_once(&self) -> Result<usize, Fault> {
        if self.sources.is_empty() {
            return Ok(0);
        }
        let sources: Vec<&str> = self.sources.keys().map(String::as_str).collect();
        let claimed = messages::claim(&self.app.pool, &sources, self.app.clock.now(), BATCH).await?;
        let taken = join_all(claimed.iter().map(|message| self.take_in(message))).await;
        let units: Vec<Uuid> = taken.iter().filter_map(|taken| *taken.as_ref().ok()?).collect();
        // Where a unit changed nothing, the contact or call was on record already, told in another way.
        messages::known(&self.app.pool, &units, self.app.clock.now()).await?;
        taken.into_iter().try_fold(0, |sum, taken| taken.map(|_| sum + 1))
    }

    /// Answers the message's id when it went the road as a unit.
    async fn take_in(&self, message: &Claimed) -> Result<Option<Uuid>, Fault> {
        let (pool, now) = (&self.app.pool, self.app.clock.now());
        let reason = match self.attempt(message, now).await {
            Ok(unit) => return Ok(unit),
            Err(Trouble::Passing(reason)) if message.tries < TRIES_MAX => {
                tracing::warn!(inbound = %message.id, tries = message.tries, reason, "an inbound message is put off");
                let next_at = kernel::calendar::add(now, pause(message.tries));
                return messages::put_off(pool, message.id, next_at, &reason).await.map(|()| None);
            }
            Err(Trouble::Passing(reason)) => format!("given up after {TRIES_MAX} tries: {reason}"),
            Err(Trouble::Lasting(reason)) => reason,
        };
        if let Some(source) = self.sources.get(&message.source) {
            self.count(source, "quarantined");
        }
        tracing::warn!(inbound = %message.id, source = message.source, "an inbound message is in quarantine");
        messages::quarantine(pool, message.id, &reason, now).await.map(|()| None)
    }

    async fn attempt(&self, message: &Claimed, now: Timestamp) -> Result<Option<Uuid>, Trouble> {
        let gone = || Trouble::Passing("its source is not configured any more".into());
        let source = self.sources.get(&message.source).ok_or_else(gone)?;
        let raw = open(&self.app, message.id, message.wrapped.clone(), &message.body)?;
        let understood = match source.understand(&raw, now).await? {
            // A person who looked at it says that it is for us.
            Understood::Machine(_, Some(mail)) if message.looked_at => Understood::Mail(mail),
            understood => understood,
        };
        let unit = match understood {
            Understood::Nothing(what) => {
                return Ok(messages::settle(&self.app.pool, message.id, "taken_in", &what, now)
                    .await
                    .map(|()| None)?);
            }
            Understood::Contact(mut request) => {
                if source.is_chat() {
                    let running = messages::running_case_of_writer(&self.app.pool, message.id).await?;
                    request.case_id = running.map(|id| id.to_string());
                }
                self.contact(source, message, *request, &raw, now).await?.0
            }
            Understood::Mail(mail) => match self.thread(source, message, *mail, &raw, now).await? {
                Some(mut request) => {
                    // What somebody else wrote under a known Message-ID was stored under an id of its own.
                    let of_id = |id: &String| kernel::id::derived("inbound", &[&source.name, id]) == message.id;
                    request.external_ref = request.external_ref.filter(of_id);
                    self.contact(source, message, request, &raw, now).await?.0
                }
                None => return Ok(None),
            },
            Understood::Machine(why, Some(mail)) if self.app.classifier.harm(mail.heard()) > 0 => {
                return Err(Trouble::lasting(format!("{why}, and it speaks of harm; tried again it is taken in")));
            }
            Understood::Machine(why, _) => {
                self.returned(&raw, now).await?;
                return Ok(messages::note(&self.app.pool, message.id, &why, now).await.map(|()| None)?);
            }
            Understood::Call(reference, mut ended, request) => {
                let call_id = call::id_of(&source.name, &reference);
                let waits = (!can_be(ended.at, now)).then_some(Wait::TimeNotBelieved("at"));
                if waits.is_some() {
                    ended.at = message.received_at();
                }
                match request {
                    Some(mut request) => {
                        request.waits.extend(waits);
                        let (unit, case_id) = self.contact(source, message, *request, &raw, now).await?;
                        unit.and(Change::to::<Call>(call_id, ended.command(call_id, Some(case_id))))
                    }
                    None if waits.is_some() && !message.looked_at => return Err(waiting(waits)),
                    None => Unit::of(Change::to::<Call>(call_id, ended.command(call_id, None)))
                        .row(messages::became_call(message.id, now))
                        .actor(channel_actor(Channel::Hotline)),
                }
            }
        };
        self.app.road.submit_patiently(unit).await.map_err(|fault| match fault.code() {
            OF_ITS_OWN => Trouble::Passing("the case it names has changed since it was read".into()),
            _ => fault.into(),
        })?;
        Ok(Some(message.id))
    }

    /// What came back undelivered did not reach the customer: the case of the answer is told.
    async fn returned(&self, raw: &[u8], now: Timestamp) -> Result<(), Fault> {
        for (message_id, case_id) in way_back::ours(&self.app.pool, &mail::returned(raw)).await? {
            let fate = Fate::Failed { code: RETURNED.to_owned(), at: now };
            let fare = case::Command::Fare { message_id, fate, levels: Arc::clone(&self.app.levels) };
            let unit = Unit::of(Change::to::<case::Case>(case_id, fare)).actor(channel_actor(Channel::Email));
            self.app.road.submit_patiently(unit).await?;
        }
        Ok(())
    }

    /// What is on record under its reference and says something else by now is a further contact to its case. What it says
    /// again is on record.
    async fn told_anew(&self, source: &Source, message: &Claimed, request: &mut CaseRequest) -> Result<(), Fault> {
        let Some(reference) = &request.external_ref else { return Ok(()) };
        let case_id = case::id_of(source.channel(), reference);
        let said = format!("{reference}\n{}", request.content.as_deref().unwrap_or_default());
        let alike = self.app.master.blind("inbound_message.alike", &said);
        if messages::said_before(&self.app.pool, message.id, &alike, case_id).await? == Some(false) {
            request.case_id.get_or_insert_with(|| case_id.to_string());
            request.external_ref = None;
        }
        Ok(())
    }

    /// Health goes before, and so does an answer: what speaks of harm, or to a case that listens, waits for nobody.
    async fn goes_before(&self, registration: &Registration) -> Result<bool, Fault> {
        if registration.speaks_of_harm(&self.app.classifier) {
            return Ok(true);
        }
        let Some(case_id) = registration.names else { return Ok(false) };
        match store::case_it_goes_on_as(&self.app.pool, case_id).await {
            Ok((_, _, case)) => Ok(case.listens()),
            // Who lets it in is told that there is no such case.
            Err(fault) if fault.kind() == Kind::NotFound => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// Whether the words of a contact that cannot be taken in speak of harm.
    fn is_harm(&self, request: &CaseRequest) -> bool {
        request.heard.as_ref().or(request.content.as_ref()).is_some_and(|said| self.app.classifier.harm(said) > 0)
    }

    /// The unit that puts the contact on record and settles the message, and the case it is in then.
    async fn contact(
        &self,
        source: &Source,
        message: &Claimed,
        mut request: CaseRequest,
        raw: &[u8],
        now: Timestamp,
    ) -> Result<(Unit, Uuid), Trouble> {
        let files = of_mail(&self.app, source, raw, &mut request).await?;
        let mut request = request.within(&source.namespace, source.channel());
        // A mail is known by itself.
        if request.heard.is_none() {
            self.told_anew(source, message, &mut request).await?;
        }
        let waits = doubted(&mut request, now);
        // What a keyboard put in beside words is no reason to let them wait.
        let odd = |c: char| c.is_control() && !['\n', '\r', '\t'].contains(&c);
        request.content.iter_mut().filter(|said| said.contains(odd)).for_each(|said| *said = said.replace(odd, " "));
        // A number or an address that a platform masks reaches nobody.
        if let Some(customer) = &mut request.customer {
            customer.phone.take_if(|phone| phone.contains('*'));
            customer.email.take_if(|email| email.contains('*'));
        }
        let mut registration = registration(source, message, &mut request, now).map_err(|trouble| match trouble {
            Trouble::Lasting(why) if self.is_harm(&request) => Trouble::Lasting(format!("{why}; it speaks of harm")),
            other => other,
        })?;
        if !waits.is_empty() && !message.looked_at && !self.goes_before(&registration).await? {
            return Err(waiting(waits));
        }
        let over = self.app.ways.of_source(&source.name).map(|way| way.over);
        let way = || over.clone().map_or(Told::NoWayBack, Told::Over);
        let told = registration.arrival.told.take().unwrap_or_else(way);
        registration.arrival.told = Some(if message.looked_at { Told::Quarantined } else { told });
        if source.is_chat() {
            // Nobody else shows an article there.
            registration.over = over;
        }
        registration.files = files.into_iter().map(Arc::new).collect();
        if let Some(n) = attachments::bring(&self.app, &mut registration, now).await?.first() {
            return Err(Trouble::lasting(format!("attachments[{n}]: {}", attachments::STRANGER.0)));
        }
        let customer = self.app.pseudonym(&registration.identity);
        // Who tells of harm is heard, also where nobody can call him back yet.
        if registration.lacks_contact()
            && !registration.speaks_of_harm(&self.app.classifier)
            && !CAN_BE_ANSWERED.contains(&source.channel())
            && !store::can_be_reached(&self.app.pool, customer).await?
        {
            return Err(Trouble::lasting(format!("customer.phone: {NO_CONTACT}")));
        }
        let contact_id = registration.case_id().unwrap_or(message.id);
        let key = self.app.master.new_key(customer)?;
        let body = key.seal(&place(message.id), raw)?;
        let (unit, case_id) = contact_unit(&self.app, registration, contact_id, &key, now).await?;
        // What answers an acknowledgement goes to its case.
        let unit = match source.adapter {
            Adapter::Imap(_) if case_id == contact_id => unit.row(sent_row(acknowledgement_message(case_id), case_id)),
            _ => unit,
        };
        Ok((unit.row(messages::became_case(message.id, case_id, &key, body, now)), case_id))
    }
}

/// What keeps a contact waiting, made such that it can be taken in all the same: a time nobody can believe is left out and marked, and
/// of what is too long there is as much as fits, the whole being heard. For a time in a form we cannot read nothing waits, for a
/// platform that changes its form would be silent: it is left out and marked.
pub(super) fn doubted(request: &mut CaseRequest, now: Timestamp) -> BTreeSet<Wait> {
    let mut waits = std::mem::take(&mut request.waits);
    let read = request.occurred_at.as_deref().map(|at| at.parse().ok());
    if read.is_some_and(|at| at.is_none_or(|at| !can_be(at, now))) {
        request.occurred_at = None;
        request.arrival.doubt = Some(Doubt::NotBelieved);
        waits.extend(read.flatten().map(|_| Wait::TimeNotBelieved("occurred_at")));
    }
    if let Some(said) = request.content.take_if(|said| said.trim().chars().count() > mail::CONTENT_MAX) {
        request.content = Some(mail::content("", said.trim(), &[]));
        request.heard = Some(said);
        waits.insert(Wait::TooLong(mail::CONTENT_MAX));
    }
    waits
}

/// It is understood, and waits until a person lets it in.
fn waiting(waits: impl IntoIterator<Item = Wait>) -> Trouble {
    let why: Vec<String> = waits.into_iter().map(|wait| wait.to_string()).collect();
    Trouble::lasting(format!("{}; tried again it is taken in", why.join("; ")))
}

/// The contact checked as at the REST door, but that whoever wrote on a platform can be answered there. What the
/// message does not say follows from it: the channel is its source's, the reference its own id, the time that of its
/// arrival.
fn registration(
    source: &Source,
    message: &Claimed,
    request: &mut CaseRequest,
    now: Timestamp,
) -> Result<Registration, Trouble> {
    if *request.channel.get_or_insert(source.channel()) != source.channel() {
        return Err(Trouble::lasting(format!("channel: must be {} or left out", source.channel().word())));
    }
    request.external_ref.get_or_insert_with(|| message.id.to_string());
    request.occurred_at.get_or_insert_with(|| message.received_at().to_string());
    let mut checks = Checks::new(Vec::new(), now);
    let registration = request.check(&mut checks, now);
    let wrong = checks.into_wrong();
    let named = || wrong.iter().map(|wrong| format!("{}: {}", wrong.field, wrong.reason)).collect::<Vec<_>>();
    registration.filter(|_| wrong.is_empty()).ok_or_else(|| Trouble::lasting(named().join("; ")))
}
