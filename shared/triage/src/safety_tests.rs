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

/// Harm that happened, asked about, told beside something else, or in a complaint that nobody answered.
const HAPPENED: [&str; 61] = [
    "请问我用了你们面膜脸肿了怎么办",
    "咨询一下孩子用了身上起疹子怎么办",
    "想问下用完过敏了能退吗",
    "用完过敏了能退货吗",
    "用了过敏了可以赔偿吗？",
    "if my face is burning after using it what should I do",
    "What should I do if I have a rash? I have one now from your cream",
    "怀孕期间用了你们的面霜脸上起疹子",
    "怀孕五个月用了出现腹痛",
    "换季用了你们的水乳过敏了",
    "我平时皮肤很好，用了这个就过敏",
    "老公有点过敏，用了你们的剃须膏",
    "起水疱了",
    "用了你们的面膜脸烂了",
    "孩子吃了你们的东西送ICU了",
    "充电宝爆炸把我手炸伤",
    "用了你们的眼药水看东西模糊",
    "敷完脸上火辣辣的",
    "伤口流黄水",
    "用完脱了一层皮",
    "脸上小红点一摸就疼",
    "用了美甲胶指甲掉了",
    "用了洗发水头发掉了一大把",
    "用了染发剂头皮都秃了",
    "毁了我的脸",
    "I got a chemical burn from your peel",
    "rushed to A&E after eating it",
    "my face is on fire after the mask",
    "请问喝了你们的奶昏迷了怎么办",
    "请问我吃了你们的药呼吸困难怎么办",
    "想问一下吃了你们家的坚果住院了能赔吗",
    "我想咨询孩子喝了你们的酸奶上吐下泻怎么办",
    "打电话问下烫伤了怎么赔",
    "没人处理我过敏的投诉",
    "没有客服回复我过敏的事",
    "客服不处理我过敏的问题",
    "你们不赔我过敏的医药费吗",
    "没有赔偿我的烫伤",
    "为什么没有人管我脸过敏",
    "no one replied to my rash complaint",
    "怎么缓解过敏，用了你们的面膜",
    "怎么治疗用了你们产品后的皮疹",
    "How do I treat the rash from your cream?",
    "how can I relieve the burning on my face from your peel",
    "用了脸过敏，现在好多了，你们怎么赔",
    "请问过敏了怎么办",
    "你好，请问一下宝宝用了湿巾屁股红了一片正常吗",
    "请问孩子误食了洗衣凝珠呕吐怎么处理",
    "请问用了你们的染发剂头皮溃烂应该找谁",
    "亲，咨询下，我妈妈吃了之后拉肚子两天了",
    "我用了之后长痘，可以退吗",
    "用了三天脸发红发烫，能不能退",
    "吃了你们的饼干全身起红疹会不会是过敏",
    "被你们的热水壶烫伤了请问怎么赔",
    "哺乳期用了你们的护肤品宝宝起疹子",
    "产后用了这个洗发水头皮疼",
    "客服一直不回复我被烫伤的事情",
    "至今没有人联系我孩子过敏的事",
    "皮肤很好，用了这个就过敏",
    "我平时皮肤，用了这个就过敏",
    "我平时皮肤很好，用了这个后过敏",
];

/// Harm in words of everyday life.
const EVERYDAY: [&str; 103] = [
    "宝宝把纽扣电池吞了",
    "孩子误食了干燥剂",
    "小孩吃到玻璃",
    "一天拉了十几次",
    "我老婆涂了你家精华嘴唇肿得像香肠",
    "宝宝喝了奶粉一直拉绿便还哭闹",
    "吃了蛋糕半夜跑了十几趟厕所",
    "你们这个面膜把我敷进了医院",
    "擦完以后脖子一圈红",
    "眼霜用了眼皮耷拉还肿",
    "牙膏刷得满嘴起泡",
    "洗衣液洗的内衣穿了下面痒",
    "爷爷吃了保健品头昏站不起来",
    "孩子玩你们的玩具割了手指",
    "电热毯漏电打了我一下",
    "保温杯盖子弹起来打到眼睛",
    "儿童椅散架娃摔了",
    "滑板车刹车失灵我摔断了胳膊",
    "染发后头皮起了一层痂",
    "涂了指甲油手指甲旁边烂了",
    "喝了你们饮料后喉咙像火烧一样",
    "用卸妆水眼睛睁不开",
    "面霜上脸像针扎一样",
    "脸上爆了一堆闭口",
    "吃完胃里翻江倒海",
    "隐形眼镜戴了眼睛充血",
    "脱毛膏把腿烧了",
    "口红用了嘴唇起皮开裂",
    "被你家猫砂的灰呛得一直咳",
    "吃了减肥药心跳得很快",
    "小孩误吞了玩具上的纽扣电池",
    "老人用按摩仪后腿麻动不了",
    "香薰点了头晕想吐",
    "吃出玻璃把嘴划了",
    "我用了三天之后皮肤红得吓人",
    "鞋子把脚后跟磨得全是血泡",
    "防晒喷雾喷了以后喘不上来气",
    "用了祛斑霜脸黑了一块",
    "洗面奶用完脸上火烧火燎的",
    "your shampoo made my scalp bleed",
    "my daughter broke out in hives after the lotion",
    "the pan handle came off and I burned my hand",
    "after two sips I was throwing up all night",
    "the toy's button battery was swallowed by my son",
    "my lips went numb after the lip balm",
    "I ended up in A&E because of your nuts",
    "the charger shocked me",
    "my eye has been red and weepy since the mascara",
    "skin is peeling off in sheets",
    "my throat closed up",
    "is it normal that my face is swollen after the serum?",
    "can I get a refund, the cream gave me a rash",
    "please help, my baby can't stop vomiting after the formula",
    "could someone call me about the burn I got from your kettle",
    "my hair is falling out in clumps since I started your conditioner",
    "用了这款防晒后脸颊两边起了密密麻麻的小疹子",
    "给孩子抹了润肤乳后小腿上红了一大片还哭",
    "喝完你们家的牛奶我和我妈都拉了",
    "吃了几颗坚果嘴巴里全麻了",
    "昨晚用了面膜今天早上起来眼睛肿得像核桃",
    "你们的洗手液用得我手都裂了",
    "穿了你家打底裤大腿内侧又红又痒",
    "戴了耳环耳垂化脓了",
    "喷了香水一直打喷嚏流鼻涕",
    "你们家的辣条吃得我胃疼了一晚上",
    "用了美白牙贴牙龈出血",
    "给老人买的轮椅刹不住摔了一跤",
    "煮蛋器炸了烫到手",
    "电动牙刷漏电电到嘴",
    "吃了你家的鱼油一直恶心",
    "孕妇喝了你们的奶粉见红了",
    "用了足贴脚底起大水泡",
    "理发器把我耳朵剪出血了",
    "泡脚桶烫伤我爸的脚",
    "眼贴敷完眼睛看不清了",
    "用了洗面奶之后脸特别干还脱皮",
    "热水袋爆了烫到肚子",
    "擦了药膏后更痒了",
    "吃完月饼荨麻疹犯了",
    "涂完嘴唇火辣辣地疼",
    "小朋友舔了一下舌头就肿了",
    "吃了两口就头晕眼花出冷汗",
    "你们家榨汁机的刀片把我手指切了",
    "用了除螨皂之后全身痒得睡不着觉",
    "染眉膏染得我眉毛都掉了",
    "肉里有针，扎了我舌头",
    "面包里的塑料划破了我女儿的嘴",
    "从你们店里出来台阶滑，我摔了尾椎骨",
    "你们导购给我试用的粉底液，回家就满脸疙瘩",
    "吃了钙片便秘得厉害",
    "the lotion left red blotches all over my arms",
    "I've had a headache ever since plugging in your diffuser",
    "my toddler choked on a part that came off",
    "your hair dye burnt my scalp badly",
    "woke up with swollen eyelids after using the night cream",
    "the blender blade sliced my thumb",
    "this gave me terrible stomach pains",
    "my husband had an allergic reaction and we called an ambulance",
    "felt dizzy and nauseous after two capsules",
    "the strap cut into my baby's neck",
    "slipped in your store on a wet floor and hurt my back",
    "rashes everywhere",
    "the deodorant makes my armpits burn",
];

/// Questions of buyers, fears, praise and what is said of others.
const NO_HARM: [&str; 47] = [
    "沙发用了一年脱皮了",
    "门磕破了一个角",
    "箱子磕破了一个角",
    "the colour bleeds when washed",
    "这操作让人窒息的",
    "我要发抖音",
    "请问敏感肌过敏期能用吗",
    "请问这个会过敏吗",
    "孕妇用了会过敏吗",
    "用了会不会过敏",
    "如果用了过敏可以退吗",
    "请问过敏体质可以用吗",
    "万一用了过敏怎么办",
    "没有过敏",
    "用了没有过敏",
    "用了不痒了",
    "请问能治疗皮疹吗",
    "请问这个可以缓解头皮痒吗",
    "想问下湿疹宝宝能用吗",
    "咨询一下治疗头屑的洗发水",
    "担心用了脸会肿",
    "以前用别家的过敏，用了这个不过敏了",
    "听说有人用了过敏",
    "朋友说用了过敏",
    "请问适合容易过敏的皮肤吗",
    "洗了几次头皮痒好多了",
    "用了不过敏也不刺激，很好",
    "换季皮肤容易过敏，买来试试",
    "平时头皮痒，买来试试效果",
    "没有用过敏感肌的产品",
    "用了没有让我过敏",
    "用了不会让我的脸过敏",
    "does it cause a rash?",
    "will it irritate sensitive skin?",
    "is it suitable for my eczema?",
    "can I use it if I have a rash",
    "can I use this cream on eczema",
    "if it causes a rash can I return it",
    "delivery was a pain",
    "no rash at all after using it",
    "how do I get a refund",
    "请问多久发货",
    "孩子过敏能吃吗",
    "请问保质期多久",
    "快递不处理我的投诉",
    "没人回复我的退款",
    "我想问下用了优惠券能退吗",
];

#[test]
fn r_int_09_harm_that_is_asked_about_has_happened_and_questions_before_buying_are_no_harm() {
    let unheard: Vec<&str> = HAPPENED.iter().chain(&EVERYDAY).copied().filter(|text| harm(text) == 0).collect();
    let raised: Vec<&str> = NO_HARM.iter().copied().filter(|text| harm(text) > 0).collect();
    assert_eq!((unheard, raised), (vec![], vec![]));
    assert_eq!((harm("请问喝了你们的奶昏迷了怎么办"), harm("小孩误吞了玩具上的纽扣电池")), (4, 3));
}

/// Every opening with every middle and every ending.
fn every(openings: &[&str], middles: &[&str], endings: &[&str]) -> Vec<String> {
    let with =
        |opening: &&str, middle: &&str| endings.iter().map(move |end| format!("{opening}{middle}{end}")).collect();
    openings
        .iter()
        .flat_map(|opening| middles.iter().flat_map(move |middle| -> Vec<_> { with(opening, middle) }))
        .collect()
}

#[test]
fn r_int_09_however_politely_harm_is_asked_about_it_is_heard() {
    let openings = ["", "请问", "请问一下，", "你好，", "我想问下", "咨询一下", "麻烦问一下"];
    let used = [
        "我用了你们的面霜",
        "孩子用了你们的湿巾",
        "昨天用了你们的面膜后",
        "吃了你们家的坚果",
        "我妈喝了你们的酸奶之后",
    ];
    let harmed = ["过敏了", "脸上起红疹", "呼吸困难", "浑身发痒", "上吐下泻", "嘴唇肿了", "拉肚子"];
    let endings = ["可以退吗？", "能赔偿吗", "，怎么办？", "怎么处理", "，请问是正常的吗", "可以申请赔偿吗？"];
    let told = every(&openings, &used, &harmed);
    let told = every(&told.iter().map(String::as_str).collect::<Vec<_>>(), &[""], &endings);
    let unheard: Vec<&String> = told.iter().filter(|text| harm(text) == 0).collect();
    assert_eq!((told.len(), unheard), (1_470, vec![]));

    let goods = ["这款面霜", "你们的湿巾", "这个面膜", "这款洗发水", "那个坚果"];
    let asked = [
        "会过敏吗",
        "会不会引起红疹",
        "用了会发痒吗",
        "会导致过敏吗",
        "过敏体质可以用吗",
        "容易过敏的皮肤能用吗",
        "如果过敏可以退吗",
        "过敏的人能不能用",
        "适合敏感肌吗",
        "有没有人用了过敏",
        "能缓解头皮痒吗",
        "对湿疹有用吗",
    ];
    let raised: Vec<String> = every(&openings, &goods, &asked).into_iter().filter(|text| harm(text) > 0).collect();
    assert_eq!(raised, Vec::<String>::new());
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
