//! The way to servers that are not ours: a payment provider, a carrier, a shop system, a gateway, a mailbox. All of them are
//! trusted in one place: by the authorities this machine trusts, and by those of a file beside them.
//! Invariant: over https whoever answers has shown a certificate that is good, for his own name; there is no switch that turns
//! that off. Nothing is followed, repeated or sent through a proxy behind our back.
use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use reqwest::{Client, Url, redirect, retry};
use tokio_rustls::rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};

/// Whom we trust outside. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Outside {
    tls: Arc<ClientConfig>,
    authorities: Arc<[CertificateDer<'static>]>,
}

impl Outside {
    /// Reads whom to trust beside those this machine does: certificates of authorities in PEM. Nothing is connected yet.
    /// Errors: the file cannot be read, or is not such a file; the field is named.
    pub fn new(ca_file: Option<&Path>) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let authorities = ca_file.map(|file| read(file, &mut roots)).transpose();
        let authorities = authorities.context("configuration, outside.ca_file")?.unwrap_or_default();
        if roots.is_empty() {
            tracing::warn!("this machine trusts no authority: nobody is reached over TLS (package ca-certificates)");
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth();
        Ok(Self { tls: Arc::new(config), authorities: authorities.into() })
    }

    /// A client for http and https; one request may take `timeout` in all. A certificate that is not good is met as a server
    /// that cannot be connected to: nothing was sent.
    pub fn client(&self, timeout: Duration) -> reqwest::Result<Client> {
        let mut tls = ClientConfig::clone(&self.tls);
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        #[expect(clippy::disallowed_methods, reason = "the one place")]
        let client = Client::builder().tls_backend_preconfigured(tls).timeout(timeout);
        client.redirect(redirect::Policy::none()).retry(retry::never()).no_proxy().build()
    }

    /// The same trust for what is not HTTP.
    pub fn tls(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.tls)
    }

    /// The certificates (DER) of those who are trusted beside those this machine trusts, for who makes his own TLS.
    pub fn authorities(&self) -> impl Iterator<Item = &[u8]> {
        self.authorities.iter().map(AsRef::as_ref)
    }
}

fn read(file: &Path, roots: &mut RootCertStore) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let named = || file.display().to_string();
    let found: Vec<_> = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .with_context(|| format!("cannot read {} as PEM", named()))?;
    ensure!(!found.is_empty(), "{} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)", named());
    for one in &found {
        roots.add(one.clone()).with_context(|| format!("{} holds what is no certificate", named()))?;
    }
    Ok(found)
}

/// An address outside. Errors: it is none; it may hold secrets, and is not repeated.
pub fn address(url: &str) -> anyhow::Result<Url> {
    let read = url.parse().ok().filter(|url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host());
    read.context("must begin with https:// (or http://) and name a host")
}
