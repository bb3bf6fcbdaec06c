//! Percent-encoding, as URLs have it (RFC 3986, section 2.1).

/// The bytes that a text in a URL stands for: `%41` is one byte, and a `%` without two hex digits behind it stays.
#[must_use]
pub fn decode_percent(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        // Rust's own reader of numbers would take a sign, too.
        let digits = tail.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_escape_stays() {
        assert_eq!(decode_percent("a%20b%zz%+a%e4%"), b"a b%zz%+a\xe4%");
    }
}
