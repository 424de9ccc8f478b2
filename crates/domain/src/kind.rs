//! Kinds and roles: what the code that knows epidemiology may rely on in a register that is declared as data.

/// Typed kind of a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// One row per case (person-episode meeting a case definition).
    Case,
    /// Aggregate counts by region, day and indicator.
    CountReport,
    /// One specimen and its result.
    LabSample,
    /// One person exposed to a case.
    Contact,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Case, Self::CountReport, Self::LabSample, Self::Contact];

    /// The name used in packs and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::CountReport => "count_report",
            Self::LabSample => "lab_sample",
            Self::Contact => "contact",
        }
    }

    /// The kind of a name used in packs.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Roles that a register of this kind must give to fields.
    pub fn required_roles(self) -> &'static [Role] {
        match self {
            Self::Case => &[
                Role::Disease,
                Role::Region,
                Role::CaseId,
                Role::OnsetDate,
                Role::ReportDate,
                Role::Classification,
            ],
            Self::CountReport => {
                &[Role::Disease, Role::Region, Role::ReportDate, Role::Indicator, Role::Count]
            }
            Self::LabSample => &[Role::Disease, Role::Region, Role::SampleDate, Role::Result],
            Self::Contact => &[Role::Disease, Role::Region, Role::SourceCase, Role::ReportDate],
        }
    }
}

macro_rules! roles {
    ($($(#[$doc:meta])* $name:ident = $id:literal,)*) => {
        /// Semantic role of a field.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Role { $($(#[$doc])* $name,)* }

        impl Role {
            /// Every role.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name used in packs.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// The role of a name used in packs.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|role| role.as_str() == text)
            }
        }
    };
}

roles! {
    /// Disease, by identifier.
    Disease = "disease",
    /// Region of the case, count, sample or contact.
    Region = "region",
    /// Day of notification.
    ReportDate = "report_date",
    /// Day of first symptoms.
    OnsetDate = "onset_date",
    /// Day of laboratory confirmation.
    ConfirmationDate = "confirmation_date",
    /// Day of admission to hospital.
    AdmissionDate = "admission_date",
    /// Suspected, probable, confirmed, discarded.
    Classification = "classification",
    /// Recovered, died, in care.
    Outcome = "outcome",
    /// Day of the outcome.
    OutcomeDate = "outcome_date",
    /// Sex.
    Sex = "sex",
    /// Age in years.
    AgeYears = "age_years",
    /// Number of the case in its list.
    CaseId = "case_id",
    /// Number of persons of a count.
    Count = "count",
    /// What a count counts.
    Indicator = "indicator",
    /// Day on which the fact became known.
    KnownOn = "known_on",
    /// Case that infected this one.
    Infector = "infector",
    /// First day of possible exposure.
    ExposureStart = "exposure_start",
    /// Last day of possible exposure.
    ExposureEnd = "exposure_end",
    /// Whether infected elsewhere.
    Imported = "imported",
    /// Day of sampling.
    SampleDate = "sample_date",
    /// Laboratory result.
    Result = "result",
    /// Day of the laboratory result.
    ResultDate = "result_date",
    /// Day of last exposure of a contact.
    LastContactDate = "last_contact_date",
    /// Case that a contact was exposed to, or a sample was taken from.
    SourceCase = "source_case",
    /// Name of a person.
    Name = "name",
    /// Telephone number.
    Phone = "phone",
    /// Identity document number.
    DocumentNumber = "document_number",
    /// Address.
    Address = "address",
}
