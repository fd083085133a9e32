use std::fs;
use std::path::PathBuf;

use jiff::ToSpan;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};

use super::*;
use crate::clock;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).expect("written");
        path
    }
}

/// A certificate and its key, in PEM.
fn pair(params: CertificateParams) -> (String, String) {
    let key = KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("signed");
    (certificate.pem(), key.serialize_pem())
}

fn server() -> CertificateParams {
    CertificateParams::new(vec!["calls.example".to_owned(), "127.0.0.1".to_owned()]).expect("names")
}

fn authority() -> String {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    pair(params).0
}

fn settings(cert: PathBuf, key: PathBuf, ca: Option<PathBuf>) -> HttpTls {
    HttpTls { cert_file: cert, key_file: key, client_ca_file: ca, client_auth: None, handshake_timeout_ms: 1 }
}

fn refused(settings: &HttpTls) -> Unusable {
    match Pair::read(settings) {
        Ok(_) => panic!("accepted"),
        Err(unusable) => unusable,
    }
}

#[test]
fn a_pair_with_several_authorities_is_read() {
    let folder = Folder::new();
    let (cert, key) = pair(server());
    // A chain, and authorities of two generations with words between them.
    let cas = format!("the old one:\n{}\nthe new one:\n{}", authority(), authority());
    let read = Pair::read(&settings(
        folder.file("cert.pem", &format!("{cert}{}", authority())),
        folder.file("key.pem", &key),
        Some(folder.file("ca.pem", &cas)),
    ))
    .expect("usable");
    assert_eq!(read.certified.cert.len(), 2);
    assert_eq!(read.client_ca.as_ref().map(RootCertStore::len), Some(2));
    assert!(read.check_validity(clock::now()).is_ok());
    for (host, fits) in [("calls.example", true), ("127.0.0.1", true), ("other.example", false), ("not a name", false)]
    {
        assert_eq!(read.is_for(host), fits, "{host}");
    }
}

#[test]
fn every_unusable_file_is_named_with_the_fix_and_nothing_of_it_is_told() {
    let folder = Folder::new();
    let (cert, key) = pair(server());
    let (_, other_key) = pair(server());
    let (cert_file, key_file) = (folder.file("cert.pem", &cert), folder.file("key.pem", &key));
    let nothing = folder.file("nothing.pem", "");
    let secret = folder.file("secret.pem", "hunter2");
    let damaged = folder.file("damaged.pem", &cert.replace("MII", "!hunter2!"));
    let no_certificate =
        folder.file("no.pem", "-----BEGIN CERTIFICATE-----\naHVudGVyMg==\n-----END CERTIFICATE-----\n");
    let encrypted = folder.file("encrypted.pem", &key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"));
    let weak = folder.file("weak.pem", "-----BEGIN PRIVATE KEY-----\naHVudGVyMg==\n-----END PRIVATE KEY-----\n");
    let absent = folder.0.path().join("absent.pem");
    let with_cert = |cert: &PathBuf| settings(cert.clone(), key_file.clone(), None);
    let with_key = |key: &PathBuf| settings(cert_file.clone(), key.clone(), None);
    let with_ca = |ca: &PathBuf| settings(cert_file.clone(), key_file.clone(), Some(ca.clone()));
    for (settings, key, says) in [
        (with_cert(&absent), CERT, "cannot read"),
        (with_cert(&nothing), CERT, "holds no certificate"),
        (with_cert(&secret), CERT, "holds no certificate"),
        (with_cert(&damaged), CERT, "is damaged"),
        (with_cert(&no_certificate), CERT, "cannot be read"),
        (with_cert(&key_file), CERT, "holds no certificate"),
        (with_key(&absent), KEY, "cannot read"),
        (with_key(&cert_file), KEY, "holds no private key"),
        (with_key(&encrypted), KEY, "not encrypted"),
        (with_key(&weak), KEY, "cannot be used"),
        (with_key(&folder.file("other.pem", &other_key)), KEY, "is not the key of the first certificate"),
        (with_ca(&absent), CLIENT_CA, "cannot read"),
        (with_ca(&nothing), CLIENT_CA, "holds no certificate"),
        (with_ca(&no_certificate), CLIENT_CA, "certificate 1 of"),
    ] {
        let unusable = refused(&settings);
        assert_eq!(unusable.key, key, "{unusable}");
        assert!(unusable.to_string().contains(says), "{unusable}");
        assert!(!unusable.to_string().contains("hunter2"), "{unusable}");
    }
}

#[test]
fn validity_is_told_with_its_time() {
    let folder = Folder::new();
    let mut params = server();
    (params.not_before, params.not_after) = (rcgen::date_time_ymd(2024, 1, 1), rcgen::date_time_ymd(2024, 7, 1));
    let (cert, key) = pair(params);
    let read =
        Pair::read(&settings(folder.file("c", &cert), folder.file("k", &key), None)).expect("readable all the same");
    let second = 1.second();
    assert_eq!(read.begins.to_string(), "2024-01-01T00:00:00Z");
    assert_eq!(read.expires.to_string(), "2024-07-01T00:00:00Z");
    assert!(read.check_validity(read.begins).is_ok() && read.check_validity(read.expires).is_ok());
    let early = read.check_validity(read.begins - second).expect_err("too early");
    let late = read.check_validity(read.expires + second).expect_err("too late");
    assert!(early.finding.contains("2024-01-01") && late.finding.contains("expired at 2024-07-01"), "{early} {late}");
}
