//! Distorted copies of a sample, which teach a model what does not matter about a drawing.

use crate::digit::{Digit, EDGE};
use crate::random::Random;

/// `image` slanted, stretched and moved a little, at random.
///
/// Slanting stands in for rotation: it needs no sine, which differs between platforms.
pub(crate) fn distorted(image: &Digit, random: &mut Random) -> Digit {
    let (wide, high) = (random.between(0.85, 1.25), random.between(0.9, 1.1));
    let (slant, tilt) = (random.between(-0.25, 0.25), random.between(-0.1, 0.1));
    let (right, down) = (random.between(-0.6, 0.6), random.between(-0.4, 0.4));
    let mut cells = [0.0; EDGE * EDGE];
    // Distances from the middle of the image, in cells.
    let offsets = [-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5];
    for (row, dy) in cells.chunks_exact_mut(EDGE).zip(offsets) {
        for (cell, dx) in row.iter_mut().zip(offsets) {
            *cell = between_cells(image, 3.5 + dx * wide + dy * slant + right, 3.5 + dy * high + dx * tilt + down);
        }
    }
    Digit::clamped(cells)
}

/// The value at a point between cells, by bilinear interpolation. Outside of the image there is no ink.
fn between_cells(image: &Digit, x: f32, y: f32) -> f32 {
    let mut value = 0.0;
    for (row, cell_y) in image.cells().chunks_exact(EDGE).zip(0_u8..) {
        let weight_y = 1.0 - (y - f32::from(cell_y)).abs();
        if weight_y > 0.0 {
            for (cell, cell_x) in row.iter().zip(0_u8..) {
                value += cell * weight_y * (1.0 - (x - f32::from(cell_x)).abs()).max(0.0);
            }
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpolates_between_neighbours_and_fades_at_the_edge() {
        let mut cells = [0.0; 64];
        cells[0] = 16.0;
        cells[9] = 8.0;
        let image = Digit::clamped(cells);
        assert_eq!(between_cells(&image, 0.0, 0.0), 16.0);
        assert_eq!(between_cells(&image, 0.5, 0.5), 6.0);
        assert_eq!(between_cells(&image, -0.75, 0.0), 4.0);
        assert_eq!(between_cells(&image, 7.0, 9.0), 0.0);
    }

    #[test]
    fn a_distorted_copy_differs_but_keeps_most_of_the_ink() {
        let image = crate::dataset::all()[0].image.clone();
        let copy = distorted(&image, &mut Random::new(3));
        assert_ne!(copy, image);
        let ink = |digit: &Digit| digit.cells().iter().sum::<f32>();
        assert!((ink(&copy) / ink(&image) - 1.0).abs() < 0.4, "{} became {}", ink(&image), ink(&copy));
    }
}
