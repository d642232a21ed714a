/// FNV-1a with 64 bits: h ← (h ⊕ byte) · 1099511628211, starting from 14695981039346656037.
///
/// Chosen because it is fixed by a public definition; the hashers of the standard library may
/// change with the compiler. It guards against mistakes, not against an adversary.
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    const START: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;

    pub(crate) fn new() -> Self {
        Self(Self::START)
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(Self::PRIME);
        }
    }

    pub(crate) fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Fingerprint;

    #[track_caller]
    fn check(text: &str, expected: u64) {
        let mut hash = Fingerprint::new();
        hash.write(text.as_bytes());
        assert_eq!(hash.finish(), expected, "{text:?}");
    }

    #[test]
    fn the_published_values_of_fnv_1a_are_reproduced() {
        check("", 0xcbf2_9ce4_8422_2325);
        check("a", 0xaf63_dc4c_8601_ec8c);
        check("foobar", 0x8594_4171_f739_67e8);
    }
}
