use super::*;
use proptest::prelude::*;

fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut buf = Vec::new();
    write(&mut buf);
    buf
}

#[test]
fn timestamps_far_apart_need_more_than_32_bits() {
    let far = [0xa2, 0xd9, 0x9e, 0xea, 0x82, 0x68];
    assert_eq!(written(|buf| write_varlong(buf, 1_787_086_231_121)), far);
    assert_eq!(written(|buf| write_varlong(buf, 1 << 31)), [0x80, 0x80, 0x80, 0x80, 0x10]);
    assert_eq!(written(|buf| write_varlong(buf, -1)), [0x01]);
    assert_eq!(read_varlong(&mut far.as_slice()), Ok(1_787_086_231_121));
}

#[test]
fn extremes_take_the_longest_form() {
    assert_eq!(written(|buf| write_varint(buf, i32::MIN)), [0xff, 0xff, 0xff, 0xff, 0x0f]);
    assert_eq!(written(|buf| write_unsigned_varint(buf, u32::MAX)).len(), MAX_VARINT_SIZE);
    assert_eq!(written(|buf| write_varlong(buf, i64::MIN)).len(), MAX_VARLONG_SIZE);
    assert_eq!(read_varint(&mut [0xff, 0xff, 0xff, 0xff, 0x0f].as_slice()), Ok(i32::MIN));
}

#[test]
fn numbers_cut_short_are_errors_and_take_nothing() {
    for bytes in [&[][..], &[0x80], &[0xff, 0xff, 0xff, 0xff]] {
        let mut cursor = bytes;
        assert_eq!(read_unsigned_varint(&mut cursor), Err(VarintError::Truncated));
        assert_eq!(cursor, bytes);
    }
}

#[test]
fn numbers_beyond_their_type_are_errors_and_take_nothing() {
    for bytes in [
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0x01][..],
        &[0xff, 0xff, 0xff, 0xff, 0x7f],
        &[0x80, 0x80, 0x80, 0x80, 0x10],
    ] {
        let mut cursor = bytes;
        assert_eq!(read_varint(&mut cursor), Err(VarintError::Overflow { bits: 32 }));
        assert_eq!(cursor, bytes);
    }
    let mut eleven = [0x80; 11];
    eleven[10] = 0x01;
    assert_eq!(read_varlong(&mut eleven.as_slice()), Err(VarintError::Overflow { bits: 64 }));
    let mut sixty_five_bits = [0xff; 10];
    sixty_five_bits[9] = 0x02;
    assert_eq!(
        read_unsigned_varlong(&mut sixty_five_bits.as_slice()),
        Err(VarintError::Overflow { bits: 64 })
    );
}

#[test]
fn padded_numbers_are_read() {
    assert_eq!(read_unsigned_varint(&mut [0x81, 0x80, 0x00].as_slice()), Ok(1));
}

/// Numbers of every length, not only the longest as a uniform choice would give.
fn any_width() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0u32..64).prop_map(|(value, shift)| value >> shift)
}

proptest! {
    #[test]
    fn numbers_round_trip_with_their_exact_size(value in any_width(), tail in any::<[u8; 3]>()) {
        let narrow = value as u32;
        let mut buf = written(|buf| {
            write_unsigned_varlong(buf, value);
            write_varlong(buf, value as i64);
            write_unsigned_varint(buf, narrow);
            write_varint(buf, narrow as i32);
        });
        let sizes = unsigned_varlong_size(value)
            + varlong_size(value as i64)
            + unsigned_varint_size(narrow)
            + varint_size(narrow as i32);
        prop_assert_eq!(buf.len(), sizes);
        buf.extend_from_slice(&tail);
        let mut cursor = buf.as_slice();
        prop_assert_eq!(read_unsigned_varlong(&mut cursor), Ok(value));
        prop_assert_eq!(read_varlong(&mut cursor), Ok(value as i64));
        prop_assert_eq!(read_unsigned_varint(&mut cursor), Ok(narrow));
        prop_assert_eq!(read_varint(&mut cursor), Ok(narrow as i32));
        prop_assert_eq!(cursor, &tail[..]);
    }

    #[test]
    fn any_bytes_read_or_fail_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..12)) {
        let mut cursor = bytes.as_slice();
        match read_varlong(&mut cursor) {
            Ok(_) => prop_assert!(cursor.len() < bytes.len()),
            Err(_) => prop_assert_eq!(cursor, bytes.as_slice()),
        }
    }
}
