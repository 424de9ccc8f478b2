//! Which encoding a text file has, decided over every byte of it and never on a header alone.
//!
//! The rule, in order:
//! 1. A byte order mark decides (UTF-8, UTF-16).
//! 2. Bytes that are valid UTF-8 throughout are UTF-8: other encodings with a few dozen non-ASCII characters are
//!    practically never valid UTF-8 by chance.
//! 3. Bytes that are valid GB18030 throughout, of whose pairs nine in ten lie in the area of GB 2312, are GB18030.
//!    Western accents followed by a plain letter are formally valid GB18030 too, but their second byte lies below
//!    0xA1, outside that area.
//! 4. Mostly valid UTF-8 with few broken places is damaged UTF-8, and refused: reading it as something else would
//!    turn every good character into two wrong ones.
//! 5. The rest is Windows-1252, the superset of Latin-1 that people mean by it.

/// Encodings that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8 without a mark (plain ASCII included).
    Utf8,
    /// UTF-8 with a byte order mark.
    Utf8Bom,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// GB18030, of which GBK and GB 2312 are parts.
    Gb18030,
    /// Windows-1252, of which Latin-1 is the printable part.
    Windows1252,
}

impl Encoding {
    /// The name shown in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf8Bom => "UTF-8 with BOM",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
            Self::Gb18030 => "GB18030",
            Self::Windows1252 => "Windows-1252",
        }
    }

    /// Bytes of the byte order mark at the head of the file.
    pub(crate) fn mark_len(self, head: &[u8]) -> usize {
        match self {
            Self::Utf8Bom => 3,
            Self::Utf16Le if head.starts_with(&[0xff, 0xfe]) => 2,
            Self::Utf16Be if head.starts_with(&[0xfe, 0xff]) => 2,
            _ => 0,
        }
    }

    /// The decoder of anything but UTF-8.
    pub(crate) fn decoder(self) -> Option<encoding_rs::Decoder> {
        let encoding = match self {
            Self::Utf8 | Self::Utf8Bom => return None,
            Self::Utf16Le => encoding_rs::UTF_16LE,
            Self::Utf16Be => encoding_rs::UTF_16BE,
            Self::Gb18030 => encoding_rs::GB18030,
            Self::Windows1252 => encoding_rs::WINDOWS_1252,
        };
        Some(encoding.new_decoder_without_bom_handling())
    }
}

/// Encoding that the first bytes settle: a mark, or the NUL pattern of unmarked UTF-16.
pub(crate) fn from_head(head: &[u8]) -> Option<Encoding> {
    match head {
        [0xef, 0xbb, 0xbf, ..] => return Some(Encoding::Utf8Bom),
        [0xff, 0xfe, ..] => return Some(Encoding::Utf16Le),
        [0xfe, 0xff, ..] => return Some(Encoding::Utf16Be),
        _ => {}
    }
    // Headers and figures are mostly ASCII: every second byte of unmarked UTF-16 is then zero.
    let head = &head[..head.len().min(4096) & !1];
    let zeros = |odd: usize| head.iter().skip(odd).step_by(2).filter(|b| **b == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let many = head.len() / 2 * 4 / 10;
    match (even, odd) {
        (0, odd) if head.len() >= 16 && odd > many => Some(Encoding::Utf16Le),
        (even, 0) if head.len() >= 16 && even > many => Some(Encoding::Utf16Be),
        _ => None,
    }
}

/// Evidence on the encoding, gathered over the whole text chunk by chunk.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    position: u64,
    utf8: Utf8Evidence,
    gb: GbEvidence,
}

#[derive(Debug, Default)]
struct Utf8Evidence {
    expected: u8,
    low: u8,
    high: u8,
    started_at: u64,
    sequences: u64,
    broken: u64,
    first_broken: Option<u64>,
}

#[derive(Debug, Default)]
struct GbEvidence {
    state: GbState,
    broken: bool,
    common: u64,
    other: u64,
}

#[derive(Debug, Default, Clone, Copy)]
enum GbState {
    #[default]
    Ground,
    Lead(u8),
    Four(u8),
}

impl Evidence {
    /// Takes in the next bytes.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        // Runs of ASCII, the bulk of any table, cost one vectorised scan.
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.utf8.expected == 0 && matches!(self.gb.state, GbState::Ground) {
                let plain = encoding_rs::Encoding::ascii_valid_up_to(rest);
                self.position += plain as u64;
                rest = &rest[plain..];
                if rest.is_empty() {
                    break;
                }
            }
            self.utf8.add(rest[0], self.position);
            self.gb.add(rest[0]);
            self.position += 1;
            rest = &rest[1..];
        }
    }

    /// The encoding of the text, or the position of its damage.
    pub(crate) fn decide(mut self) -> Result<Encoding, (u64, &'static str)> {
        let cut_character = self.utf8.expected > 0;
        if cut_character {
            self.utf8.break_at(self.utf8.started_at);
        }
        let Some(first_broken) = self.utf8.first_broken else { return Ok(Encoding::Utf8) };
        let gb = &self.gb;
        let whole = !gb.broken && matches!(gb.state, GbState::Ground);
        let chinese = gb.common > 0 && gb.common >= 9 * gb.other;
        // Checked before damaged UTF-8: the continuation bytes of UTF-8 lie half outside the area of GB 2312.
        if whole && chinese {
            return Ok(Encoding::Gb18030);
        }
        if self.utf8.sequences >= 3 && self.utf8.sequences >= 10 * self.utf8.broken.saturating_sub(1) {
            return Err((first_broken, "UTF-8"));
        }
        // A GB18030 file that ends inside a character was cut.
        if chinese && !gb.broken && gb.common >= 3 {
            return Err((self.position, "GB18030"));
        }
        Ok(Encoding::Windows1252)
    }
}

impl Utf8Evidence {
    fn break_at(&mut self, position: u64) {
        self.broken += 1;
        self.first_broken.get_or_insert(position);
        self.expected = 0;
    }

    fn add(&mut self, byte: u8, position: u64) {
        if self.expected > 0 {
            if (self.low..=self.high).contains(&byte) {
                (self.low, self.high) = (0x80, 0xbf);
                self.expected -= 1;
                self.sequences += u64::from(self.expected == 0);
                return;
            }
            self.break_at(self.started_at);
        }
        self.started_at = position;
        // Ranges of the second byte shut out overlong forms and surrogates (Unicode, table 3-7).
        (self.expected, self.low, self.high) = match byte {
            0..=0x7f => return,
            0xc2..=0xdf => (1, 0x80, 0xbf),
            0xe0 => (2, 0xa0, 0xbf),
            0xed => (2, 0x80, 0x9f),
            0xe1..=0xef => (2, 0x80, 0xbf),
            0xf0 => (3, 0x90, 0xbf),
            0xf1..=0xf3 => (3, 0x80, 0xbf),
            0xf4 => (3, 0x80, 0x8f),
            _ => return self.break_at(position),
        };
    }
}

impl GbEvidence {
    fn add(&mut self, byte: u8) {
        self.state = match (self.state, byte) {
            (GbState::Ground, 0..=0x7f) => GbState::Ground,
            (GbState::Ground, 0x81..=0xfe) => GbState::Lead(byte),
            (GbState::Lead(_), 0x30..=0x39) => GbState::Four(0),
            (GbState::Lead(lead), 0xa1..=0xfe) if (0xa1..=0xf7).contains(&lead) => {
                self.common += 1;
                GbState::Ground
            }
            (GbState::Lead(_), 0x40..=0x7e | 0x80..=0xfe) => {
                self.other += 1;
                GbState::Ground
            }
            (GbState::Four(0), 0x81..=0xfe) => GbState::Four(1),
            (GbState::Four(1), 0x30..=0x39) => {
                self.common += 1;
                GbState::Ground
            }
            _ => {
                self.broken = true;
                GbState::Ground
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(bytes: &[u8]) -> Result<Encoding, (u64, &'static str)> {
        let mut whole = Evidence::default();
        whole.add(bytes);
        let whole = whole.decide();
        // Chunks must not matter.
        let mut pieces = Evidence::default();
        bytes.chunks(1).for_each(|b| pieces.add(b));
        assert_eq!(pieces.decide(), whole);
        whole
    }

    #[test]
    fn chinese_in_gb18030_is_told_from_western_accents() {
        let encode =
            |encoding: &'static encoding_rs::Encoding, text: &str| encoding.encode(text).0.into_owned();
        for text in ["病例编号,姓名,县区\n1,张三,襄垣县", "发病日期", "县\n㛃𠮷潞州区"]
        {
            assert_eq!(decide(&encode(encoding_rs::GB18030, text)), Ok(Encoding::Gb18030), "{text}");
            assert_eq!(decide(text.as_bytes()), Ok(Encoding::Utf8));
        }
        for text in
            ["Müller;Straße;Köln", "café,naïve,garçon,élève,créée", "Å", "38 °C", "Baden-Württemberg – “x”"]
        {
            assert_eq!(decide(&encode(encoding_rs::WINDOWS_1252, text)), Ok(Encoding::Windows1252), "{text}");
            assert_eq!(decide(text.as_bytes()), Ok(Encoding::Utf8));
        }
        assert_eq!(decide(b"plain"), Ok(Encoding::Utf8));
    }

    #[test]
    fn a_broken_place_in_utf8_is_damage_and_not_another_encoding() {
        let mut bytes = "长治市潞州区,襄垣县,屯留区".as_bytes().to_vec();
        bytes[4] = b'?';
        assert_eq!(decide(&bytes), Err((3, "UTF-8")));
        let cut = &"长治市潞州区".as_bytes()[..16];
        assert_eq!(decide(cut), Err((15, "UTF-8")));
        let (whole, _, _) = encoding_rs::GB18030.encode("长治市潞州区");
        assert_eq!(decide(&whole[..whole.len() - 1]), Err((11, "GB18030")));
    }

    #[test]
    fn marks_and_the_pattern_of_utf16_decide() {
        assert_eq!(from_head(b"\xef\xbb\xbfid"), Some(Encoding::Utf8Bom));
        assert_eq!(from_head(b"\xff\xfei\0"), Some(Encoding::Utf16Le));
        let unmarked: Vec<u8> = "id,date,region".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(from_head(&unmarked), Some(Encoding::Utf16Be));
        assert_eq!(from_head(b"id,date\n1,2\0\0\0\0\n"), None);
    }
}
