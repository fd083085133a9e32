//! The server's side: handshakes with the certificate in use, which is replaced when its files change.

use std::io;
use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use rustls::sign::SingleCertAndKey;
use rustls::version::{TLS12, TLS13};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::{Pair, Unusable, provider};
use crate::config::{ClientAuth, HttpTls};

/// TLS of the callback listener.
pub struct Server {
    settings: HttpTls,
    active: ArcSwap<Active>,
}

struct Active {
    acceptor: TlsAcceptor,
    expires: Timestamp,
    digest: [u8; 32],
}

/// Why a handshake failed, as the metric tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The sender went away.
    Closed,
    /// The sender does not accept our certificate, or gave up for another reason of its own.
    RefusedByPeer,
    /// The sender has no certificate, or one that no configured authority has signed.
    ClientCertificate,
    /// Nothing is spoken on both sides: version, cipher, ALPN.
    Incompatible,
    /// What came is not TLS, or breaks its rules.
    NotTls,
}

impl Failure {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Closed, Self::RefusedByPeer, Self::ClientCertificate, Self::Incompatible, Self::NotTls];

    /// The label of the metric.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::RefusedByPeer => "refused_by_peer",
            Self::ClientCertificate => "client_certificate",
            Self::Incompatible => "incompatible",
            Self::NotTls => "not_tls",
        }
    }

    fn of(error: &io::Error) -> Self {
        use rustls::Error;
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            None => Self::Closed,
            Some(Error::AlertReceived(_)) => Self::RefusedByPeer,
            Some(Error::InvalidCertificate(_) | Error::NoCertificatesPresented) => Self::ClientCertificate,
            Some(Error::PeerIncompatible(_) | Error::NoApplicationProtocol) => Self::Incompatible,
            Some(_) => Self::NotTls,
        }
    }
}

impl Server {
    /// Reads the files of `settings`. A certificate that is not valid now is taken nevertheless: senders that do not look are
    /// still answered.
    pub fn load(settings: &HttpTls) -> Result<Self, Unusable> {
        let pair = Pair::read(settings)?;
        let active = ArcSwap::from_pointee(Active::new(settings, pair)?);
        Ok(Self { settings: settings.clone(), active })
    }

    /// Reads the files again. Returns whether anything changed; what cannot be used, or is not valid at `now`, changes
    /// nothing. Open connections keep what they began with.
    pub fn reload(&self, now: Timestamp) -> Result<bool, Unusable> {
        let pair = Pair::read(&self.settings)?;
        if pair.digest == self.active.load().digest {
            return Ok(false);
        }
        pair.check_validity(now)?;
        self.active.store(Arc::new(Active::new(&self.settings, pair)?));
        Ok(true)
    }

    /// Until when the certificate in use is valid.
    pub fn expires(&self) -> Timestamp {
        self.active.load().expires
    }

    /// One handshake.
    pub async fn accept(&self, stream: TcpStream) -> Result<TlsStream<TcpStream>, Failure> {
        let acceptor = self.active.load().acceptor.clone();
        acceptor.accept(stream).await.map_err(|error| {
            // Never what the sender sent: rustls tells the kind of the error.
            tracing::debug!(%error, "TLS handshake failed");
            Failure::of(&error)
        })
    }
}

impl Active {
    fn new(settings: &HttpTls, pair: Pair) -> Result<Self, Unusable> {
        let builder = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13, &TLS12])
            .expect("ring has suites for both versions");
        let builder = match pair.client_ca {
            None => builder.with_no_client_auth(),
            Some(authorities) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities), provider());
                let verifier = match settings.client_auth {
                    Some(ClientAuth::Optional) => verifier.allow_unauthenticated(),
                    Some(ClientAuth::Required) | None => verifier,
                };
                builder.with_client_cert_verifier(verifier.build().map_err(|error| Unusable {
                    key: "http.tls.client_ca_file",
                    finding: format!("cannot be used: {error}"),
                    fix: "give certificates of authorities",
                })?)
            }
        };
        let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(pair.certified)));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), expires: pair.expires, digest: pair.digest })
    }
}

#[cfg(test)]
mod tests;
