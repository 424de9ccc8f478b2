//! Declared things in words: who may take a step, by when a state must be left, what sets a plan off and what it does.

use wanquan_domain::actor::Roles;
use wanquan_domain::lifecycle::{Allowed, Deadline, DeadlineStart, Place, Step};
use wanquan_domain::pack::Packs;
use wanquan_domain::plan::{Act, Plan, PlanAction, Target, Trigger};
use wanquan_domain::region::Level;
use wanquan_domain::register::Register;
use wanquan_domain::text::Text;

/// Texts put one after the other.
pub fn joined(parts: impl IntoIterator<Item = Text>, en: &str, zh: &str) -> Text {
    let parts: Vec<Text> = parts.into_iter().collect();
    let of =
        |pick: fn(&Text) -> &str, between: &str| parts.iter().map(pick).collect::<Vec<_>>().join(between);
    Text::new(of(|t| &t.en, en), of(|t| &t.zh, zh))
}

fn field(register: &Register, id: &str) -> Text {
    register.field(id).map_or_else(|| Text::new(id, id), |field| field.label.clone())
}

/// By when a state must be left, when it is warned of, and how it climbs.
pub fn deadline(register: &Register, deadline: &Deadline) -> Text {
    let within = deadline.within.map(|period| period.to_string()).unwrap_or_default();
    let mut parts = vec![match &deadline.start {
        DeadlineStart::Entered => Text::new(format!("within {within}"), format!("限 {within}")),
        DeadlineStart::Field(id) => {
            let label = field(register, id);
            Text::new(format!("within {within} of {}", label.en), format!("{}后 {within} 内", label.zh))
        }
        DeadlineStart::At(id) => {
            let label = field(register, id);
            Text::new(format!("until: {}", label.en), format!("至{}", label.zh))
        }
    }];
    if let Some(before) = deadline.warn_before {
        parts.push(Text::new(format!("warned {before} before"), format!("提前 {before} 提醒")));
    }
    if let Some(every) = deadline.escalate_every {
        parts.push(Text::new(format!("climbs every {every}"), format!("超期每 {every} 上报")));
    }
    joined(parts, ", ", "，")
}

/// Who may take a step.
pub fn allowed(allowed: &[Allowed], roles: &Roles) -> Text {
    let one = |allowed: &Allowed| {
        let role = roles.label(&allowed.role);
        let (en, zh) = match allowed.place {
            Place::Region => ("of the region", "本地区的"),
            Place::Above => ("above", "上级的"),
            Place::Responsible => ("of the responsible unit", "责任方的"),
        };
        Text::new(format!("{} {en}", role.en), format!("{zh}{}", role.zh))
    };
    joined(allowed.iter().map(one), "; ", "；")
}

/// What a step asks for, besides a role: fields, a reason, a second person, a condition.
pub fn demands(register: &Register, step: &Step) -> Option<Text> {
    let mut parts = Vec::new();
    if !step.required.is_empty() {
        let fields = joined(step.required.iter().map(|id| field(register, id)), ", ", "、");
        parts.push(Text::new(format!("needs {}", fields.en), format!("须填{}", fields.zh)));
    }
    if step.reason {
        parts.push(Text::new("needs a reason", "须说明理由"));
    }
    if step.two_persons {
        parts.push(Text::new("two persons", "双人复核"));
    }
    if let Some(when) = &step.when {
        let said = || Text::new(format!("if {}", when.source()), format!("条件：{}", when.source()));
        parts.push(step.when_message.clone().unwrap_or_else(said));
    }
    (!parts.is_empty()).then(|| joined(parts, "; ", "；"))
}

fn level_name(level: Level) -> Text {
    match level {
        Level::Nation => Text::new("nation", "国家"),
        Level::Province => Text::new("province", "省"),
        Level::Prefecture => Text::new("prefecture", "市"),
        Level::County => Text::new("county", "县（市、区）"),
        Level::Township => Text::new("township", "乡镇（街道）"),
        Level::Community => Text::new("village and community", "村（社区）"),
        Level::Grid => Text::new("grid cell", "网格"),
    }
}

/// The title of a register; its identifier if it is gone.
fn register_title(packs: &Packs, id: &str) -> Text {
    packs.register(id).map_or_else(|| Text::new(id, id), |register| register.title.clone())
}

/// What sets a plan off.
pub fn trigger(plan: &Plan, packs: &Packs) -> Text {
    match &plan.trigger {
        Trigger::RecordEnters { register: id, state } => {
            let title = register_title(packs, id);
            let life = packs.register(id).and_then(|register| register.lifecycle.as_ref());
            let Some(state) = life.and_then(|life| life.state(state)) else {
                return Text::new(format!("New: {}", title.en), format!("新增：{}", title.zh));
            };
            Text::new(
                format!("{}: {}", title.en, state.label.en),
                format!("{}进入“{}”", title.zh, state.label.zh),
            )
        }
        Trigger::Signal => Text::new("A detector raises a signal", "监测发出信号"),
        Trigger::Alarm => Text::new("A signal is assessed as an alarm", "信号研判为预警"),
        Trigger::LevelDecided => Text::new("A response level is decided", "决定响应级别"),
        Trigger::Daily { at } => Text::new(
            format!("Every day at {}", at.strftime("%H:%M")),
            format!("每日 {}", at.strftime("%H:%M")),
        ),
        Trigger::Manual => Text::new("A person runs it", "人工启动"),
    }
}

/// For whom an action is done.
pub fn target(target: &Target) -> Text {
    match target {
        Target::Itself => Text::new("the region itself", "本地区"),
        Target::Parent => Text::new("the region above", "上级地区"),
        Target::Children => Text::new("every region below", "各下级地区"),
        Target::Descendants(level) => {
            let name = level_name(*level);
            Text::new(format!("every {}", name.en), format!("每个{}", name.zh))
        }
        Target::AtLevel(level) => {
            let name = level_name(*level);
            Text::new(format!("its {}", name.en), format!("所属{}", name.zh))
        }
        Target::Responsible => Text::new("the responsible unit", "责任单位"),
        Target::Organisations { duty } => {
            Text::new(format!("every organisation with duty {duty}"), format!("承担 {duty} 职责的单位"))
        }
    }
}

/// What an action does, without for whom.
pub fn act(action: &PlanAction, packs: &Packs) -> Text {
    match &action.act {
        Act::Create { register, due, set } => {
            let title = register_title(packs, register);
            let own = |key| set.get(key).and_then(|value| value.as_str()).unwrap_or_default();
            let named = match own("title") {
                "" => Text::new(title.en.clone(), title.zh.clone()),
                name => Text::new(format!("{}: {name}", title.en), format!("{}：{name}", title.zh)),
            };
            let due = due.as_ref().map(|(_, period)| period.to_string());
            Text::new(
                format!(
                    "Create in {}{}",
                    named.en,
                    due.as_ref().map_or(String::new(), |d| format!(", due in {d}"))
                ),
                format!("新建{}{}", named.zh, due.map_or(String::new(), |d| format!("，限 {d}"))),
            )
        }
        Act::Notify { role, text } => {
            let role = packs.roles.label(role);
            Text::new(format!("Tell {}: {}", role.en, text.en), format!("通知{}：{}", role.zh, text.zh))
        }
        Act::ProposeLevel { level } => {
            let label = packs
                .level(*level)
                .map_or_else(|| Text::new(level.as_str(), level.as_str()), |profile| profile.label.clone());
            Text::new(
                format!("Propose {}; a person decides", label.en),
                format!("建议{}响应，由人决定", label.zh),
            )
        }
        Act::DraftPublication { title, .. } => Text::new(
            format!("Draft a publication: {}; a person approves", title.en),
            format!("起草通报：{}，由人审签", title.zh),
        ),
    }
}
