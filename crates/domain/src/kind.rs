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
    /// Something that a unit must do by a time.
    Task,
    /// An instruction from above that units receive, carry out and report back on (部署).
    Directive,
    /// A measure that restricts a person: it always says why, on which basis, and when it ends.
    Order,
    /// Any other ledger of a place.
    Ledger,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Case,
        Self::CountReport,
        Self::LabSample,
        Self::Contact,
        Self::Task,
        Self::Directive,
        Self::Order,
        Self::Ledger,
    ];

    /// The name used in packs and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::CountReport => "count_report",
            Self::LabSample => "lab_sample",
            Self::Contact => "contact",
            Self::Task => "task",
            Self::Directive => "directive",
            Self::Order => "order",
            Self::Ledger => "ledger",
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
            Self::Task => &[Role::Region, Role::Title],
            Self::Directive => &[Role::Region, Role::Title, Role::Text],
            Self::Order => &[Role::Region, Role::Reason, Role::Evidence, Role::LegalBasis, Role::EndsOn],
            Self::Ledger => &[Role::Region],
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
    /// The place in the words of the source, where the region says less or something else.
    PlaceWritten = "place_written",
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
    /// Title of a task, directive, finding.
    Title = "title",
    /// What is to be done, or what was found.
    Text = "text",
    /// Why.
    Reason = "reason",
    /// What shows it.
    Evidence = "evidence",
    /// Law or rule that a measure rests on.
    LegalBasis = "legal_basis",
    /// Day on which a measure ends by itself.
    EndsOn = "ends_on",
    /// Organisation concerned.
    Organisation = "organisation",
    /// Duty that an organisation holds.
    Duty = "duty",
    /// Name of a person.
    Name = "name",
    /// Telephone number.
    Phone = "phone",
    /// Identity document number.
    DocumentNumber = "document_number",
    /// Address.
    Address = "address",
    /// Day of birth.
    BirthDate = "birth_date",
}
