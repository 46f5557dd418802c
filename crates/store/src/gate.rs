//! The gate: who comes in, and what he may do now, read for all who come at the same time in one
//! statement.
//!
//! Everybody who asks is looked up anew, so that a revoked token or a role taken away counts at the next
//! request. While one statement is under way the next questions gather, as in a [lane](crate::lane): the
//! busier it is, the less a question costs.
//!
//! Whoever asked may go away at any time: the connection belongs to the gate.
//!
//! **Invariant.** Nobody is let in by memory. Of whom the gate has let in lately it remembers who he is
//! ([`Gate::lately`]), so that a change needs not wait for it: the write path looks again whether what he
//! came by is in force, in the statement that reads the case, and does nothing otherwise.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
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
const STANDING: usize = 8;

/// Whose the token `t` or the session `s` is, of the secrets `asked.token` or `asked.session` (with `asked.idle`
/// seconds without use), if it is in force. Each look-up is lateral, by its key, whatever the planner
/// believes of the tables. A session that nobody uses ends, one of a disabled account has ended; so has a
/// token's.
macro_rules! entering {
    () => {
        "
    left join lateral (
        select id, person, scopes,
               coalesce(used_at < clock_timestamp() - interval '1 minute', true) as is_unnoted
        from api_tokens t
        where t.secret_hash = asked.token and t.revoked_at is null
          and t.expires_at > clock_timestamp()
          and (select disabled_at is null from accounts where person = t.person)
        limit 1
    ) t on true
    left join lateral (
        select id, person, seen_at < clock_timestamp() - interval '1 minute' as is_unnoted,
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
           coalesce(t.is_unnoted, s.is_unnoted, false), coalesce(s.is_raised, false), ",
            $met,
            "
    from unnest($1::bytea[], $2::bytea[], $3::float8[], $4::uuid[])
         with ordinality as asked (token, session, idle, person, place)
    cross join clock
    cross join reference_state ",
            entering!(),
            $from,
            "
    order by asked.place"
        )
    };
}

/// Who comes.
const WHO: &str = look_up!("null::uuid", "");

/// Who comes, and what he may do now.
const WHO_AND_WHAT: &str = look_up!(
    concat!("known.id, ", standing_columns!("met")),
    concat!(
        "left join lateral (
        select id from people where id = coalesce(t.person, s.person, asked.person) limit 1
    ) known on true ",
        standing!("known.id", "met")
    )
);

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
#[derive(Debug)]
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
#[derive(Debug)]
pub(crate) struct Met {
    /// The engine's time.
    pub(crate) now: Instant,
    /// Which state of what is published is in force.
    pub(crate) revision: i64,
    /// Who he is and what he may do now; `None` for somebody unknown, or where it was not asked.
    pub(crate) actor: Option<Actor>,
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

/// Who the gate has let in lately.
#[derive(Clone, Debug)]
pub(crate) struct Lately {
    pub(crate) id: Uuid,
    pub(crate) person: PersonId,
    pub(crate) scopes: Vec<String>,
    since: tokio::time::Instant,
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
    lately: Mutex<HashMap<By, Lately>>,
}

impl Gate {
    /// Opens the gate; `pool` is its own.
    pub(crate) fn start(pool: PgPool) -> Self {
        let (questions, asked) = mpsc::channel(WAITING);
        tokio::spawn(keep(pool, asked));
        Self { questions, lately: Mutex::default() }
    }

    /// Who comes by that, if it is in force; with what he may do now, if that `is_met`.
    ///
    /// # Errors
    /// The database.
    pub(crate) async fn ask(&self, by: By, is_met: bool) -> Result<Option<Entered>, StoreError> {
        let (answer, answered) = oneshot::channel();
        let question = Question { by: by.clone(), is_met, answer };
        let question = Asked::Question(question);
        self.questions.send(question).await.map_err(|_| StoreError::Closed)?;
        let answered = answered.await.map_err(|_| StoreError::Closed)?;
        let entered = answered.map_err(StoreError::of_several)?;
        self.remember(by, entered.as_ref());
        Ok(entered)
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
    pub(crate) fn lately(&self, by: &By) -> Option<Lately> {
        let lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        lately.get(by).filter(|one| one.since.elapsed() < LATELY).cloned()
    }

    fn remember(&self, by: By, entered: Option<&Entered>) {
        if matches!(by, By::Person(_)) {
            return;
        }
        let entered = entered.filter(|entered| !entered.is_unnoted && !entered.is_raised);
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Entered { id, person, scopes, .. }) = entered else {
            lately.remove(&by);
            return;
        };
        if lately.len() >= REMEMBERED && !lately.contains_key(&by) {
            lately.retain(|_, one| one.since.elapsed() < LATELY);
            if lately.len() >= REMEMBERED {
                return;
            }
        }
        let (id, person, scopes) = (*id, *person, scopes.clone());
        lately.insert(by, Lately { id, person, scopes, since: tokio::time::Instant::now() });
    }
}

/// Answers as long as somebody can ask. If that panics, those who wait are told, and it begins anew.
async fn keep(pool: PgPool, asked: mpsc::Receiver<Asked>) {
    let asked = Arc::new(tokio::sync::Mutex::new(asked));
    while let Err(error) = tokio::spawn(serve(pool.clone(), asked.clone())).await {
        if error.is_cancelled() {
            return;
        }
        tracing::error!(%error, "the gate panicked and begins anew");
    }
}

async fn serve(pool: PgPool, asked: Arc<tokio::sync::Mutex<mpsc::Receiver<Asked>>>) {
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
        let found = look_up(&pool, &mut connection, &questions).await;
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
        match found(&mut connection, questions).await {
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

async fn found(
    connection: &mut PgConnection,
    questions: &[Question],
) -> Result<Vec<Option<Entered>>, sqlx::Error> {
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
    rows.iter().zip(people).map(|(row, asked)| entered(row, asked)).collect()
}

fn entered(row: &PgRow, asked: Option<Uuid>) -> Result<Option<Entered>, sqlx::Error> {
    let Some(person) = row.try_get::<Option<Uuid>, _>(3)?.map(PersonId) else { return Ok(None) };
    let is_known = row.try_get::<Option<Uuid>, _>(7)?.is_some();
    let actor = match is_known {
        true => Some(actor::read(row, STANDING, person, None)?),
        false => None,
    };
    Ok(Some(Entered {
        id: row.try_get::<Option<Uuid>, _>(2)?.or(asked).unwrap_or_default(),
        person,
        scopes: row.try_get::<Option<Vec<String>>, _>(4)?.unwrap_or_default(),
        is_unnoted: row.try_get(5)?,
        is_raised: row.try_get(6)?,
        met: Met { now: row.try_get(0)?, revision: row.try_get(1)?, actor },
    }))
}
