//! Certificates and keys as files hold them.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use rustls::RootCertStore;
use rustls::client::verify_server_name;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

use super::provider;
use crate::config::HttpTls;

const CERT: &str = "http.tls.cert_file";
const KEY: &str = "http.tls.key_file";
const CLIENT_CA: &str = "http.tls.client_ca_file";

/// A file of `[http.tls]` that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {finding}: {fix}")]
pub struct Unusable {
    /// The key in the configuration.
    pub key: &'static str,
    /// What is wrong. Nothing of the file's content.
    pub finding: String,
    /// What to do.
    pub fix: &'static str,
}

/// What the files of `[http.tls]` hold, checked: the certificate with its key, and whose client certificates count.
pub struct Pair {
    /// The chain as it is sent, and the key.
    pub certified: Arc<CertifiedKey>,
    /// Authorities of client certificates, if senders are asked for one.
    pub client_ca: Option<RootCertStore>,
    /// From when the certificate is valid.
    pub begins: Timestamp,
    /// Until when the certificate is valid.
    pub expires: Timestamp,
    /// Tells one state of the files from another.
    pub digest: [u8; 32],
}

impl Pair {
    /// Reads the files. A key that is not the certificate's is refused; validity is for the caller to judge.
    pub fn read(settings: &HttpTls) -> Result<Self, Unusable> {
        let mut digest = Sha256::new();
        let mut read = |key, path| {
            let bytes = read(key, path)?;
            digest.update((bytes.len() as u64).to_le_bytes());
            digest.update(&bytes);
            Ok(bytes)
        };
        let (cert, key) = (read(CERT, &settings.cert_file)?, read(KEY, &settings.key_file)?);
        let client_ca =
            settings.client_ca_file.as_deref().map(|path| Ok((path, read(CLIENT_CA, path)?))).transpose()?;

        let chain = certificates(CERT, &settings.cert_file, &cert)?;
        let (begins, expires) = validity(&chain[0]).ok_or_else(|| Unusable {
            key: CERT,
            finding: format!("{} begins with a certificate that cannot be read", settings.cert_file.display()),
            fix: "give an X.509 certificate",
        })?;
        let key = PrivateKeyDer::from_pem_slice(&key).map_err(|_| Unusable {
            key: KEY,
            finding: format!("{} holds no private key", settings.key_file.display()),
            fix: "give it in PEM, not encrypted",
        })?;
        let certified = CertifiedKey::from_der(chain, key, &provider()).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => Unusable {
                key: KEY,
                finding: format!(
                    "{} is not the key of the first certificate in {}",
                    settings.key_file.display(),
                    settings.cert_file.display()
                ),
                fix: "give both of one pair, the server's certificate before those of its authorities",
            },
            error => Unusable {
                key: KEY,
                finding: format!("{} cannot be used: {error}", settings.key_file.display()),
                fix: "give an RSA key of 2048 to 8192 bits, or one for ECDSA on P-256 or P-384, or Ed25519",
            },
        })?;
        let client_ca = client_ca.map(|(path, bytes)| authorities(path, &bytes)).transpose()?;
        Ok(Self { certified: Arc::new(certified), client_ca, begins, expires, digest: digest.finalize().into() })
    }

    /// Whether the certificate is valid at `now`.
    pub fn check_validity(&self, now: Timestamp) -> Result<(), Unusable> {
        let (finding, fix) = match now {
            _ if now < self.begins => (format!("the certificate is valid only from {}", self.begins), "set the clock"),
            _ if now > self.expires => (format!("the certificate expired at {}", self.expires), "renew it"),
            _ => return Ok(()),
        };
        Err(Unusable { key: CERT, finding, fix })
    }

    /// Whether the certificate is for `host`, a name or an address.
    pub fn is_for(&self, host: &str) -> bool {
        let (Ok(name), Ok(der)) = (ServerName::try_from(host), self.certified.end_entity_cert()) else { return false };
        ParsedCertificate::try_from(der).is_ok_and(|parsed| verify_server_name(&parsed, &name).is_ok())
    }
}

fn read(key: &'static str, path: &Path) -> Result<Zeroizing<Vec<u8>>, Unusable> {
    std::fs::read(path).map(Zeroizing::new).map_err(|error| Unusable {
        key,
        finding: format!("cannot read {}: {error}", path.display()),
        fix: "give a file that the user of this program may read",
    })
}

/// At least one certificate.
fn certificates(key: &'static str, path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Unusable> {
    let unusable = |finding: &str, fix| Unusable { key, finding: format!("{} {finding}", path.display()), fix };
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Err(_) => Err(unusable("is damaged", "give certificates in PEM, whole")),
        Ok(found) if found.is_empty() => Err(unusable("holds no certificate", "give it in PEM")),
        Ok(found) => Ok(found),
    }
}

fn validity(der: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let validity = certificate.validity();
    let begins = Timestamp::from_second(validity.not_before.timestamp()).ok()?;
    Some((begins, Timestamp::from_second(validity.not_after.timestamp()).ok()?))
}

/// The authorities in a file, every one of which must be usable: one that is skipped would shut its clients out.
fn authorities(path: &Path, pem: &[u8]) -> Result<RootCertStore, Unusable> {
    let mut store = RootCertStore::empty();
    for (number, certificate) in certificates(CLIENT_CA, path, pem)?.into_iter().enumerate() {
        store.add(certificate).map_err(|error| Unusable {
            key: CLIENT_CA,
            finding: format!("certificate {} of {} cannot be used: {error}", number + 1, path.display()),
            fix: "give certificates of authorities",
        })?;
    }
    Ok(store)
}

#[cfg(test)]
mod tests;
