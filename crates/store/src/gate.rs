//! The gate: who comes in, and what he may do now, read for all who come at the same time in one
//! statement.
//!
//! The database is asked for everybody, so that a revoked token or a role taken away counts at the next
//! request. While one statement is under way the next questions gather, as in a [lane](crate::lane): the
//! busier it is, the less a question costs.
//!
//! Whoever asked may go away at any time: the connection belongs to the gate.
//!
//! **Invariant.** Nobody is let in by memory alone. Of whom the gate has let in lately it remembers what it was
//! told of him, with the numbers that count every change of it (`standing_state`, `reference_state`) and with the
//! moments at which time alone changes it; he is let in by that if the database, asked now, has the same
//! numbers ([`still`]). A change needs not even wait for that ([`Gate::lately`]): the write path looks again
//! whether what he came by is in force, in the statement that reads the case, and does nothing otherwise.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use parvaneh_core::{Actor, Instant, PersonId};
use sqlx::{PgConnection, PgPool, Postgres, Row, pool::PoolConnection, postgres::PgRow};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::{
    StoreError,
    actor::{self, standing, standing_columns},
    identity::SecretHash,
    lane::passes,
    read::Sees,
};

/// How many are looked up by one statement at most.
const MOST: usize = 64;
/// How many questions may wait before those who ask are made to wait for room.
const WAITING: usize = 4_096;
/// After how long without a question the gate gives its connection back.
const IDLE: Duration = Duration::from_secs(30);
/// How often it is tried again when the database was lost.
const LOSSES: u32 = 3;

/// For how long it is remembered who somebody is. Shorter than the time after which it is noted that he is
/// still there.
const LATELY: Duration = Duration::from_secs(30);
/// Of how many it is remembered.
const REMEMBERED: usize = 10_000;

/// The first column that tells what somebody may do.
const STANDING: usize = 11;

/// Whose the token `t` or the session `s` is, of the secrets `asked.token` or `asked.session` (with `asked.idle`
/// seconds without use), if it is in force. Each look-up is lateral, by its key, whatever the planner
/// believes of the tables. A session that nobody uses ends, one of a disabled account has ended; so has a
/// token's.
macro_rules! entering {
    () => {
        "
    left join lateral (
        select id, person, scopes, expires_at as ends_at,
               coalesce(used_at < clock_timestamp() - interval '1 minute', true) as is_unnoted
        from api_tokens t
        where t.secret_hash = asked.token and t.revoked_at is null
          and t.expires_at > clock_timestamp()
          and (select disabled_at is null from accounts where person = t.person)
        limit 1
    ) t on true
    left join lateral (
        select id, person, seen_at < clock_timestamp() - interval '1 minute' as is_unnoted,
               least(expires_at, seen_at + asked.idle * interval '1 second',
                     case when s.secret_hash <> asked.session then former_until end) as ends_at,
               s.secret_hash = asked.session
               and coalesce((select raised_at > s.renewed_at from accounts where person = s.person),
                            false) as is_raised
        from sessions s
        where (s.secret_hash = asked.session
               or s.former_hash = asked.session and s.former_until > clock_timestamp())
          and s.revoked_at is null and s.expires_at > clock_timestamp()
          and s.seen_at > clock_timestamp() - asked.idle * interval '1 second'
          and (select disabled_at is null from accounts where person = s.person)
        limit 1
    ) s on true "
    };
}
pub(crate) use entering;

/// The columns that tell who comes, before those of `$met`; and behind `$from`, by what he may be found. One row
/// a question.
macro_rules! look_up {
    ($met:expr, $from:expr) => {
        concat!(
            "
    with clock as materialized (
        select coalesce(frozen_at, clock_timestamp() + clock_offset) as now from installation
    )
    select clock.now, reference_state.revision, coalesce(t.id, s.id),
           coalesce(t.person, s.person, asked.person), t.scopes,
           coalesce(t.is_unnoted, s.is_unnoted, false), coalesce(s.is_raised, false),
           standing_state.revision, coalesce(t.ends_at, s.ends_at), ",
            $met,
            "
    from unnest($1::bytea[], $2::bytea[], $3::float8[], $4::uuid[])
         with ordinality as asked (token, session, idle, person, place)
    cross join clock
    cross join reference_state
    cross join standing_state ",
            entering!(),
            $from,
            "
    order by asked.place"
        )
    };
}

/// Who comes.
const WHO: &str = look_up!("null::timestamptz, null::uuid", "");

/// Who comes, and what he may do now.
const WHO_AND_WHAT: &str = look_up!(
    concat!(
        // When time alone changes what he may do: something that is lent to him begins or ends, or an absence.
        "(select min(at) from (
            select case when d.starts_at > clock.now then d.starts_at else d.ends_at end as at
            from delegations d
            where d.to_person = known.id and d.revoked_at is null and d.ends_at > clock.now
            union all
            select case when a.starts_at > clock.now then a.starts_at else a.ends_at end
            from absences a
            where a.person = any(met_natural.id || met_accounts.ids) and a.ended_at is null
              and a.ends_at > clock.now
        ) turning),
        known.id, ",
        standing_columns!("met")
    ),
    concat!(
        "left join lateral (
        select id from people where id = coalesce(t.person, s.person, asked.person) limit 1
    ) known on true ",
        standing!("known.id", "met")
    )
);

/// Whether anything has changed: what the server's clock shows and the engine's, and the numbers that count the
/// changes of what is published and of who may do what.
const STILL: &str = "
    select clock_timestamp(), coalesce(frozen_at, clock_timestamp() + clock_offset),
           reference_state.revision, standing_state.revision
    from installation cross join reference_state cross join standing_state";

/// By what somebody comes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum By {
    /// The token of a machine.
    Token(SecretHash),
    /// The session of a browser, and how long it may have been idle.
    Session(SecretHash, Duration),
    /// He is known already.
    Person(PersonId),
}

/// Somebody who comes in.
#[derive(Clone, Debug)]
pub(crate) struct Entered {
    /// The token or session.
    pub(crate) id: Uuid,
    /// Who.
    pub(crate) person: PersonId,
    /// What his token may be used for.
    pub(crate) scopes: Vec<String>,
    /// Whether it is to be noted that it was used.
    pub(crate) is_unnoted: bool,
    /// Whether the session needs another secret.
    pub(crate) is_raised: bool,
    /// What is known of him, where that was asked.
    pub(crate) met: Met,
}

/// What is known of a person at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Met {
    /// The engine's time.
    pub(crate) now: Instant,
    /// Which state of what is published is in force.
    pub(crate) revision: i64,
    /// Who he is and what he may do now; `None` for somebody unknown, or where it was not asked.
    pub(crate) actor: Option<Actor>,
    /// What follows from that, once somebody has worked it out: as long as it holds, it is not done again.
    pub(crate) sees: Arc<OnceLock<Sees>>,
}

impl By {
    /// The secret of a token; that of a session, and for how many seconds it may have been idle.
    pub(crate) fn secrets(&self) -> (Option<&[u8]>, Option<&[u8]>, Option<f64>) {
        match self {
            Self::Token(secret) => (Some(&secret[..]), None, None),
            Self::Session(secret, idle) => (None, Some(&secret[..]), Some(idle.as_secs_f64())),
            Self::Person(_) => (None, None, None),
        }
    }
}

/// By what somebody came in lately. It says who he is; whether it is in force the write path looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential(pub(crate) By);

impl Credential {
    /// The token of that secret.
    pub fn token(secret: SecretHash) -> Self {
        Self(By::Token(secret))
    }

    /// The session of that secret, which may have been idle for so long.
    pub fn session(secret: SecretHash, idle: Duration) -> Self {
        Self(By::Session(secret, idle))
    }
}

/// Somebody who was found, and for how long that holds.
#[derive(Clone, Debug)]
struct Found {
    entered: Entered,
    /// Which state of who may do what was in force.
    standing: i64,
    /// When what he came by ends, by the server's clock.
    ends_at: Option<Instant>,
    /// When time alone changes what he may do, by the engine's clock.
    turns_at: Option<Instant>,
}

/// Somebody whom the gate has let in lately.
#[derive(Debug)]
struct Remembered {
    found: Found,
    since: tokio::time::Instant,
}

/// What the database has at one moment.
#[derive(Debug)]
struct Still {
    server: Instant,
    engine: Instant,
    revision: i64,
    standing: i64,
}

impl Found {
    /// Who comes in now, if everything is as it was then.
    fn still(&self, now: &Still, is_met: bool) -> Option<Entered> {
        let Entered { met, .. } = &self.entered;
        let is_the_same = self.standing == now.standing
            && met.revision == now.revision
            && self.ends_at.is_some_and(|at| now.server < at)
            && self.turns_at.is_none_or(|at| now.engine < at)
            && met.now <= now.engine
            && (met.actor.is_some() || !is_met);
        is_the_same.then(|| {
            let met = Met { now: now.engine, ..met.clone() };
            Entered { met, ..self.entered.clone() }
        })
    }
}

/// A question on its way.
#[derive(Debug)]
struct Question {
    by: By,
    /// Whether it is asked what he may do.
    is_met: bool,
    answer: oneshot::Sender<Answer>,
}

/// What the gate is given.
#[derive(Debug)]
enum Asked {
    Question(Question),
    Close(oneshot::Sender<()>),
}

type Answer = Result<Option<Entered>, Arc<StoreError>>;

/// The gate of a store. It ends with it.
#[derive(Debug)]
pub(crate) struct Gate {
    questions: mpsc::Sender<Asked>,
    memory: Arc<Memory>,
}

/// Whom the gate has let in lately.
#[derive(Debug, Default)]
struct Memory(Mutex<HashMap<By, Remembered>>);

impl Gate {
    /// Opens the gate; `pool` is its own.
    pub(crate) fn start(pool: PgPool) -> Self {
        let (questions, asked) = mpsc::channel(WAITING);
        let memory = Arc::<Memory>::default();
        tokio::spawn(keep(pool, memory.clone(), asked));
        Self { questions, memory }
    }

    /// Who comes by that, if it is in force; with what he may do now, if that `is_met`.
    ///
    /// # Errors
    /// The database.
    pub(crate) async fn ask(&self, by: By, is_met: bool) -> Result<Option<Entered>, StoreError> {
        let (answer, answered) = oneshot::channel();
        let question = Asked::Question(Question { by, is_met, answer });
        self.questions.send(question).await.map_err(|_| StoreError::Closed)?;
        let answered = answered.await.map_err(|_| StoreError::Closed)?;
        answered.map_err(StoreError::of_several)
    }

    /// Ends it after the questions that have been asked, and gives its connection back; who asks later is told
    /// that it is closed.
    pub(crate) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.questions.send(Asked::Close(done)).await.is_ok() {
            closed.await.ok();
        }
    }

    /// Who came in by that lately, if nothing is to be noted of him.
    pub(crate) fn lately(&self, by: &By) -> Option<Entered> {
        self.memory.recall(by, |found| Some(found.entered.clone()))
    }
}

impl Memory {
    /// What `holds` makes of him who came in by that lately.
    fn recall<T>(&self, by: &By, holds: impl FnOnce(&Found) -> Option<T>) -> Option<T> {
        let lately = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lately.get(by).filter(|one| one.since.elapsed() < LATELY).and_then(|one| holds(&one.found))
    }

    fn remember(&self, by: &By, found: Option<&Found>) {
        if matches!(by, By::Person(_)) {
            return;
        }
        let found = found.filter(|one| !one.entered.is_unnoted && !one.entered.is_raised);
        let mut lately = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(found) = found else {
            lately.remove(by);
            return;
        };
        if lately.len() >= REMEMBERED && !lately.contains_key(by) {
            lately.retain(|_, one| one.since.elapsed() < LATELY);
            if lately.len() >= REMEMBERED {
                return;
            }
        }
        let since = tokio::time::Instant::now();
        lately.insert(by.clone(), Remembered { found: found.clone(), since });
    }
}

/// Answers as long as somebody can ask. If that panics, those who wait are told, and it begins anew.
async fn keep(pool: PgPool, memory: Arc<Memory>, asked: mpsc::Receiver<Asked>) {
    let asked = Arc::new(tokio::sync::Mutex::new(asked));
    while let Err(error) = tokio::spawn(serve(pool.clone(), memory.clone(), asked.clone())).await {
        if error.is_cancelled() {
            return;
        }
        tracing::error!(%error, "the gate panicked and begins anew");
    }
}

async fn serve(
    pool: PgPool,
    memory: Arc<Memory>,
    asked: Arc<tokio::sync::Mutex<mpsc::Receiver<Asked>>>,
) {
    let mut asked = asked.lock().await;
    let mut connection = None;
    let mut came = Vec::with_capacity(MOST);
    let mut questions = Vec::with_capacity(MOST);
    loop {
        if tokio::time::timeout(IDLE, asked.recv_many(&mut came, MOST)).await.is_err() {
            // Giving it back after every statement would cost two round trips each time.
            connection = None;
            asked.recv_many(&mut came, MOST).await;
        }
        if came.is_empty() {
            return;
        }
        let mut closing = None;
        for one in came.drain(..) {
            match one {
                Asked::Question(question) => questions.push(question),
                Asked::Close(done) => closing = Some(done),
            }
        }
        let found = look_up(&pool, &memory, &mut connection, &questions).await;
        match found {
            Ok(found) => {
                for (question, found) in questions.drain(..).zip(found) {
                    // Whoever asked may have gone away.
                    question.answer.send(Ok(found)).ok();
                }
            }
            Err(error) => {
                let error = Arc::new(StoreError::from(error));
                questions.drain(..).for_each(|one| drop(one.answer.send(Err(error.clone()))));
            }
        }
        if let Some(done) = closing {
            asked.close();
            drop(connection);
            done.send(()).ok();
            return;
        }
    }
}

/// Looks all of them up, again where the connection was lost: it changes nothing.
async fn look_up(
    pool: &PgPool,
    memory: &Memory,
    kept: &mut Option<PoolConnection<Postgres>>,
    questions: &[Question],
) -> Result<Vec<Option<Entered>>, sqlx::Error> {
    if questions.is_empty() {
        return Ok(Vec::new());
    }
    let mut losses = 0;
    loop {
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => pool.acquire().await?,
        };
        match answer(&mut connection, memory, questions).await {
            Ok(found) => {
                *kept = Some(connection);
                return Ok(found);
            }
            Err(error) => {
                connection.close_on_drop();
                losses += 1;
                if !passes(&error) || losses > LOSSES {
                    return Err(error);
                }
                tracing::warn!(%error, "the database was lost; looking up again");
            }
        }
    }
}

/// Answers from memory what holds still, and looks up the rest.
async fn answer(
    connection: &mut PgConnection,
    memory: &Memory,
    questions: &[Question],
) -> Result<Vec<Option<Entered>>, sqlx::Error> {
    let mut answers = Vec::with_capacity(questions.len());
    let is_known = |question: &Question| memory.recall(&question.by, |_| Some(())).is_some();
    if questions.iter().any(is_known) {
        let now = still(connection).await?;
        let recalled = |question: &Question| {
            memory.recall(&question.by, |found| found.still(&now, question.is_met))
        };
        answers.extend(questions.iter().map(recalled));
    } else {
        answers.resize_with(questions.len(), || None);
    }
    let open: Vec<usize> = (0..questions.len()).filter(|place| answers[*place].is_none()).collect();
    if !open.is_empty() {
        let asked: Vec<&Question> = open.iter().map(|place| &questions[*place]).collect();
        let found = find(connection, &asked).await?;
        for (place, found) in open.into_iter().zip(found) {
            memory.remember(&questions[place].by, found.as_ref());
            answers[place] = found.map(|found| found.entered);
        }
    }
    Ok(answers)
}

async fn still(connection: &mut PgConnection) -> Result<Still, sqlx::Error> {
    let row = sqlx::query(STILL).fetch_one(connection).await?;
    Ok(Still {
        server: row.try_get(0)?,
        engine: row.try_get(1)?,
        revision: row.try_get(2)?,
        standing: row.try_get(3)?,
    })
}

async fn find(
    connection: &mut PgConnection,
    questions: &[&Question],
) -> Result<Vec<Option<Found>>, sqlx::Error> {
    let count = questions.len();
    let (mut tokens, mut sessions) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let (mut idle, mut people) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for question in questions {
        let (token, session, longest) = question.by.secrets();
        tokens.push(token);
        sessions.push(session);
        idle.push(longest);
        people.push(match question.by {
            By::Person(person) => Some(person.0),
            By::Token(_) | By::Session(..) => None,
        });
    }
    // Who changes something needs only to be known: the write path reads what he may do.
    let sql = if questions.iter().any(|question| question.is_met) { WHO_AND_WHAT } else { WHO };
    let rows = sqlx::query(sql)
        .bind(tokens)
        .bind(sessions)
        .bind(idle)
        .bind(&people)
        .fetch_all(connection)
        .await?;
    rows.iter().zip(people).map(|(row, asked)| found(row, asked)).collect()
}

fn found(row: &PgRow, asked: Option<Uuid>) -> Result<Option<Found>, sqlx::Error> {
    let Some(person) = row.try_get::<Option<Uuid>, _>(3)?.map(PersonId) else { return Ok(None) };
    let is_known = row.try_get::<Option<Uuid>, _>(10)?.is_some();
    let actor = match is_known {
        true => Some(actor::read(row, STANDING, person, None)?),
        false => None,
    };
    let entered = Entered {
        id: row.try_get::<Option<Uuid>, _>(2)?.or(asked).unwrap_or_default(),
        person,
        scopes: row.try_get::<Option<Vec<String>>, _>(4)?.unwrap_or_default(),
        is_unnoted: row.try_get(5)?,
        is_raised: row.try_get(6)?,
        met: Met { now: row.try_get(0)?, revision: row.try_get(1)?, actor, sees: Arc::default() },
    };
    Ok(Some(Found {
        entered,
        standing: row.try_get(7)?,
        ends_at: row.try_get(8)?,
        turns_at: row.try_get(9)?,
    }))
}
