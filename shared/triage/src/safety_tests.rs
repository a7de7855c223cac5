//! What the shipped rules of safety make of words: denied, doubly denied, supposed, over; folded; in two languages.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::LazyLock;

use proptest::prelude::*;

use crate::{
    SAFETY,
    context::Standing,
    safety::{Book, BookError, Kind, Safety},
};

fn book() -> Book {
    toml::from_str(SAFETY).unwrap()
}

fn safety() -> &'static Safety {
    static SHIPPED: LazyLock<Safety> = LazyLock::new(|| Safety::new(&book()).unwrap());
    &SHIPPED
}

fn harm(text: &str) -> u8 {
    safety().read(text).severity()
}

/// Every text and how severe the harm is that it speaks of.
const NEGATION: [(&str, u8); 46] = [
    ("没有过敏", 0),
    ("用了没有过敏", 0),
    ("目前没发现过敏", 0),
    ("用到现在也没出现过敏", 0),
    ("没有任何过敏、红肿、刺痛的情况", 0),
    ("没有过敏和发痒", 0),
    ("不过敏，很温和", 0),
    ("头皮也不痒了", 0),
    ("过敏现象没有出现", 0),
    ("过敏什么的都没有", 0),
    ("以前用别的过敏，用了这个不过敏了", 0),
    ("用了之后头皮痒的问题没了", 0),
    ("掉发改善了很多", 0),
    ("敏感肌用着很好", 0),
    ("会不会过敏", 0),
    ("这个会引起过敏吗", 0),
    ("如果过敏可以退吗", 0),
    ("担心过敏所以先问问", 0),
    ("过敏的人能用吗", 0),
    ("听说有人用了过敏", 0),
    ("心疼我的钱", 0),
    ("忍不住吐槽", 0),
    ("不是没有过敏", 1),
    ("没有一次不痒", 1),
    ("不知道是不是过敏", 1),
    ("没几天就过敏了", 1),
    ("没有效果，头皮还痒", 1),
    ("不好用，洗完头痒", 1),
    ("我脸过敏了怎么办", 1),
    ("从来没这么痒过，不想再用", 1),
    ("no rash at all", 0),
    ("no rash, itching or redness", 0),
    ("I never had any allergic reaction", 0),
    ("without irritation", 0),
    ("Will it cause a rash?", 0),
    ("worried about a rash", 0),
    ("if I get a rash, can I return it?", 0),
    ("the rash is gone", 0),
    ("not without itching", 1),
    ("not good, my skin itches", 1),
    ("I am not sure but it itches", 1),
    ("My face is swollen and it itches", 2),
    ("não tive alergia", 0),
    ("não gostei, deu alergia", 1),
    ("吃完拉肚子，住院了", 3),
    ("过敏性休克，正在抢救", 4),
];

#[test]
fn r_int_09_what_is_denied_supposed_or_over_is_no_harm_and_what_is_said_is() {
    for (text, severity) in NEGATION {
        let safety = safety();
        let found = safety.read(text);
        assert_eq!(found.severity(), severity, "{text}: {:?}", found.all);
    }
}

/// What people say who were harmed, in many ways.
const HARMED: [&str; 84] = [
    "孩子吃完奶粉上吐下泻",
    "抹上以后脸上火烧火燎的",
    "擦了这个霜嘴角烂了",
    "喝下去胃里翻江倒海",
    "戴了一天耳朵里面疼",
    "用完胳膊一片一片的红",
    "睡了这个枕头脖子痛得动不了",
    "椅子腿断了我摔了一跤",
    "热水壶漏水把我脚烫了",
    "插头漏电，电得我手麻",
    "吃了你们家的虾，我半夜一直跑厕所",
    "脸上长了好多小疙瘩",
    "穿了一天大腿根磨破了",
    "洗完手背裂口子出血",
    "我妈用了染发膏头皮溃烂住院了",
    "用了三天脸越来越红",
    "敷完脸上又疼又痒",
    "整张脸都肿成猪头了",
    "眼睛进了一点，疼了一晚上",
    "吃了一口，牙崩掉一块",
    "涂完嘴唇干裂起皮还麻",
    "用了以后月经都乱了",
    "闻到那个味我就头晕恶心",
    "吃完一身红疙瘩",
    "这衣服穿了身上起红点",
    "孩子玩的时候手被夹破了",
    "洗澡时热水器突然变烫把我烫伤了",
    "食物中毒，全家去了医院",
    "我对这个过敏，脸红了一片",
    "喝完心跳得很快，喘不过气",
    "用第一次就过敏了，第二次更严重",
    "刚用两天下巴爆痘",
    "吃坏肚子了",
    "吃完就窜稀",
    "my face broke out after two days",
    "the cream gave me a burning feeling",
    "my kid threw up after drinking it",
    "the chair collapsed and I hurt my back",
    "I slipped and broke my wrist",
    "got dizzy and nauseous from the fumes",
    "it made my eyes water and burn",
    "the kettle scalded my hand",
    "ended up in the ER",
    "my scalp is flaking and sore",
    "swallowed a piece of glass and my mouth is bleeding",
    "it gave me terrible heartburn and cramps",
    "woke up with puffy eyes and red patches",
    "I can hardly breathe since using this spray",
    "用了半个月掉头发特别厉害",
    "洗完第二天全是头皮屑，还痒",
    "敷了十分钟就受不了，刺刺的疼",
    "脸上起了一层小疹子",
    "我涂完眼睛一直流泪",
    "嘴巴周围起了一圈痘",
    "吃完嗓子又干又疼",
    "孩子吃了半夜吐了三次",
    "一家三口吃完都拉了",
    "第一次用就起红疙瘩，第二次直接肿了",
    "我皮肤一直很好，用了它居然过敏",
    "没想到这么大的牌子也会让我过敏",
    "才两天，脖子那一圈就又红又痒",
    "拉肚子拉了两天，现在还没好",
    "喝了之后肚子不舒服",
    "用着头皮发热发痒",
    "洗了两次，头发掉得一把一把的",
    "过敏了！退货！",
    "抹完火辣辣的，赶紧洗掉了",
    "不推荐，会长痘",
    "皮肤敏感的慎用，我用了就发红",
    "老公说他用了头痒",
    "用了两次都出现刺痛",
    "越用头屑越多",
    "吃出一身荨麻疹",
    "味道太冲，熏得我头晕想吐",
    "一股怪味，喝完反胃",
    "穿一天身上起红疹",
    "脚后跟磨出血泡",
    "枕头睡得脖子疼",
    "充电器冒火花把手烫了个泡",
    "打开罐头手被划了一道口子",
    "吃到玻璃，嘴里都是血",
    "牙齿被石子硌坏了",
    "喝酸奶之后急性肠胃炎打点滴",
    "妈妈用了膏药皮肤溃烂",
];

/// What sounds like harm and is none by the product: traits, wishes, others, other times, idioms.
const UNHARMED: [&str; 90] = [
    "我是过敏体质，可以用吗",
    "皮肤不敏感的人都能用",
    "没有刺激，不痛不痒",
    "孩子发烧了，今天没空收快递，能改天送吗",
    "我住院了，麻烦晚几天送货",
    "这款能治头皮屑吗",
    "买来给老公去头屑的",
    "心疼快递小哥",
    "价格便宜到让人心痛",
    "快递员说他头疼，让我自己拿",
    "看着那个广告就想吐",
    "难吃得想吐",
    "这个价格真让人头大",
    "希望不要过敏",
    "愿宝宝用了不会起红疹",
    "朋友说她用了过敏，我用着没事",
    "网上说这个牌子会致癌，是真的吗",
    "腰疼好多年了，买个按摩仪试试",
    "脚臭，想买双透气的鞋",
    "送给生病住院的朋友的",
    "声音大得像要爆炸",
    "红红火火的颜色很喜庆",
    "这个包装划痕很多",
    "卖家的态度让人恶心",
    "血亏",
    "头发干枯毛躁，用了柔顺多了",
    "脸上的痘痘消了很多",
    "晚上痒的地方涂一下就好了",
    "蚊子咬的包涂上就不痒了",
    "运动后肌肉酸痛用它按摩很舒服",
    "送货员在大太阳下都中暑了，很辛苦",
    "does it help with dandruff",
    "my old cream gave me a rash but this one does not",
    "I have sensitive skin and had no problems",
    "hope it will not irritate my skin",
    "the price hurts",
    "it is a pain to install",
    "headache to deal with customer service",
    "bought it for my eczema and it works great",
    "the red one is beautiful",
    "no side effects so far",
    "is it safe for children with allergies",
    "the blood orange juice is tasty",
    "the battery died",
    "用了没什么副作用",
    "没有头屑了，也不痒了",
    "很温和，敏感皮肤也可以用",
    "之前头皮痒，用了这款明显缓解",
    "不会长痘，放心买",
    "暂时没发现过敏现象",
    "有没有人用了过敏的",
    "怕过敏先买小样试试",
    "一直有头屑，希望这款有用",
    "给长痘的儿子买的",
    "不刺激不辣眼",
    "味道有点刺鼻，其他还好",
    "东西烂得让人恶心",
    "态度恶心",
    "看着就想吐的颜色",
    "真是让人头疼的物流",
    "老鼠都不吃",
    "手机有点烫",
    "电脑玩游戏发热严重",
    "鼠标手感不错",
    "屏幕有划伤",
    "快递盒子破了，倒霉",
    "倒霉催的，买完就降价",
    "苹果有碰伤",
    "痛快，一个字爽",
    "吃得很过瘾，辣得流眼泪",
    "红肿消了，很有效",
    "医生推荐用的，效果不错",
    "皮肤科医生推荐的牌子",
    "医院小卖部也有卖",
    "出血价抢到的",
    "刺激！抢到半价",
    "用了一周痘痘淡了",
    "用完皮肤不紧绷不发红",
    "孩子很喜欢，没有不舒服",
    "对酒精过敏的我也能用",
    "吐槽一下包装",
    "没用过，听说容易过敏",
    "我妈有湿疹，用这个擦挺好",
    "脱发严重才买的，刚开始用",
    "等得我肚子疼",
    "笑得肚子疼",
    "饿得胃疼，外卖还没到",
    "腰酸背痛的人适合买",
    "蚊子太多痒死了，买来驱蚊",
    "字太小看得眼睛累",
];

#[test]
fn r_int_09_harm_is_heard_in_many_words_and_other_meanings_of_them_are_no_harm() {
    let of = |texts: &[&'static str], wrong: fn(u8) -> bool| -> Vec<&str> {
        texts.iter().copied().filter(|text| wrong(harm(text))).collect()
    };
    assert_eq!(of(&HARMED, |severity| severity == 0), [""; 0], "missed");
    assert_eq!(of(&UNHARMED, |severity| severity > 0), [""; 0], "false alarms");
}

#[test]
fn r_int_11_who_says_what_he_will_do_threatens_and_who_uses_such_words_otherwise_does_not() {
    let threatens = |text: &&str| safety().read(text).said(Kind::Threat).next().is_some();
    let threats = [
        "再不回复我就打12315",
        "我会找媒体曝光你们",
        "不退款我就发抖音让大家看看",
        "我的律师会联系你们",
        "法院见",
        "see you in court",
        "I will go to the press",
        "my lawyer will contact you",
    ];
    let others = [
        "手机多媒体功能差",
        "自动曝光不准",
        "转发微博",
        "烟雾报警器不响",
        "给当律师的朋友买的",
        "press the button",
        "I sit on the court all day",
    ];
    assert_eq!(threats.into_iter().filter(|text| !threatens(text)).collect::<Vec<_>>(), [""; 0]);
    assert_eq!(others.into_iter().filter(threatens).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn r_int_09_what_was_not_so_once_and_is_so_now_is_harm() {
    assert_eq!((harm("本来没有头皮屑，越洗越多"), harm("从来不长痘，用着很好")), (1, 0));
    assert_eq!((harm("以前从不过敏，现在又红又痒"), harm("以前从不过敏，现在也不过敏")), (1, 0));
}

#[test]
fn r_int_22_every_form_of_writing_is_read() {
    for text in ["用了頭皮發癢", "用了头皮发\u{200b}痒", "ＭＹ　ＳＫＩＮ　ＩＴＣＨＥＳ", "My Skin Itches"]
    {
        assert_eq!(harm(text), 1, "{text}");
    }
    assert_eq!(harm("沒有過敏"), 0);
}

#[test]
fn r_int_09_each_finding_names_its_rule_and_its_words() {
    let safety = safety();
    let found = safety.read("脸肿了，再不处理我就打12315，里面还有虫子");
    let named = |kind| found.said(kind).map(|one| (one.rule, found.words(one))).collect::<Vec<_>>();
    assert_eq!(found.harm().map(|harm| harm.rule), Some("health.serious"));
    assert_eq!(named(Kind::Threat), [("threat.public", "12315".to_owned())]);
    assert_eq!(named(Kind::Hazard), [("quality.hazard", "虫".to_owned())]);
    assert_eq!(safety.read("没有过敏").all[0].standing, Standing::Denied);
}

#[test]
fn r_int_09_harm_to_a_child_weighs_more_and_a_child_alone_is_nothing() {
    assert_eq!(harm("宝宝用了起红疹"), 2);
    assert_eq!(harm("my daughter got a rash"), 2);
    assert_eq!(harm("给宝宝买的"), 0);
    assert_eq!(harm("给宝宝用没有过敏"), 0);
    assert_eq!(harm("孩子吃了住院"), 3);
}

#[test]
fn r_int_09_a_hazard_is_no_symptom() {
    for text in ["收到就发霉了", "汤里有虫子", "The milk had expired", "充电器冒烟"] {
        let safety = safety();
        let found = safety.read(text);
        assert_eq!((found.severity(), found.said(Kind::Hazard).count() > 0), (0, true), "{text}: {:?}", found.all);
    }
    let safety = safety();
    assert_eq!(safety.read("没有发霉，很新鲜").said(Kind::Hazard).count(), 0);
}

#[test]
fn a_book_that_cannot_be_used_is_refused() {
    let broken = |change: fn(&mut Book)| {
        let mut book = book();
        change(&mut book);
        Safety::new(&book).unwrap_err()
    };
    assert!(matches!(broken(|book| book.rule[0].severity = 5), BookError::Severity(_)));
    assert!(matches!(broken(|book| book.rule[0].severity = 0), BookError::Severity(_)));
    assert!(matches!(broken(|book| book.rule[0].words.push("*".into())), BookError::EmptyWord(_)));
    assert!(matches!(broken(|book| book.context.denials.push(String::new())), BookError::EmptyWord(_)));
}

proptest! {
    /// However odd a text is, it is read; and what is said after it in a new sentence is still heard.
    #[test]
    fn r_int_09_nothing_said_before_hides_harm(text in "[a-z,，。不没有会吗过敏 \\PC]{0,60}") {
        let found = safety().read(&text).severity();
        prop_assert!(found <= 4);
        let both = format!("{text}。用了脸肿了。");
        prop_assert!(harm(&both) >= 2, "{}", both);
    }
}
