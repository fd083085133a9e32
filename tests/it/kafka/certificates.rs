//! Certificates for the TLS listeners, made afresh for every cluster: files that were checked in would expire.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

/// What the two sides of a TLS connection need, as PEM files in one folder.
pub struct Certificates {
    /// The authority that both sides trust.
    pub ca: PathBuf,
    /// The broker's key followed by its certificate, as Kafka wants them: in one file.
    pub server: PathBuf,
    /// The certificate of the client.
    pub client_cert: PathBuf,
    /// The key of the client, PKCS #8.
    pub client_key: PathBuf,
}

impl Certificates {
    /// Makes an authority and what it signs for the broker on loopback and for one client.
    pub fn create(folder: &Path) -> Result<Self, rcgen::Error> {
        let mut ca = CertificateParams::default();
        ca.distinguished_name.push(DnType::CommonName, "trunkline test authority");
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let ca_key = KeyPair::generate()?;
        let ca_pem = ca.self_signed(&ca_key)?.pem();
        let issuer = Issuer::new(ca, ca_key);

        let server_names = ["localhost", "127.0.0.1"];
        let (server_cert, server_key) = leaf("broker", &server_names, ExtendedKeyUsagePurpose::ServerAuth, &issuer)?;
        let (client_cert, client_key) = leaf("trunkline", &[], ExtendedKeyUsagePurpose::ClientAuth, &issuer)?;

        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            fs::write(&path, text).expect("write a certificate into the folder of the cluster");
            path
        };
        Ok(Self {
            ca: write("ca.pem", &ca_pem),
            server: write("server.pem", &format!("{server_key}{server_cert}")),
            client_cert: write("client.pem", &client_cert),
            client_key: write("client.key", &client_key),
        })
    }
}

/// A certificate and its key, both PEM.
fn leaf(
    common_name: &str,
    names: &[&str],
    usage: ExtendedKeyUsagePurpose,
    issuer: &Issuer<'_, KeyPair>,
) -> Result<(String, String), rcgen::Error> {
    let mut params = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![usage];
    let key = KeyPair::generate()?;
    Ok((params.signed_by(&key, issuer)?.pem(), key.serialize_pem()))
}
