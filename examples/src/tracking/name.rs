/// Longest value of a parameter that every version of MLflow takes, in characters.
const LONGEST_VALUE: usize = 500;
/// Longest name of a parameter or metric, in characters.
const LONGEST_NAME: usize = 250;

/// `name` with everything that MLflow refuses replaced by an underscore.
///
/// Letters, digits, `_`, `-`, `.`, space and `/` are legal. A slash makes a folder in the file
/// store, so that its parts must not be empty, `.` or `..`.
pub(super) fn legal(name: &str) -> String {
    let part = |part: &str| match part {
        "" | "." | ".." => "_".to_owned(),
        _ => part
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || "_-. ".contains(c) { c } else { '_' })
            .collect(),
    };
    let name = name.split('/').map(part).collect::<Vec<String>>().join("/");
    name.chars().take(LONGEST_NAME).collect::<String>().trim_end_matches('/').to_owned()
}

/// `value`, cut to what MLflow takes.
pub(super) fn shorten(value: &str) -> String {
    value.chars().take(LONGEST_VALUE).collect()
}

#[cfg(test)]
mod tests {
    use super::legal;

    #[track_caller]
    fn check(name: &str, expected: &str) {
        assert_eq!(legal(name), expected);
    }

    #[test]
    fn legal_names_stay_and_others_cannot_leave_their_folder() {
        check("loss/recon", "loss/recon");
        check("H(K|X)", "H_K_X_");
        check("../../secret", "_/_/secret");
        check("/absolute", "_/absolute");
        check("", "_");
    }
}
