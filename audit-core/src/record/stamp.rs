//! Points in time and lengths of time, as records write them.

use std::time::Duration;

use jiff::Timestamp;

use crate::record::json::{write_display, write_number};

/// The seconds of a day; days of UTC all have as many.
const DAY: i64 = 86_400;
/// The first second of the year 10000, which takes a digit more.
const FIVE_DIGIT_YEARS: i64 = 253_402_300_800;

/// Appends a time in RFC 3339, in UTC with microseconds, without quotes.
pub(crate) fn write_rfc3339(out: &mut Vec<u8>, time: Timestamp) {
    let seconds = time.as_second();
    // Two of these stand in each record, and formatting one takes longer than all that is written beside them.
    if !(0..FIVE_DIGIT_YEARS).contains(&seconds) || time.subsec_nanosecond() < 0 {
        return write_display(out, format_args!("{time:.6}"));
    }
    let (year, month, day) = date(seconds / DAY);
    let second = seconds % DAY;
    out.reserve(27);
    for (number, digits, after) in [
        (year, 4, b'-'),
        (month, 2, b'-'),
        (day, 2, b'T'),
        (second / 3600, 2, b':'),
        (second / 60 % 60, 2, b':'),
        (second % 60, 2, b'.'),
        (i64::from(time.subsec_nanosecond() / 1000), 6, b'Z'),
    ] {
        write_padded(out, number.unsigned_abs(), digits);
        out.push(after);
    }
}

/// Year, month and day of a number of days after 1970-01-01, in the Gregorian calendar: years are counted from March,
/// so that the leap day is a year's last, in cycles of 400 years of 146,097 days.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let day_of_cycle = days % 146_097;
    let year_of_cycle = (day_of_cycle - day_of_cycle / 1_460 + day_of_cycle / 36_524 - day_of_cycle / 146_096) / 365;
    let day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (days / 146_097 * 400 + year_of_cycle + i64::from(month <= 2), month, day)
}

/// Appends milliseconds with three decimals.
pub(crate) fn write_milliseconds(out: &mut Vec<u8>, duration: Duration) {
    let micros = duration.as_micros();
    match u64::try_from(micros) {
        Ok(micros) => {
            write_number(out, micros / 1000);
            out.push(b'.');
            write_padded(out, micros % 1000, 3);
        }
        Err(_) => write_display(out, format_args!("{}.{:03}", micros / 1000, micros % 1000)),
    }
}

/// Appends the last `digits` digits of a number.
fn write_padded(out: &mut Vec<u8>, number: u64, digits: u32) {
    for place in (0..digits).rev() {
        let digit = number / 10_u64.pow(place) % 10;
        out.push(b'0' + u8::try_from(digit).expect("a digit is less than ten"));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(time: Timestamp) -> String {
        let mut out = Vec::new();
        write_rfc3339(&mut out, time);
        String::from_utf8(out).unwrap()
    }

    fn milliseconds(duration: Duration) -> String {
        let mut out = Vec::new();
        write_milliseconds(&mut out, duration);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn days_that_calendars_get_wrong() {
        for text in [
            "1970-01-01T00:00:00.000000Z",
            "2000-02-29T23:59:59.999999Z",
            "2026-12-31T00:00:00.000001Z",
            "2028-03-01T12:00:00.500000Z",
            "2100-02-28T23:59:59.000000Z",
            "2100-03-01T00:00:00.000000Z",
            "9999-12-30T22:00:00.000000Z",
            "1969-12-31T23:59:59.250000Z",
        ] {
            assert_eq!(written(text.parse().unwrap()), text);
        }
    }

    #[test]
    fn milliseconds_have_three_decimals() {
        assert_eq!(milliseconds(Duration::from_nanos(1_002_999)), "1.002");
        assert_eq!(milliseconds(Duration::ZERO), "0.000");
        assert_eq!(milliseconds(Duration::MAX), "18446744073709551615999.999");
    }

    proptest! {
        #[test]
        fn any_time_is_written_as_jiff_does(seconds in -10_000_000_000_i64..253_402_207_200, nanoseconds in 0..1_000_000_000_i32) {
            let time = Timestamp::new(seconds, nanoseconds).unwrap();
            prop_assert_eq!(written(time), format!("{time:.6}"));
        }
    }
}
