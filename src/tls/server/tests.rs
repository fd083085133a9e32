use std::os::unix::fs::symlink;
use std::path::Path;

use rcgen::{CertificateParams, KeyPair};

use super::*;
use crate::clock;

/// Writes a pair that is valid until the end of `year`.
fn write(folder: &Path, year: i32) {
    let mut params = CertificateParams::new(vec!["calls.example".to_owned()]).expect("names");
    params.not_after = rcgen::date_time_ymd(year, 12, 31);
    let key = KeyPair::generate().expect("a key");
    std::fs::create_dir_all(folder).expect("made");
    std::fs::write(folder.join("tls.crt"), params.self_signed(&key).expect("signed").pem()).expect("written");
    std::fs::write(folder.join("tls.key"), key.serialize_pem()).expect("written");
}

fn settings(folder: &Path) -> HttpTls {
    HttpTls {
        cert_file: folder.join("tls.crt"),
        key_file: folder.join("tls.key"),
        client_ca_file: None,
        client_auth: None,
        handshake_timeout_ms: 1,
    }
}

fn year(server: &Server) -> String {
    server.expires().to_string()[..4].to_owned()
}

#[test]
fn a_new_pair_is_taken_and_a_bad_one_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    write(path, 2090);
    let server = Server::load(&settings(path)).expect("usable");
    assert_eq!(server.reload(clock::now()), Ok(false));
    write(path, 2091);
    assert_eq!(server.reload(clock::now()), Ok(true));
    assert_eq!(year(&server), "2091");

    // Half of a change, an end in the past, nothing at all: what is in use stays in use, and the next good pair is taken.
    let other = tempfile::tempdir().expect("a folder");
    write(other.path(), 2092);
    std::fs::copy(other.path().join("tls.crt"), path.join("tls.crt")).expect("copied");
    assert_eq!(server.reload(clock::now()).expect_err("half").key, "http.tls.key_file");
    write(path, 2001);
    assert!(server.reload(clock::now()).expect_err("expired").finding.contains("expired at 2001-12-31"));
    std::fs::remove_file(path.join("tls.crt")).expect("removed");
    assert_eq!(server.reload(clock::now()).expect_err("gone").key, "http.tls.cert_file");
    assert_eq!(year(&server), "2091");
    write(path, 2093);
    assert_eq!(server.reload(clock::now()), Ok(true));
    assert_eq!(year(&server), "2093");
}

/// Kubernetes keeps each state of a secret in a folder and moves a link from one to the next.
#[test]
fn a_moved_link_is_a_change() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    write(&path.join("1"), 2090);
    write(&path.join("2"), 2091);
    symlink("1", path.join("..data")).expect("linked");
    for name in ["tls.crt", "tls.key"] {
        symlink(Path::new("..data").join(name), path.join(name)).expect("linked");
    }
    let server = Server::load(&settings(path)).expect("usable");
    assert_eq!(year(&server), "2090");
    symlink("2", path.join("..data_tmp")).expect("linked");
    std::fs::rename(path.join("..data_tmp"), path.join("..data")).expect("moved");
    assert_eq!(server.reload(clock::now()), Ok(true));
    assert_eq!(year(&server), "2091");
}

#[test]
fn failures_are_told_apart() {
    let of = |error: rustls::Error| Failure::of(&io::Error::new(io::ErrorKind::InvalidData, error)).as_str();
    assert_eq!(of(rustls::Error::NoCertificatesPresented), "client_certificate");
    assert_eq!(of(rustls::CertificateError::UnknownIssuer.into()), "client_certificate");
    assert_eq!(of(rustls::Error::NoApplicationProtocol), "incompatible");
    assert_eq!(of(rustls::Error::AlertReceived(rustls::AlertDescription::UnknownCA)), "refused_by_peer");
    assert_eq!(of(rustls::InvalidMessage::InvalidContentType.into()), "not_tls");
    assert_eq!(Failure::of(&io::Error::new(io::ErrorKind::UnexpectedEof, "tls handshake eof")).as_str(), "closed");
}
