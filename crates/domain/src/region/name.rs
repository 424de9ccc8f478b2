//! Names as people write them: width, case, administrative endings.

/// Lower case, half width, no inner blanks between Chinese characters, single blanks elsewhere.
pub(super) fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.trim().chars() {
        let c = match c {
            '\u{3000}' => ' ',
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            _ => c,
        };
        if c.is_whitespace() {
            if out.ends_with(|p: char| p.is_ascii_alphanumeric()) {
                out.push(' ');
            }
        } else {
            out.extend(c.to_lowercase());
        }
    }
    out.trim_end().to_owned()
}

/// Endings of official names, longest first.
const SUFFIXES: [&str; 34] = [
    "社区居民委员会",
    "居民委员会",
    "村民委员会",
    "特别行政区",
    "社区居委会",
    "街道办事处",
    "村委会",
    "居委会",
    "自治区",
    "自治州",
    "自治县",
    "自治旗",
    "开发区",
    "社区",
    "街道",
    "地区",
    "林区",
    "特区",
    "矿区",
    "新区",
    "省",
    "市",
    "区",
    "县",
    "盟",
    "旗",
    "镇",
    "乡",
    "村",
    " province",
    " city",
    " county",
    " district",
    " prefecture",
];

/// Peoples named in the official names of autonomous areas, longest first.
const PEOPLES: [&str; 40] = [
    "柯尔克孜",
    "维吾尔",
    "哈萨克",
    "达斡尔",
    "土家族",
    "哈尼族",
    "景颇族",
    "傈僳族",
    "拉祜族",
    "布依族",
    "朝鲜族",
    "布朗族",
    "仫佬族",
    "仡佬族",
    "毛南族",
    "鄂伦春",
    "鄂温克",
    "塔吉克",
    "保安族",
    "东乡族",
    "撒拉族",
    "纳西族",
    "普米族",
    "裕固族",
    "蒙古族",
    "蒙古",
    "藏族",
    "羌族",
    "彝族",
    "苗族",
    "侗族",
    "壮族",
    "回族",
    "瑶族",
    "白族",
    "傣族",
    "黎族",
    "佤族",
    "满族",
    "畲族",
];

/// A name without its administrative ending: 长治 for 长治市, 恩施 for 恩施土家族苗族自治州.
pub(super) fn short_name(name: &str) -> &str {
    let Some(mut stem) = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix)) else { return name };
    while let Some(shorter) = PEOPLES.iter().find_map(|people| stem.strip_suffix(people)) {
        // 东乡族自治县 keeps a name of its own.
        if shorter.chars().count() < 2 {
            break;
        }
        stem = shorter;
    }
    // One character says too little: 城区, 郊区, 矿区 stay whole.
    if stem.chars().count() < 2 { name } else { stem }
}
