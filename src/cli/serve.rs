//! `trunkline serve`.

use crate::app::{App, Failed, Role};
use crate::{lifecycle, log};

use super::{ConfigFile, runtime};

#[derive(clap::Args)]
pub(super) struct Serve {
    #[command(flatten)]
    config: ConfigFile,
    /// Run only this role; may be given several times. Without it all roles run.
    #[arg(long = "role", value_enum, value_name = "ROLE")]
    roles: Vec<Role>,
}

impl Serve {
    pub(super) fn run(self) -> Result<(), Failed> {
        let config = self.config.load()?;
        log::start(&config.log).map_err(|error| Failed::from(config.error("log.filter", error)))?;
        if config.source_names().next().is_none() {
            let message = "there is no source: add one, as in [sources.nxcloud-prod] with vendor = \"nxcloud-callbot\"";
            return Err(config.error("sources", message).into());
        }
        let roles = if self.roles.is_empty() { vec![Role::Ingest, Role::Dedup, Role::Poll] } else { self.roles };
        let app = App::new(config)?;
        runtime()?.block_on(async {
            let stop = lifecycle::stop_on_signal();
            let listeners = app.bind(&roles).await?;
            if let Some(listener) = &listeners.callbacks {
                let address = listener.local_addr().map_err(|error| Failed::Running(error.to_string()))?;
                tracing::info!(%address, scheme = app.config.http.scheme(), "callbacks");
                for source in app.sources.values() {
                    for kind in source.vendor.kinds() {
                        let (vendor, path) = (source.vendor.name(), source.path(kind));
                        tracing::info!(source = source.name, vendor, kind = kind.name, path, "callback URL");
                    }
                }
            }
            if let Ok(address) = listeners.admin.local_addr() {
                tracing::info!(%address, "admin");
            }
            app.run(&roles, listeners, true, stop).await
        })
    }
}
