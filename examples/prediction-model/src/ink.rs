//! From the brightness of pixels to the 8 by 8 cells of the dataset.

use std::ops::RangeInclusive;

use image::GrayImage;

use crate::digit::{CELLS, EDGE, FULL};

/// An image whose brightest and darkest pixels differ by less is blank: paper and sensor noise differ as much.
const LEAST_CONTRAST: u8 = 32;
/// Ink, of 255, below which a pixel is background: the traces JPEG leaves around a stroke.
const LEAST_INK: u8 = 24;
/// Ink, of 255, from which a pixel is part of the digit's extent.
const EXTENT_INK: u8 = 64;

/// The cells of the digit that `brightness` shows, or `None` when it is blank.
pub(crate) fn cells(brightness: &GrayImage) -> Option<[f32; CELLS]> {
    let ink = ink(brightness)?;
    let (columns, rows) = extent(&ink)?;
    let sums = averaged(&ink, columns, rows);
    // Thin strokes leave every cell pale, and in the dataset none is: each digit has a cell of 14 to 16.
    let fullest = sums.iter().copied().fold(0.0, f32::max);
    (fullest > 0.0).then(|| sums.map(|sum| sum / fullest * FULL))
}

/// How much ink each pixel holds, 0 to 255, or `None` without contrast.
fn ink(brightness: &GrayImage) -> Option<GrayImage> {
    let darkest = *brightness.iter().min()?;
    let brightest = *brightness.iter().max()?;
    let contrast = brightest - darkest;
    if contrast < LEAST_CONTRAST {
        return None;
    }
    let light_background = has_light_edge(brightness, darkest + contrast / 2);
    let mut ink = brightness.clone();
    for pixel in ink.iter_mut() {
        let distance = if light_background { brightest - *pixel } else { *pixel - darkest };
        let share = u16::from(distance) * 255 / u16::from(contrast);
        *pixel = u8::try_from(share).expect("a distance is at most the contrast");
        if *pixel < LEAST_INK {
            *pixel = 0;
        }
    }
    Some(ink)
}

/// Whether most pixels along the edge are brighter than `middle`. A digit may touch the edge, but does not cover it.
fn has_light_edge(brightness: &GrayImage, middle: u8) -> bool {
    let (last_x, last_y) = (brightness.width() - 1, brightness.height() - 1);
    let across = (0..=last_x).flat_map(|x| [(x, 0), (x, last_y)]);
    let down = (0..=last_y).flat_map(|y| [(0, y), (last_x, y)]);
    let (mut light, mut dark) = (0_u32, 0_u32);
    for (x, y) in across.chain(down) {
        let [pixel] = brightness.get_pixel(x, y).0;
        *if pixel > middle { &mut light } else { &mut dark } += 1;
    }
    light >= dark
}

/// The columns and rows the digit reaches over.
fn extent(ink: &GrayImage) -> Option<(RangeInclusive<u32>, RangeInclusive<u32>)> {
    let mut found: Option<[u32; 4]> = None;
    for (x, y, pixel) in ink.enumerate_pixels() {
        if pixel.0 >= [EXTENT_INK] {
            let [left, right, top, bottom] = found.unwrap_or([x, x, y, y]);
            found = Some([left.min(x), right.max(x), top.min(y), bottom.max(y)]);
        }
    }
    found.map(|[left, right, top, bottom]| (left..=right, top..=bottom))
}

/// The mean ink of each cell when the rectangle is centred in the smallest square around it, up to a common factor.
///
/// A cell's edge need not fall between two pixels, nor need there be as many pixels as cells. Lengths are therefore
/// counted in sixteenths of a pixel, in which both the centring and the eight cells come out whole.
fn averaged(ink: &GrayImage, columns: RangeInclusive<u32>, rows: RangeInclusive<u32>) -> [f32; CELLS] {
    let (width, height) = (columns.end() - columns.start() + 1, rows.end() - rows.start() + 1);
    let edge = width.max(height);
    let (down, across) = (shares(height, edge), shares(width, edge));
    let mut sums = [0_u64; CELLS];
    for (y, down) in rows.zip(&down) {
        for (x, across) in columns.clone().zip(&across) {
            let [ink] = ink.get_pixel(x, y).0;
            if ink == 0 {
                continue;
            }
            for (cell_y, share_y) in down {
                for (cell_x, share_x) in across {
                    sums[cell_y * EDGE + cell_x] += u64::from(ink) * u64::from(share_y * share_x);
                }
            }
        }
    }
    // A cell is `2 * edge` sixteenths wide and high: its area scales the sum to 0 to 255.
    let area = 4 * u64::from(edge) * u64::from(edge);
    sums.map(|sum| f32::from(u16::try_from(sum * 256 / area).expect("a mean of 255 at most, times 256")))
}

/// For each of `length` pixels, centred in `edge`: the cells it lies in, and how many sixteenths of it lie in each.
fn shares(length: u32, edge: u32) -> Vec<Vec<(usize, u32)>> {
    let share = |pixel: u32, cell: u32| {
        let (pixel, cell) = (16 * pixel + 8 * (edge - length), 2 * edge * cell);
        (pixel + 16).min(cell + 2 * edge).saturating_sub(pixel.max(cell))
    };
    let cells = |pixel| {
        (0..EDGE).zip(0..).map(move |(index, cell)| (index, share(pixel, cell))).filter(|(_, share)| *share > 0)
    };
    (0..length).map(|pixel| cells(pixel).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An image drawn in characters: `#` is black, `+` grey, anything else white.
    fn drawn(rows: &[&str]) -> GrayImage {
        let bytes = rows
            .concat()
            .bytes()
            .map(|c| {
                if c == b'#' {
                    0
                } else if c == b'+' {
                    128
                } else {
                    255
                }
            })
            .collect();
        let size = |length: usize| u32::try_from(length).unwrap();
        GrayImage::from_vec(size(rows[0].len()), size(rows.len()), bytes).unwrap()
    }

    fn row(cells: &[f32; CELLS], row: usize) -> &[f32] {
        &cells[row * EDGE..][..EDGE]
    }

    #[test]
    fn a_pixel_on_the_border_of_two_cells_is_shared() {
        // One column of ink, nine high: the square has nine pixels an edge, a cell nine eighths of one, so that the
        // middle column lies half in the fourth and half in the fifth cell.
        let cells = cells(&drawn(&["..#"; 9])).unwrap();
        for index in 0..EDGE {
            assert_eq!(row(&cells, index), [0.0, 0.0, 0.0, 16.0, 16.0, 0.0, 0.0, 0.0]);
        }
    }

    #[test]
    fn a_wide_drawing_is_centred_between_top_and_bottom() {
        let mut rows = vec!["................"; 9];
        rows.extend(["################"; 4]);
        let cells = cells(&drawn(&rows)).unwrap();
        for index in 0..EDGE {
            assert_eq!(row(&cells, index), [if index == 3 || index == 4 { 16.0 } else { 0.0 }; 8], "row {index}");
        }
    }

    #[test]
    fn pixels_larger_than_cells_spread_over_them() {
        let cells = cells(&drawn(&["....", ".#+.", ".+#.", "...."])).unwrap();
        assert_eq!(row(&cells, 0), row(&cells, 3));
        assert_eq!(row(&cells, 4), row(&cells, 7));
        assert_eq!(row(&cells, 0)[..4], [16.0; 4]);
        assert!(row(&cells, 0)[4..].iter().all(|cell| (7.5..8.5).contains(cell)), "{cells:?}");
        assert_eq!(row(&cells, 4)[4..], [16.0; 4]);
    }

    #[test]
    fn light_on_dark_gives_the_same_as_dark_on_light() {
        let image = drawn(&[".....", ".##..", "..#..", "..++.", "....."]);
        let mut inverted = image.clone();
        image::imageops::invert(&mut inverted);
        let (dark, light) = (cells(&image).unwrap(), cells(&inverted).unwrap());
        assert!(dark.iter().zip(&light).all(|(dark, light)| (dark - light).abs() < 0.2), "{dark:?} {light:?}");
    }

    #[test]
    fn faint_traces_neither_widen_the_extent_nor_count() {
        let mut image = drawn(&["......", ".####.", ".#..#.", ".####.", "......"]);
        let clean = cells(&image).unwrap();
        image.put_pixel(5, 3, image::Luma([240]));
        image.put_pixel(2, 2, image::Luma([240]));
        assert_eq!(cells(&image).unwrap(), clean);
    }

    #[test]
    fn an_image_without_contrast_is_blank() {
        for brightness in [[255; 9], [0; 9], [200, 205, 210, 215, 220, 225, 230, 231, 200]] {
            assert_eq!(cells(&GrayImage::from_vec(3, 3, brightness.to_vec()).unwrap()), None);
        }
    }
}
