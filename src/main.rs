//! The `trunkline` program.

fn main() -> std::process::ExitCode {
    trunkline::cli::run()
}
