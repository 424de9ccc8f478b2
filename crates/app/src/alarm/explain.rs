//! Why a signal was raised, in one sentence with its numbers, for a person who decides.

use wanquan_domain::pack::Packs;
use wanquan_domain::signal::Signal;
use wanquan_domain::text::{Lang, Text};

/// Shown name of a detection method; its identifier if it is unknown.
pub fn method_label(method: &str) -> Text {
    let (en, zh) = match method {
        "regression_scan" => ("Regression scan (evidence of the last weeks)", "回归扫描（累积近期证据）"),
        "ears_c1" => ("EARS C1 (last 7 days)", "EARS C1（前 7 日）"),
        "ears_c2" => ("EARS C2 (7 days, gap of 2)", "EARS C2（间隔 2 日的前 7 日）"),
        "ears_c3" => ("EARS C3 (sum of 3 days)", "EARS C3（三日累计）"),
        "farrington_flexible" => ("Farrington flexible (season and trend)", "灵活 Farrington（季节与趋势）"),
        "farrington" => ("Farrington 1996 (same weeks of earlier years)", "Farrington 1996（历年同期）"),
        "rki" => ("RKI (windows of earlier years)", "RKI（历年同期窗口）"),
        "bayes" => ("Bayes (windows of earlier years)", "贝叶斯（历年同期窗口）"),
        "cusum" => ("Cumulative sum", "累积和（CUSUM）"),
        "glr_poisson" => ("Likelihood ratio (Poisson)", "似然比（泊松）"),
        "glr_negative_binomial" => ("Likelihood ratio (negative binomial)", "似然比（负二项）"),
        "outbreak_p" => ("OutbreakP (rise after a level stretch)", "OutbreakP（平稳后上升）"),
        other => (other, other),
    };
    Text::new(en, zh)
}

/// Up to two decimals, none for a whole number.
fn number(n: f64) -> String {
    let text = format!("{n:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn when(signal: &Signal) -> Text {
    if signal.step == "week" {
        Text::new(format!("in the week from {}", signal.date), format!("{} 起的一周", signal.date))
    } else {
        Text::new(format!("on {}", signal.date), signal.date.to_string())
    }
}

/// What the expectation rests on.
fn baseline(signal: &Signal) -> Text {
    let whole = |name: &str| signal.params[name].as_u64();
    match signal.method.as_str() {
        "ears_c1" => {
            let n = whole("baseline_steps").unwrap_or(7);
            Text::new(format!("the {n} days before"), format!("此前 {n} 天"))
        }
        "ears_c2" | "ears_c3" => {
            let ears = signal.params["ears"]["baseline_steps"].as_u64();
            let n = whole("baseline_steps").or(ears).unwrap_or(7);
            Text::new(format!("{n} days that end 3 days before"), format!("间隔 2 天的前 {n} 天"))
        }
        "farrington_flexible" | "farrington" | "rki" | "bayes" => {
            let years = whole("years_back").or(signal.params["windows"]["years_back"].as_u64()).unwrap_or(5);
            Text::new(
                format!("the same weeks of the {years} years before, with season and trend"),
                format!("前 {years} 年同期（含季节与趋势）"),
            )
        }
        "regression_scan" => {
            Text::new("level, trend and season of the time before", "此前的水平、趋势与季节")
        }
        _ => Text::new("the time before", "此前时段"),
    }
}

/// Why a signal was raised.
pub fn explain(packs: &Packs, signal: &Signal) -> Text {
    let region = packs.regions.get(&signal.series.region);
    let disease = packs.disease(&signal.series.disease);
    let name = |lang| region.map_or(signal.series.region.as_str(), |r| r.name_in(lang));
    let of = |lang| disease.map_or(signal.series.disease.as_str(), |d| d.label.get(lang));
    let (when, baseline, method) = (when(signal), baseline(signal), method_label(&signal.method));
    let n = signal.observed;
    let mut en = format!("{}, {}: {n} counted {}", name(Lang::En), of(Lang::En), when.en);
    let mut zh = format!("{}{}：{}报告 {n} 例", name(Lang::Zh), of(Lang::Zh), when.zh);
    if let Some(expected) = signal.expected {
        en.push_str(&format!("; {} let {} be expected", baseline.en, number(expected)));
        zh.push_str(&format!("；按{}，期望 {} 例", baseline.zh, number(expected)));
    }
    match signal.upper {
        Some(upper) if signal.method == "regression_scan" => {
            // The bound counts in the steps just before: it falls as they come near to an alarm.
            en.push_str(&format!(
                ", and after the counts just before up to {} would not be unusual",
                number(upper)
            ));
            zh.push_str(&format!("；结合此前几期，不超过 {} 例属正常波动", number(upper)));
        }
        // C3 adds up the excess of three days, so the count of the day alone may lie below its bound.
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
        Some(upper) if signal.method == "ears_c3" || (n as f64) <= upper => {
            en.push_str(&format!(
                ", and together with the two days before this is more than chance explains (bound of the day {})",
                number(upper)
            ));
            zh.push_str(&format!("；与前两日合计已超出偶然波动（当日上限 {}）", number(upper)));
        }
        Some(upper) => {
            en.push_str(&format!(", and up to {} would not be unusual", number(upper)));
            zh.push_str(&format!("，不超过 {} 例属正常波动", number(upper)));
        }
        None => {}
    }
    if let Some(p) = signal.p_value {
        en.push_str(&format!(" (p = {p:.2e})"));
        zh.push_str(&format!("（p = {p:.2e}）"));
    } else if let Some(score) = signal.score {
        en.push_str(&format!(" (statistic {})", number(score)));
        zh.push_str(&format!("（统计量 {}）", number(score)));
    }
    en.push_str(&format!(". Method: {}, as known on {}.", method.en, signal.known_on));
    zh.push_str(&format!("。方法：{}，截至 {} 已知数据。", method.zh, signal.known_on));
    Text::new(en, zh)
}
