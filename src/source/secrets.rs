//! The secrets of a source: read again, and what is told of them.

use super::Source;
use crate::metrics::Metrics;
use crate::secret::{FileError, PLACES, Secrets};
use crate::vendor::Poller;

impl Source {
    /// What vendors and dialers prove themselves with now, by the setting that holds it.
    pub fn secrets(&self) -> Vec<(&'static str, &Secrets)> {
        let mut all = self.adapter.secrets();
        all.extend(self.path_tokens.iter().map(|tokens| ("path_tokens", tokens)));
        all.extend(self.dialer_tokens.iter().map(|tokens| ("dialer_tokens", tokens)));
        all.retain(|(_, secrets)| !secrets.active().is_empty());
        all
    }

    /// How many path tokens are accepted now; 0 when the URL has none.
    pub fn path_tokens(&self) -> usize {
        self.path_tokens.as_ref().map_or(0, |tokens| tokens.active().len())
    }

    /// Re-reads secret files; `true` when anything changed. A file that cannot be read keeps no other secret
    /// old; the error is told after all.
    pub fn reload_secrets(&self) -> Result<bool, FileError> {
        let api = self.adapter.poller().map_or(Ok(false), Poller::reload_secrets);
        let results: Vec<_> = self.secrets().iter().map(|(_, secrets)| secrets.reload()).chain([api]).collect();
        results.into_iter().try_fold(false, |changed, result| Ok(changed | result?))
    }

    /// Tells how many secrets there are, how old their files, and which of them are in use.
    pub fn tell_secrets(&self, metrics: &Metrics) {
        for (setting, secrets) in self.secrets() {
            let labels = [self.name.as_str(), setting];
            metrics.active_secrets.with_label_values(&labels).set(secrets.active().len() as i64);
            if let Some(written) = secrets.written() {
                metrics.secret_written.with_label_values(&labels).set(written);
            }
            for (place, proofs) in PLACES.into_iter().zip(secrets.proofs()) {
                let counter = metrics.secret_proofs.with_label_values(&[&self.name, setting, place]);
                counter.inc_by(proofs.saturating_sub(counter.get()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::clock;
    use crate::config::Config;
    use crate::metrics::Metrics;
    use crate::source::{Source, build};
    use crate::vendor::{Explain, REGISTRY, Unsigned};

    fn source(toml: &str) -> std::sync::Arc<Source> {
        let sources = build(&Config::from_toml(toml).expect("settings")).unwrap_or_else(|errors| panic!("{errors:?}"));
        sources.into_values().next().expect("configured")
    }

    fn told(source: &Source) -> String {
        let metrics = Metrics::new();
        source.tell_secrets(&metrics);
        metrics.text()
    }

    fn proofs(source: &Source, setting: &str) -> [u64; 3] {
        let secrets = source.secrets();
        secrets.iter().find(|(name, _)| *name == setting).expect("a setting").1.proofs()
    }

    /// Whoever changes a secret sees which one is still in use, whatever the vendor and its way of proving itself.
    #[test]
    fn every_vendor_counts_which_secret_proved_it() {
        let mut counted = 0;
        for vendor in REGISTRY {
            let demo = vendor.demo();
            let demo_settings: Vec<_> = demo.settings.lines().map(str::trim).collect();
            let demo_settings = format!("\n{}\n", demo_settings.join("\n"));
            let head = format!("[sources.s]\nvendor = \"{}\"\n", vendor.name());
            let signer = source(&format!("{head}{demo_settings}"));
            for (setting, _) in signer.adapter.secrets() {
                let list = format!("\n{setting} = [\"");
                // Of what is empty in the demo nothing can be proven.
                let Some(start) = demo_settings.find(&list) else { continue };
                let own = &demo_settings[start..];
                let other = if own.split(']').next().expect("a list").contains(':') { "other:one" } else { "b3RoZXI=" };
                let settings = demo_settings.replacen(&list, &format!("{list}{other}\", \""), 1);
                let source = source(&format!("{head}{settings}"));
                for (sample, (kind, body)) in demo.samples.iter().enumerate() {
                    let (kind, now) = (signer.kind(kind).expect("a kind"), clock::now());
                    let nonce = format!("nonce-{sample}");
                    let signed = signer.adapter.sign(&Unsigned { kind, body, now, nonce: &nonce }).expect("signs");
                    let inbound = signed.received(kind).expect("headers");
                    assert!(source.adapter.verify(inbound, now, &mut Explain::off()).is_ok(), "{}", vendor.name());
                }
                let [first, second, further] = proofs(&source, setting);
                assert!(first == 0 && second > 0 && further == 0, "{}: {first} {second} {further}", vendor.name());
                counted += 1;
            }
        }
        assert_eq!(counted, REGISTRY.len());
    }

    #[test]
    fn tokens_are_counted_by_their_place() {
        let token = |number: u8| format!("only-for-tests-{number}");
        let tokens = [0, 1, 2, 3].map(token).map(|token| format!("{token:?}")).join(", ");
        let toml = format!(
            "[sources.s]\nvendor = \"sestek-knovvu\"\naccount = \"a\"\npath_tokens = [{tokens}]\n\
             dialer_tokens = [{tokens}]\napi.base_url = \"http://127.0.0.1:1\"\npoll = {{}}\n"
        );
        let source = source(&toml);
        for number in [1, 1, 2, 3] {
            source.check_path_token(Some(&token(number))).expect("known");
        }
        source.check_path_token(Some("only-for-tests-4")).expect_err("unknown");
        source.check_dialer(Some(&format!("Bearer {}", token(0)))).expect("known");
        assert_eq!((proofs(&source, "path_tokens"), proofs(&source, "dialer_tokens")), ([0, 2, 2], [1, 0, 0]));

        let text = told(&source);
        for line in [
            r#"trunkline_secret_proofs_total{place="first",setting="path_tokens",source="s"} 0"#,
            r#"trunkline_secret_proofs_total{place="further",setting="path_tokens",source="s"} 2"#,
            r#"trunkline_active_secrets{setting="path_tokens",source="s"} 4"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(!text.contains("only-for-tests") && !text.contains("files_written"), "{text}");
    }

    #[test]
    fn the_newest_file_tells_how_old_secrets_are() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = ["old", "new"].map(|name| folder.path().join(name));
        let write = |path: &std::path::Path, seconds| {
            std::fs::write(path, "only-for-tests").expect("written");
            let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            std::fs::File::options().append(true).open(path).and_then(|file| file.set_modified(at)).expect("set");
        };
        write(&files[0], 1_700_000_000);
        write(&files[1], 1_750_000_000);
        let toml = format!("[sources.s]\nvendor = \"nxcloud-callbot\"\nuuid = \"U\"\nsecret_files = {files:?}\n");
        let source = source(&toml);
        let line = |seconds: u64| {
            format!(r#"trunkline_secret_files_written_timestamp_seconds{{setting="secrets",source="s"}} {seconds}"#)
        };
        assert!(told(&source).contains(&line(1_750_000_000)));
        write(&files[0], 1_760_000_000);
        source.reload_secrets().expect("readable");
        assert!(told(&source).contains(&line(1_760_000_000)));
    }

    /// Each source has two kinds of secret files: whichever is lost, the other one is still read.
    #[test]
    fn a_lost_file_does_not_keep_other_secrets_old() {
        let table = [
            ("nxcloud-callbot", "secret_files", "path_token_files", "uuid = \"UID-TEST-01\""),
            ("nxcloud-openapi", "secret_files", "cdr_token_files", "access_key = \"key-1\""),
            ("sestek-knovvu", "token_files", "basic_password_files", "basic_user = \"knovvu\""),
        ];
        for (vendor, one, other, more) in table {
            for (lost, changed) in [(one, other), (other, one)] {
                let folder = tempfile::tempdir().expect("a folder");
                let path = |name: &str| folder.path().join(name);
                for name in [lost, changed] {
                    std::fs::write(path(name), "0123456789abcdef").expect("written");
                }
                let files = [lost, changed].map(|name| format!("{name} = [{:?}]\n", path(name))).concat();
                let toml = format!("[sources.s]\nvendor = \"{vendor}\"\n{more}\n{files}");
                let source = build(&Config::from_toml(&toml).expect("settings")).expect("settings").remove("s");
                let source = source.expect("configured");
                let active = || source.secrets().iter().map(|(_, secrets)| secrets.active().len()).sum::<usize>();
                assert_eq!(active(), 2, "{vendor}");

                std::fs::remove_file(path(lost)).expect("removed");
                std::fs::write(path(changed), "0123456789abcdef\nfedcba9876543210").expect("written");
                assert!(source.reload_secrets().is_err(), "{vendor} tells that {lost} is lost");
                assert_eq!(active(), 3, "{vendor} keeps {lost} and reads {changed}");
            }
        }
    }
}
