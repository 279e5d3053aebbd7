//! Figures as they are printed.

/// The one in the middle, of what is sorted in place.
pub(crate) fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

pub(crate) fn least(figures: &[f64]) -> f64 {
    figures.iter().copied().fold(f64::INFINITY, f64::min)
}

/// Nanoseconds with a unit that suits them.
pub(crate) fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ..1e4 => format!("{nanoseconds:.0} ns"),
        ..1e6 => format!("{:.1} µs", nanoseconds / 1e3),
        _ => format!("{:.2} ms", nanoseconds / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_rounds() {
        let mut figures = [3.0, 1.0, 2.0];
        assert_eq!((least(&figures), median(&mut figures)), (1.0, 2.0));
        assert_eq!([1234.0, 12_345.0, 12_345_678.0].map(time), ["1234 ns", "12.3 µs", "12.35 ms"]);
    }
}
