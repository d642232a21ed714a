//! "Did you mean …?"

/// The name that differs in the fewest letters, where it is near enough to be meant.
pub fn nearest<'a>(wanted: &str, known: &'a [String]) -> Option<&'a str> {
    let distance = |name: &str| {
        let (wanted, name): (Vec<char>, Vec<char>) =
            (wanted.chars().collect(), name.chars().collect());
        let mut row: Vec<usize> = (0..=name.len()).collect();
        for (line, letter) in wanted.iter().enumerate() {
            let mut corner = row[0];
            row[0] = line + 1;
            for column in 0..name.len() {
                let swap = corner + usize::from(*letter != name[column]);
                corner = row[column + 1];
                row[column + 1] = swap.min(corner + 1).min(row[column] + 1);
            }
        }
        row[name.len()]
    };
    known
        .iter()
        .map(|name| (distance(name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len().min(wanted.len()) / 3)
        .min()
        .map(|(_, name)| name.as_str())
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let known = ["model".to_owned(), "loss".to_owned(), "weight".to_owned()];
        assert_eq!(nearest("modle", &known), Some("model"));
        assert_eq!(nearest("wieght", &known), Some("weight"));
        assert_eq!(nearest("temperature", &known), None);
    }
}
