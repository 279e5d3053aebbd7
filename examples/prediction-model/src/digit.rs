//! One digit as the models see it, and the reading of it from an uploaded image.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Luma};

use crate::ink;

/// Cells along an edge.
pub const EDGE: usize = 8;
/// Cells of a digit.
pub const CELLS: usize = EDGE * EDGE;
/// The value of a cell that is all ink.
pub const FULL: f32 = 16.0;
/// The widest and highest image [`Digit::decode`] accepts, in pixels.
pub const MAX_EDGE: u32 = 2048;

/// What a codec may allocate. The largest accepted image, of 8 bytes per pixel, is half of it.
const MAX_ALLOCATION: u64 = 64 * 1024 * 1024;

/// A digit in 8 by 8 cells, row by row from the top left, each from 0 (no ink) to 16 (all ink).
#[derive(Clone, Debug, PartialEq)]
pub struct Digit([f32; CELLS]);

/// Why bytes are no [`Digit`]. All of them are the sender's mistakes, none is the server's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// There are no bytes.
    #[error("cannot read a digit from an empty file")]
    Empty,
    /// The bytes start like neither a PNG nor a JPEG. What the sender called the file is not considered.
    #[error("cannot read a digit: the file is neither a PNG nor a JPEG")]
    Unsupported,
    /// The image is wider or higher than [`MAX_EDGE`], or needs more memory than an image of that size can.
    #[error("cannot read a digit from an image larger than {MAX_EDGE} by {MAX_EDGE} pixels")]
    TooLarge {
        /// The limit that was exceeded.
        source: ImageError,
    },
    /// The file starts like a PNG or a JPEG, but is cut off, damaged, or of a kind the codec does not know.
    #[error("cannot decode the image")]
    Undecodable {
        /// What the codec objects to.
        source: ImageError,
    },
    /// The image is all of one brightness, or nearly.
    #[error("cannot find a digit in a blank image")]
    Blank,
}

impl Digit {
    /// The digit with these cells, or `None` when one of them is not from 0 to 16.
    #[must_use]
    pub fn new(cells: [f32; CELLS]) -> Option<Digit> {
        cells.iter().all(|cell| (0.0..=FULL).contains(cell)).then_some(Digit(cells))
    }

    /// The digit with these cells, brought into range.
    pub(crate) fn clamped(cells: [f32; CELLS]) -> Digit {
        Digit(cells.map(|cell| cell.clamp(0.0, FULL)))
    }

    /// The digit an image shows, for a PNG or a JPEG of up to [`MAX_EDGE`] by [`MAX_EDGE`] pixels.
    ///
    /// The image is laid out as those of the dataset are: cropped to the ink, centred in a square with its proportions
    /// kept, averaged over 8 by 8 cells, with the darkest cell full. Whether the ink is dark on light or light on dark
    /// is told from the image's edge. Transparent counts as white, and a photograph is turned as its EXIF data says.
    ///
    /// The image should show one digit and little else: a speck or a frame counts as ink and spoils the crop. A
    /// JPEG that is cut off behind its header may still decode, with the missing part grey: the codec is lenient.
    ///
    /// Bounds: the pixels are not touched before the size is known to be acceptable, decoding takes about 64 MiB at
    /// most, and the codec stops at 100 scans of a progressive JPEG. The size of `bytes` is for the caller to bound.
    /// An image of the largest size keeps a core busy for a good part of a second, so decode off the async threads.
    ///
    /// # Errors
    ///
    /// [`DecodeError`], one variant for each thing the sender can do about it.
    pub fn decode(bytes: &[u8]) -> Result<Digit, DecodeError> {
        if bytes.is_empty() {
            return Err(DecodeError::Empty);
        }
        let Ok(format @ (ImageFormat::Png | ImageFormat::Jpeg)) = image::guess_format(bytes) else {
            return Err(DecodeError::Unsupported);
        };
        let image = decode_within_limits(bytes, format).map_err(|source| match source {
            ImageError::Limits(_) => DecodeError::TooLarge { source },
            _ => DecodeError::Undecodable { source },
        })?;
        ink::cells(&on_white(image)).map(Digit::clamped).ok_or(DecodeError::Blank)
    }

    /// The cells, row by row from the top left, each from 0 to 16.
    #[must_use]
    pub fn cells(&self) -> &[f32; CELLS] {
        &self.0
    }

    /// The cells from 0 to 1, as the models take them.
    pub(crate) fn scaled(&self) -> [f32; CELLS] {
        self.0.map(|cell| cell / FULL)
    }
}

fn decode_within_limits(bytes: &[u8], format: ImageFormat) -> Result<DynamicImage, ImageError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_EDGE);
    limits.max_image_height = Some(MAX_EDGE);
    limits.max_alloc = Some(MAX_ALLOCATION);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    limits.reserve(decoder.total_bytes())?;
    decoder.set_limits(limits)?;
    let orientation = decoder.orientation()?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    Ok(image)
}

/// The brightness of each pixel, as seen on white paper.
fn on_white(image: DynamicImage) -> GrayImage {
    if !image.color().has_alpha() {
        return image.into_luma8();
    }
    let image = image.into_luma_alpha8();
    GrayImage::from_fn(image.width(), image.height(), |x, y| {
        let [brightness, alpha] = image.get_pixel(x, y).0;
        let blend = u16::from(brightness) * u16::from(alpha) + 255 * u16::from(255 - alpha);
        Luma([u8::try_from(blend / 255).expect("at most 255 * 255 is divided by 255")])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_out_of_range_are_refused() {
        assert!(Digit::new([16.0; CELLS]).is_some());
        for cell in [-0.1, 16.1, f32::NAN, f32::INFINITY] {
            let mut cells = [0.0; CELLS];
            cells[63] = cell;
            assert_eq!(Digit::new(cells), None, "{cell}");
        }
    }

    #[test]
    fn transparent_pixels_are_white_whatever_colour_they_hide() {
        let pixels = image::RgbaImage::from_vec(3, 1, vec![0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 128]).unwrap();
        assert_eq!(on_white(DynamicImage::ImageRgba8(pixels)).into_raw(), [255, 0, 127]);
    }
}
