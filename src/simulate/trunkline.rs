//! trunkline, as vendors and dialers see it: something that takes POSTs.

use std::time::Duration;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::Unfit;

/// How long vendors and dialers wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where callbacks and placed calls go.
pub(super) struct Trunkline {
    client: reqwest::Client,
    base: String,
    /// Ends what is under way.
    pub(super) stop: CancellationToken,
}

impl Trunkline {
    pub(super) fn new(base: &str, stop: CancellationToken) -> Result<Self, Unfit> {
        // One provider of cryptography for the process; a second call changes nothing.
        crate::tls::install_provider();
        let client = reqwest::Client::builder().timeout(TIMEOUT).no_proxy().build();
        let client = client.map_err(|error| Unfit::Client(error.to_string()))?;
        Ok(Self { client, base: base.trim_end_matches('/').to_owned(), stop })
    }

    /// Status and body of the answer; `None` when there was none, or the run ended.
    pub(super) async fn post(&self, path: &str, headers: &[(&str, String)], body: String) -> Option<(u16, Bytes)> {
        let request = self.client.post(format!("{}{path}", self.base)).body(body);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        let exchange = async {
            let response = request.send().await.ok()?;
            let status = response.status().as_u16();
            Some((status, response.bytes().await.ok()?))
        };
        self.stop.run_until_cancelled(exchange).await.flatten()
    }

    /// Waits; `false` when the run ended meanwhile.
    pub(super) async fn wait(&self, time: Duration) -> bool {
        self.stop.run_until_cancelled(tokio::time::sleep(time)).await.is_some()
    }
}
