//! Who lives and works in the simulated country.

use std::collections::BTreeMap;

use parvaneh_core::{
    CaseId, Definition, Grant, Instant, Organisation, PersonId, RoleId, Unit, UnitId,
    definition::{Level, StepKind},
};
use rand::{RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use uuid::Builder;

/// A person of the simulation.
pub(crate) struct Person {
    pub(crate) id: PersonId,
    pub(crate) name: String,
    pub(crate) grants: Vec<Grant>,
}

/// Everybody who holds a role, and how the provinces differ.
pub(crate) struct Country {
    /// Everybody, in the order of their making.
    pub(crate) people: Vec<Person>,
    holders: BTreeMap<(RoleId, UnitId), Vec<PersonId>>,
    counties: Vec<(UnitId, f64)>,
    /// How busy a province's offices are: their load as a share of what they can do.
    load: BTreeMap<UnitId, f64>,
    /// How slow other bodies are in a province; 1 is usual.
    slowness: BTreeMap<UnitId, f64>,
}

impl Country {
    /// Fills every unit with the holders of the definition's roles.
    pub(crate) fn new(
        definition: &Definition,
        organisation: &Organisation,
        population: &BTreeMap<UnitId, u64>,
        seed: u64,
    ) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut units: Vec<&Unit> = organisation.units().collect();
        units.sort_by(|one, other| one.id.cmp(&other.id));
        let mut country = Self {
            people: Vec::new(),
            holders: BTreeMap::new(),
            counties: Vec::new(),
            load: BTreeMap::new(),
            slowness: BTreeMap::new(),
        };
        for unit in units {
            for (role, declared) in
                definition.roles.iter().filter(|(_, role)| role.at == unit.level)
            {
                for _ in 0..seats(definition, role, declared.agency) {
                    let id = country
                        .hire(&mut rng, vec![Grant { role: role.clone(), unit: unit.id.clone() }]);
                    country.holders.entry((role.clone(), unit.id.clone())).or_default().push(id);
                }
            }
            match unit.level {
                Level::County => {
                    // Counties founded after the census have no figure of their own.
                    let people = population.get(&unit.id).copied().unwrap_or(30_000);
                    country.counties.push((unit.id.clone(), people as f64));
                }
                Level::Province => {
                    country.load.insert(unit.id.clone(), rng.random_range(0.6..1.1));
                    country.slowness.insert(unit.id.clone(), rng.random_range(0.6..2.0));
                }
                Level::National => {}
            }
        }
        country
    }

    fn hire(&mut self, rng: &mut ChaCha8Rng, grants: Vec<Grant>) -> PersonId {
        let id = person_id(rng);
        let name = format!("{} {}", pick(rng, GIVEN_NAMES), pick(rng, FAMILY_NAMES));
        self.people.push(Person { id, name, grants });
        id
    }

    /// A new applicant: a natural person without a role.
    pub(crate) fn applicant(rng: &mut ChaCha8Rng) -> Person {
        let name = format!("{} {}", pick(rng, GIVEN_NAMES), pick(rng, FAMILY_NAMES));
        Person { id: person_id(rng), name, grants: Vec::new() }
    }

    /// Who holds the role at the unit.
    pub(crate) fn holders(&self, role: &RoleId, unit: &UnitId) -> &[PersonId] {
        self.holders.get(&(role.clone(), unit.clone())).map_or(&[], Vec::as_slice)
    }

    /// A county, drawn by population.
    pub(crate) fn county(&self, rng: &mut ChaCha8Rng) -> UnitId {
        let chosen = self.counties.choose_weighted(rng, |(_, people)| *people);
        chosen.map(|(id, _)| id.clone()).expect("the country has counties")
    }

    /// The share of the people who live in a unit.
    pub(crate) fn share(&self, organisation: &Organisation, unit: &UnitId) -> f64 {
        let all: f64 = self.counties.iter().map(|(_, people)| people).sum();
        let here = self.counties.iter().filter(|(county, _)| organisation.contains(unit, county));
        here.map(|(_, people)| people).sum::<f64>() / all
    }

    /// How busy the offices are around a unit.
    pub(crate) fn load(&self, organisation: &Organisation, unit: &UnitId) -> f64 {
        let province = organisation.at_level(unit, Level::Province);
        province.and_then(|id| self.load.get(id)).copied().unwrap_or(0.8)
    }

    /// How slow other bodies are around a unit.
    pub(crate) fn slowness(&self, organisation: &Organisation, unit: &UnitId) -> f64 {
        let province = organisation.at_level(unit, Level::Province);
        province.and_then(|id| self.slowness.get(id)).copied().unwrap_or(1.0)
    }
}

/// How many hold a role at one unit: every seat of a commission, else one or two.
fn seats(definition: &Definition, role: &RoleId, agency: bool) -> u32 {
    let commissions = definition.steps.values().filter_map(|step| match &step.kind {
        StepKind::Commission(commission) if commission.members == *role => Some(commission.seats),
        _ => None,
    });
    match commissions.max() {
        Some(seats) => seats,
        None if agency => 1,
        None => 2,
    }
}

fn person_id(rng: &mut ChaCha8Rng) -> PersonId {
    PersonId(Builder::from_random_bytes(rng.random()).into_uuid())
}

/// A UUIDv7 of the simulated instant, with drawn bits.
pub(super) fn case_id(at: Instant, rng: &mut ChaCha8Rng) -> CaseId {
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
    CaseId(Builder::from_unix_timestamp_millis(millis, &rng.random()).into_uuid())
}

fn pick<'n>(rng: &mut ChaCha8Rng, names: &[&'n str]) -> &'n str {
    names.choose(rng).copied().unwrap_or_default()
}

/// What an association is called.
pub(super) fn subject(rng: &mut ChaCha8Rng) -> String {
    format!("{} {}", pick(rng, KINDS), pick(rng, CAUSES))
}

const GIVEN_NAMES: &[&str] = &[
    "مریم",
    "زهرا",
    "فاطمه",
    "سارا",
    "نرگس",
    "لیلا",
    "شیرین",
    "پروانه",
    "مینا",
    "الهام",
    "رضا",
    "علی",
    "حسین",
    "محمد",
    "مهدی",
    "امیر",
    "بهرام",
    "کاوه",
    "سعید",
    "ناصر",
    "یوسف",
    "ابراهیم",
    "آرش",
    "داریوش",
];
const FAMILY_NAMES: &[&str] = &[
    "احمدی",
    "محمدی",
    "حسینی",
    "رضایی",
    "کریمی",
    "موسوی",
    "جعفری",
    "رحیمی",
    "صادقی",
    "نوری",
    "یزدانی",
    "شریفی",
    "کاظمی",
    "قاسمی",
    "اکبری",
    "بهرامی",
    "مرادی",
    "سلیمانی",
    "نظری",
    "عبداللهی",
    "تهرانی",
    "شیرازی",
    "کرمانی",
    "بلوچ",
];
const KINDS: &[&str] = &["خیریه", "انجمن", "مؤسسه", "جمعیت"];
const CAUSES: &[&str] = &[
    "یاری سالمندان",
    "حمایت از کودکان",
    "توان‌یابان",
    "دستان مهربان",
    "نان و مهر",
    "امید فردا",
    "سپید",
    "همیاران سلامت",
    "کودکان کار",
    "مادران سرپرست خانوار",
    "نابینایان",
    "رهایی از اعتیاد",
];
