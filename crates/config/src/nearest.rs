//! "Did you mean …?"

/// The known name that differs in the fewest slips, where it is near enough to be meant.
///
/// A slip is a letter too many, too few or wrong, or two neighbours swapped (the optimal string
/// alignment distance of Damerau 1964). A name is near enough with one slip, and one more for every three
/// letters of the shorter name.
///
/// ```
/// let known = ["none", "rank", "winsor"];
/// assert_eq!(homeostat_config::nearest("rnak", &known), Some("rank"));
/// assert_eq!(homeostat_config::nearest("temperature", &known), None);
/// ```
pub fn nearest<'a>(wanted: &str, known: &'a [impl AsRef<str>]) -> Option<&'a str> {
    let wanted: Vec<char> = wanted.chars().collect();
    let sorted = |letters: &[char]| {
        let mut letters = letters.to_vec();
        letters.sort_unstable();
        letters
    };
    known
        .iter()
        .map(|name| {
            let letters: Vec<char> = name.as_ref().chars().collect();
            let reordered = sorted(&letters) == sorted(&wanted);
            (slips(&wanted, &letters), !reordered, name.as_ref())
        })
        .filter(|(slips, _, name)| {
            let shorter = name.chars().count().min(wanted.len());
            let begins = shorter >= 3 && name.chars().zip(&wanted).all(|(a, b)| a == *b);
            begins || *slips <= 1 + shorter / 3
        })
        .min()
        .map(|(_, _, name)| name)
}

/// One row per letter of `a`; of the rows only the last three are kept.
fn slips(a: &[char], b: &[char]) -> usize {
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut row = vec![0; b.len() + 1];
    for i in 0..a.len() {
        row[0] = i + 1;
        for j in 0..b.len() {
            let change = last[j] + usize::from(a[i] != b[j]);
            row[j + 1] = change.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                row[j + 1] = row[j + 1].min(before[j - 1] + 1);
            }
        }
        std::mem::swap(&mut before, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{nearest, slips};

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let known = ["model", "loss", "weight"];
        assert_eq!(nearest("modle", &known), Some("model"));
        assert_eq!(nearest("wieght", &known), Some("weight"));
        assert_eq!(nearest("temperature", &known), None);
        assert_eq!(nearest("middle", &["upper", "mid", "lower"]), Some("mid"));
        assert_eq!(nearest("temp", &["rate", "temperature"]), Some("temperature"));
        assert_eq!(nearest("te", &["rate", "temperature"]), None);
        assert_eq!(nearest("el", &["le", "ge", "eq"]), Some("le"));
    }

    #[test]
    fn the_distance_counts_slips_of_each_kind_once() {
        for (a, b, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("rank", "rank", 0),
            ("rank", "ranks", 1),
            ("rank", "ran", 1),
            ("rank", "ramk", 1),
            ("rank", "rnak", 1),
            ("kitten", "sitting", 3),
            ("ca", "abc", 3),
        ] {
            let letters = |text: &str| text.chars().collect::<Vec<_>>();
            assert_eq!(slips(&letters(a), &letters(b)), expected, "{a} {b}");
            assert_eq!(slips(&letters(b), &letters(a)), expected, "{b} {a}");
        }
    }
}
