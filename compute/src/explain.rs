//! A dossier's story in words: its events, its clock, the arithmetic of its due date, and where it counts.
//!
//! Told from what the fold itself did, so the story cannot differ from the count. Vietnamese first, English
//! beside it. Not here: finding the dossier (`engine::Engine::story`).

use std::fmt::Write;

use crate::calendar::Calendar;
use crate::codes::{Code, Names};
use crate::dossier::Step;
use crate::dossier::step::DueSource;
use crate::engine::{Story, counts_in};
use crate::instant::{Day, Instant};
use crate::procedure::Duration;
use crate::set::IndicatorSet;

/// The most days shown one by one; the rest of a long count is summed up.
const DAYS_SHOWN_MAX: usize = 40;

/// The story as text, one fact a line.
pub fn tell(dossier: &str, story: &Story, set: &IndicatorSet, names: &Names, calendar: &Calendar) -> String {
    let mut out = String::new();
    let text = |code: Option<Code>| code.map_or("—", |code| names.text(code));
    let (procedure, agency, officer) = story.codes;
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(out, "Hồ sơ / dossier {dossier}");
    let _ = writeln!(out, "  thủ tục / procedure  {}", text(procedure));
    let _ = writeln!(out, "  cơ quan / agency     {}", text(agency));
    let _ = writeln!(out, "  cán bộ / officer     {}", text(officer));
    let chain: Vec<&str> = story.chain.iter().map(|unit| names.text(*unit)).collect();
    let _ = writeln!(
        out,
        "  tính cho / counts for {}",
        if chain.is_empty() { "—".into() } else { chain.join(" < ") }
    );
    let _ = writeln!(out, "\nSự kiện / events");
    for event in &story.events {
        let struck = if event.is_standing { "" } else { "  [thu hồi / not standing]" };
        let _ = writeln!(
            out,
            "  {}  {}  {}  ({} {}){struck}",
            event.time.to_local(),
            event.event_type.name(),
            event.data,
            event.source,
            event.id
        );
    }
    let _ = writeln!(out, "\nDiễn biến / what followed");
    let mut accepted_at = None;
    for step in &story.steps {
        if let Step::Accepted { at } = step {
            accepted_at = Some(*at);
        }
        tell_step(&mut out, step, accepted_at, calendar);
    }
    if !story.flags.is_empty() {
        let flags: Vec<&str> = story.flags.iter().map(super::dossier::Flag::name).collect();
        let _ = writeln!(out, "\nDấu hiệu cần xem lại / integrity flags: {}", flags.join(", "));
    }
    tell_periods(&mut out, story, set);
    out
}

fn tell_periods(out: &mut String, story: &Story, set: &IndicatorSet) {
    let _ = writeln!(out, "\nTính vào chỉ số / counted in ({})", set.file.id);
    if story.periods.is_empty() {
        let _ = writeln!(out, "  không thuộc kỳ nào / in no period: {}", why_nowhere(story));
    }
    for (period, is_late, mask) in &story.periods {
        let class = if *is_late { "trễ hạn / late" } else { "đúng hạn hoặc còn hạn / not late" };
        let _ = writeln!(out, "  {period}: {class}");
        for (indicator, counts) in counts_in(set, *mask) {
            let mark = if counts { "✓ tử số / numerator" } else { "· mẫu số / denominator only" };
            let _ = writeln!(out, "    {:<5} {mark}  {}", indicator.file.code, indicator.file.words.vi.title);
        }
    }
}

fn why_nowhere(story: &Story) -> &'static str {
    use crate::dossier::Flag;
    match story.dates.1 {
        None => "chưa được tiếp nhận / never accepted",
        Some(_) if story.flags.has(Flag::Deleted) => "đã bị xóa / deleted",
        Some(_) => "tiếp nhận sau hoặc kết thúc trước kỳ / accepted after, or ended before, the periods kept",
    }
}

fn tell_step(out: &mut String, step: &Step, accepted_at: Option<Instant>, calendar: &Calendar) {
    let shown = |due: Option<Instant>| due.map_or("không có / none".to_owned(), Instant::to_local);
    let _ = match step {
        Step::Accepted { at } => writeln!(out, "  {}  tiếp nhận / accepted", at.to_local()),
        Step::BaseDue { due, source } => tell_base(out, *due, *source, accepted_at, calendar),
        Step::Stopped { at, is_supplement } => {
            let why = if *is_supplement {
                "chờ bổ sung / supplement"
            } else {
                "nghĩa vụ tài chính / financial duty"
            };
            writeln!(out, "  {}  đồng hồ dừng / clock stops: {why}", at.to_local())
        }
        Step::Moved { at, since, due } => writeln!(
            out,
            "  {}  đồng hồ chạy lại sau {} giây / clock runs again after {} s; hạn / due {}",
            at.to_local(),
            at.seconds_since(*since),
            at.seconds_since(*since),
            shown(*due)
        ),
        Step::DueGiven { at, due, is_effective } => {
            let effect = if *is_effective {
                "có hiệu lực / effective"
            } else {
                "chỉ ghi nhận, không có hiệu lực / recorded, without effect"
            };
            writeln!(out, "  {}  hạn mới / due date given {}: {effect}", at.to_local(), due.to_local())
        }
        Step::Ended { at, compared, due, is_late } => {
            let class = if *is_late { "trễ hạn / late" } else { "không trễ / not late" };
            writeln!(
                out,
                "  {}  kết thúc / ended; so / compared {} với hạn / with due {}: {class}",
                at.to_local(),
                compared.to_local(),
                shown(*due)
            )
        }
        Step::Reopened { at } => writeln!(out, "  {}  mở lại / reopened", at.to_local()),
        Step::Anomaly { at, what } => writeln!(out, "  {}  bất thường / anomaly: {what}", at.to_local()),
    };
}

fn tell_base(
    out: &mut String,
    due: Instant,
    source: DueSource,
    accepted_at: Option<Instant>,
    calendar: &Calendar,
) -> std::fmt::Result {
    let how = match source {
        DueSource::Acceptance => "ghi khi tiếp nhận / given at acceptance".to_owned(),
        DueSource::GivenLater => "ghi sau, trước đó chưa có hạn / given later, none before".to_owned(),
        DueSource::Duration(Duration::WorkingHours(hours)) => {
            format!("{hours} giờ làm việc / working hours của thủ tục / of the procedure")
        }
        DueSource::Duration(Duration::Days(days)) => {
            format!(
                "hết ngày làm việc của ngày thứ {days} / end of work of calendar day {days}, or the next worked"
            )
        }
        DueSource::Duration(Duration::WorkingDays(days)) => {
            format!("hết ngày làm việc thứ {days} / end of working day {days}")
        }
    };
    writeln!(out, "  hạn trả / due {}  ({how})", due.to_local())?;
    if let (DueSource::Duration(Duration::WorkingDays(_)), Some(accepted_at)) = (source, accepted_at) {
        let mut counted = 0;
        for number in accepted_at.day().number() + 1..=due.day().number() {
            let day = Day::from_number(number);
            let is_working = calendar.is_working(day).unwrap_or(false);
            counted += usize::from(is_working);
            if counted > DAYS_SHOWN_MAX {
                return writeln!(out, "      …");
            }
            let what = if is_working {
                format!("ngày thứ {counted} / day {counted}")
            } else {
                "nghỉ / off".into()
            };
            writeln!(out, "      {day}  {what}")?;
        }
    }
    Ok(())
}
