//! An office to test with: the whole organisation, the calendar `ir`, the real definition and its
//! people in one county of one province.

use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{DateTime, TimeDelta, Utc};
use parvaneh_core::{
    Case, CaseId, Command, Given, Grant, Open, PersonId, RoleId, Unit, UnitId, WorkflowId,
    definition::{Level, Text},
};
use parvaneh_store::{
    Ask, ExecuteError, Executed, Founding, Request, Requester, Store, StoreError, StoreOptions,
    UnitRow, testing::TestDatabase,
};
use sqlx::{ConnectOptions, PgConnection, postgres::PgConnectOptions};
use uuid::Uuid;

const DEFINITION: &str = include_str!("../../workflows/ngo-establishment/v1.yaml");
pub(crate) const CALENDAR: &str = include_str!("../../workflows/calendars/ir.yaml");
const UNITS: &str = include_str!("../../workflows/organisation/ir.csv");

/// The county in which everything happens.
pub(crate) const COUNTY: &str = "2301";
/// Its province.
pub(crate) const PROVINCE: &str = "23";

/// Everybody whom the procedure needs: a name, a role, where it is held.
pub(crate) const ROLES: [(&str, &str, &str); 16] = [
    ("county_officer", "county_officer", COUNTY),
    ("county_head", "county_head", COUNTY),
    ("secretariat", "secretariat", PROVINCE),
    ("security_officer", "security_officer", PROVINCE),
    ("specialist_deputy", "specialist_deputy", PROVINCE),
    ("commission_member", "commission_member", PROVINCE),
    ("second_member", "commission_member", PROVINCE),
    ("third_member", "commission_member", PROVINCE),
    ("provincial_director", "provincial_director", PROVINCE),
    ("national_monitor", "national_monitor", "ir"),
    ("high_commission_secretariat", "high_commission_secretariat", "ir"),
    ("high_commission_member", "high_commission_member", "ir"),
    ("agency.police", "agency.police", COUNTY),
    ("agency.judiciary", "agency.judiciary", PROVINCE),
    ("agency.intelligence", "agency.intelligence", PROVINCE),
    ("agency.specialist_agency", "agency.specialist_agency", PROVINCE),
];

/// A database with an office in it.
pub(crate) struct Office {
    pub(crate) database: TestDatabase,
    pub(crate) store: Store,
}

/// Saturday 1403/02/01, ten o'clock in Tehran.
pub(crate) fn start() -> DateTime<Utc> {
    "2024-04-20T06:30:00Z".parse().expect("an instant")
}

pub(crate) fn workflow() -> WorkflowId {
    WorkflowId::from("ngo-establishment")
}

/// A case's identifier.
#[expect(clippy::disallowed_methods, reason = "tests are an edge: identifiers are made here")]
pub(crate) fn new_case() -> CaseId {
    CaseId(Uuid::now_v7())
}

/// The person of that name in the office; most bear the name of their role. A name always gives the same person.
pub(crate) fn holder(role: &str) -> PersonId {
    let mut hasher = DefaultHasher::new();
    role.hash(&mut hasher);
    let (high, mut low) = (hasher.finish(), DefaultHasher::new());
    high.hash(&mut low);
    PersonId(Uuid::from_u64_pair(high, low.finish()))
}

pub(crate) fn applicant() -> PersonId {
    holder("an applicant")
}

pub(crate) fn units() -> Vec<UnitRow> {
    let rows = UNITS.lines().skip(1).map(|line| {
        let mut fields = line.split(',');
        let mut field = || fields.next().unwrap_or_default().trim();
        let (id, parent, level) = (field(), field(), field());
        let level = match level {
            "national" => Level::National,
            "province" => Level::Province,
            _ => Level::County,
        };
        let title = Text { fa: field().to_owned(), en: field().to_owned() };
        let parent = Some(parent).filter(|parent| !parent.is_empty()).map(UnitId::from);
        let population = field().parse().ok();
        UnitRow { unit: Unit { id: UnitId::from(id), parent, level, title }, population }
    });
    rows.collect()
}

/// Publishes everything and puts the people in their places.
pub(crate) async fn furnish(store: &Store) -> Result<(), StoreError> {
    store.save_units(units()).await?;
    store.publish_calendar(&"ir".into(), CALENDAR).await?;
    store.publish_definition(&workflow(), 1, DEFINITION).await?;
    let mut people: Vec<_> =
        ROLES.iter().map(|(name, ..)| (holder(name), format!("The {name}"))).collect();
    people.push((applicant(), "The applicant".to_owned()));
    store.save_people(people).await?;
    let grant =
        |role: &str, unit: &str| Grant { role: RoleId::from(role), unit: UnitId::from(unit) };
    let grants = ROLES.iter().map(|(name, role, unit)| (holder(name), grant(role, unit)));
    store.grant(grants.collect()).await
}

/// Makes an empty database one with an office in it.
pub(crate) async fn found(owner: PgConnectOptions, founding: Founding) -> Result<(), StoreError> {
    Store::migrate(&owner, founding).await?;
    let store = Store::connect(owner, StoreOptions::default()).await?;
    let furnished = furnish(&store).await;
    store.close().await;
    furnished
}

impl Office {
    /// A sandbox whose clock stands still at [`start`].
    pub(crate) async fn sandbox() -> Self {
        let office = Self::open("sandbox", Founding::Sandbox).await;
        office.store.sandbox_clock().set_frozen(start()).await.expect("a sandbox");
        office
    }

    /// A database for real cases.
    pub(crate) async fn production() -> Self {
        Self::open("production", Founding::Production).await
    }

    async fn open(name: &str, founding: Founding) -> Self {
        let mut hasher = DefaultHasher::new();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations");
        let mut migrations: Vec<_> = std::fs::read_dir(folder)
            .expect("migrations")
            .map(|entry| std::fs::read(entry.expect("a migration").path()).expect("a migration"))
            .collect();
        migrations.sort();
        (DEFINITION, CALENDAR, UNITS, migrations, ROLES).hash(&mut hasher);
        let name = format!("{name}_{:x}", hasher.finish());
        let database = TestDatabase::from_template(&name, async |owner: PgConnectOptions| {
            found(owner, founding).await
        })
        .await;
        let store = Store::connect(database.app_options(), StoreOptions::default())
            .await
            .expect("the store");
        Self { database, store }
    }

    /// Another store on the same database, as another process would have.
    pub(crate) async fn another(&self) -> Store {
        let options = self.database.app_options();
        Store::connect(options, StoreOptions::default()).await.expect("another store")
    }

    /// A bare connection with the rights of the application's engine.
    pub(crate) async fn as_application(&self) -> PgConnection {
        self.in_role("parvaneh_engine").await
    }

    /// A bare connection as the application becomes one of the roles that it can be.
    pub(crate) async fn in_role(&self, role: &str) -> PgConnection {
        let mut connection = self.database.app_options().connect().await.expect("a connection");
        let set = sqlx::query("select set_config('role', $1, false)").bind(role);
        set.execute(&mut connection).await.expect("a role");
        connection
    }

    /// A bare connection as the owner, who sees no row of a case: for those there is the superuser.
    pub(crate) async fn as_owner(&self) -> PgConnection {
        self.database.owner_options().connect().await.expect("a connection")
    }

    /// A bare connection as the superuser.
    pub(crate) async fn as_admin(&self) -> PgConnection {
        self.database.admin_options().connect().await.expect("a connection")
    }

    pub(crate) async fn advance(&self, by: TimeDelta) {
        self.store.sandbox_clock().advance(by).await.expect("a sandbox");
    }

    /// Opens a case for the applicant.
    pub(crate) async fn opened(&self) -> Case {
        let request = open_request(new_case());
        self.store.execute(request).await.expect("an opening").case
    }

    /// The holder of a role gives a command.
    pub(crate) async fn does(
        &self,
        role: &str,
        case: CaseId,
        command: Command,
    ) -> Result<Executed, ExecuteError> {
        self.store.execute(Request::command(holder(role), case, command)).await
    }
}

/// The applicant asks for a licence.
pub(crate) fn open_request(case: CaseId) -> Request {
    let application = Open {
        case,
        unit: UnitId::from(COUNTY),
        applicant: applicant(),
        subject: "انجمن یاری کودکان".to_owned(),
        received_at: None,
        reason: None,
        about: None,
        given: Given::default(),
    };
    let ask = Ask::Open { workflow: workflow(), version: None, application };
    Request::new(Requester::Person(applicant()), ask)
}

/// Takes an action.
pub(crate) fn act(action: &str) -> Command {
    Command::Act { action: action.into(), reason: None, citation: None, given: Given::default() }
}

pub(crate) fn comment(text: &str) -> Command {
    Command::Comment { text: text.to_owned() }
}
