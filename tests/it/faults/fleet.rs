//! The replicas of a run, under a supervisor that starts a new one in the place of one that is gone.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::super::deployment::{Deployment, PATIENCE, Replica, get};
use super::plan::{Layout, Plan};
use super::vendor::Urls;

/// What a replica does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Both,
    Ingest,
    Dedup,
}

/// A place for a replica: who is in it changes, its name and clock stay.
struct Member {
    role: Role,
    replica: Option<Replica>,
    /// Gone by a fault: not to be replaced yet.
    away: bool,
    frozen: bool,
    lives: usize,
    /// Its place in [`Urls`].
    url: Option<usize>,
    clock: Option<PathBuf>,
}

/// All replicas of a deployment.
pub struct Fleet {
    deployment: Arc<Deployment>,
    layout: Layout,
    members: Vec<Member>,
    urls: Urls,
    folder: PathBuf,
    clock: Option<PathBuf>,
    /// The version of the program in each life of a member, the last one for all that follow.
    programs: Vec<PathBuf>,
    /// What those wrote that are gone.
    logs: Vec<(String, String)>,
    /// How often one ended that nobody had ended.
    pub own_ends: usize,
    /// What must not be.
    pub wrong: Vec<String>,
}

impl Fleet {
    /// Starts all and waits until they are ready. `clock` is a library to shift their clocks with.
    pub fn start(deployment: &Arc<Deployment>, plan: &Plan, folder: &Path, clock: Option<&Path>) -> Self {
        let layout = plan.layout;
        let mut fleet = Self {
            deployment: deployment.clone(),
            layout,
            members: Vec::new(),
            urls: Arc::new(Mutex::new(Vec::new())),
            folder: folder.to_owned(),
            clock: clock.map(Path::to_owned),
            programs: plan.programs.clone(),
            logs: Vec::new(),
            own_ends: 0,
            wrong: Vec::new(),
        };
        for (role, count) in [(Role::Both, layout.together), (Role::Ingest, layout.ingest), (Role::Dedup, layout.dedup)]
        {
            (0..count).for_each(|_| fleet.push(role));
        }
        fleet.members.iter_mut().for_each(|member| member.replica.as_mut().expect("started").wait_ready());
        fleet
    }

    /// Where callbacks go.
    pub fn urls(&self) -> Urls {
        self.urls.clone()
    }

    fn push(&mut self, role: Role) {
        let index = self.members.len();
        let url = (role != Role::Dedup).then(|| {
            let mut urls = self.urls.lock().expect("not poisoned");
            urls.push(String::new());
            urls.len() - 1
        });
        let clock = self.clock.is_some().then(|| {
            let path = self.folder.join(format!("clock-{index}"));
            std::fs::write(&path, 0_i64.to_ne_bytes()).expect("write the shift of a clock");
            path
        });
        self.members.push(Member { role, replica: None, away: false, frozen: false, lives: 0, url, clock });
        self.spawn(index);
    }

    fn spawn(&mut self, index: usize) {
        let member = &mut self.members[index];
        let mut environment = vec![("TRUNKLINE__DEDUP__WORKERS", self.layout.workers.to_string())];
        if self.layout.named {
            environment.push(("TRUNKLINE__DEDUP__INSTANCE", format!("member-{index}")));
        }
        if let (Some(library), Some(clock)) = (&self.clock, &member.clock) {
            environment.push(("LD_PRELOAD", library.display().to_string()));
            environment.push(("TEST_CLOCK", clock.display().to_string()));
        }
        let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, &**value)).collect();
        let roles: &[&str] = match member.role {
            Role::Both => &[],
            Role::Ingest => &["--role", "ingest"],
            Role::Dedup => &["--role", "dedup"],
        };
        let program = &self.programs[member.lives.min(self.programs.len() - 1)];
        let mut replica = self.deployment.spawn_program(program, roles, &environment);
        if let Some(url) = member.url {
            self.urls.lock().expect("not poisoned")[url] = replica.url();
        }
        member.replica = Some(replica);
        member.away = false;
        member.frozen = false;
        member.lives += 1;
    }

    /// kill -9.
    pub fn kill(&mut self, index: usize) {
        self.members[index].away = true;
        if let Some(mut replica) = self.members[index].replica.take() {
            replica.kill();
            self.keep_log(index, &replica);
        }
    }

    /// Asks a replica to stop.
    pub fn terminate(&mut self, index: usize) {
        self.members[index].away = true;
        if let Some(replica) = &self.members[index].replica {
            replica.signal("-TERM");
        }
    }

    /// Waits for the end of one that was asked to stop. `clean` says that nothing kept it from finishing.
    pub fn gone(&mut self, index: usize, clean: bool) {
        let Some(mut replica) = self.members[index].replica.take() else { return };
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            match replica.ended() {
                Some(status) => break Some(status),
                None if Instant::now() > deadline => break None,
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        // Asked before it listened to that: there was nothing to finish.
        let unborn = |status: ExitStatus| status.signal() == Some(15) && replica.log().is_empty();
        match status.map(|status| status.code().or_else(|| unborn(status).then_some(0))) {
            None => self.wrong.push(format!("replica {index} does not stop:\n{}", replica.threads())),
            Some(Some(0)) => {}
            Some(Some(1)) if !clean => {}
            Some(code) => self.wrong.push(format!("replica {index} was asked to stop and ended with {code:?}")),
        }
        self.keep_log(index, &replica);
    }

    /// The successor of one that is gone.
    pub fn replace(&mut self, index: usize) {
        if self.members[index].replica.is_none() {
            self.spawn(index);
        }
    }

    pub fn freeze(&mut self, index: usize) {
        if let Some(replica) = &self.members[index].replica {
            replica.signal("-STOP");
            self.members[index].frozen = true;
        }
    }

    pub fn thaw(&mut self, index: usize) {
        if let Some(replica) = &self.members[index].replica {
            replica.signal("-CONT");
            self.members[index].frozen = false;
        }
    }

    /// One more, with the role of most work. Returns its number.
    pub fn add(&mut self) -> usize {
        self.push(if self.layout.together > 0 { Role::Both } else { Role::Dedup });
        self.members.len() - 1
    }

    /// The clock of a replica, and of its successors, is so many seconds off.
    pub fn shift_clock(&mut self, index: usize, seconds: i64) {
        let path = self.members[index].clock.as_ref().expect("started with a library");
        let file = File::options().write(true).open(path).expect("open the shift of a clock");
        // In place: the replica has it mapped.
        file.write_all_at(&(seconds * 1_000_000_000).to_ne_bytes(), 0).expect("write the shift of a clock");
    }

    /// What a supervisor does: replaces those that ended by themselves.
    pub fn supervise(&mut self) {
        for index in 0..self.members.len() {
            let member = &mut self.members[index];
            if member.away || member.frozen {
                continue;
            }
            let Some(status) = member.replica.as_mut().and_then(Replica::ended) else { continue };
            let replica = member.replica.take().expect("it ended just now");
            self.keep_log(index, &replica);
            self.own_ends += 1;
            if status.code() != Some(1) {
                self.wrong.push(format!("replica {index} ended by itself with {status}"));
            }
            self.spawn(index);
        }
    }

    /// Waits until all are ready, and returns how long that took.
    pub fn wait_ready(&mut self) -> Result<Duration, String> {
        let started = Instant::now();
        loop {
            self.supervise();
            let waiting = self.members.iter_mut().enumerate().find_map(|(index, member)| {
                let admin = member.replica.as_mut()?.admin();
                let (status, text) = get(&format!("{admin}/readyz?verbose"));
                (status != 200).then(|| format!("replica {index}: {text}"))
            });
            match waiting {
                None => return Ok(started.elapsed()),
                Some(why) if started.elapsed() > PATIENCE => return Err(format!("never ready again: {why}")),
                Some(_) => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    /// The sum of a metric over all that run.
    pub fn metric(&mut self, name: &str) -> f64 {
        self.members
            .iter_mut()
            .filter_map(|member| member.replica.as_mut())
            .map(|replica| replica.metric(name, &[]))
            .sum()
    }

    /// Stops all; each must end well.
    pub fn stop(&mut self) {
        (0..self.members.len()).for_each(|index| self.terminate(index));
        (0..self.members.len()).for_each(|index| self.gone(index, true));
    }

    fn keep_log(&mut self, index: usize, replica: &Replica) {
        let log = replica.log();
        if log.contains("panicked at") {
            self.wrong.push(format!("replica {index} panicked"));
        }
        self.logs.push((format!("replica-{index}-life-{}.log", self.members[index].lives), log));
    }

    /// What all wrote, also those that are gone.
    pub fn logs(&mut self) -> Vec<(String, String)> {
        for index in 0..self.members.len() {
            if let Some(replica) = self.members[index].replica.take() {
                self.keep_log(index, &replica);
            }
        }
        std::mem::take(&mut self.logs)
    }
}

/// A library that shifts a process's wall clock, built with the machine's C compiler.
pub fn clock_library(folder: &Path) -> PathBuf {
    let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
    std::fs::write(&source, include_str!("clock.c")).expect("write the library's source");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-Wall", "-o"]).args([&library, &source]).arg("-ldl");
    assert!(compiler.status().expect("run cc").success(), "cc clock.c");
    library
}
