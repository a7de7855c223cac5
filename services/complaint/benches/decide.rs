//! How fast a complaint decides: `cargo bench -p complaint --bench decide`. The mark is 1 µs for a hot command.
//! The complaint is under the shipped service levels; its four promises run.
#![expect(clippy::unwrap_used, reason = "a bench")]

use std::{hint::black_box, sync::Arc};

use complaint::domain::{
    Command, Complaint,
    care::{Promised, Word},
    complaint::{Assessment, Facts, Terms},
    routing::Desk,
    values::{Class, Severity},
};
use criterion::{Criterion, criterion_group, criterion_main};
use jiff::{SignedDuration, Timestamp};
use kernel::{
    calendar::CHINA,
    sla::{DEFAULT, Levels},
};

const NOW: Timestamp = Timestamp::constant(1_770_000_000, 0);

fn desk() -> Desk {
    Desk {
        department: "quality".parse().unwrap(),
        answer_within: Some(SignedDuration::from_hours(24)),
        ..Desk::default()
    }
}

fn led(way: Vec<Command>) -> Complaint {
    let mut complaint = Complaint::default();
    for command in way {
        complaint.decide(command, NOW).unwrap().iter().for_each(|event| complaint.apply(event));
    }
    complaint
}

fn decide(c: &mut Criterion) {
    let levels = Arc::new(Levels::prepare(toml::from_str(DEFAULT).unwrap(), &toml::from_str(CHINA).unwrap()).unwrap());
    let care = Promised { tell_within: SignedDuration::from_hours(24), tries: 3, ..Promised::default() };
    let terms = Terms { care, ..Terms::default() };
    let facts = Facts { class: Class::ProductQuality, recorded_at: NOW, terms, ..Facts::default() };
    let record = Command::Record { facts: Box::new(facts), desk: desk(), levels: Arc::clone(&levels) };
    let assessment = Assessment { class: Class::ProductQuality, severity: Severity::try_from(2).unwrap() };
    let assess = Command::Assess { assessment, desk: desk() };
    let (cause, responsible) = ("packaging.leak".parse().unwrap(), "quality".parse().unwrap());
    let conclude = Command::ConcludeInvestigation { evidence: vec![], cause, responsible, levels: Arc::clone(&levels) };
    let word = Command::Care(Word::Told { channel: "hotline".into(), told_at: None, levels });
    let (absent, recorded) = (Complaint::default(), led(vec![record.clone()]));
    let investigating = led(vec![record.clone(), assess.clone(), Command::StartInvestigation]);
    let later = NOW + SignedDuration::from_hours(1);
    for (name, complaint, command) in [
        ("look at the clock", &investigating, Command::PromiseDue),
        ("start the investigation, refused", &investigating, Command::StartInvestigation),
        ("assess", &recorded, assess),
        ("conclude, a promise kept", &investigating, conclude),
        ("word told, one promise kept and one given", &investigating, word),
        ("record, four promises given", &absent, record),
    ] {
        c.bench_function(&format!("decide: {name}"), |b| {
            b.iter_batched(
                || command.clone(),
                |command| black_box(complaint).decide(command, later),
                criterion::BatchSize::SmallInput,
            );
        });
    }
}

criterion_group!(benches, decide);
criterion_main!(benches);
