//! An authority of a test's own, and servers it vouches for: TLS ends there, and what comes goes on in clear to a server of
//! the test behind, as at a provider's edge.
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::NamedTempFile;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer},
};

/// Who vouches for servers; nobody trusts it who does not read its file.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: NamedTempFile,
}

/// A server with TLS; ends with its value.
pub struct Edge {
    /// Where it listens.
    pub address: SocketAddr,
    /// The same over HTTP, with the path of what is behind.
    pub url: String,
    let_in: Arc<AtomicUsize>,
    _serving: JoinSet<()>,
}

impl Authority {
    /// One that is new.
    #[expect(clippy::new_without_default, reason = "each is another")]
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new([]).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate");
        let file = NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), certificate.pem()).expect("the file is ours");
        Self { issuer: Issuer::new(params, key), file }
    }

    /// Its certificate, in PEM.
    pub fn file(&self) -> &Path {
        self.file.path()
    }

    /// A server on this machine that shows a certificate for `name`, before the one at `behind` (HOST:PORT, or http://…).
    pub async fn before(&self, name: &str, behind: &str) -> Edge {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new([name.to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate").der().clone();
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("our own key");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().expect("versions").with_no_client_auth();
        let config = config.with_single_cert(vec![certificate], key).expect("they fit");
        let (acceptor, let_in) = (TlsAcceptor::from(Arc::new(config)), Arc::<AtomicUsize>::default());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let plain = behind.strip_prefix("http://").unwrap_or(behind);
        let (behind, path) = plain.split_at(plain.find('/').unwrap_or(plain.len()));
        let address = listener.local_addr().expect("it is bound");
        let url = format!("https://{address}{path}");
        let (behind, counted, mut serving) = (behind.to_owned(), Arc::clone(&let_in), JoinSet::new());
        serving.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, behind, counted) = (acceptor.clone(), behind.clone(), Arc::clone(&counted));
                open.spawn(async move {
                    // Who does not trust us leaves here.
                    let Ok(mut client) = acceptor.accept(stream).await else { return };
                    counted.fetch_add(1, Ordering::Relaxed);
                    let Ok(mut server) = TcpStream::connect(behind).await else { return };
                    let _either_side_may_leave = copy_bidirectional(&mut client, &mut server).await;
                });
            }
        });
        Edge { address, url, let_in, _serving: serving }
    }
}

impl Edge {
    /// How many connections came to speak.
    pub fn let_in(&self) -> usize {
        self.let_in.load(Ordering::Relaxed)
    }
}
