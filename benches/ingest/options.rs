//! What the command line says.

use std::path::PathBuf;
use std::time::Duration;

/// What is measured, and how long.
pub struct Options {
    /// How often everything is measured.
    pub rounds: usize,
    /// How long a cell is measured.
    pub measured: Duration,
    /// Only these of `rtt0`, `rtt5`, `kafka`, `first` and `memory`; all without any.
    only: Vec<String>,
    /// The trunkline that is measured.
    pub program: PathBuf,
    /// Lines of TOML that go into its configuration.
    pub settings: Vec<String>,
    /// Another server that takes the floor's callbacks.
    pub peer: Option<Peer>,
}

/// A server that somebody else started.
pub struct Peer {
    /// Its name in the tables.
    pub name: String,
    /// Host and port.
    pub address: String,
    /// Where it takes callbacks.
    pub path: String,
    /// Its process, if it runs on this machine.
    pub process: Option<u32>,
}

const USAGE: &str = "\
usage: cargo bench --bench ingest -- [--rounds N] [--seconds N] [--only rtt0,rtt5,kafka,first,memory]
  [--program PATH]             another trunkline than the one that was built
  [--set TOML]...              a line of its configuration, such as 'kafka.linger_ms = 0'
  [--peer http://HOST:PORT/PATH [--peer-name NAME] [--peer-pid PID]]
                               another server, which takes the same callbacks as the floor and writes them to topic `peer`";

impl Options {
    /// Reads the command line.
    pub fn read(arguments: &[String]) -> Self {
        let mut options = Self {
            rounds: 5,
            measured: Duration::from_secs(2),
            only: Vec::new(),
            program: env!("CARGO_BIN_EXE_trunkline").into(),
            settings: Vec::new(),
            peer: None,
        };
        let (mut name, mut process) = ("peer".to_owned(), None);
        let mut arguments = arguments.iter().filter(|argument| *argument != "--bench");
        while let Some(argument) = arguments.next() {
            let value = arguments.next().unwrap_or_else(|| panic!("{argument} needs a value\n{USAGE}")).as_str();
            let number = || value.parse::<u32>().unwrap_or_else(|_| panic!("{argument} needs a number\n{USAGE}"));
            match argument.as_str() {
                "--rounds" => options.rounds = number().max(1) as usize,
                "--seconds" => options.measured = Duration::from_secs(number().max(1).into()),
                "--only" => options.only.extend(value.split(',').map(str::to_owned)),
                "--program" => options.program = value.into(),
                "--set" => options.settings.push(value.to_owned()),
                "--peer" => options.peer = Some(Peer::at(value)),
                "--peer-name" => value.clone_into(&mut name),
                "--peer-pid" => process = Some(number()),
                _ => panic!("{USAGE}"),
            }
        }
        if let Some(peer) = &mut options.peer {
            (peer.name, peer.process) = (name, process);
        }
        options
    }

    /// Whether this part is wanted.
    pub fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| wanted == part)
    }
}

impl Peer {
    fn at(url: &str) -> Self {
        let rest = url.strip_prefix("http://").unwrap_or_else(|| panic!("{url} does not begin with http://\n{USAGE}"));
        let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
        Self { name: String::new(), address: address.to_owned(), path: format!("/{path}"), process: None }
    }
}
