//! Who a record is about: the values by which a person is found again, each in its one normal form, and how alike two
//! entries are.
//!
//! A name is compared as it is written, then with character variants folded (張 and 张), then by its sound (pinyin
//! without tones), so that a passport in Latin letters meets a form in Chinese ones. Nothing here decides that two
//! entries are one person: it says why they may be, and a person decides.

mod variants;

use crate::date::parse_iso;
use crate::kind::Role;
use crate::register::Register;
use jiff::civil::Date;
use pinyin::ToPinyin as _;
use serde_json::{Map, Value as Json};
use std::fmt;

/// From this score on, two entries are shown to a person as possibly the same.
pub const LIKELY_SCORE: u32 = 40;

/// What identifies the person of a record. `Debug` prints nothing of it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// Number of the identity document, normalised.
    pub document: Option<String>,
    /// Telephone number, normalised.
    pub phone: Option<String>,
    /// Name as written, without blanks.
    pub written: Option<String>,
    /// Name with character variants folded.
    pub name: Option<String>,
    /// Name by its sound.
    pub sound: Option<String>,
    /// Day of birth: as said, or from an identity card.
    pub born: Option<Date>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

/// Why two entries may be one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// The same document.
    Document,
    /// The same telephone.
    Phone,
    /// The same name as written.
    Name,
    /// The same name but for variants of characters.
    CharacterVariant,
    /// Names that sound the same.
    Pinyin,
    /// The same day of birth.
    BirthDate,
    /// The same year of birth.
    BirthYear,
}

impl Likeness {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::Document,
        Self::Phone,
        Self::Name,
        Self::CharacterVariant,
        Self::Pinyin,
        Self::BirthDate,
        Self::BirthYear,
    ];

    /// The name used in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Phone => "phone",
            Self::Name => "name",
            Self::CharacterVariant => "character_variant",
            Self::Pinyin => "pinyin",
            Self::BirthDate => "birth_date",
            Self::BirthYear => "birth_year",
        }
    }

    /// What the reason adds to the score. A document decides alone; a telephone is shared by a household; a name needs
    /// a second fact. The weights order what a person looks at and are no probabilities.
    fn weight(self) -> i64 {
        match self {
            Self::Document => 100,
            Self::Phone => 40,
            Self::Name | Self::CharacterVariant | Self::BirthDate => 30,
            Self::Pinyin => 20,
            Self::BirthYear => 10,
        }
    }
}

/// What speaks against two entries being one person, where both say it.
const OTHER_DOCUMENT: i64 = -60;
const OTHER_BIRTH_YEAR: i64 = -30;

impl Identity {
    /// What the values of a record say of its person.
    pub fn of(register: &Register, data: &Map<String, Json>) -> Self {
        let text = |role: Role| register.text_of(role, data);
        let document = text(Role::DocumentNumber).and_then(normal_document);
        let written = text(Role::Name).map(unspaced).filter(|name| !name.is_empty());
        let said = text(Role::BirthDate).and_then(parse_iso);
        Self {
            born: said.or_else(|| document.as_deref().and_then(born_by_card)),
            phone: text(Role::Phone).and_then(normal_phone),
            name: written.as_deref().map(variants::fold),
            sound: written.as_deref().map(sound_of),
            written,
            document,
        }
    }

    /// True if nothing is said by which a person could be found.
    pub fn is_empty(&self) -> bool {
        self.document.is_none() && self.phone.is_none() && self.name.is_none()
    }

    /// Sound of the name and year of birth: few people share both, so that looking for them costs little.
    pub fn sound_and_year(&self) -> Option<String> {
        Some(format!("{}/{}", self.sound.as_ref()?, self.born?.year()))
    }

    /// How alike two entries are, from 0 to 100, and why.
    pub fn likeness(&self, other: &Self) -> (u32, Vec<Likeness>) {
        let both = |a: &Option<String>, b: &Option<String>| a.as_ref().zip(b.as_ref()).map(|(a, b)| a == b);
        let mut reasons = Vec::new();
        let mut against = 0;
        match both(&self.document, &other.document) {
            Some(true) => reasons.push(Likeness::Document),
            Some(false) => against += OTHER_DOCUMENT,
            None => {}
        }
        if both(&self.phone, &other.phone) == Some(true) {
            reasons.push(Likeness::Phone);
        }
        if both(&self.written, &other.written) == Some(true) {
            reasons.push(Likeness::Name);
        } else if both(&self.name, &other.name) == Some(true) {
            reasons.push(Likeness::CharacterVariant);
        } else if both(&self.sound, &other.sound) == Some(true) {
            reasons.push(Likeness::Pinyin);
        }
        match self.born.zip(other.born) {
            Some((a, b)) if a == b => reasons.push(Likeness::BirthDate),
            Some((a, b)) if a.year() == b.year() => reasons.push(Likeness::BirthYear),
            Some(_) => against += OTHER_BIRTH_YEAR,
            None => {}
        }
        let score = against + reasons.iter().map(|reason| reason.weight()).sum::<i64>();
        (u32::try_from(score.clamp(0, 100)).unwrap_or(0), reasons)
    }
}

/// True if a stored personal value is the one that was asked for: document and telephone in their normal form, a name
/// with variants folded, or by its sound where it was asked in Latin letters. `None` for fields that cannot be asked
/// for.
pub fn is_asked(role: Role, stored: &str, asked: &str) -> Option<bool> {
    match role {
        Role::DocumentNumber => Some(normal_document(stored) == normal_document(asked)),
        Role::Phone => Some(normal_phone(stored) == normal_phone(asked)),
        Role::Name => {
            let (stored, asked) = (unspaced(stored), unspaced(asked));
            let same = variants::fold(&stored) == variants::fold(&asked);
            Some(same || asked.is_ascii() && sound_of(&stored) == sound_of(&asked))
        }
        _ => None,
    }
}

/// Roles of personal fields that can be asked for although their values are sealed.
pub const ASKED: [Role; 3] = [Role::DocumentNumber, Role::Phone, Role::Name];

/// What is asked for, for looking a person up; `None` for roles that cannot be asked for and for values that nobody
/// can have.
pub fn asked(role: Role, value: &str) -> Option<Identity> {
    let mut identity = Identity::default();
    match role {
        Role::DocumentNumber => identity.document = Some(normal_document(value)?),
        Role::Phone => identity.phone = Some(normal_phone(value)?),
        Role::Name => identity.sound = Some(sound_of(&unspaced(value))).filter(|sound| !sound.is_empty()),
        _ => return None,
    }
    Some(identity)
}

/// Wide forms of Latin letters, digits and signs as the narrow ones.
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        other => other,
    }
}

fn unspaced(name: &str) -> String {
    let is_sign =
        |c: &char| !c.is_whitespace() && !matches!(c, '·' | '•' | '・' | '.' | '-' | '\'' | '’' | ',');
    name.chars().map(narrow).filter(is_sign).flat_map(char::to_lowercase).collect()
}

/// A document number: letters and digits alone, capital; the identity card of 15 digits as the one of 18 that replaced
/// it. `None` for what is too short to be one.
pub fn normal_document(text: &str) -> Option<String> {
    let number: String = text
        .chars()
        .map(narrow)
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .collect();
    if number.len() == 15 && number.bytes().all(|b| b.is_ascii_digit()) {
        let long = format!("{}19{}", &number[..6], &number[6..]);
        if born_by_card(&format!("{long}0")).is_some() {
            let check = check_digit(&long);
            return Some(format!("{long}{check}"));
        }
    }
    (number.len() >= 5).then_some(number)
}

/// The check digit of an identity card (GB 11643-1999, after ISO 7064 MOD 11-2).
fn check_digit(seventeen: &str) -> char {
    let sum =
        seventeen.bytes().fold(0_u32, |sum, digit| (sum + u32::from(digit.saturating_sub(b'0'))) * 2 % 11);
    match (12 - sum) % 11 {
        10 => 'X',
        n => char::from_digit(n, 10).unwrap_or('0'),
    }
}

/// Day of birth by the number of an identity card (digits 7 to 14); `None` for other documents.
fn born_by_card(number: &str) -> Option<Date> {
    let is_card = number.len() == 18 && number.bytes().take(17).all(|b| b.is_ascii_digit());
    let part = |from: usize, to: usize| number.get(from..to)?.parse::<i16>().ok();
    if !is_card {
        return None;
    }
    let (month, day) = (i8::try_from(part(10, 12)?).ok()?, i8::try_from(part(12, 14)?).ok()?);
    Date::new(part(6, 10)?, month, day).ok().filter(|born| (1850..=2200).contains(&born.year()))
}

/// A telephone number: digits alone, a Chinese one without the code of the country. `None` for what is too short to
/// be one.
pub fn normal_phone(text: &str) -> Option<String> {
    let digits: String = text.chars().map(narrow).filter(char::is_ascii_digit).collect();
    let national = digits.strip_prefix("0086").or_else(|| digits.strip_prefix("86"));
    let national = national.filter(|rest| rest.len() == 11 && rest.starts_with('1'));
    let number = national.unwrap_or(&digits);
    (number.len() >= 6).then(|| number.to_owned())
}

/// Family names that are read otherwise than the same character elsewhere.
const FAMILY_NAMES: [(char, &str); 16] = [
    ('单', "shan"),
    ('曾', "zeng"),
    ('仇', "qiu"),
    ('解', "xie"),
    ('查', "zha"),
    ('区', "ou"),
    ('盖', "ge"),
    ('翟', "zhai"),
    ('朴', "piao"),
    ('乐', "yue"),
    ('任', "ren"),
    ('覃', "qin"),
    ('缪', "miao"),
    ('种', "chong"),
    ('繁', "po"),
    ('尉', "wei"),
];

/// How a name sounds: pinyin without tones and blanks; other letters and digits as they are, ü as v is written on
/// keyboards and in passports (lü as lyu and lv meet).
fn sound_of(name: &str) -> String {
    let folded = variants::fold(name);
    let mut sound = String::with_capacity(folded.len());
    for (i, c) in folded.chars().enumerate() {
        let family = FAMILY_NAMES.iter().find(|(name, _)| i == 0 && *name == c);
        match (family, c.to_pinyin()) {
            (Some((_, said)), _) => sound.push_str(said),
            (None, Some(said)) => sound.push_str(said.plain()),
            (None, None) => sound.extend(c.to_lowercase().filter(|c| c.is_alphanumeric())),
        }
    }
    sound.replace('ü', "v").replace("lyu", "lv").replace("nyu", "nv")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(name: &str, document: &str, phone: &str, born: &str) -> Identity {
        let document = normal_document(document);
        let written = Some(unspaced(name)).filter(|n| !n.is_empty());
        Identity {
            born: parse_iso(born).or_else(|| document.as_deref().and_then(born_by_card)),
            phone: normal_phone(phone),
            name: written.as_deref().map(variants::fold),
            sound: written.as_deref().map(sound_of),
            written,
            document,
        }
    }

    #[test]
    fn numbers_written_in_several_ways_are_one_number() {
        let card = normal_document("11010519491231002X").unwrap();
        for written in
            ["11010519491231002x", " 110105 19491231 002X ", "１１０１０５19491231002Ｘ", "110105491231002"]
        {
            assert_eq!(normal_document(written).as_ref(), Some(&card), "{written}");
        }
        assert_eq!(normal_document("E-1234567").as_deref(), Some("E1234567"));
        assert_eq!(normal_document("12"), None);
        for written in ["13900001234", "+86 139-0000-1234", "0086 13900001234", "139 0000 1234"] {
            assert_eq!(normal_phone(written).as_deref(), Some("13900001234"), "{written}");
        }
        assert_eq!(normal_phone("0355-2021234").as_deref(), Some("03552021234"));
        assert_eq!(normal_phone("无"), None);
    }

    #[test]
    fn the_birth_date_of_an_identity_card_is_read_from_it_and_of_a_passport_is_not() {
        assert_eq!(born_by_card("11010519491231002X"), Some(jiff::civil::date(1949, 12, 31)));
        assert_eq!(born_by_card("11010519491331002X"), None);
        assert_eq!(born_by_card("E1234567"), None);
    }

    #[test]
    fn names_meet_by_variants_and_by_sound() {
        let check = |a: &str, b: &str, expected: Option<Likeness>| {
            let (_, reasons) = identity(a, "", "", "").likeness(&identity(b, "", "", ""));
            assert_eq!(reasons.first().copied(), expected, "{a} {b}");
        };
        check("张 伟", "张伟", Some(Likeness::Name));
        check("張偉", "张伟", Some(Likeness::CharacterVariant));
        check("章伟", "张伟", Some(Likeness::Pinyin));
        check("Zhang Wei", "张伟", Some(Likeness::Pinyin));
        check("Shan Tian", "单田", Some(Likeness::Pinyin));
        check("LYU Fang", "吕芳", Some(Likeness::Pinyin));
        check("买买提·艾力", "买买提艾力", Some(Likeness::Name));
        check("李雷", "韩梅梅", None);
    }

    #[test]
    fn likeness_needs_a_document_or_two_facts_and_falls_with_what_contradicts() {
        let li = identity("李雷", "140423198002030014", "13900001234", "");
        let check = |other: Identity, expected: u32| {
            let (score, reasons) = li.likeness(&other);
            assert_eq!(score, expected, "{reasons:?}");
        };
        check(identity("李磊", "140423198002030014", "", ""), 100);
        check(identity("李雷", "", "", "1980-02-03"), 60);
        check(identity("Li Lei", "", "", "1980-02-03"), 50);
        check(identity("李雷", "", "", "1980-03-02"), 40);
        check(identity("李雷", "", "", ""), 30);
        check(identity("韩梅梅", "", "13900001234", ""), 40);
        check(identity("李雷", "", "", "1955-03-02"), 0);
        check(identity("李雷", "140423198002030022", "", ""), 0);
        check(identity("", "", "", ""), 0);
    }

    #[test]
    fn what_is_asked_for_is_compared_in_its_normal_form() {
        let name = Role::Name;
        assert_eq!(is_asked(name, "張偉", "张伟"), Some(true));
        assert_eq!(is_asked(name, "张伟", "zhang wei"), Some(true));
        assert_eq!(is_asked(name, "张伟", "章伟"), Some(false), "only Latin letters ask for the sound");
        assert_eq!(is_asked(Role::Phone, "139 0000 1234", "13900001234"), Some(true));
        assert_eq!(is_asked(Role::Address, "桥东", "桥东"), None);
        assert!(asked(Role::Address, "桥东").is_none());
        assert!(asked(Role::Phone, "12").is_none());
        assert!(asked(name, "张伟").is_some_and(|identity| identity.sound.as_deref() == Some("zhangwei")));
    }
}
