//! Where the program may connect to on somebody's word.
//!
//! Whoever may add a webhook must not be able to reach, through the server, what only the server can
//! reach: itself, its network, the metadata service of its cloud. So addresses are judged, not names,
//! and they are judged when a connection is made: a name may mean another address by then.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
    sync::Arc,
};

use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

/// A range of addresses: `10.1.0.0/16`, `::1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// Why a text is not a range of addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a range of addresses: write 10.1.0.0/16, or one address")]
pub struct NotANetwork(String);

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let wrong = || NotANetwork(text.to_owned());
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| wrong())?)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        if bits > most {
            return Err(wrong());
        }
        Ok(Self { address, bits })
    }
}

impl Network {
    /// Whether an address lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (all, ours, theirs) = match (self.address, address) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                (32, u128::from(ours.to_bits()), u128::from(theirs.to_bits()))
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => (128, ours.to_bits(), theirs.to_bits()),
            _ => return false,
        };
        let shift = u32::from(all - self.bits);
        ours.checked_shr(shift).unwrap_or(0) == theirs.checked_shr(shift).unwrap_or(0)
    }
}

/// Why an address is not one to connect to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// Not an address of the web.
    #[error("'{0}' is not an http or https address")]
    NotWeb(String),
    /// A name or password in the address would be sent and logged.
    #[error("the address must not hold a name or a password")]
    Credentials,
    /// Without TLS everybody on the way can read it.
    #[error("the address is not https, and not in a network where http is allowed")]
    Plain,
    /// It is not on the public network.
    #[error("{0} is not on the public network, and not in a network that is allowed")]
    NotPublic(IpAddr),
}

/// Where the program may connect to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Destinations {
    /// Networks that are allowed although they are not public, and without TLS.
    pub allowed: Vec<Network>,
}

impl Destinations {
    /// Whether an address may be connected to.
    ///
    /// # Errors
    /// [`Forbidden`].
    pub fn permit(&self, address: IpAddr, tls: bool) -> Result<(), Forbidden> {
        let address = address.to_canonical();
        if self.allowed.iter().any(|network| network.contains(address)) {
            return Ok(());
        }
        if !is_public(address) {
            return Err(Forbidden::NotPublic(address));
        }
        if tls { Ok(()) } else { Err(Forbidden::Plain) }
    }

    /// Whether that can be the address of a webhook. A name is judged when it is connected to.
    ///
    /// # Errors
    /// [`Forbidden`].
    pub fn check(&self, url: &str) -> Result<Url, Forbidden> {
        let not_web = || Forbidden::NotWeb(url.to_owned());
        let parsed = Url::parse(url).map_err(|_| not_web())?;
        let tls = match parsed.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(not_web()),
        };
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(Forbidden::Credentials);
        }
        let host = parsed.host_str().ok_or_else(not_web)?;
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match literal {
            Ok(address) => self.permit(address, tls)?,
            Err(_) if !tls && self.allowed.is_empty() => return Err(Forbidden::Plain),
            Err(_) => {}
        }
        Ok(parsed)
    }
}

/// Looks names up, and keeps only the addresses that are permitted.
#[derive(Debug)]
pub(super) struct Guarded {
    pub(super) destinations: Arc<Destinations>,
    pub(super) tls: bool,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (destinations, tls) = (self.destinations.clone(), self.tls);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let mut permitted: Vec<SocketAddr> = Vec::new();
            let mut forbidden = None;
            for address in found {
                match destinations.permit(address.ip(), tls) {
                    Ok(()) => permitted.push(address),
                    Err(error) => forbidden = Some(error),
                }
            }
            match forbidden {
                Some(error) if permitted.is_empty() => Err(error.into()),
                _ => Ok(Box::new(permitted.into_iter()) as Addrs),
            }
        })
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || first == 0
        || first >= 240
        // Shared by providers; protocol assignments; benchmarks.
        || (first == 100 && (64..128).contains(&second))
        || (first == 192 && second == 0 && third == 0)
        || (first == 198 && (second == 18 || second == 19)))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // Only 2000::/3 is given out; what carries an IPv4 address inside (6to4, Teredo) is not trusted.
    (segments[0] & 0xe000) == 0x2000
        && segments[0] != 0x2002
        && !(segments[0] == 0x2001 && (segments[1] < 0x0200 || segments[1] == 0x0db8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_network_is_reached_on_somebodys_word() {
        let none = Destinations::default();
        for address in ["8.8.8.8", "2.144.0.1", "2a00:1450:4001::1", "::ffff:8.8.8.8"] {
            assert_eq!(none.permit(address.parse().unwrap(), true), Ok(()), "{address}");
            let plain = none.permit(address.parse().unwrap(), false);
            assert_eq!(plain, Err(Forbidden::Plain), "{address}");
        }
        for address in [
            "127.0.0.1",
            "127.8.8.8",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "203.0.113.1",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:0:1::",
            "2001:db8::1",
            "::127.0.0.1",
        ] {
            let judged = none.permit(address.parse().unwrap(), true);
            assert!(matches!(judged, Err(Forbidden::NotPublic(_))), "{address}: {judged:?}");
        }
    }

    #[test]
    fn a_network_can_be_allowed() {
        let allowed = vec!["127.0.0.0/8".parse().unwrap(), "fd00:1::/32".parse().unwrap()];
        let some = Destinations { allowed };
        assert_eq!(some.permit("127.9.9.9".parse().unwrap(), false), Ok(()));
        assert_eq!(some.permit("::ffff:127.0.0.1".parse().unwrap(), false), Ok(()));
        assert_eq!(some.permit("fd00:1:2::3".parse().unwrap(), false), Ok(()));
        assert!(some.permit("fd00:2::3".parse().unwrap(), true).is_err());
        assert!(some.permit("10.0.0.1".parse().unwrap(), true).is_err());
        let everything: Network = "0.0.0.0/0".parse().unwrap();
        assert!(everything.contains("1.2.3.4".parse().unwrap()));
        assert!(!everything.contains("::1".parse().unwrap()));
        for wrong in ["", "10.0.0.0/33", "x", "10.0.0.0/", "10.0.0.0/-1", "::/129"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_are_judged_however_they_are_written() {
        let none = Destinations::default();
        assert!(none.check("https://hooks.example.org/in?x=1").is_ok());
        for (url, code) in [
            ("https://127.0.0.1/", "NotPublic"),
            ("https://127.1/", "NotPublic"),
            ("https://0x7f000001/", "NotPublic"),
            ("https://2130706433/", "NotPublic"),
            ("https://[::1]/", "NotPublic"),
            ("https://[::ffff:169.254.169.254]/", "NotPublic"),
            ("http://hooks.example.org/", "Plain"),
            ("http://8.8.8.8/", "Plain"),
            ("https://a:b@hooks.example.org/", "Credentials"),
            ("ftp://hooks.example.org/", "NotWeb"),
            ("file:///etc/passwd", "NotWeb"),
            ("hooks.example.org", "NotWeb"),
        ] {
            let judged = format!("{:?}", none.check(url));
            assert!(judged.contains(code), "{url}: {judged}");
        }
    }
}
