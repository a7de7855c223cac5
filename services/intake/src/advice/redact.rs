//! What goes to an adviser outside goes without what tells who the customer is: contact data on record, addresses, links,
//! numbers, and names where somebody gives one. What looks like it goes as well: better a word too few than a name too many.
//! Not found: a name nobody introduces and nobody put on record, a handle without digits, and numbers written out as words.

/// The most characters that go out.
pub const TEXT_MAX: usize = 1_500;
/// So many digits in a row tell somebody from others: phones, orders, cards, documents, post codes.
const DIGITS: usize = 5;
/// What stands in numbers as they are written: 138-0000 0000.
const WITHIN_NUMBERS: &str = " -.()+/";
/// What ends a part of a sentence.
const SEPARATORS: &str = "，。！？；、：,;!?:\n\r\t";
/// After a number these mean a house, a floor or a flat.
const HOUSES: [&str; 9] = ["号", "栋", "幢", "座", "楼", "室", "弄", "单元", "巷"];
/// Two of these are an address.
const PLACES: [char; 11] = ['省', '市', '区', '县', '镇', '乡', '村', '路', '街', '道', '弄'];
/// Beside a number one of these is an address.
const STREETS: [&str; 20] = [
    "street",
    "st",
    "road",
    "rd",
    "avenue",
    "ave",
    "lane",
    "ln",
    "drive",
    "square",
    "wharf",
    "boulevard",
    "blvd",
    "apt",
    "flat",
    "floor",
    "rua",
    "avenida",
    "travessa",
    "cep",
];
/// After these somebody gives a name.
const INTRODUCED: [&str; 10] =
    ["我叫", "姓名", "联系人", "收件人", "收货人", "本人叫", "my name is", "meu nome é", "meu nome e", "name:"];
/// The longest name after such words: characters of a script without spaces, words of others.
const NAME_CHARACTERS: usize = 4;
const NAME_WORDS: usize = 3;

/// The text without what tells who wrote it, cut to [`TEXT_MAX`]; `known` is what is on record of the person.
pub fn redacted(text: &str, known: &[&str]) -> String {
    let plain: String = text.chars().map(narrow).collect();
    let mut names: Vec<&str> = known.iter().flat_map(|one| one.split_whitespace().chain([*one])).collect();
    names.retain(|name| name.chars().count() >= if name.is_ascii() { 3 } else { 2 });
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    let text = names.into_iter().fold(plain, |text, name| without(&text, name));
    let text = runs(&text, western, |run| match run {
        _ if run.contains('@') => Some("[email]"),
        _ if run.contains("://") || run.to_lowercase().contains("www.") => Some("[link]"),
        _ => None,
    });
    let text = runs(&text, |c| !SEPARATORS.contains(c), |part| is_address(part).then_some("[address]"));
    let digits = |run: &str| run.chars().filter(char::is_ascii_digit).count();
    let number = |c: char| c.is_ascii_digit() || WITHIN_NUMBERS.contains(c);
    let text = runs(&text, number, |run| (digits(run) >= DIGITS).then_some("[number]"));
    let id = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let text = runs(&text, id, |run| (digits(run) >= 3 && run.len() >= DIGITS).then_some("[id]"));
    let text = INTRODUCED.into_iter().fold(text, |text, words| unnamed(&text, words));
    text.chars().take(TEXT_MAX).collect()
}

/// Full-width forms and odd digits as they are written elsewhere.
fn narrow(c: char) -> char {
    match u32::from(c) {
        wide @ 0xFF01..=0xFF5E => char::from_u32(wide - 0xFEE0).unwrap_or(c),
        0x3000 | 0xA0 => ' ',
        arabic @ 0x660..=0x669 => char::from_u32(arabic - 0x660 + u32::from('0')).unwrap_or(c),
        persian @ 0x6F0..=0x6F9 => char::from_u32(persian - 0x6F0 + u32::from('0')).unwrap_or(c),
        _ => c,
    }
}

/// Characters that addresses of mails and links are made of.
fn western(c: char) -> bool {
    (c.is_ascii_graphic() && !",;<>()\"'".contains(c)) || (c.is_alphanumeric() && u32::from(c) < 0x2E80)
}

/// Puts another word in the place of whole runs of characters that belong together; space around a run stays.
fn runs(text: &str, belongs: impl Fn(char) -> bool, instead: impl Fn(&str) -> Option<&'static str>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let inside = belongs(first);
        let end = rest.find(|c| belongs(c) != inside).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        match instead(run).filter(|_| inside) {
            Some(word) => {
                let (start, body) = (run.len() - run.trim_start().len(), run.trim().len());
                out.push_str(run.get(..start).unwrap_or_default());
                out.push_str(word);
                out.push_str(run.get(start + body..).unwrap_or_default());
            }
            None => out.push_str(run),
        }
        rest = after;
    }
    out
}

/// The text without a name, however it is written.
fn without(text: &str, name: &str) -> String {
    let lower = |text: &str| text.chars().map(|c| c.to_lowercase().next().unwrap_or(c)).collect::<Vec<_>>();
    let (low, name) = (lower(text), lower(name));
    let mut characters = text.chars();
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    while at < low.len() {
        if !name.is_empty() && low.get(at..at + name.len()) == Some(name.as_slice()) {
            out.push_str("[name]");
            characters.nth(name.len() - 1);
            at += name.len();
        } else {
            out.extend(characters.next());
            at += 1;
        }
    }
    out
}

/// Whether a part of a sentence is where somebody lives.
fn is_address(part: &str) -> bool {
    let house = |word: &str| {
        part.match_indices(word)
            .any(|(at, _)| part.get(..at).is_some_and(|before| before.ends_with(|c: char| c.is_ascii_digit())))
    };
    let places = part.chars().filter(|c| PLACES.contains(c)).count();
    let low = part.to_lowercase();
    let mut words = low.split(|c: char| !c.is_alphanumeric());
    let number = part.chars().any(|c| c.is_ascii_digit());
    HOUSES.into_iter().any(house) || places >= 2 || (number && words.any(|word| STREETS.contains(&word)))
}

/// The text without the name that follows these words.
fn unnamed(text: &str, words: &str) -> String {
    let low = text.to_lowercase();
    // Where a letter has another length in lower case, the places of the two texts differ: then nothing can be found by them.
    let Some(at) = low.find(words).filter(|_| low.len() == text.len()) else { return text.to_owned() };
    let Some((head, rest)) = text.split_at_checked(at + words.len()) else { return text.to_owned() };
    let gap = rest.find(|c: char| c.is_alphanumeric() || c == '[').unwrap_or(rest.len());
    let (gap, rest) = rest.split_at(gap);
    let end = if rest.starts_with(|c: char| u32::from(c) >= 0x2E80) {
        rest.char_indices()
            .take(NAME_CHARACTERS)
            .find(|(_, c)| !c.is_alphanumeric())
            .map_or_else(|| rest.char_indices().nth(NAME_CHARACTERS).map_or(rest.len(), |(end, _)| end), |(end, _)| end)
    } else {
        let words: usize = rest.split_inclusive(' ').take(NAME_WORDS).map(str::len).sum();
        rest.find(|c| SEPARATORS.contains(c) || c == '.').unwrap_or(rest.len()).min(words)
    };
    let (_, after) = rest.split_at(end);
    format!("{head}{gap}[name] {}", unnamed(after.trim_start(), words))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_tells_who_it_is_goes() {
        for (said, out) in [
            ("我的电话13800000000谢谢", "我的电话[number]谢谢"),
            ("call me: +86 138-0000 0000 please", "call me: [number] please"),
            ("电话１３８００００００００", "电话[number]"),
            ("write to Ana.Lima+x@example.co.uk.", "write to [email]"),
            ("邮箱是ana＠example.com，谢谢", "邮箱是[email],谢谢"),
            ("see https://shop.example/v1/status/AZ3v?x=1 now", "see [link] now"),
            ("订单号SF1029384756没到", "订单号SF[number]没到"),
            ("order A1b2C3d is late", "order [id] is late"),
            ("身份证11010119900101123X", "身份证[number]X"),
            ("寄到北京市朝阳区建国路88号，谢谢", "[address],谢谢"),
            ("我住3栋2单元501室。还没到", "[address]。还没到"),
            ("I live at 12 Harbour Street, it is broken", "[address], it is broken"),
            ("我叫李雷，没收到", "我叫[name] ,没收到"),
            ("my name is Bob Stone, hello", "my name is [name] , hello"),
            ("收件人：韩梅梅 没收到", "收件人:[name] 没收到"),
        ] {
            assert_eq!(redacted(said, &[]), out, "{said}");
        }
    }

    #[test]
    fn what_is_on_record_goes_however_it_is_written() {
        let known = ["王小明", "Ana Lima", "c-9x"];
        assert_eq!(redacted("王小明说ANA LIMA没收到, lima came", &known), "[name]说[name]没收到, [name] came");
        assert_eq!(redacted("I am C-9X", &known), "I am [name]");
    }

    #[test]
    fn what_it_is_about_stays() {
        for said in ["用了三天头皮很痒", "the lid leaks after 3 days", "买了2瓶, 19.90元", "It cost 1990 in 2026"]
        {
            assert_eq!(redacted(said, &["王小明"]), said);
        }
        assert_eq!(redacted(&"字".repeat(9_000), &[]).chars().count(), TEXT_MAX);
    }

    proptest! {
        #[test]
        fn no_text_keeps_a_number_a_name_or_a_mail_and_none_stumbles(
            before in ".{0,40}", after in ".{0,40}", phone in "[0-9]{3}[ -]?[0-9]{4}[ -]?[0-9]{4}", name in "[a-z]{4,9}",
        ) {
            let said = format!("{before} {phone} {name} {name}@example.com {after}");
            let out = redacted(&said, &[&name]);
            prop_assert!(!out.to_lowercase().contains(&name), "{out}");
            prop_assert!(!out.contains("@example"), "{out}");
            let longest = out.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
            prop_assert!(longest < DIGITS, "{out}");
        }
    }
}
