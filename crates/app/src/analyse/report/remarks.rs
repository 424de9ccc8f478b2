//! What the report says in sentences: doubts about the table, and what was assumed.

use super::build::{Analysed, Methods};
use super::{QualityIssue, ReportOptions};
use crate::analyse::SerialInterval;
use crate::ingest::read::FileInfo;
use crate::ingest::series::SeriesSet;
use wanquan_domain::text::Text;
use wanquan_epi::Step;

pub(super) fn quality(info: &FileInfo, set: &SeriesSet, kept: usize, total: &Analysed) -> Vec<QualityIssue> {
    let notes = info.notes.iter().map(|note| (note.code(), 0, note.text()));
    let remarks = set.remarks.iter().map(|remark| (remark.code, remark.n, remark.text.clone()));
    let mut issues: Vec<QualityIssue> =
        notes.chain(remarks).map(|(code, n, text)| QualityIssue { code: code.to_owned(), n, text }).collect();
    let present: Vec<&str> =
        set.columns.count.iter().map(String::as_str).filter(|name| counts_the_present(name)).collect();
    if !present.is_empty() {
        let names = present.join(", ");
        issues.push(QualityIssue {
            code: "Q204".to_owned(),
            n: present.len() as u64,
            text: Text::new(
                format!(
                    "by its name {names} counts persons present on a day, not new ones; sums, Rt and growth then count \
                     a person on every day of illness"
                ),
                format!("按列名 {names} 为当日在册人数而非新增；合计、Rt 与增长率会重复计入同一人"),
            ),
        });
    }
    let left = (set.steps - kept) as u64;
    if left > 0 {
        issues.push(QualityIssue {
            code: "Q202".to_owned(),
            n: left,
            text: Text::new(
                format!("{left} steps after the last day that counts are left out"),
                format!("截止日之后的 {left} 个时段未计入"),
            ),
        });
    }
    let silent = total.analysis.steps.iter().filter(|step| step.n.is_none()).count() as u64;
    if silent > 0 {
        issues.push(QualityIssue {
            code: "Q203".to_owned(),
            n: silent,
            text: Text::new(
                format!("on {silent} steps no place reported; the curves have gaps there"),
                format!("{silent} 个时段无任何地点报告，曲线留空"),
            ),
        });
    }
    issues
}

/// True for the names under which tables give who is ill at the moment.
fn counts_the_present(column: &str) -> bool {
    let name = column.to_lowercase();
    ["in_bed", "convalescent", "active", "prevalen", "current", "现存", "现有", "在院"]
        .iter()
        .any(|part| name.contains(part))
}

pub(super) fn assumptions(
    set: &SeriesSet,
    methods: &Methods,
    serial_interval: Option<&SerialInterval>,
    options: ReportOptions<'_>,
    kept: usize,
    late: usize,
) -> Vec<Text> {
    let mut said = Vec::new();
    match serial_interval {
        Some(interval) => said.push(Text::new(
            format!(
                "Rt: serial interval of mean {} and sd {} days ({}), gamma-shaped; no case counts as imported.",
                interval.mean_days, interval.sd_days, interval.source
            ),
            format!(
                "Rt：序列间隔均值 {} 天、标准差 {} 天（{}），伽马分布；未区分输入病例。",
                interval.mean_days, interval.sd_days, interval.source
            ),
        )),
        None => said.push(Text::new(
            "No Rt: it needs a serial interval, which a table of counts does not hold. Name the disease with \
             --disease, or give --serial-interval MEAN,SD.",
            "未估计 Rt：缺少序列间隔。请用 --disease 指定病种，或用 --serial-interval 均值,标准差 给出。",
        )),
    }
    let farrington =
        methods.direct.iter().chain(&methods.weekly).any(|d| d.spec.method().id == "farrington_flexible");
    if set.step == Step::Month {
        said.push(Text::new(
            "No signals: the methods take days or weeks, and the table counts by month.",
            "无信号：检测方法需逐日或逐周数据，本表按月计数。",
        ));
    } else if !farrington {
        said.push(Text::new(
            format!("Farrington flexible needs five years of weeks and more; {kept} steps are too few."),
            format!("灵活 Farrington 方法需五年以上周数据；现有 {kept} 个时段不足。"),
        ));
    }
    said.push(Text::new(
        "Signals: each place is tested by itself on every step and no correction is made for the number of tests; \
         counts below 3 raise none; alarms on consecutive steps are one signal; C3 adds up the excess \
         of three days, so its count may lie below the bound. A signal is a reason to look, not an \
         outbreak.",
        "信号：逐地逐期检验，未作多重检验校正；计数小于 3 不报；连续报警合并为一个信号；C3 累计三日超额，当日计数可低于上限。信号仅提示需核查，不等于暴发。",
    ));
    said.push(Text::new(
        "Corrections below zero stay in the table and the totals; for the methods they are taken back from the steps \
         before them.",
        "负值更正保留在数据与合计中；计算方法时从此前时段扣除。",
    ));
    if late > 0 {
        said.push(Text::new(
            format!(
                "The last {late} days of the curve are incomplete by the reporting delay (95 of 100 reports); growth and Rt leave \
                 them out."
            ),
            format!("最近 {late} 天不完整（95% 的报告延迟在此之内），增长率与 Rt 不含这些天。"),
        ));
    } else if set.step == Step::Day {
        said.push(Text::new(
            "The table does not tell how late reports come in; the last days may be too low.",
            "数据未给出报告延迟，最近几天可能偏低。",
        ));
    }
    if options.as_of.is_some() {
        said.push(Text::new(
            "The last day cuts by the date that is counted; what was corrected later is not undone.",
            "截止日按计数日期截断，不撤销其后的更正。",
        ));
    }
    said
}
