//! How often somebody may ask, as an operator sets it.

use std::net::IpAddr;

use clap::Args;
use parvaneh_web::{IpNet, Limits, Rates, Settings};

/// How often somebody may ask.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Rates (requests a minute; 0 is as many as one likes)")]
pub(crate) struct RateOptions {
    /// Logging in, second factors, passwords, from one address: many people may share one
    #[arg(long, default_value_t = Limits::default().address.entries, env = "PARVANEH_ENTRIES_PER_ADDRESS", value_name = "N")]
    entries_per_address: u32,
    /// Changes from one address
    #[arg(long, default_value_t = Limits::default().address.changes, env = "PARVANEH_CHANGES_PER_ADDRESS", value_name = "N")]
    changes_per_address: u32,
    /// What changes nothing, from one address
    #[arg(long, default_value_t = Limits::default().address.reads, env = "PARVANEH_READS_PER_ADDRESS", value_name = "N")]
    reads_per_address: u32,
    /// Changes of passwords and second factors by one person
    #[arg(long, default_value_t = Limits::default().person.entries, env = "PARVANEH_ENTRIES_PER_PERSON", value_name = "N")]
    entries_per_person: u32,
    /// Changes by one person, all his tokens and sessions together
    #[arg(long, default_value_t = Limits::default().person.changes, env = "PARVANEH_CHANGES_PER_PERSON", value_name = "N")]
    changes_per_person: u32,
    /// What changes nothing, by one person
    #[arg(long, default_value_t = Limits::default().person.reads, env = "PARVANEH_READS_PER_PERSON", value_name = "N")]
    reads_per_person: u32,
    /// Proxies before the service whose X-Forwarded-For says who asks: 10.1.0.0/16,127.0.0.1
    #[arg(
        long,
        env = "PARVANEH_TRUSTED_PROXY",
        value_name = "NETWORKS",
        value_delimiter = ',',
        value_parser = network
    )]
    trusted_proxy: Vec<IpNet>,
}

impl RateOptions {
    /// Writes the rates into the settings of the service.
    pub(crate) fn limit(&self, settings: &mut Settings) {
        settings.limits = Limits {
            address: Rates {
                entries: self.entries_per_address,
                changes: self.changes_per_address,
                reads: self.reads_per_address,
            },
            person: Rates {
                entries: self.entries_per_person,
                changes: self.changes_per_person,
                reads: self.reads_per_person,
            },
        };
        settings.trusted_proxies.clone_from(&self.trusted_proxy);
    }
}

fn network(text: &str) -> Result<IpNet, String> {
    let alone = || text.trim().parse::<IpAddr>().map(IpNet::from);
    text.trim()
        .parse()
        .or_else(|_| alone())
        .map_err(|_| "write a range of addresses as 10.1.0.0/16, or one address".to_owned())
}
