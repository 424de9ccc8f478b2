//! Signals and alarms. The system proposes; people decide.

use crate::region::RegionCode;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use uuid::Uuid;

/// One time series: what is counted, of which disease, where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SeriesKey {
    /// Full identifier of the measure, for example `case.onset`.
    pub measure: String,
    /// Disease.
    pub disease: String,
    /// Region, with everything below it.
    pub region: RegionCode,
}

/// Where a signal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignalStatus {
    /// Waits for assessment.
    Open,
    /// Raised to an alarm by a person.
    Alarm,
    /// Dismissed by a person, with a reason.
    Dismissed,
}

impl SignalStatus {
    /// The name used in storage and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Alarm => "alarm",
            Self::Dismissed => "dismissed",
        }
    }

    /// The status of a name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Alarm, Self::Dismissed].into_iter().find(|s| s.as_str() == text)
    }
}

/// A detector's exceedance, with everything needed to repeat it.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// Identifier (UUIDv7).
    pub id: Uuid,
    /// The series that exceeded.
    pub series: SeriesKey,
    /// Path of the region, for scoping.
    pub region_path: String,
    /// `day`, `week` or `month`.
    pub step: String,
    /// First day of the step that exceeded.
    pub date: Date,
    /// Method identifier.
    pub method: String,
    /// Version of the method.
    pub method_version: u32,
    /// Parameters.
    pub params: Json,
    /// Digest of the series as the detector saw it, hexadecimal.
    pub input_digest: String,
    /// Count in the step.
    pub observed: i64,
    /// Expected count.
    pub expected: Option<f64>,
    /// Largest count that is not unusual.
    pub upper: Option<f64>,
    /// Score of the method.
    pub score: Option<f64>,
    /// p value of the method.
    pub p_value: Option<f64>,
    /// Day as known on which the detector ran.
    pub known_on: Date,
    /// When the signal was raised.
    pub raised_at: Timestamp,
    /// Where it stands.
    pub status: SignalStatus,
    /// Version, from 1.
    pub version: u32,
}

/// What a person may decide of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It needs a response: raise an alarm.
    RaiseAlarm,
    /// It does not.
    Dismiss,
}

/// A person's assessment of a signal.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// What was decided.
    pub decision: Decision,
    /// Why.
    pub reason: String,
    /// Who decided.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// An alarm: a signal that a person raised.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// Identifier (UUIDv7).
    pub id: Uuid,
    /// The signal it was raised from.
    pub signal: Uuid,
    /// The series.
    pub series: SeriesKey,
    /// Path of the region, for scoping.
    pub region_path: String,
    /// Who raised it.
    pub raised_by: String,
    /// When.
    pub raised_at: Timestamp,
    /// Why.
    pub reason: String,
}

/// Why an assessment is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssessError {
    /// The signal was assessed before.
    #[error("the signal is already {}", .0.as_str())]
    AlreadyAssessed(SignalStatus),
    /// A decision needs a reason.
    #[error("a decision needs a reason")]
    NoReason,
}

/// Longest reason, in characters.
pub const REASON_MAX_CHARS: usize = 2_000;

impl Signal {
    /// The signal after a person's assessment, and the alarm that it raises. A dismissed signal may still be raised
    /// (people change their minds when more is known); an alarm is not taken back this way.
    ///
    /// # Errors
    /// Without a reason, or where the decision has been made already.
    pub fn assess(mut self, assessment: &Assessment) -> Result<(Self, Option<Alarm>), AssessError> {
        let reason = assessment.reason.trim();
        if reason.is_empty() {
            return Err(AssessError::NoReason);
        }
        let reason: String = reason.chars().take(REASON_MAX_CHARS).collect();
        let next = match (self.status, assessment.decision) {
            (SignalStatus::Open | SignalStatus::Dismissed, Decision::RaiseAlarm) => SignalStatus::Alarm,
            (SignalStatus::Open, Decision::Dismiss) => SignalStatus::Dismissed,
            (status @ (SignalStatus::Alarm | SignalStatus::Dismissed), _) => {
                return Err(AssessError::AlreadyAssessed(status));
            }
        };
        self.status = next;
        self.version += 1;
        let alarm = (next == SignalStatus::Alarm).then(|| Alarm {
            id: crate::record::new_uuid(assessment.at),
            signal: self.id,
            series: self.series.clone(),
            region_path: self.region_path.clone(),
            raised_by: assessment.by.clone(),
            raised_at: assessment.at,
            reason,
        });
        Ok((self, alarm))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signal(status: SignalStatus) -> Signal {
        Signal {
            id: Uuid::nil(),
            series: SeriesKey {
                measure: "case.onset".into(),
                disease: "measles".into(),
                region: RegionCode::new("1"),
            },
            region_path: "/1/".into(),
            step: "day".into(),
            date: jiff::civil::date(2020, 1, 24),
            method: "ears_c1".into(),
            method_version: 1,
            params: Json::Null,
            input_digest: String::new(),
            observed: 9,
            expected: Some(1.0),
            upper: Some(4.0),
            score: None,
            p_value: None,
            known_on: jiff::civil::date(2020, 1, 24),
            raised_at: Timestamp::UNIX_EPOCH,
            status,
            version: 1,
        }
    }

    #[test]
    fn every_status_and_decision_has_an_answer() {
        use Decision::{Dismiss, RaiseAlarm};
        use SignalStatus::{Alarm, Dismissed, Open};
        let cases = [
            (Open, RaiseAlarm, Some(Alarm)),
            (Open, Dismiss, Some(Dismissed)),
            (Dismissed, RaiseAlarm, Some(Alarm)),
            (Dismissed, Dismiss, None),
            (Alarm, RaiseAlarm, None),
            (Alarm, Dismiss, None),
        ];
        for (status, decision, expected) in cases {
            let assessment =
                Assessment { decision, reason: "seen".into(), by: "Li".into(), at: Timestamp::UNIX_EPOCH };
            let after = signal(status).assess(&assessment).ok();
            assert_eq!(after.as_ref().map(|(s, _)| s.status), expected);
            if let Some((signal, alarm)) = after {
                assert_eq!(signal.version, 2);
                assert_eq!(alarm.is_some(), signal.status == Alarm);
            }
        }
    }

    #[test]
    fn a_decision_without_a_reason_is_refused() {
        let assessment = Assessment {
            decision: Decision::Dismiss,
            reason: "  ".into(),
            by: "Li".into(),
            at: Timestamp::UNIX_EPOCH,
        };
        assert_eq!(signal(SignalStatus::Open).assess(&assessment), Err(AssessError::NoReason));
    }
}
