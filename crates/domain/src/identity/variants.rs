//! Variants of the characters of names: traditional forms, and those that registries write one for the other.
//!
//! Facts of the Unihan database (kSimplifiedVariant, kZVariant; Unicode licence), for characters met in names. It is no
//! conversion of texts: a character with several simplified forms has the one that names use.

/// Character and the one that it is folded to, in pairs.
const PAIRS: &str = "張张陳陈劉刘黃黄吳吴趙赵孫孙馬马許许鄭郑謝谢馮冯鄧邓葉叶蘇苏呂吕盧卢蔣蒋賈贾韋韦鄒邹閻阎陸陆顧顾龍龙萬万\
錢钱湯汤喬乔賀贺賴赖龔龚樊樊蘭兰齊齐嚴严溫温蕭萧肖萧關关羅罗楊杨鐘钟鍾钟譚谭廖廖範范方方倫伦倪倪莊庄聶聂魯鲁\
遲迟歐欧紀纪舒舒項项祝祝閔闵單单畢毕盛盛衛卫滕滕車车鄔邬慶庆華华國国偉伟傑杰強强彊强軍军東东麗丽燕燕紅红榮荣\
貴贵寶宝寳宝鳳凤鸞鸾瓊琼瑤瑶瑋玮瑩莹環环瑪玛琺珐璣玑瓏珑珮佩蓮莲蘭兰蘋苹蘆芦蕓芸薇薇藝艺蓉蓉薈荟藍蓝蔭荫\
輝辉煇辉煒炜燁烨爍烁煥焕燦灿爾尔熾炽營营爭争為为烏乌無无煙烟熱热勳勋勛勋勝胜勁劲勞劳勵励務务勢势動动\
棟栋樹树楨桢槐槐樺桦櫻樱權权橋桥檸柠樓楼榿桤業业極极構构桿杆標标欄栏樂乐機机檢检\
澤泽潔洁濤涛濱滨淵渊漢汉灃沣濟济瀟潇瀾澜溝沟潤润滿满漣涟湧涌涙泪淚泪淨净沖冲況况決决涼凉溪溪滙汇匯汇\
鵬鹏鴻鸿鶴鹤鷹鹰鳴鸣鶯莺鸝鹂鴿鸽雞鸡魚鱼鯤鲲鯉鲤驍骁駿骏騰腾騏骐驥骥馳驰馴驯駱骆騫骞麥麦黨党齡龄龐庞\
銘铭鋒锋鋼钢鐵铁錦锦銀银鈴铃鈞钧銳锐鑫鑫鎮镇鏡镜鏗铿鍵键鑄铸錚铮鎧铠鉅巨鈺钰鈴铃銓铨鋭锐鐸铎鑒鉴鑑鉴鍇锴\
曉晓曄晔暉晖時时晝昼曠旷昇升陽阳陰阴陞升際际隆隆隨随階阶隊队險险\
峯峰嶺岭島岛嶼屿嵐岚嶽岳崗岗巖岩嚴严峽峡\
順顺願愿題题顏颜顯显穎颖頤颐頌颂領领頓顿預预頡颉\
賢贤賓宾寶宝貞贞財财賜赐贊赞賦赋貿贸費费質质賽赛貝贝資资賞赏\
詩诗誠诚語语詠咏調调謙谦諒谅諾诺謹谨議议譽誉證证誼谊訓训記记計计許许詳详誌志設设話话諭谕識识讓让\
維维綱纲練练紅红綠绿緒绪緯纬經经縱纵絲丝純纯紳绅紋纹紹绍結结給给絡络綺绮綿绵緣缘縈萦繼继續续繡绣纖纤\
義义儀仪億亿優优傳传儒儒倫伦侶侣係系備备傅傅僑侨儷俪偉伟個个\
學学孫孙寧宁甯宁實实寬宽宮宫寫写審审憲宪\
愛爱慧慧憶忆懷怀恆恒悅悦悳德惠惠應应憐怜慶庆懌怿\
書书會会壽寿堯尧聖圣聲声聰聪職职聯联肅肃脩修膽胆腦脑臨临興兴舉举\
喆哲喬乔嘯啸嘉嘉單单嚮向員员問问啟启啓启\
開开閃闪閣阁闊阔閩闽門门間间閑闲閒闲闖闯\
飛飞風风飄飘飲饮餘余\
豐丰艷艳豔艳莊庄蒼苍萊莱薩萨芝芝蓀荪蘊蕴蘇苏藺蔺\
進进運运達达遠远遙遥遷迁邁迈選选還还邊边過过連连週周\
衆众眾众雙双雲云靜静靈灵霽霁電电霧雾韓韩響响\
長长來来兩两豔艳農农辰辰轉转軒轩輪轮輕轻輔辅載载輯辑輿舆\
對对導导將将尋寻專专屬属層层歲岁歷历曆历歸归\
禮礼祿禄禎祯祐佑福福穩稳種种積积稱称穌稣秘秘\
競竞筆笔節节籬篱簡简築筑篤笃範范\
團团園园圓圆圖图國国堅坚執执場场墾垦壇坛塵尘\
嫻娴嬌娇婭娅婦妇媽妈嬋婵嬡嫒姍姗妳你\
戀恋戰战戲戏擇择揚扬攬揽擁拥據据捷捷\
斌斌彬彬敏敏敘叙數数斕斓\
甦苏畫画異异當当疊叠發发\
盡尽監监碩硕確确礪砺礎础\
補补裝装製制襄襄覺觉親亲覽览觀观\
鄉乡鄰邻郵邮酈郦釗钊釋释\
亞亚乾干亂乱亮亮倉仓傢家凱凯劍剑劇剧勻匀協协卻却廣广庫库廠厂廬庐彥彦彌弥彙汇徵征從从復复後后\
渝渝峻峻濬浚璿璇叡睿昚慎";

/// The text with every variant folded. Characters outside of the table stay as they are.
pub(super) fn fold(text: &str) -> String {
    text.chars().map(folded).collect()
}

fn folded(c: char) -> char {
    if c.is_ascii() {
        return c;
    }
    TABLE.get(&c).copied().unwrap_or(c)
}

static TABLE: std::sync::LazyLock<rustc_hash::FxHashMap<char, char>> = std::sync::LazyLock::new(|| {
    let signs: Vec<char> = PAIRS.chars().collect();
    signs.chunks_exact(2).filter(|pair| pair[0] != pair[1]).map(|pair| (pair[0], pair[1])).collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_of_pairs_and_folding_twice_changes_nothing_more() {
        assert_eq!(PAIRS.chars().count() % 2, 0);
        for (from, to) in TABLE.iter() {
            assert_eq!(folded(*to), *to, "{from} leads to {to}, which leads on");
        }
        assert_eq!(fold("張偉 Li"), "张伟 Li");
    }
}
