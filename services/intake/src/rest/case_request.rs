//! A contact as channels send it, and what it is when nothing is wrong with it. Only what is needed is asked for
//! (R-INT-20): who, how to reach them, and what they said; all else is welcome and optional.
use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use kernel::id;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    check::Checks,
    customer::{Customer, Known},
    words,
};
use crate::{
    attachments::{Incoming, PER_CASE},
    domain::{
        arrival::{Arrival, Wait},
        case::{self, Contact},
        classify::Classifier,
        health::{self, Care, Group, Said},
        identity::Identity,
        record::Part,
        regulator::Packs,
        vocabulary::{CaseClass, Channel, Emotion},
    },
    vault::Text,
};

/// The characters of a contact.
const CONTENT_MAX: usize = 4_000;

/// A contact of one customer.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseRequest {
    /// Where it came in.
    #[schema(required, schema_with = words::channel)]
    pub channel: Option<Channel>,
    /// The channel's own reference, 1 to 100 characters. The same (channel, external_ref) is the same case.
    #[schema(example = "T-88120", max_length = 100)]
    pub external_ref: Option<String>,
    /// `ref` or `name`, and `phone` or `email` (not asked again of a customer we know by `ref`).
    #[schema(required)]
    pub customer: Option<Customer>,
    /// What the customer said, 1 to 4,000 characters.
    #[schema(required, example = "用了之后头皮很痒", min_length = 1, max_length = 4000)]
    pub content: Option<String>,
    /// How it came about, at most 2,000 characters.
    #[schema(max_length = 2000)]
    pub circumstances: Option<String>,
    /// What the customer wishes, at most 2,000 characters.
    #[schema(max_length = 2000)]
    pub expected_resolution: Option<String>,
    /// How the customer feels.
    #[schema(schema_with = words::emotion)]
    pub emotion: Option<Emotion>,
    /// What it is about; worked out from the words when absent.
    #[schema(schema_with = words::class)]
    pub class: Option<CaseClass>,
    /// Asked for when a product did harm.
    pub health: Option<Health>,
    /// The purchase it is about.
    pub purchase: Option<PurchaseRef>,
    /// At most 100 characters.
    #[schema(max_length = 100)]
    pub product_id: Option<String>,
    /// Batch or lot, at most 100 characters.
    #[schema(max_length = 100)]
    pub batch: Option<String>,
    /// At most 100 characters.
    #[schema(max_length = 100)]
    pub store: Option<String>,
    /// When it happened (RFC 3339); now when absent.
    #[schema(example = "2026-01-31T09:30:00+08:00")]
    pub occurred_at: Option<String>,
    /// 0 (none) to 3.
    #[schema(minimum = 0, maximum = 3)]
    pub vip_tier: Option<i64>,
    /// The customer has contacted us about this before.
    pub repeat_contact: Option<bool>,
    /// The case the customer says more about, by its id. What asks for no more than that case gives goes to it, also for
    /// some time after its end; anything else is a case of its own, linked with it. The case it is in is the answer.
    #[schema(value_type = Option<String>, format = Uuid)]
    pub case_id: Option<String>,
    /// Files that were sent to `POST /v1/attachments` within the last day, at most 20.
    #[schema(max_items = 20)]
    pub attachments: Option<Vec<Uuid>>,
    /// What is classified where that is not the content: all a mail says, without what it quotes.
    #[serde(skip)]
    pub heard: Option<String>,
    #[serde(skip)]
    pub arrival: Arrival,
    /// Why it waits until a person lets it in, unless it speaks of harm.
    #[serde(skip)]
    pub waits: BTreeSet<Wait>,
}

/// What is asked when a product did harm (R-INT-06).
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// At most 1,000 characters.
    #[schema(max_length = 1000)]
    pub symptoms: Option<String>,
    /// When it began; at most 200 characters.
    #[schema(example = "two days after the first use", max_length = 200)]
    pub onset: Option<String>,
    /// At most 200 characters.
    #[schema(example = "twice a day for a week", max_length = 200)]
    pub frequency_of_use: Option<String>,
    /// At most 200 characters.
    #[schema(example = "three weeks", max_length = 200)]
    pub duration_of_use: Option<String>,
    /// 0 (none), 1 (mild), 2 (moderate), 3 (severe) or 4 (life-threatening).
    #[schema(minimum = 0, maximum = 4)]
    pub severity: Option<i64>,
    /// The medical care that was sought.
    #[schema(schema_with = words::care)]
    pub medical_care: Option<Care>,
    /// Whom it concerns; an empty list says that nobody needs special care.
    #[schema(schema_with = words::groups)]
    pub special_groups: Option<Vec<Option<Group>>>,
    /// Somebody died of it.
    pub death: Option<bool>,
    /// Others are affected by the same product.
    pub several_affected: Option<bool>,
}

impl Health {
    /// What of the health record is said, but for the batch, which is the contact's own.
    fn said(&self, text: &Text, severity: Option<u8>) -> Said {
        let words = [
            (health::Part::Symptoms, &text.symptoms),
            (health::Part::Onset, &text.onset),
            (health::Part::FrequencyOfUse, &text.frequency_of_use),
            (health::Part::DurationOfUse, &text.duration_of_use),
        ];
        Said {
            words: words.into_iter().filter(|(_, said)| said.is_some()).map(|(part, _)| part).collect(),
            batch: None,
            severity: severity.filter(|severity| *severity > 0),
            care: self.medical_care,
            groups: self.special_groups.as_ref().map(|groups| groups.iter().copied().flatten().collect()),
            death: self.death.unwrap_or(false),
            several: self.several_affected.unwrap_or(false),
            heard: 0,
        }
    }
}

/// A purchase by the seller's own number.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PurchaseRef {
    /// Where it was bought; the channel of the contact when absent.
    #[schema(schema_with = words::channel)]
    pub channel: Option<Channel>,
    /// 1 to 100 characters.
    #[schema(required, min_length = 1, max_length = 100)]
    pub order_ref: Option<String>,
}

/// A contact with nothing wrong.
#[derive(Clone)]
pub struct Registration {
    pub channel: Channel,
    pub identity: Identity,
    pub known: Known,
    pub text: Text,
    /// The case it names.
    pub names: Option<Uuid>,
    /// The files it names.
    pub attachments: Vec<Uuid>,
    /// The files it comes with.
    pub files: Vec<Arc<Incoming>>,
    /// The source over which an article can be sent.
    pub over: Option<String>,
    pub arrival: Arrival,
    heard: Option<String>,
    external_ref: Option<String>,
    class: Option<CaseClass>,
    emotion: Option<Emotion>,
    severity: Option<u8>,
    health: Said,
    vip_tier: u8,
    repeat_contact: bool,
    purchase_id: Option<Uuid>,
    product_id: Option<String>,
    batch: Option<String>,
    store_id: Option<String>,
    occurred_at: Timestamp,
}

/// The id of the purchase a seller knows by its own number.
pub fn purchase_id(channel: Channel, order_ref: &str) -> Uuid {
    id::derived("purchase", &[channel.word(), order_ref])
}

impl CaseRequest {
    /// Checks every field. Gives the contact when all that can be seen without looking anything up is there.
    pub fn check(&self, checks: &mut Checks, now: Timestamp) -> Option<Registration> {
        let channel = checks.required("channel", self.channel, "name the channel it came in by");
        if channel == Some(Channel::FollowUp) {
            checks.report("channel", "is opened by our own follow-ups only", "name the channel it came in by");
        }
        let customer = self.customer.clone().unwrap_or_default();
        let known = customer.check(checks, channel.unwrap_or(Channel::Shop));
        if !known.has_reference && known.person.name.is_none() {
            checks.report(
                "customer.name",
                "is missing, and so is customer.ref",
                "say who the customer is by one of them",
            );
        }
        if !known.has_reference && known.person.phone.is_none() && known.person.email.is_none() {
            checks.report("customer.phone", NO_CONTACT, CONTACT_HINT);
        }
        let health = self.health.clone().unwrap_or_default();
        let external_ref = checks.word("external_ref", self.external_ref.as_deref(), 100);
        let content = checks.prose("content", self.content.as_deref(), CONTENT_MAX);
        let content = checks.required("content", content, "say what the customer said, 1 to 4000 characters");
        let text = Text {
            content: content.unwrap_or_default(),
            circumstances: checks.prose("circumstances", self.circumstances.as_deref(), 2000),
            expected_resolution: checks.prose("expected_resolution", self.expected_resolution.as_deref(), 2000),
            symptoms: checks.prose("health.symptoms", health.symptoms.as_deref(), 1000),
            frequency_of_use: checks.word("health.frequency_of_use", health.frequency_of_use.as_deref(), 200),
            onset: checks.word("health.onset", health.onset.as_deref(), 200),
            duration_of_use: checks.word("health.duration_of_use", health.duration_of_use.as_deref(), 200),
        };
        let severity = checks.within("health.severity", health.severity, 0, 4).and_then(|one| u8::try_from(one).ok());
        let health = health.said(&text, severity);
        let vip_tier = checks.within("vip_tier", self.vip_tier, 0, 3);
        let purchase_id = self.purchase.as_ref().and_then(|purchase| {
            let order_ref = checks.required_word("purchase.order_ref", purchase.order_ref.as_deref(), 100)?;
            Some(purchase_id(purchase.channel.or(channel)?, &order_ref))
        });
        let product_id = checks.word("product_id", self.product_id.as_deref(), 100);
        let batch = checks.word("batch", self.batch.as_deref(), 100);
        let store_id = checks.word("store", self.store.as_deref(), 100);
        let attachments = self.attachments.clone().unwrap_or_default();
        if attachments.len() > PER_CASE {
            checks.report("attachments", format!("names {} files", attachments.len()), "give 0 to 20");
        }
        let occurred_at = checks.happened("occurred_at", self.occurred_at.as_deref()).unwrap_or(now);
        Some(Registration {
            channel: channel?,
            identity: known.identity.clone()?,
            known,
            text,
            names: self.named(checks),
            attachments,
            files: Vec::new(),
            over: None,
            arrival: self.arrival.clone(),
            heard: self.heard.clone(),
            external_ref,
            class: self.class,
            emotion: self.emotion,
            severity: severity.max((health.severity() > 0).then_some(health.severity())),
            health,
            vip_tier: vip_tier.and_then(|tier| u8::try_from(tier).ok()).unwrap_or(0),
            repeat_contact: self.repeat_contact.unwrap_or(false),
            purchase_id,
            product_id,
            batch,
            store_id,
            occurred_at,
        })
    }

    /// The same, its references told apart from those of the other sources of its channel (README, "Channels").
    #[must_use]
    pub fn within(mut self, namespace: &str, channel: Channel) -> Self {
        let customer = self.customer.as_mut().and_then(|customer| customer.r#ref.as_mut());
        let here = |purchase: &&mut PurchaseRef| purchase.channel.is_none_or(|from| from == channel);
        let order = self.purchase.as_mut().filter(here).and_then(|purchase| purchase.order_ref.as_mut());
        let given = [self.external_ref.as_mut(), customer, order].into_iter().flatten();
        let given = given.filter(|given| !namespace.is_empty() && !given.trim().is_empty());
        given.for_each(|given| given.insert_str(0, &format!("{namespace}/")));
        self
    }

    /// The case it names.
    fn named(&self, checks: &mut Checks) -> Option<Uuid> {
        let named = self.case_id.as_deref()?.parse().ok();
        if named.is_none() {
            checks.report("case_id", "is not a UUID", "give the id of a case as it was answered, or leave it out");
        }
        named
    }
}

/// Why a contact without a way to answer it is refused.
pub const NO_CONTACT: &str = "is missing, and so is customer.email";
/// The way out.
pub const CONTACT_HINT: &str = "give a phone number or an e-mail address";

impl Registration {
    /// Whether we must know already how to reach the customer.
    pub fn lacks_contact(&self) -> bool {
        self.known.person.phone.is_none() && self.known.person.email.is_none()
    }

    /// The id of the case where the channel has a reference of its own for it.
    pub fn case_id(&self) -> Option<Uuid> {
        self.external_ref.as_ref().map(|reference| case::id_of(self.channel, reference))
    }

    /// Whether it speaks of harm: by what was stated, or by the rules of safety over all it says (R-INT-09).
    pub fn speaks_of_harm(&self, classifier: &Classifier) -> bool {
        let first = self.heard.as_deref().unwrap_or(&self.text.content);
        let mut said = std::iter::once(first).chain(self.text.beside());
        let is_stated = self.severity.is_some_and(|severity| severity > 0) || self.class == Some(CaseClass::Discomfort);
        is_stated || said.any(|words| classifier.harm(words) > 0)
    }

    /// The contact, classified.
    pub fn into_contact(
        self,
        classifier: &Classifier,
        packs: &Arc<Packs>,
        case_id: Uuid,
        customer_id: Uuid,
    ) -> Contact {
        let Text { content, circumstances, symptoms, .. } = &self.text;
        let Text { expected_resolution, onset, frequency_of_use, duration_of_use, .. } = &self.text;
        // What is wished and how it was used says nothing of the class, unless it speaks of harm; so the end of a long mail.
        let all = self.heard.as_deref().unwrap_or(content);
        let begins = all.char_indices().nth(CONTENT_MAX).and_then(|(end, _)| all.get(..end));
        let whole = begins.map(|_| all);
        let beside = [expected_resolution, onset, frequency_of_use, duration_of_use].into_iter().flatten();
        let beside: Vec<&str> = beside.map(String::as_str).chain(whole).collect();
        let said = [Some(begins.unwrap_or(all)), circumstances.as_deref(), symptoms.as_deref()];
        let said: Vec<&str> = said.into_iter().flatten().collect();
        let parts = [
            (Part::Content, true),
            (Part::Emotion, self.emotion.is_some()),
            (Part::Circumstances, circumstances.is_some()),
            (Part::ExpectedResolution, self.text.expected_resolution.is_some()),
        ];
        let parts = parts.into_iter().filter(|(_, stated)| *stated).map(|(part, _)| part).collect();
        let classification =
            classifier.classify_with(&said.join("\n"), &beside, self.class, self.severity, self.emotion);
        Contact {
            case_id,
            customer_id,
            channel: self.channel,
            purchase_id: self.purchase_id,
            product_id: self.product_id,
            batch: self.batch,
            classification,
            emotion: self.emotion,
            vip_tier: self.vip_tier,
            repeat_contact: self.repeat_contact,
            occurred_at: self.occurred_at,
            follow_up_id: None,
            store_id: self.store_id,
            parts,
            article: None,
            health: self.health,
            packs: Arc::clone(packs),
            over: self.over,
            left_out: BTreeSet::new(),
            arrival: self.arrival,
        }
    }
}
