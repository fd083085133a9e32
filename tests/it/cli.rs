//! The commands, as somebody at a terminal sees them: what they print and how they exit.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::NamedTempFile;
use trunkline::{schema, source, vendor};

use super::kafka::Cluster;

const SECRET: &str = "a-secret-that-is-never-shown";
const TOKEN: &str = "a-path-token-that-is-never-shown";

/// Runs the program with `input` on standard input.
fn run(args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_trunkline"))
        .args(args)
        .env_remove("TRUNKLINE_CONFIG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A program that does not read its input closes it early.
    let _ = child.stdin.take().expect("piped").write_all(input);
    child.wait_with_output().expect("the program ends")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("not killed")
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("UTF-8")
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).expect("UTF-8")
}

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("a file");
    file.write_all(text.as_bytes()).expect("written");
    file
}

fn path(file: &NamedTempFile) -> &str {
    file.path().to_str().expect("UTF-8")
}

/// A source with everything that must not be shown.
fn config(more: &str) -> NamedTempFile {
    file(&format!(
        "{more}\n[sources.prod]\nvendor = \"nxcloud-callbot\"\nuuid = \"UID-01\"\nsecrets = [\"{SECRET}\"]\n\
         path_tokens = [\"{TOKEN}\"]\n"
    ))
}

fn shows_no_secret(output: &Output) {
    for text in [stdout(output), stderr(output)] {
        assert!(!text.contains(SECRET) && !text.contains(TOKEN), "{text}");
    }
}

/// The HTTP request that a curl line of `trunkline sign` sends.
fn request(curl: &str) -> String {
    let mut words = Vec::new();
    let mut rest = curl.trim_end();
    while let Some((_, after)) = rest.split_once('\'') {
        let (word, after) = after.split_once('\'').expect("a closing quote");
        words.push(word);
        rest = after;
    }
    let (url, words) = words.split_first().expect("a URL");
    let (body, headers) = words.split_last().expect("a body");
    let target = url.splitn(4, '/').nth(3).expect("a path");
    let length = body.len();
    format!("POST /{target} HTTP/1.1\r\nContent-Length: {length}\r\n{}\r\n\r\n{body}", headers.join("\r\n"))
}

/// A signed request of the source `prod`.
fn signed(config: &NamedTempFile) -> String {
    let nxcloud = vendor::find("nxcloud-callbot").expect("a vendor");
    let (kind, body) = nxcloud.demo().samples[0];
    let output = run(&["sign", "-c", path(config), "--source", "prod", "--kind", kind], body.as_bytes());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    request(stdout(&output))
}

fn verify(config: &NamedTempFile, request: &str, more: &[&str]) -> Output {
    let output = run(&[&["verify", "-c", path(config), "--source", "prod"], more].concat(), request.as_bytes());
    shows_no_secret(&output);
    output
}

#[test]
fn documents_are_printed_as_committed() {
    for document in schema::DOCUMENTS {
        let output = run(&document.command, b"");
        let committed = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(document.path));
        assert_eq!(code(&output), 0);
        assert!(
            committed.is_ok_and(|text| text == stdout(&output)),
            "{} is stale: run `make generate` and commit it",
            document.path
        );
    }
}

#[test]
fn what_sign_writes_verify_accepts_for_every_vendor() {
    let config = file(&source::demo_settings());
    let mut verified = 0;
    for vendor in vendor::REGISTRY {
        let source = format!("{}-demo", vendor.name());
        for (kind, body) in vendor.demo().samples {
            let output = run(&["sign", "-c", path(&config), "--source", &source, "--kind", kind], body.as_bytes());
            if stderr(&output).contains("no secret to sign with") {
                continue;
            }
            let request = request(stdout(&output));
            let output = run(&["verify", "-c", path(&config), "--source", &source], request.as_bytes());
            assert_eq!(code(&output), 0, "{source} {kind}: {}{}", stdout(&output), stderr(&output));
            assert!(stdout(&output).contains("\nverified\n"), "{}", stdout(&output));
            verified += 1;
        }
    }
    assert!(verified > 0);
}

#[test]
fn verify_names_the_events_and_no_number() {
    let config = config("");
    let output = verify(&config, &signed(&config), &[]);
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    assert!(stdout(&output).contains("ok  the path holds a path token of the source\n"), "{}", stdout(&output));
    assert!(stdout(&output).contains("call.ended "), "{}", stdout(&output));
    let body = vendor::find("nxcloud-callbot").expect("a vendor").demo().samples[0].1;
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert!(!stdout(&output).contains(body["userPhone"].as_str().expect("a number")));
}

#[test]
fn verify_says_which_step_does_not_hold() {
    let config = config("");
    let request = signed(&config);
    let (head, body) = request.split_once("\r\n\r\n").expect("a body");
    let head = head.replace(&format!("Content-Length: {}\r\n", body.len()), "");
    let tables = [
        (format!("{head}\r\n\r\n{body}\n"), "something added a line end on the way"),
        (format!("{head}\r\n\r\n{}", body.replacen('1', "2", 1)), "body or headers were altered"),
        (request.replace("uuid: UID-01", "uuid: UID-02"), "no  header uuid is not the `uuid` of this source"),
        (request.replace(TOKEN, "another-token-of-somebody"), "no  the path holds no path token of the source"),
        (request.replace(&format!("/{TOKEN}"), ""), "no  the path holds no path token of the source"),
        (request.replacen("POST", "GET", 1), "no  method is GET"),
        (request.replace("application/json", "text/html"), "no  content-type is not one the vendor sends"),
    ];
    for (altered, expected) in tables {
        let output = verify(&config, &altered, &[]);
        assert_eq!(code(&output), 1, "{}", stdout(&output));
        assert!(stdout(&output).contains(expected), "{expected}\n{}", stdout(&output));
    }
}

#[test]
fn verify_can_look_at_an_old_capture() {
    let config = config("");
    let request = signed(&config);
    let output = verify(&config, &request, &["--at", "2099-01-01T00:00:00Z"]);
    assert_eq!(code(&output), 1);
    assert!(stdout(&output).contains("not verified: stale"), "{}", stdout(&output));
    let output = verify(&config, &request.replacen("/call HTTP", "/hook HTTP", 1), &["--kind", "call"]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
}

#[test]
fn a_file_that_is_no_request_is_refused() {
    let output = verify(&config(""), "no request", &[]);
    assert_eq!(code(&output), 1);
    assert!(!stderr(&output).is_empty());
}

#[test]
fn names_that_do_not_exist_get_a_suggestion() {
    let config = config("");
    let output = run(&["sign", "-c", path(&config), "--source", "prd", "--kind", "call"], b"{}");
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("did you mean `prod`?"), "{}", stderr(&output));
    let output = run(&["sign", "-c", path(&config), "--source", "prod", "--kind", "cal"], b"{}");
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("did you mean `call`?"), "{}", stderr(&output));
    let output = run(&["sign", "-c", path(&config), "--source", "prod", "--kind", "something"], b"{}");
    assert!(stderr(&output).contains("there are task, order, call"), "{}", stderr(&output));
}

#[test]
fn check_offline_lists_sources_and_hides_secrets() {
    let output =
        run(&["check", "--offline", "-c", path(&config("http.public_url = \"https://in.example.com/\""))], b"");
    shows_no_secret(&output);
    let text = stdout(&output);
    assert_eq!(code(&output), 0, "{text}{}", stderr(&output));
    assert!(text.contains("ok    sources.prod: NXCloud Callbot, 1 active secret, 1 path token, "), "{text}");
    assert!(text.contains("call: https://in.example.com/v1/callbacks/prod/{token}/call\n"), "{text}");
    assert!(text.ends_with(" ok, 0 warn, 0 FAIL\n"), "{text}");
}

#[test]
fn check_judges_the_certificate() {
    let in_days = |days: i64| {
        let end = jiff::Zoned::now().date().saturating_add(jiff::Span::new().days(days));
        let mut params = rcgen::CertificateParams::new(vec!["in.example.com".to_owned()]).expect("a name");
        params.not_after = rcgen::date_time_ymd(end.year().into(), end.month() as u8, end.day() as u8);
        let key = rcgen::KeyPair::generate().expect("a key");
        (file(&params.self_signed(&key).expect("signed").pem()), file(&key.serialize_pem()))
    };
    let authorities = file(&rcgen::generate_simple_self_signed(["a".to_owned()]).expect("a certificate").cert.pem());
    let check = |(cert, key): (&NamedTempFile, &NamedTempFile), host: &str| {
        let settings = format!(
            "http.public_url = \"https://{host}:8443\"\nhttp.tls.cert_file = \"{}\"\nhttp.tls.key_file = \"{}\"\n\
             http.tls.client_ca_file = \"{}\"\nhttp.tls.client_auth = \"optional\"",
            path(cert),
            path(key),
            path(&authorities)
        );
        let output = run(&["check", "--offline", "-c", path(&config(&settings))], b"");
        shows_no_secret(&output);
        (code(&output), stdout(&output).to_owned())
    };
    let ((cert, key), (soon, soon_key), (late, late_key)) = (in_days(30), in_days(10), in_days(-1));
    let (exit, text) = check((&cert, &key), "in.example.com");
    assert!(exit == 0 && text.contains("ok    http.tls.cert_file: key and certificate fit, valid until "), "{text}");
    assert!(text.contains("ok    http.tls.client_ca_file: 1 authority; a sender may have no certificate\n"), "{text}");
    let (exit, text) = check((&cert, &key), "elsewhere.example.com");
    assert!(exit == 0 && text.contains("warn  http.tls.cert_file: is not for elsewhere.example.com"), "{text}");
    let (exit, text) = check((&soon, &soon_key), "in.example.com");
    assert!(exit == 0 && text.contains("warn  http.tls.cert_file: expires at "), "{text}");
    let (exit, text) = check((&late, &late_key), "in.example.com");
    assert!(exit == 1 && text.contains("FAIL  http.tls.cert_file: the certificate expired at "), "{text}");
    let (exit, text) = check((&cert, &soon_key), "in.example.com");
    assert!(exit == 1 && text.contains("FAIL  http.tls.key_file: "), "{text}");
    assert!(text.contains(" is not the key of the first certificate in "), "{text}");
}

#[test]
fn check_looks_at_the_spool() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(&format!("spool.dir = {:?}", folder.path()));
    let check = || run(&["check", "--offline", "-c", path(&config)], b"");
    let output = check();
    assert!(stdout(&output).contains("\nok    spool.dir: can be written, nothing is in it"), "{}", stdout(&output));

    let lock = std::fs::File::open(folder.path().join("lock")).expect("left by the first check");
    lock.lock().expect("locked");
    let output = check();
    assert!(stdout(&output).contains("\nwarn  spool.dir: "), "{}", stdout(&output));
    assert!(stdout(&output).contains("is in use by another process"), "{}", stdout(&output));

    std::fs::remove_dir_all(folder.path()).expect("removed");
    let output = check();
    assert_eq!(code(&output), 1);
    assert!(stdout(&output).contains("\nFAIL  spool.dir: "), "{}", stdout(&output));
    assert!(stdout(&output).contains("is not a folder: create it"), "{}", stdout(&output));
}

#[test]
fn check_exits_1_for_what_cannot_work() {
    let config = config("http.answer_deadline_ms = 200\nkafka.linger_ms = 300");
    let output = run(&["check", "--offline", "-c", path(&config)], b"");
    assert_eq!(code(&output), 1, "{}", stdout(&output));
    assert!(stdout(&output).contains("\nFAIL  http.answer_deadline_ms: 200 ms is not above"), "{}", stdout(&output));
}

#[test]
fn check_exits_2_and_lists_every_complaint() {
    let bad = config("http.max_in_flight = 0\nkafka.partitions = 0");
    let output = run(&["check", "--offline", "-c", path(&bad)], b"");
    shows_no_secret(&output);
    assert_eq!(code(&output), 2);
    for key in ["http.max_in_flight", "kafka.partitions"] {
        assert!(stderr(&output).contains(&format!("error: {key} ({}): must be", path(&bad))), "{}", stderr(&output));
    }
    let output = run(&["check", "-c", "/nowhere.toml"], b"");
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("is not a file"));
}

#[test]
fn check_asks_kafka() {
    let brokers = Cluster::shared().bootstrap();
    let kafka = format!("[kafka]\nbrokers = \"{brokers}\"\nreplication_factor = 1\ntopic_prefix = \"cli-check\"");
    let output = run(&["check", "-c", path(&config(&kafka))], b"");
    shows_no_secret(&output);
    let text = stdout(&output);
    assert_eq!(code(&output), 0, "{text}{}", stderr(&output));
    for found in ["ok    kafka: ", "ok    topics: 4 topics", "ok    transactions: allowed", "ok    clock: agrees"] {
        assert!(text.contains(found), "{found}\n{text}");
    }
    assert!(!text.contains("could not be deleted"), "{text}");
    let strict = format!("{kafka}\ncreate_topics = false");
    let output = run(&["check", "-c", path(&config(&strict))], b"");
    assert_eq!(code(&output), 1, "{}", stdout(&output));
    assert_eq!(stdout(&output).matches("\nFAIL  topics: topic cli-check.").count(), 4, "{}", stdout(&output));
}

#[test]
fn check_says_why_kafka_cannot_be_reached() {
    let output = run(&["check", "-c", path(&config("kafka.brokers = \"127.0.0.1:1\""))], b"");
    assert_eq!(code(&output), 1);
    assert!(stdout(&output).contains("FAIL  kafka: no broker answers: "), "{}", stdout(&output));
    assert!(stdout(&output).contains("Connection refused"), "{}", stdout(&output));
}

#[test]
fn help_mentions_every_command_and_every_command_has_help() {
    let output = run(&["--help"], b"");
    assert_eq!(code(&output), 0);
    for command in ["serve", "dev", "check", "tail", "sign", "verify", "schema", "completions"] {
        assert!(stdout(&output).contains(&format!("\n  {command} ")), "{command}");
        let help = run(&[command, "--help"], b"");
        assert_eq!(code(&help), 0, "{command}");
        assert!(stdout(&help).contains(&format!("Usage: trunkline {command}")), "{}", stdout(&help));
    }
    let output = run(&["chek"], b"");
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("'check'"), "{}", stderr(&output));
}

#[test]
fn completions_for_the_usual_shells() {
    for shell in ["bash", "zsh", "fish"] {
        let output = run(&["completions", shell], b"");
        assert_eq!(code(&output), 0, "{shell}");
        assert!(["verify", "from-beginning"].iter().all(|word| stdout(&output).contains(word)), "{shell}");
    }
}
