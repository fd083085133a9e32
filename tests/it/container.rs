//! The image and how it is run, as far as both can be judged without building it.

/// What `docker compose up` brings up.
mod compose;

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::deployment::{Deployment, Replica, call_body, client};
use super::kafka::Cluster;

fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("readable")
}

/// Instructions of a Dockerfile, each with its arguments on one line.
fn instructions() -> Vec<(String, String)> {
    let text = read("Dockerfile").replace("\\\n", " ");
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let split = |line: &str| line.split_once(' ').map(|(name, rest)| (name.to_owned(), rest.trim().to_owned()));
    lines.map(|line| split(line).expect("an instruction with arguments")).collect()
}

#[test]
fn the_image_has_no_shell_no_root_and_a_stated_toolchain() {
    let manifest: toml::Table = read("Cargo.toml").parse().expect("TOML");
    let rust = manifest["package"]["rust-version"].as_str().expect("stated").to_owned();
    let all = instructions();
    let stages: Vec<&str> = all
        .iter()
        .filter(|(name, _)| name == "FROM")
        .map(|(_, image)| image.split(' ').next().expect("an image"))
        .collect();
    assert_eq!(stages, [&format!("rust:{rust}-bookworm"), "gcr.io/distroless/cc-debian12:nonroot"]);
    let last = all.iter().rposition(|(name, _)| name == "FROM").expect("a stage");
    let of =
        |name: &str| all[last..].iter().filter(|(other, _)| other == name).map(|(_, rest)| &**rest).collect::<Vec<_>>();
    // A number, because Kubernetes can tell only from a number that it is not root's.
    assert_eq!(of("USER"), ["65532:65532"]);
    assert!(of("RUN").is_empty(), "there is no shell");
    assert_eq!(of("COPY"), ["--from=build /trunkline /trunkline"], "and nothing but the program");
    for form in [of("ENTRYPOINT"), of("CMD")].concat() {
        assert!(serde_json::from_str::<Vec<String>>(form).is_ok(), "{form} needs a shell");
    }
    let config = trunkline::config::Config::from_toml("").expect("usable");
    assert_eq!(of("EXPOSE"), [format!("{} {}", config.http.listen.port(), config.admin.listen.port())]);
    assert!(all[..last].iter().any(|(name, rest)| name == "RUN" && rest.contains("--locked")), "as Cargo.lock says");
    for ignored in ["target", ".git"] {
        assert!(read(".dockerignore").lines().any(|line| line == ignored), "{ignored} stays out of the image");
    }
}

/// As in the image: a user without a home, a folder that cannot be written, and no file that could grow by a byte.
#[tokio::test(flavor = "multi_thread")]
async fn it_serves_without_rights_home_or_a_place_to_write() {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), "");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("set");
    let (program, file) = (folder.path().join("trunkline"), folder.path().join("trunkline.toml"));
    // The build's own folder may be root's alone.
    std::fs::copy(env!("CARGO_BIN_EXE_trunkline"), &program).expect("copied");
    std::fs::write(&file, &deployment.toml).expect("written");
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -f 0 && exec \"$0\" serve --config \"$1\""]).arg(&program).arg(&file);
    command.env_clear().env("PATH", std::env::var_os("PATH").expect("set")).current_dir("/proc");
    let root = std::fs::metadata("/proc/self").expect("own process").uid() == 0;
    if root {
        command.uid(65532).gid(65532);
    }
    let mut replica = Replica::spawn(command);
    replica.wait_ready();
    let request = deployment.signed("call", &call_body("c-1", "486"));
    assert_eq!(request.post(&client(), &replica.url()).await.expect("an answer").status(), 200);
    assert_eq!(deployment.read_until("events", |events| !events.is_empty()).len(), 1);
    let process = format!("/proc/{}", replica.id());
    let status = std::fs::read_to_string(format!("{process}/status")).expect("running");
    assert!(!root || status.contains("\nUid:\t65532\t65532\t65532\t65532\n"), "{status}");
    assert!(replica.stop().success());
}
