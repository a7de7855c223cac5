//! The cryptography of the vault, and nothing else: XChaCha20-Poly1305 to seal, HMAC-SHA256 to stand for a value
//! without showing it. Every purpose has its own key, drawn from the master key by name.
use backbone::Fault;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

type Secret = Zeroizing<[u8; 32]>;
type KeyedHash = Hmac<Sha256>;

const NONCE_LEN: usize = 24;

/// Where a sealed value lies.
#[derive(Clone, Debug)]
pub struct Place {
    /// `table.column`
    pub column: &'static str,
    /// The row's key, as text.
    pub row: String,
}

impl Place {
    fn bytes(&self) -> Vec<u8> {
        format!("{}|{}", self.column, self.row).into_bytes()
    }
}

/// What is drawn from the master key. Never printed, never stored.
pub struct Master {
    wrapping: XChaCha20Poly1305,
    pseudonyms: KeyedHash,
    blind: KeyedHash,
    search: KeyedHash,
    links: KeyedHash,
}

impl Master {
    /// Reads the master key: 32 bytes as 64 hexadecimal digits or as base64. `None` when it is something else.
    pub fn parse(text: &SecretString) -> Option<Self> {
        let text = text.expose_secret().trim();
        let bytes = Zeroizing::new(hex(text).or_else(|| BASE64_STANDARD.decode(text).ok())?);
        Self::from_secret(&Zeroizing::new(bytes.as_slice().try_into().ok()?))
    }

    /// A key nobody else has and that is gone when the process ends.
    pub fn ephemeral() -> Option<Self> {
        Self::from_secret(&Zeroizing::new(rand::random()))
    }

    fn from_secret(master: &Secret) -> Option<Self> {
        let draw = |purpose: &str| -> Option<Secret> { Some(Zeroizing::new(digest(&keyed(master)?, &[purpose]))) };
        Some(Self {
            wrapping: XChaCha20Poly1305::new_from_slice(draw("intake.wrapping.v1")?.as_slice()).ok()?,
            pseudonyms: keyed(&draw("intake.pseudonym.v1")?)?,
            blind: keyed(&draw("intake.blind-index.v1")?)?,
            search: keyed(&draw("intake.search.v1")?)?,
            links: keyed(&draw("intake.status-link.v1")?)?,
        })
    }

    /// The id that stands for a customer (a UUID of version 8). The same identifier always gives the same id; without
    /// the master key nobody can tell for whom it stands.
    pub fn pseudonym(&self, identity: &[&str]) -> Uuid {
        let hash = digest(&self.pseudonyms, identity);
        uuid::Builder::from_custom_bytes(std::array::from_fn(|i| hash[i])).into_uuid()
    }

    /// A value to find `text` by in `column` without storing it.
    pub fn blind(&self, column: &'static str, text: &str) -> [u8; 32] {
        digest(&self.blind, &[column, text])
    }

    /// The number a word is found by. Short, so that now and then two words share one: a hit has to be read.
    pub fn token(&self, word: &str) -> i32 {
        let [a, b, c, d, ..] = digest(&self.search, &[word]);
        i32::from_be_bytes([a, b, c, d])
    }

    /// A mark that says that a link is ours.
    pub fn mark(&self, link: &[u8]) -> [u8; 32] {
        self.links.clone().chain_update(link).finalize().into_bytes().into()
    }

    /// Whether we made the mark, compared in the same time whatever is wrong with it.
    pub fn made(&self, link: &[u8], mark: &[u8]) -> bool {
        self.links.clone().chain_update(link).verify_slice(mark).is_ok()
    }

    /// A new key for a customer, to be stored with what is sealed with it.
    pub fn new_key(&self, customer: Uuid) -> Result<CustomerKey, Fault> {
        let secret: Secret = Zeroizing::new(rand::random());
        let wrapped = seal(&self.wrapping, &wrapped_place(customer), secret.as_slice())?;
        Ok(CustomerKey { customer, id: Uuid::new_v4(), secret, wrapped })
    }

    /// A customer's key as it is stored, made usable again.
    pub fn unwrap_key(&self, customer: Uuid, id: Uuid, wrapped: Vec<u8>) -> Result<CustomerKey, Fault> {
        let secret = open(&self.wrapping, &wrapped_place(customer), &wrapped)?;
        let secret = secret.as_slice().try_into().map_err(|_| unreadable("customer_key.wrapped"))?;
        Ok(CustomerKey { customer, id, secret: Zeroizing::new(secret), wrapped })
    }
}

/// A key of a customer's own. Its secret is wiped from memory when it is let go.
pub struct CustomerKey {
    pub customer: Uuid,
    /// Its name in the database; what is sealed with it begins with it.
    pub id: Uuid,
    secret: Secret,
    /// As it is stored.
    pub wrapped: Vec<u8>,
}

impl CustomerKey {
    /// Seals a value for its place: the key's id, nonce and ciphertext.
    pub fn seal(&self, place: &Place, plain: impl AsRef<[u8]>) -> Result<Vec<u8>, Fault> {
        let sealed = seal(&self.cipher()?, place, plain.as_ref())?;
        Ok([self.id.as_bytes(), sealed.as_slice()].concat())
    }

    /// Opens text that [`CustomerKey::seal`] sealed. Anything else, also from another place, is an internal fault.
    pub fn open(&self, place: &Place, sealed: &[u8]) -> Result<String, Fault> {
        String::from_utf8(self.open_bytes(place, sealed)?).map_err(|_| unreadable(place.column))
    }

    /// Opens what [`CustomerKey::seal`] sealed, whatever it is.
    pub fn open_bytes(&self, place: &Place, sealed: &[u8]) -> Result<Vec<u8>, Fault> {
        let sealed = sealed.strip_prefix(self.id.as_bytes()).ok_or_else(|| unreadable(place.column))?;
        Ok(open(&self.cipher()?, place, sealed)?.to_vec())
    }

    /// This key's secret, sealed under another key: whoever has that one has what is sealed with this one.
    pub fn hand_to(&self, other: &CustomerKey, place: &Place) -> Result<Vec<u8>, Fault> {
        other.seal(place, self.secret.as_slice())
    }

    /// A key whose secret was sealed under another one, by [`CustomerKey::hand_to`].
    pub fn handed(owner: Uuid, id: Uuid, by: &CustomerKey, place: &Place, sealed: &[u8]) -> Result<Self, Fault> {
        let secret = Zeroizing::new(by.open_bytes(place, sealed)?);
        let secret = secret.as_slice().try_into().map_err(|_| unreadable(place.column))?;
        Ok(Self { customer: owner, id, secret: Zeroizing::new(secret), wrapped: Vec::new() })
    }

    fn cipher(&self) -> Result<XChaCha20Poly1305, Fault> {
        XChaCha20Poly1305::new_from_slice(self.secret.as_slice()).map_err(|_| unreadable("a customer's key"))
    }
}

/// The key a value was sealed with.
pub fn key_of(sealed: &[u8]) -> Option<Uuid> {
    sealed.first_chunk().map(|id| Uuid::from_bytes(*id))
}

fn wrapped_place(customer: Uuid) -> Place {
    Place { column: "customer_key.wrapped", row: customer.to_string() }
}

fn seal(cipher: &XChaCha20Poly1305, place: &Place, plain: &[u8]) -> Result<Vec<u8>, Fault> {
    let nonce = XNonce::from(rand::random::<[u8; NONCE_LEN]>());
    let sealed = cipher.encrypt(&nonce, Payload { msg: plain, aad: &place.bytes() });
    let sealed = sealed.map_err(|_| Fault::broken(format!("a value of {} cannot be sealed", place.column)))?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn open(cipher: &XChaCha20Poly1305, place: &Place, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let parts = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(|| unreadable(place.column))?;
    let (nonce, text) = (XNonce::from(*parts.0), parts.1);
    let plain = cipher.decrypt(&nonce, Payload { msg: text, aad: &place.bytes() });
    plain.map(Zeroizing::new).map_err(|_| unreadable(place.column))
}

fn unreadable(what: &str) -> Fault {
    Fault::broken(format!("{what} cannot be opened: another master key, or a value that was tampered with"))
}

fn keyed(secret: &Secret) -> Option<KeyedHash> {
    KeyedHash::new_from_slice(secret.as_slice()).ok()
}

/// The keyed hash of a list of texts; each carries its length, so that moving a border gives another hash.
fn digest(key: &KeyedHash, parts: &[&str]) -> [u8; 32] {
    let mut hash = key.clone();
    for part in parts {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into_bytes().into()
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let pairs = text.as_bytes().chunks_exact(2);
    if text.len() != 64 || !pairs.remainder().is_empty() {
        return None;
    }
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.last()?)?)).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn master(digit: &str) -> Master {
        Master::parse(&SecretString::from(digit.repeat(64))).unwrap()
    }

    #[test]
    fn the_master_key_is_read_in_two_forms_and_no_other() {
        let base64 = BASE64_STANDARD.encode([0xaau8; 32]);
        let same = Master::parse(&SecretString::from(base64)).unwrap();
        assert_eq!(same.pseudonym(&["phone", "", "1"]), master("a").pseudonym(&["phone", "", "1"]));
        for text in ["", "abc", "g0", &"a".repeat(63), &"g".repeat(64), &BASE64_STANDARD.encode([1u8; 31])] {
            assert!(Master::parse(&SecretString::from(text.to_owned())).is_none(), "{text}");
        }
    }

    #[test]
    fn a_pseudonym_is_stable_and_says_nothing_without_the_key() {
        let id = master("a").pseudonym(&["phone", "", "+8613800000000"]);
        assert_eq!(id, master("a").pseudonym(&["phone", "", "+8613800000000"]));
        assert_ne!(id, master("b").pseudonym(&["phone", "", "+8613800000000"]));
        assert_ne!(id, master("a").pseudonym(&["email", "", "+8613800000000"]));
        assert_eq!(id.get_version_num(), 8);
        assert_ne!(master("a").blind("customer.phone", "1"), master("a").blind("customer.email", "1"));
        assert_eq!(master("a").token("退款"), master("a").token("退款"));
        assert_ne!(master("a").token("退款"), master("b").token("退款"));
    }

    #[test]
    fn a_sealed_value_opens_in_its_place_with_its_key_only() {
        let (master, customer) = (master("a"), Uuid::from_u128(7));
        let key = master.new_key(customer).unwrap();
        let place = Place { column: "customer.name", row: "7".into() };
        let sealed = key.seal(&place, "王小明").unwrap();
        assert!(!sealed.windows(3).any(|w| w == "王".as_bytes()));
        assert_eq!(key_of(&sealed), Some(key.id));
        let again = master.unwrap_key(customer, key.id, key.wrapped.clone()).unwrap();
        assert_eq!(again.open(&place, &sealed).unwrap(), "王小明");
        assert_ne!(sealed, key.seal(&place, "王小明").unwrap(), "the same value never looks the same");

        let file = master.new_key(Uuid::from_u128(9)).unwrap();
        let (photo, handed) = (file.seal(&place, "photo").unwrap(), file.hand_to(&key, &place).unwrap());
        let again = CustomerKey::handed(Uuid::from_u128(9), file.id, &key, &place, &handed).unwrap();
        assert_eq!(again.open(&place, &photo).unwrap(), "photo");
        assert!(CustomerKey::handed(Uuid::from_u128(9), file.id, &file, &place, &handed).is_err());

        assert!(key.open(&Place { column: "customer.phone", row: "7".into() }, &sealed).is_err());
        assert!(key.open(&Place { column: "customer.name", row: "8".into() }, &sealed).is_err());
        assert!(master.new_key(customer).unwrap().open(&place, &sealed).is_err());
        assert!(master.unwrap_key(Uuid::from_u128(8), key.id, key.wrapped.clone()).is_err());
        let mut broken = sealed.clone();
        *broken.last_mut().unwrap() ^= 1;
        assert!(key.open(&place, &broken).is_err());
        assert!(key.open(&place, &sealed[..10]).is_err());
    }
}
