//! How long deadline arithmetic takes, with the calendar `ir`: aim under 200 ns for a clock that was
//! never suspended, whatever the unit and the length of the term.
//!
//! Run with `cargo bench -p parvaneh-core --bench deadline`.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use chrono::{DateTime, Duration};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use parvaneh_core::{
    CalendarSource, Calendars, Instant, Ledger, Suspension, Term, UnitId,
    calendar::{Closure, Scope, after, before},
};

const IR: &str = include_str!("../../../workflows/calendars/ir.yaml");

/// Many starts over ten years, so that no answer is in the processor's cache by luck.
fn starts() -> Vec<Instant> {
    let first = DateTime::from_timestamp(1_680_000_000, 0).unwrap();
    (0..4096).map(|step| first + Duration::minutes(step * 1283)).collect()
}

fn deadlines(criterion: &mut Criterion) {
    let calendars = Calendars::compile(CalendarSource::parse("ir.yaml", IR).unwrap());
    let calendar = calendars.national();
    let starts = starts();
    let mut next = 0;
    let mut start = move || {
        next = (next + 1777) % 4096;
        starts[next]
    };
    let mut group = criterion.benchmark_group("deadline");
    for term in ["3 wd", "60 wd", "2000 wd", "30 d", "2000 d", "10 wh", "2000 wh", "48 h"] {
        let term: Term = term.parse().unwrap();
        group.bench_function(BenchmarkId::new("never suspended", term), |bencher| {
            bencher.iter(|| after(black_box(calendar), black_box(start()), term).unwrap());
        });
    }
    for count in [1, 4, 16] {
        for term in ["60 wd", "60 d", "200 wh"] {
            let mut ledger = Ledger::start(term.parse().unwrap(), start());
            for number in 0..count {
                let from = ledger.started_at + Duration::hours(30 * (number + 1));
                let until = Some(from + Duration::hours(20));
                ledger.suspensions.push(Suspension { from, until });
            }
            let name = format!("{term}, {count} suspensions");
            group.bench_function(name, |bencher| {
                bencher.iter(|| black_box(&ledger).deadline(calendar).unwrap());
            });
        }
    }
    for term in ["2 wd", "10 wh", "3 d"] {
        let term: Term = term.parse().unwrap();
        group.bench_function(BenchmarkId::new("warning before", term), |bencher| {
            bencher.iter(|| before(black_box(calendar), black_box(start()), term).unwrap());
        });
    }
    let ledger = Ledger::start("60 wd".parse().unwrap(), start());
    group.bench_function("explanation of 60 wd", |bencher| {
        bencher.iter(|| black_box(&ledger).explain(calendar).unwrap());
    });
    group.finish();
}

fn calendars(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("calendar");
    group.sample_size(20);
    group.bench_function("read ir.yaml", |bencher| {
        bencher.iter(|| CalendarSource::parse("ir.yaml", black_box(IR)).unwrap());
    });
    let source = CalendarSource::parse("ir.yaml", IR).unwrap();
    group.bench_function("compile ir", |bencher| {
        bencher.iter(|| Calendars::compile(source.clone()));
    });
    // Every county with a closure of its own.
    let mut snow = source.clone();
    for county in 0..478 {
        let mut notice = (*source.holidays()[0].notice).clone();
        notice.scope = Scope::Unit(UnitId::from(format!("c{county}")));
        let from = source.holidays()[0].date + Duration::days(county);
        snow.add_closure(Closure { notice: notice.into(), from, until: from, hours: None });
    }
    group.bench_function("compile ir with a closure in each of 478 counties", |bencher| {
        bencher.iter(|| Calendars::compile(snow.clone()));
    });
    group.finish();
}

criterion_group!(benches, deadlines, calendars);
criterion_main!(benches);
