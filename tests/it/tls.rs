//! TLS towards vendors, ended in the program itself.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use reqwest::tls::{TlsInfo, Version};

use super::deployment::{Deployment, PATIENCE, Replica, Signed, call_body, eventually, get};
use super::kafka::Cluster;

/// Whoever signs certificates, of servers and of clients.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("signed").pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// A certificate and its key, in PEM, valid until the end of `year`.
    fn sign(&self, usage: ExtendedKeyUsagePurpose, year: i32) -> (String, String) {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).expect("names");
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        params.not_after = date_time_ymd(year, 12, 31);
        let key = KeyPair::generate().expect("a key");
        (params.signed_by(&key, &self.issuer).expect("signed").pem(), key.serialize_pem())
    }

    /// What a client of this authority shows.
    fn client(&self) -> String {
        let (cert, key) = self.sign(ExtendedKeyUsagePurpose::ClientAuth, 2090);
        format!("{cert}{key}")
    }
}

/// A folder as Kubernetes mounts a secret: links to the files of a state, and one link that says which state it is.
struct Mounted {
    folder: tempfile::TempDir,
    states: u32,
}

impl Mounted {
    fn new(files: &[(&str, &str)]) -> Self {
        let mut mounted = Self { folder: tempfile::tempdir().expect("a folder"), states: 0 };
        mounted.swap(files);
        for (name, _) in files {
            std::os::unix::fs::symlink(Path::new("..data").join(name), mounted.file(name)).expect("linked");
        }
        mounted
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn swap(&mut self, files: &[(&str, &str)]) {
        self.states += 1;
        let state = self.file(&format!("..{}", self.states));
        std::fs::create_dir(&state).expect("made");
        for (name, text) in files {
            std::fs::write(state.join(name), text).expect("written");
        }
        std::os::unix::fs::symlink(&state, self.file("..new")).expect("linked");
        std::fs::rename(self.file("..new"), self.file("..data")).expect("moved");
    }
}

/// A server with a certificate, and what it takes to talk to it.
struct Secured {
    authority: Authority,
    mounted: Mounted,
    deployment: Deployment,
    replica: Replica,
    url: String,
}

impl Secured {
    /// `client_ca` are authorities of clients, in PEM.
    fn start(client_ca: &str, extra: &str) -> Self {
        let authority = Authority::new();
        let (cert, key) = authority.sign(ExtendedKeyUsagePurpose::ServerAuth, 2090);
        let mounted = Mounted::new(&[("tls.crt", &cert), ("tls.key", &key), ("ca.crt", client_ca)]);
        let file = |name| mounted.file(name).display().to_string();
        let mut settings = format!(
            "{extra}\nhttp.tls.cert_file = \"{}\"\nhttp.tls.key_file = \"{}\"\n",
            file("tls.crt"),
            file("tls.key")
        );
        if !client_ca.is_empty() {
            settings.push_str(&format!("http.tls.client_ca_file = \"{}\"\n", file("ca.crt")));
        }
        let deployment = Deployment::new(Cluster::shared().bootstrap(), &settings);
        let mut replica = deployment.start();
        let url = replica.url().replace("http://", "https://");
        Self { authority, mounted, deployment, replica, url }
    }

    fn builder(&self) -> reqwest::ClientBuilder {
        trunkline::tls::install_provider();
        let authority = reqwest::Certificate::from_pem(self.authority.pem.as_bytes()).expect("a certificate");
        reqwest::Client::builder().tls_certs_only([authority]).tls_info(true).timeout(PATIENCE)
    }

    fn client(&self) -> reqwest::Client {
        self.builder().build().expect("a client")
    }

    fn client_with(&self, identity: &str) -> reqwest::Client {
        let identity = reqwest::Identity::from_pem(identity.as_bytes()).expect("an identity");
        self.builder().identity(identity).build().expect("a client")
    }

    fn signed(&self, call: &str) -> Signed {
        self.deployment.signed("call", &call_body(call, "486"))
    }

    fn address(&self) -> String {
        self.url.trim_start_matches("https://").to_owned()
    }

    fn handshakes(&mut self, result: &str) -> f64 {
        self.replica.metric("trunkline_tls_handshakes_total", &[&format!("result=\"{result}\"")])
    }

    fn reloads(&mut self, result: &str) -> f64 {
        self.replica.metric("trunkline_tls_reloads_total", &[&format!("result=\"{result}\"")])
    }

    /// SIGHUP, and waits for `result`.
    fn reload(&mut self, result: &str) {
        let before = self.reloads(result);
        self.replica.signal("-HUP");
        let metrics = format!("{}/metrics", self.replica.admin());
        let label = format!("trunkline_tls_reloads_total{{result=\"{result}\"}} ");
        eventually(&format!("{result} files"), || {
            let (_, text) = get(&metrics);
            text.lines().find_map(|line| line.strip_prefix(&label)?.parse::<f64>().ok()).is_some_and(|now| now > before)
        });
    }
}

fn certificate(response: &reqwest::Response) -> Vec<u8> {
    let info = response.extensions().get::<TlsInfo>().expect("TLS");
    info.peer_certificate().expect("a certificate").to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn vendors_are_served_over_tls_1_2_and_1_3() {
    let mut secured = Secured::start("", "");
    for (number, version) in [Version::TLS_1_2, Version::TLS_1_3].into_iter().enumerate() {
        let client = secured.builder().tls_version_min(version).tls_version_max(version).build().expect("a client");
        let answer = secured.signed(&format!("c-{number}")).post(&client, &secured.url).await.expect("an answer");
        assert_eq!((answer.status().as_u16(), answer.version()), (200, reqwest::Version::HTTP_11));
    }
    assert_eq!(secured.deployment.read_until("events", |events| events.len() >= 2).len(), 2);
    assert_eq!(secured.handshakes("ok"), 2.0);
    let expires = secured.replica.metric("trunkline_tls_certificate_expiry_timestamp_seconds", &["callbacks"]);
    assert_eq!(expires, "2090-12-31T00:00:00Z".parse::<jiff::Timestamp>().expect("a time").as_second() as f64);
    // A vendor that does not know the authority refuses us, and that can be seen.
    let stranger = super::deployment::client();
    assert!(secured.signed("c-3").post(&stranger, &secured.url).await.is_err());
    let metrics = format!("{}/metrics", secured.replica.admin());
    eventually("a refusal is counted", || {
        get(&metrics).1.contains("trunkline_tls_handshakes_total{result=\"refused_by_peer\"} 1")
    });
    assert!(secured.replica.log().contains("\"scheme\":\"https\""));
    assert!(secured.replica.stop().success());
    assert!(!secured.replica.log().contains("panicked"));
}

/// Neither plain HTTP nor noise gets an answer or stays, and a handshake that never ends is cut off; meanwhile vendors are
/// served.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_tls_gets_nothing_and_does_not_stay() {
    let mut secured = Secured::start("", "http.tls.handshake_timeout_ms = 1000\nhttp.idle_timeout_ms = 600000");
    let client = secured.client();
    let connect = || {
        let stream = TcpStream::connect(secured.address()).expect("connected");
        stream.set_read_timeout(Some(PATIENCE)).expect("set");
        stream
    };
    let silent: Vec<_> = (0..20).map(|_| connect()).collect();
    let mut half = connect();
    half.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01]).expect("written");
    let rest = |mut stream: TcpStream| {
        let mut bytes = Vec::new();
        if let Err(error) = stream.read_to_end(&mut bytes) {
            assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock, "never cut off");
        }
        bytes
    };
    for noise in [&b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n"[..], b"\0\0\0\0\0\0\0\0", &[0xff; 5000]] {
        let mut stream = connect();
        let _ = stream.write_all(noise);
        let answer = rest(stream);
        assert!(answer.len() < 20 && !answer.starts_with(b"HTTP"), "{answer:?}");
    }
    assert_eq!(secured.signed("c-1").post(&client, &secured.url).await.expect("an answer").status(), 200);
    assert!(rest(half).is_empty() && silent.into_iter().all(|stream| rest(stream).is_empty()));
    assert_eq!((secured.handshakes("timeout"), secured.handshakes("not_tls")), (21.0, 3.0));
    assert_eq!(secured.replica.metric("trunkline_connections_cut_total", &["handshake_timeout"]), 21.0);
    drop(client);
    let metrics = format!("{}/metrics", secured.replica.admin());
    eventually("no connection is left", || get(&metrics).1.contains("trunkline_open_connections 0"));
    assert!(secured.replica.stop().success());
}

/// Handshakes count as connections, and those that stall make room.
#[tokio::test(flavor = "multi_thread")]
async fn stalled_handshakes_shut_nobody_out() {
    let limits = "http.max_connections = 20\nhttp.tls.handshake_timeout_ms = 600000\nhttp.idle_timeout_ms = 600000";
    let mut secured = Secured::start("", limits);
    let stalled: Vec<_> = (0..60)
        .map(|_| {
            let mut stream = TcpStream::connect(secured.address()).expect("connected");
            let _ = stream.write_all(&[0x16, 0x03, 0x01]);
            stream
        })
        .collect();
    for number in 0..5 {
        let client = secured.client();
        let answer = secured.signed(&format!("c-{number}")).post(&client, &secured.url).await.expect("an answer");
        assert_eq!(answer.status(), 200);
    }
    assert!(secured.replica.metric("trunkline_open_connections", &[]) <= 20.0);
    assert!(secured.handshakes("dismissed") >= 40.0);
    assert!(secured.replica.stop().success(), "a stop does not wait for them");
    drop(stalled);
}

#[tokio::test(flavor = "multi_thread")]
async fn senders_without_the_right_certificate_are_turned_away() {
    let (old, new, foreign) = (Authority::new(), Authority::new(), Authority::new());
    let both = format!("{}{}", old.pem, new.pem);
    for (mode, bare) in
        [("", false), ("http.tls.client_auth = \"required\"", false), ("http.tls.client_auth = \"optional\"", true)]
    {
        let mut secured = Secured::start(&both, mode);
        for (number, authority) in [&old, &new].into_iter().enumerate() {
            let client = secured.client_with(&authority.client());
            let answer = secured.signed(&format!("c-{number}")).post(&client, &secured.url).await.expect("an answer");
            assert_eq!(answer.status(), 200);
        }
        let expired = old.sign(ExtendedKeyUsagePurpose::ClientAuth, 2001);
        let of_a_server = old.sign(ExtendedKeyUsagePurpose::ServerAuth, 2090);
        for (certificate, key) in [expired, of_a_server] {
            let client = secured.client_with(&format!("{certificate}{key}"));
            assert!(secured.signed("no").post(&client, &secured.url).await.is_err(), "{mode}");
        }
        let client = secured.client_with(&foreign.client());
        assert!(secured.signed("no").post(&client, &secured.url).await.is_err(), "{mode}");
        assert_eq!(secured.handshakes("client_certificate"), 3.0, "{mode}");
        let answer = secured.signed("c-2").post(&secured.client(), &secured.url).await;
        assert_eq!(answer.is_ok_and(|answer| answer.status() == 200), bare, "{mode}");
        // A certificate replaces no signature.
        let mut forged = secured.signed("no");
        forged.body.push(' ');
        let client = secured.client_with(&old.client());
        assert_eq!(forged.post(&client, &secured.url).await.expect("an answer").status(), 401);
        let events = 2 + usize::from(bare);
        assert_eq!(secured.deployment.read_until("events", |found| found.len() >= events).len(), events);
        assert!(secured.replica.stop().success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_renewed_under_open_connections() {
    let mut secured = Secured::start("", "");
    let kept = secured.client();
    let first = secured.signed("c-1").post(&kept, &secured.url).await.expect("an answer");
    let old = certificate(&first);
    drop(first.bytes().await);

    let (cert, key) = secured.authority.sign(ExtendedKeyUsagePurpose::ServerAuth, 2091);
    secured.mounted.swap(&[("tls.crt", &cert), ("tls.key", &key)]);
    secured.reload("changed");
    let expires = secured.replica.metric("trunkline_tls_certificate_expiry_timestamp_seconds", &["callbacks"]);
    assert_eq!(expires, "2091-12-31T00:00:00Z".parse::<jiff::Timestamp>().expect("a time").as_second() as f64);
    // The open connection lives on, and nobody shook hands again.
    let second = secured.signed("c-2").post(&kept, &secured.url).await.expect("an answer");
    assert_eq!((second.status().as_u16(), certificate(&second)), (200, old.clone()));
    assert_eq!(secured.handshakes("ok"), 1.0);
    let third = secured.signed("c-3").post(&secured.client(), &secured.url).await.expect("an answer");
    let new = certificate(&third);
    assert_ne!(new, old);

    // Half of a renewal, one that has expired, and nothing at all: counted, told, and without effect.
    let (other, _) = secured.authority.sign(ExtendedKeyUsagePurpose::ServerAuth, 2092);
    let expired = secured.authority.sign(ExtendedKeyUsagePurpose::ServerAuth, 2001);
    for files in
        [vec![("tls.crt", &other), ("tls.key", &key)], vec![("tls.crt", &expired.0), ("tls.key", &expired.1)], vec![]]
    {
        let files: Vec<(&str, &str)> = files.into_iter().map(|(name, text)| (name, text.as_str())).collect();
        secured.mounted.swap(&files);
        secured.reload("failed");
        let answer = secured.signed("c-4").post(&secured.client(), &secured.url).await.expect("an answer");
        assert_eq!((answer.status().as_u16(), certificate(&answer)), (200, new.clone()));
    }
    assert_eq!(secured.reloads("changed"), 1.0);
    assert!(secured.replica.stop().success());
    let log = secured.replica.log();
    for told in ["certificate changed", "is not the key of the first certificate", "expired at 2001", "cannot read"] {
        assert!(log.contains(told), "{told}\n{log}");
    }
    assert!(!log.contains("PRIVATE KEY"));
}

/// Without SIGHUP too: the files are looked at from time to time.
#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_noticed_without_a_signal() {
    let mut secured = Secured::start("", "");
    let (cert, key) = secured.authority.sign(ExtendedKeyUsagePurpose::ServerAuth, 2091);
    secured.mounted.swap(&[("tls.crt", &cert), ("tls.key", &key)]);
    let metrics = format!("{}/metrics", secured.replica.admin());
    eventually("the new certificate is in use", || {
        get(&metrics).1.contains("trunkline_tls_reloads_total{result=\"changed\"} 1")
    });
    assert!(secured.replica.stop().success());
}

/// Two listeners, two surfaces: whatever is asked in whichever way, neither answers for the other.
#[tokio::test(flavor = "multi_thread")]
async fn admin_and_callbacks_are_apart() {
    let mut secured = Secured::start("", "");
    let (client, admin) = (secured.client(), secured.replica.admin());
    let status =
        async |request: reqwest::RequestBuilder| request.send().await.map_or(0, |answer| answer.status().as_u16());
    for path in ["/", "/metrics", "/livez", "/readyz", "/readyz?verbose"] {
        assert_eq!(status(client.get(format!("{admin}{path}"))).await, 200, "{path}");
        for method in [reqwest::Method::GET, reqwest::Method::POST, reqwest::Method::HEAD, reqwest::Method::OPTIONS] {
            let request = client.request(method, format!("{}{path}", secured.url)).header("host", admin.clone());
            assert_eq!(status(request).await, 404, "{path}");
        }
    }
    let signed = secured.signed("c-1");
    assert_eq!(signed.post(&client, &admin).await.expect("an answer").status(), 404);
    for path in ["/v1/sources/nx/token", "/v1/sources/nx/calls", "/v1/callbacks/nx/call"] {
        assert_eq!(status(client.post(format!("{admin}{path}"))).await, 404, "{path}");
    }
    // The admin listener stays plain.
    assert_eq!(status(client.get(format!("{}/livez", admin.replace("http://", "https://")))).await, 0);
    assert_eq!(signed.post(&client, &secured.url).await.expect("an answer").status(), 200);
    assert!(secured.replica.stop().success());
}

#[test]
fn a_start_with_unusable_files_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("nothing.pem");
    let settings = format!("http.tls.cert_file = \"{0}\"\nhttp.tls.key_file = \"{0}\"", path.display());
    let deployment = Deployment::new("127.0.0.1:1", &settings);
    let mut replica = deployment.spawn(&[], &[]);
    assert_eq!(replica.wait().code(), Some(2));
    let log = replica.log();
    assert!(log.contains("http.tls.cert_file") && log.contains("cannot read"), "{log}");
}
