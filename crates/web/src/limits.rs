//! How often somebody may ask, by his address and by who he is.
//!
//! Each has a bucket that fills evenly and holds a minute's worth (the generic cell rate algorithm:
//! all that is kept is the instant at which the bucket is full again). What is kept is bounded: a
//! bucket that is full again says nothing and is dropped, and where too many are not full, the fuller
//! half of them.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::http::{HeaderName, Method, StatusCode};
use parvaneh_core::PersonId;
use tokio::time::Instant;

use crate::{auth::Margin, problem::Problem};

/// In which time a bucket fills.
const PERIOD: Duration = Duration::from_secs(60);
/// How many parts the buckets are kept in, so that requests seldom wait for each other.
const SHARDS: usize = 16;
/// How many buckets each part has at most: 65,536 in all, about 4 MB.
const MOST: usize = 4096;

/// The draft of the IETF (draft-ietf-httpapi-ratelimit-headers-10): what is left.
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// The same: what is allowed.
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// How many requests somebody may make a minute; 0 for as many as he likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// What opens an account or changes by what it is opened: each may cost the hash of a password.
    pub entries: u32,
    /// What changes something else.
    pub changes: u32,
    /// What changes nothing.
    pub reads: u32,
}

impl Rates {
    /// As many as one likes.
    pub const UNLIMITED: Self = Self { entries: 0, changes: 0, reads: 0 };

    fn of(self, class: Class) -> u32 {
        match class {
            Class::Entry => self.entries,
            Class::Change => self.changes,
            Class::Read => self.reads,
        }
    }
}

/// How often somebody may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From one address: many people may share one.
    pub address: Rates,
    /// One person, by whatever he comes in.
    pub person: Rates,
}

impl Limits {
    /// As often as one likes.
    pub const UNLIMITED: Self = Self { address: Rates::UNLIMITED, person: Rates::UNLIMITED };
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            address: Rates { entries: 60, changes: 3_000, reads: 12_000 },
            person: Rates { entries: 20, changes: 1_200, reads: 3_000 },
        }
    }
}

/// What a request is, for how often it may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Class {
    /// It opens an account, or changes by what it is opened.
    Entry,
    /// It changes something else.
    Change,
    /// It changes nothing.
    Read,
}

impl Class {
    /// Of a request; none for what tells whether the service is well.
    pub(crate) fn of(method: &Method, path: &str) -> Option<Self> {
        let Some(path) = path.strip_prefix("/api/v1/") else {
            let opens = [
                "/login",
                "/recover",
                "/set-password/",
                "/account/password",
                "/account/second-factor",
                "/enter",
                "/track",
            ];
            let opens = opens.iter().any(|entry| path.starts_with(entry));
            return match method.is_safe() {
                // The files of pages cost nothing, and a page has several.
                _ if path.starts_with("/health/") || path.starts_with("/assets/") => None,
                true => Some(Self::Read),
                false if opens => Some(Self::Entry),
                false => Some(Self::Change),
            };
        };
        let resource = path.split('/').next().unwrap_or_default();
        let opens = match resource {
            // Leaving is no entry.
            "session" => *method == Method::POST,
            "password" | "second-factor" => !method.is_safe(),
            "oidc" => path.len() > resource.len(),
            _ => false,
        };
        Some(match (opens, method.is_safe()) {
            (true, _) => Self::Entry,
            (false, true) => Self::Read,
            (false, false) => Self::Change,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Entry => "entries",
            Self::Change => "changes",
            Self::Read => "reads",
        }
    }
}

/// Whose bucket it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Whose {
    /// Of an address; of IPv6, of the network of 64 bits that one customer has.
    Address(u128),
    /// Of a person.
    Person(u128),
}

impl Whose {
    fn address(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
            IpAddr::V6(address) => address.to_bits() >> 64 << 64,
        })
    }
}

/// What is left of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Left {
    /// How many more requests.
    requests: u32,
    /// After how many seconds it is full again.
    full_in: u64,
    /// After how many seconds the next request may be made; 0 for now.
    wait: u64,
}

/// Counts.
#[derive(Debug)]
pub(crate) struct Limiter {
    limits: Limits,
    begun: Instant,
    hasher: RandomState,
    /// When each bucket is full again.
    shards: [Mutex<HashMap<(Class, Whose), Duration>>; SHARDS],
}

impl Limiter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            begun: Instant::now(),
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }

    /// Lets pass what an address may still ask.
    ///
    /// # Errors
    /// `too_many_requests`.
    pub(crate) fn address(
        &self,
        address: Option<IpAddr>,
        class: Class,
        margin: &Margin,
    ) -> Result<(), Problem> {
        let Some(address) = address else { return Ok(()) };
        let rate = self.limits.address.of(class);
        self.pass(Whose::address(address), class, (1, rate), "address", margin)
    }

    /// Lets pass what a person may still ask.
    ///
    /// # Errors
    /// `too_many_requests`.
    pub(crate) fn person(
        &self,
        person: PersonId,
        class: Class,
        margin: &Margin,
    ) -> Result<(), Problem> {
        let rate = self.limits.person.of(class);
        self.pass(Whose::Person(person.0.as_u128()), class, (1, rate), "person", margin)
    }

    /// Lets a request pass that makes many changes at once, of which one has been counted. What is more
    /// than a minute's worth passes when that much is left: else it never could.
    ///
    /// # Errors
    /// `too_many_requests`: only that one has been counted then.
    pub(crate) fn changes(
        &self,
        address: Option<IpAddr>,
        person: PersonId,
        count: u32,
        margin: &Margin,
    ) -> Result<(), Problem> {
        let (class, more) = (Class::Change, count.saturating_sub(1));
        if more == 0 {
            return Ok(());
        }
        // What was said of the one is not true any more.
        margin.forget(&[POLICY, RATE_LIMIT]);
        let rate = self.limits.person.of(class);
        self.pass(Whose::Person(person.0.as_u128()), class, (more, rate), "person", margin)?;
        let Some(address) = address else { return Ok(()) };
        let rate = self.limits.address.of(class);
        self.pass(Whose::address(address), class, (more, rate), "address", margin)
    }

    fn pass(
        &self,
        whose: Whose,
        class: Class,
        (count, rate): (u32, u32),
        by: &str,
        margin: &Margin,
    ) -> Result<(), Problem> {
        if rate == 0 {
            return Ok(());
        }
        let count = count.min(rate.saturating_sub(1)).max(1);
        let left = self.take((class, whose), (count, rate), self.begun.elapsed());
        let (name, seconds) = (class.name(), PERIOD.as_secs());
        let Left { requests, full_in, wait } = left;
        margin.note(POLICY, &format!("\"{name}-{by}\";q={rate};w={seconds}"));
        margin.note(RATE_LIMIT, &format!("\"{name}-{by}\";r={requests};t={full_in}"));
        if wait == 0 {
            return Ok(());
        }
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests");
        Err(problem.again_in(wait).because(format!("{rate} {name} a minute by one {by}")))
    }

    /// Takes so many out of a bucket, unless it does not hold them.
    fn take(&self, key: (Class, Whose), (count, rate): (u32, u32), now: Duration) -> Left {
        let each = PERIOD / rate;
        let shard = self.hasher.hash_one(key) as usize % SHARDS;
        let mut full = self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner);
        let before = full.get(&key).copied().unwrap_or_default().max(now);
        let after = before + each * count;
        let level = |full_at: Duration| {
            let missing = full_at.saturating_sub(now);
            let requests = (PERIOD.saturating_sub(missing)).as_nanos() / each.as_nanos().max(1);
            (u32::try_from(requests).unwrap_or(rate), missing.as_secs_f64().ceil() as u64)
        };
        let over = after.saturating_sub(now + PERIOD);
        // Rounding of the share of one request is nobody's fault.
        if over > Duration::from_micros(1) {
            let (requests, full_in) = level(before);
            return Left { requests, full_in, wait: (over.as_secs_f64().ceil() as u64).max(1) };
        }
        if full.len() >= MOST && !full.contains_key(&key) {
            make_room(&mut full, now);
        }
        full.insert(key, after);
        let (requests, full_in) = level(after);
        Left { requests, full_in, wait: 0 }
    }
}

/// Drops what is full again; where that is not half, the fuller half. So a flood costs each of its
/// requests a few steps, and not the length of what is kept.
fn make_room(full: &mut HashMap<(Class, Whose), Duration>, now: Duration) {
    full.retain(|_, full_at| *full_at > now);
    if full.len() > MOST / 2 {
        let mut instants: Vec<Duration> = full.values().copied().collect();
        let middle = instants.len() / 2;
        let (_, middle, _) = instants.select_nth_unstable(middle);
        let middle = *middle;
        full.retain(|_, full_at| *full_at > middle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter() -> Limiter {
        Limiter::new(Limits::default())
    }

    const SOMEBODY: (Class, Whose) = (Class::Read, Whose::Person(1));

    #[test]
    fn a_bucket_holds_a_minutes_worth_and_fills_evenly() {
        let (limiter, seconds) = (limiter(), Duration::from_secs);
        for left in (0..60).rev() {
            let taken = limiter.take(SOMEBODY, (1, 60), seconds(5));
            assert_eq!((taken.requests, taken.wait), (left, 0));
        }
        let empty = Left { requests: 0, full_in: 60, wait: 1 };
        assert_eq!(limiter.take(SOMEBODY, (1, 60), seconds(5)), empty);
        // What is refused costs nothing: one a second comes back.
        assert_eq!(limiter.take(SOMEBODY, (1, 60), seconds(6)).wait, 0);
        assert_eq!(limiter.take(SOMEBODY, (1, 60), seconds(6)).wait, 1);
        let other = (Class::Read, Whose::Person(2));
        assert_eq!(limiter.take(other, (1, 60), seconds(6)).requests, 59, "each has his own");
        let change = (Class::Change, Whose::Person(1));
        assert_eq!(limiter.take(change, (1, 60), seconds(6)).requests, 59, "for each class");
        assert_eq!(limiter.take(SOMEBODY, (1, 60), seconds(600)).requests, 59, "full again");
        // A slow bucket says for how long it is empty.
        assert_eq!(limiter.take((Class::Entry, Whose::Person(3)), (1, 1), seconds(0)).wait, 0);
        let later = Duration::from_millis(20_500);
        assert_eq!(limiter.take((Class::Entry, Whose::Person(3)), (1, 1), later).wait, 40);
        // Many at once, or none of them.
        let many = (Class::Change, Whose::Person(4));
        assert_eq!(limiter.take(many, (50, 60), seconds(0)).requests, 10);
        let missing = Left { requests: 10, full_in: 50, wait: 10 };
        assert_eq!(limiter.take(many, (20, 60), seconds(0)), missing);
        assert_eq!(limiter.take(many, (20, 60), seconds(10)).requests, 0);
    }

    #[test]
    fn a_million_addresses_take_no_more_room_than_is_theirs() {
        let limiter = limiter();
        let victim = (Class::Entry, Whose::address("192.0.2.1".parse().unwrap()));
        for _ in 0..60 {
            limiter.take(victim, (1, 60), Duration::ZERO);
        }
        for n in 0..1_000_000_u128 {
            limiter.take((Class::Read, Whose::Address(n << 64)), (1, 12_000), Duration::ZERO);
        }
        let kept: usize = limiter.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
        assert!(kept <= SHARDS * MOST, "{kept}");
        // The fuller ones go first: whoever has used his up is not let off by others.
        assert!(limiter.take(victim, (1, 60), Duration::ZERO).wait > 0);
        // Those that are full again go before all others.
        let later = |n: u128| {
            let key = (Class::Change, Whose::Person(n));
            limiter.take(key, (1, 3_000), Duration::from_secs(120)).requests
        };
        let some = (SHARDS * MOST / 4) as u128;
        assert!((0..some).all(|n| later(n) == 2_999));
        assert!((0..some).all(|n| later(n) == 2_998));
    }

    #[test]
    fn one_customer_of_ipv6_is_one_address() {
        let of = |text: &str| Whose::address(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::3"), of("2001:db8:1:2:ffff::4"));
        assert_ne!(of("2001:db8:1:2::3"), of("2001:db8:1:3::3"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }

    #[test]
    fn what_a_request_is() {
        let class = |method: &str, path: &str| {
            Class::of(&Method::from_bytes(method.as_bytes()).unwrap(), path)
        };
        for (method, path, of) in [
            ("POST", "/api/v1/session", Some(Class::Entry)),
            ("POST", "/api/v1/session/second-factor", Some(Class::Entry)),
            ("DELETE", "/api/v1/session", Some(Class::Change)),
            ("GET", "/api/v1/session", Some(Class::Read)),
            ("POST", "/api/v1/password", Some(Class::Entry)),
            ("PUT", "/api/v1/password", Some(Class::Entry)),
            ("POST", "/api/v1/password/recovery", Some(Class::Entry)),
            ("DELETE", "/api/v1/second-factor", Some(Class::Entry)),
            ("GET", "/api/v1/second-factor", Some(Class::Read)),
            ("GET", "/api/v1/oidc/callback", Some(Class::Entry)),
            ("GET", "/api/v1/oidc", Some(Class::Read)),
            ("GET", "/api/v1/cases", Some(Class::Read)),
            ("HEAD", "/api/v1/cases", Some(Class::Read)),
            ("POST", "/api/v1/cases", Some(Class::Change)),
            ("PATCH", "/api/v1/passwords", Some(Class::Change)),
            ("GET", "/health/live", None),
            ("GET", "/nothing", Some(Class::Read)),
            ("GET", "/login", Some(Class::Read)),
            ("POST", "/login", Some(Class::Entry)),
            ("POST", "/login/second-step", Some(Class::Entry)),
            ("POST", "/recover", Some(Class::Entry)),
            ("POST", "/set-password/secret", Some(Class::Entry)),
            ("POST", "/enter/code", Some(Class::Entry)),
            ("GET", "/track", Some(Class::Read)),
            ("POST", "/track", Some(Class::Entry)),
            ("POST", "/sandbox/clock", Some(Class::Change)),
            ("GET", "/assets/0123456789ab/pages.css", None),
        ] {
            assert_eq!(class(method, path), of, "{method} {path}");
        }
    }
}
