//! Characters made alike: capitals and accents, full-width forms, traditional characters, marks nobody sees.
//! A folded text has one character for each of the text that can be seen.
use std::sync::OnceLock;

/// Pairs of a traditional and its simplified character: the common ones of OpenCC's table (Apache-2.0).
const TRADITIONAL: &str = include_str!("../traditional.txt");

/// The first character of the block that `TRADITIONAL` is about, and how many follow.
const FIRST: u32 = 0x4e00;
const BLOCK: usize = 0x5200;

/// The text as the rules and the model read it.
pub fn fold(text: &str) -> Vec<char> {
    text.chars().filter(|c| !is_unseen(*c)).map(fold_char).collect()
}

/// One character, folded: lower case, without the accents of the languages we read, half-width, simplified.
pub fn fold_char(c: char) -> char {
    match c {
        'A'..='Z' => c.to_ascii_lowercase(),
        '\0'..='\u{7f}' => c,
        'á' | 'à' | 'â' | 'ã' | 'ä' | 'Á' | 'À' | 'Â' | 'Ã' | 'Ä' => 'a',
        'é' | 'è' | 'ê' | 'ë' | 'É' | 'È' | 'Ê' | 'Ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' | 'Í' | 'Ì' | 'Î' | 'Ï' => 'i',
        'ó' | 'ò' | 'ô' | 'õ' | 'ö' | 'Ó' | 'Ò' | 'Ô' | 'Õ' | 'Ö' => 'o',
        'ú' | 'ù' | 'û' | 'ü' | 'Ú' | 'Ù' | 'Û' | 'Ü' => 'u',
        'ç' | 'Ç' => 'c',
        'ñ' | 'Ñ' => 'n',
        '\u{2018}' | '\u{2019}' => '\'',
        '\u{3000}' | '\u{a0}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).map_or(c, fold_char),
        other => simplified(other),
    }
}

fn simplified(c: char) -> char {
    static TABLE: OnceLock<Vec<char>> = OnceLock::new();
    let place = |c: char| usize::try_from(u32::from(c).wrapping_sub(FIRST)).unwrap_or(BLOCK);
    let table = TABLE.get_or_init(|| {
        let block = FIRST..FIRST + u32::try_from(BLOCK).unwrap_or(0);
        let mut table: Vec<char> = block.filter_map(char::from_u32).collect();
        let pairs: Vec<char> = TRADITIONAL.chars().filter(|c| !c.is_whitespace()).collect();
        for pair in pairs.chunks_exact(2) {
            if let Some(entry) = table.get_mut(place(pair[0])) {
                *entry = pair[1];
            }
        }
        table
    });
    table.get(place(c)).copied().unwrap_or(c)
}

/// Marks that take no room, put between characters to hide a word or by a careless program.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// Letters of scripts that put spaces between words, and digits.
pub fn is_spaced(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_int_22_forms_of_one_word_are_one() {
        let same = |a: &str, b: &str| assert_eq!(fold(a), fold(b), "{a} {b}");
        same("過敏，頭皮發癢、紅腫", "过敏，头皮发痒、红肿");
        same("ＲＡＳＨ！　１２３１５", "rash! 12315");
        same("NÃO É", "nao e");
        same("过\u{200b}敏", "过敏");
        same("don’t", "don't");
        same("燒傷 嘔吐 暈倒 醫院 腹瀉 髮", "烧伤 呕吐 晕倒 医院 腹泻 发");
    }

    #[test]
    fn what_is_folded_stays_as_it_is() {
        for c in ('\0'..'\u{ffff}').filter(|c| !is_unseen(*c)) {
            let once = fold_char(c);
            assert_eq!(fold_char(once), once, "{c:?}");
        }
    }
}
